// SPDX-License-Identifier: Apache-2.0
// The C++ API as programs written for TensorFlow Lite use it, beside their own names. Paths: digits_classifier_fp32,
// signatures_fp32, dynamic_batch_fp32, and made by test_cpp.py: rnn (with a variable), affine (a custom operator), ones
// (one whose output depends on data), words (strings).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h"
#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/interpreter_builder.h"
#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/kernels/register.h"
#include "tensorflow/lite/model.h"
#include "tensorflow/lite/mutable_op_resolver.h"
#include "tensorflow/lite/optional_debug_tools.h"
#include "tensorflow/lite/signature_runner.h"
#include "tensorflow/lite/string_util.h"
#include "tensorflow/lite/util.h"

#define CHECK(condition)                                                              \
    do {                                                                              \
        if (!(condition)) {                                                           \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);      \
            std::exit(1);                                                             \
        }                                                                             \
    } while (0)

// Names that a program may have of its own.
namespace app {
class Interpreter {};
struct Model {};
enum Status { Ok, Error };
} // namespace app

using namespace tflite;

namespace {

struct Collector : public ErrorReporter {
    using ErrorReporter::Report;
    int Report(const char *format, va_list args) override
    {
        char line[2000];
        const int length = std::vsnprintf(line, sizeof line, format, args);
        text += line;
        return length;
    }
    std::string text;
};

// ---- y = scale * x + offset, as tutorials write operators

namespace affine {

struct Data {
    float scale;
    float offset;
};
int alive = 0;

void *Init(TfLiteContext *, const char *buffer, size_t length)
{
    Data *data = new Data{1, 0};
    if (length == sizeof *data) std::memcpy(data, buffer, length);
    alive++;
    return data;
}

void Free(TfLiteContext *, void *buffer)
{
    delete static_cast<Data *>(buffer);
    alive--;
}

TfLiteStatus Prepare(TfLiteContext *context, TfLiteNode *node)
{
    TF_LITE_ENSURE_EQ(context, NumInputs(node), 1);
    TF_LITE_ENSURE_EQ(context, NumOutputs(node), 1);
    const TfLiteTensor *input;
    TfLiteTensor *output;
    TF_LITE_ENSURE_OK(context, GetInputSafe(context, node, 0, &input));
    TF_LITE_ENSURE_OK(context, GetOutputSafe(context, node, 0, &output));
    TF_LITE_ENSURE_TYPES_EQ(context, input->type, kTfLiteFloat32);
    TF_LITE_ENSURE_MSG(context, SizeOfDimension(input, 0) != 7, "not seven rows");
    // A temporary in the arena, as large as the input.
    if (node->temporaries->size == 0) {
        int first = 0;
        TF_LITE_ENSURE_STATUS(context->AddTensors(context, 1, &first));
        TfLiteIntArrayFree(node->temporaries);
        node->temporaries = TfLiteIntArrayCreate(1);
        node->temporaries->data[0] = first;
    }
    TfLiteTensor *scratch = GetTemporary(context, node, 0);
    scratch->type = kTfLiteFloat32;
    scratch->allocation_type = kTfLiteArenaRw;
    input = GetInput(context, node, 0); // tensors may have moved
    output = GetOutput(context, node, 0);
    TF_LITE_ENSURE_OK(context, context->ResizeTensor(context, scratch, TfLiteIntArrayCopy(input->dims)));
    return context->ResizeTensor(context, output, TfLiteIntArrayCopy(input->dims));
}

TfLiteStatus Eval(TfLiteContext *context, TfLiteNode *node)
{
    const TfLiteTensor *input = GetInput(context, node, 0);
    TfLiteTensor *output = GetOutput(context, node, 0);
    float *scratch = GetTensorData<float>(GetTemporary(context, node, 0));
    const Data *data = static_cast<const Data *>(node->user_data);
    const int64_t count = NumElements(input);
    TF_LITE_ENSURE(context, scratch != nullptr);
    for (int64_t i = 0; i < count; i++) scratch[i] = data->scale * GetTensorData<float>(input)[i];
    if (scratch[0] == 666) {
        TF_LITE_KERNEL_LOG(context, "the number %d", 666);
        return kTfLiteError;
    }
    for (int64_t i = 0; i < count; i++) GetTensorData<float>(output)[i] = scratch[i] + data->offset;
    return kTfLiteOk;
}

TfLiteRegistration *Register()
{
    static TfLiteRegistration registration = [] {
        TfLiteRegistration own{};
        own.init = Init;
        own.free = Free;
        own.prepare = Prepare;
        own.invoke = Eval;
        return own;
    }();
    return &registration;
}

} // namespace affine

// ---- as many ones as the input says

namespace ones {

TfLiteStatus Prepare(TfLiteContext *context, TfLiteNode *node)
{
    SetTensorToDynamic(GetOutput(context, node, 0));
    return kTfLiteOk;
}

TfLiteStatus Eval(TfLiteContext *context, TfLiteNode *node)
{
    TfLiteIntArray *shape = TfLiteIntArrayCreate(1);
    shape->data[0] = GetInput(context, node, 0)->data.i32[0];
    TfLiteTensor *output = GetOutput(context, node, 0);
    TF_LITE_ENSURE_OK(context, context->ResizeTensor(context, output, shape));
    for (int64_t i = 0; i < NumElements(output); i++) output->data.f[i] = 1;
    return kTfLiteOk;
}

TfLiteRegistration registration = {};

} // namespace ones

// ---- every string twice

namespace twice {

TfLiteStatus Prepare(TfLiteContext *, TfLiteNode *) { return kTfLiteOk; }

TfLiteStatus Eval(TfLiteContext *context, TfLiteNode *node)
{
    const TfLiteTensor *input = GetInput(context, node, 0);
    DynamicBuffer buffer;
    for (int i = 0; i < GetStringCount(input); i++)
        buffer.AddJoinedString({GetString(input, i), GetString(input, i)}, '+');
    buffer.WriteToTensorAsVector(GetOutput(context, node, 0));
    return kTfLiteOk;
}

TfLiteRegistration registration = {};

} // namespace twice

std::unique_ptr<Interpreter> Build(const FlatBufferModel &model, const OpResolver &resolver)
{
    std::unique_ptr<Interpreter> interpreter;
    InterpreterBuilder builder(model, resolver);
    CHECK(builder(&interpreter) == kTfLiteOk);
    CHECK(interpreter != nullptr);
    return interpreter;
}

void TestModels(const char *path)
{
    Collector collector;
    CHECK(FlatBufferModel::BuildFromFile("/nowhere.tflite", &collector) == nullptr);
    CHECK(collector.text.find("/nowhere.tflite") != std::string::npos);
    CHECK(FlatBufferModel::BuildFromBuffer("rubbish", 7, &collector) == nullptr);
    CHECK(FlatBufferModel::BuildFromBuffer(nullptr, 0, &collector) == nullptr);
    std::ifstream file(path, std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    struct Refuse : public TfLiteVerifier {
        bool Verify(const char *, int length, ErrorReporter *) override { return length == wanted; }
        int wanted = 0;
    } verifier;
    CHECK(FlatBufferModel::VerifyAndBuildFromFile(path, &verifier, &collector) == nullptr);
    CHECK(FlatBufferModel::VerifyAndBuildFromBuffer(content.data(), content.size(), &verifier) == nullptr);
    verifier.wanted = static_cast<int>(content.size());
    CHECK(FlatBufferModel::VerifyAndBuildFromFile(path, &verifier) != nullptr);
    auto model = FlatBufferModel::VerifyAndBuildFromBuffer(content.data(), content.size(), &verifier, &collector);
    CHECK(model != nullptr && model->initialized() && model->error_reporter() == &collector);
    CHECK(model->CheckModelIdentifier());
    // A resolver without operators finds none.
    MutableOpResolver empty;
    std::unique_ptr<Interpreter> interpreter;
    collector.text.clear();
    CHECK(InterpreterBuilder(*model, empty)(&interpreter) != kTfLiteOk && interpreter == nullptr);
    CHECK(collector.text.find("Didn't find op for builtin opcode") != std::string::npos);
    CHECK(InterpreterBuilder(*model, empty)(nullptr) == kTfLiteError);
    ops::builtin::BuiltinOpResolver resolver;
    CHECK(InterpreterBuilder(model->GetModel(), resolver, &collector)(&interpreter, 2) == kTfLiteOk);
    CHECK(InterpreterBuilder(*model, resolver)(&interpreter, -5) == kTfLiteError && interpreter == nullptr);
    CHECK(InterpreterBuilder(static_cast<const Model *>(nullptr), resolver, &collector)(&interpreter) == kTfLiteError);
    // One that has just what the model needs, as programs that want to be small do.
    MutableOpResolver some;
    some.AddBuiltin(BuiltinOperator_FULLY_CONNECTED, ops::builtin::Register_FULLY_CONNECTED(), 1, 9);
    some.AddBuiltin(BuiltinOperator_SOFTMAX, ops::builtin::Register_SOFTMAX(), 1, 3);
    some.AddBuiltin(BuiltinOperator_RESHAPE, ops::builtin::Register_RESHAPE());
    some.AddBuiltin(BuiltinOperator_CONV_2D, ops::builtin::Register_CONV_2D(), 1, 5);
    some.AddBuiltin(BuiltinOperator_MAX_POOL_2D, ops::builtin::Register_MAX_POOL_2D(), 1, 3);
    some.AddBuiltin(BuiltinOperator_MEAN, ops::builtin::Register_MEAN(), 1, 3);
    MutableOpResolver copy = some;
    CHECK(copy.FindOp(BuiltinOperator_SOFTMAX, 2) != nullptr && copy.FindOp(BuiltinOperator_SOFTMAX, 4) == nullptr);
    CHECK(InterpreterBuilder(*model, copy)(&interpreter) == kTfLiteOk);
}

void TestTwo(const char *first_path, const char *second_path)
{
    auto first_model = FlatBufferModel::BuildFromFile(first_path);
    auto second_model = FlatBufferModel::BuildFromFile(second_path);
    CHECK(first_model != nullptr && second_model != nullptr);
    ops::builtin::BuiltinOpResolver first_resolver;
    ops::builtin::BuiltinOpResolver second_resolver;
    std::unique_ptr<Interpreter> first;
    std::unique_ptr<Interpreter> second;
    InterpreterBuilder(*first_model, first_resolver)(&first);
    InterpreterBuilder(*second_model, second_resolver)(&second);
    CHECK(first != nullptr && second != nullptr);
    CHECK(first->Invoke() == kTfLiteError); // not allocated
    CHECK(first->AllocateTensors() == kTfLiteOk && second->AllocateTensors() == kTfLiteOk);
    for (auto *interpreter : {first.get(), second.get()}) {
        for (int input : interpreter->inputs()) {
            TfLiteTensor *tensor = interpreter->tensor(input);
            std::memset(tensor->data.raw, 0, tensor->bytes);
        }
        CHECK(interpreter->Invoke() == kTfLiteOk);
    }
    CHECK(first->typed_input_tensor<float>(0) != nullptr && first->typed_input_tensor<int8_t>(0) == nullptr);
    const float *scores = first->typed_output_tensor<float>(0);
    CHECK(scores == first->typed_tensor<float>(first->outputs()[0]) && scores == first->output_tensor(0)->data.f);
    float sum = 0;
    for (int64_t i = 0; i < NumElements(first->output_tensor(0)); i++) sum += scores[i];
    CHECK(sum > 0.99f && sum < 1.01f);
    CHECK(std::strlen(first->GetInputName(0)) > 0 && first->GetOutputName(0) != nullptr);
    CHECK(first->tensors_size() > 2 && first->nodes_size() > 0 && first->subgraphs_size() >= 1);
    CHECK(first->execution_plan().size() == first->nodes_size() && !first->OpName(0).empty());
    CHECK(first->SetNumThreads(2) == kTfLiteOk && first->SetNumThreads(-2) == kTfLiteError);
    CHECK(first->AllocateTensors() == kTfLiteOk && first->Invoke() == kTfLiteOk);
    CHECK(first->Cancel() == kTfLiteError && first->EnableCancellation() == kTfLiteOk);
    CHECK(first->Cancel() == kTfLiteOk && first->Invoke() == kTfLiteOk); // only what runs is cancelled
    // A function that is asked before every operator.
    int operators_left = 0;
    const auto is_cancelled = [](void *left) { return --*static_cast<int *>(left) < 0; };
    first->SetCancellationFunction(&operators_left, is_cancelled);
    CHECK(first->Invoke() == kTfLiteError && operators_left == -1);
    operators_left = 2;
    CHECK(first->Invoke() == kTfLiteError && operators_left == -1);
    operators_left = 1000;
    CHECK(first->Invoke() == kTfLiteOk && operators_left < 1000 && operators_left > 0);
    first->SetCancellationFunction(nullptr, nullptr);
    operators_left = 0;
    CHECK(first->Invoke() == kTfLiteOk && operators_left == 0);
    CHECK(first->tensor(-1) == nullptr && first->tensor(100000) == nullptr);
    using XnnPack = std::unique_ptr<TfLiteDelegate, decltype(&TfLiteXNNPackDelegateDelete)>;
    CHECK(first->ModifyGraphWithDelegate(XnnPack(TfLiteXNNPackDelegateCreate(nullptr), TfLiteXNNPackDelegateDelete)) ==
          kTfLiteOk);
    TfLiteDelegate unknown = TfLiteDelegateCreate();
    CHECK(first->ModifyGraphWithDelegate(&unknown) != kTfLiteOk);
    PrintInterpreterState(first.get());
    // Memory of the program's.
    alignas(kDefaultTensorAlignment) static float memory[64 * 64];
    TfLiteTensor *input = first->input_tensor(0);
    CHECK(first->SetCustomAllocationForTensor(first->inputs()[0], {memory, sizeof memory}) == kTfLiteOk);
    CHECK(first->AllocateTensors() == kTfLiteOk && input->data.f == memory && first->Invoke() == kTfLiteOk);
    CHECK(input->allocation_type == kTfLiteCustom);
    CHECK(first->SetCustomAllocationForTensor(first->inputs()[0], {memory, 4}) == kTfLiteOk);
    CHECK(first->AllocateTensors() != kTfLiteOk);
    CHECK(first->SetCustomAllocationForTensor(first->inputs()[0], {memory + 1, 4}) == kTfLiteError);
    CHECK(first->SetCustomAllocationForTensor(first->inputs()[0], {nullptr, 4}) == kTfLiteError);
}

void TestSignatures(const char *path)
{
    auto model = FlatBufferModel::BuildFromFile(path);
    auto interpreter = Build(*model, ops::builtin::BuiltinOpResolver());
    const auto keys = interpreter->signature_keys();
    CHECK(keys.size() >= 2);
    CHECK(interpreter->GetSignatureRunner("nothing") == nullptr && interpreter->GetSignatureRunner(nullptr) == nullptr);
    for (const std::string *key : keys) {
        SignatureRunner *runner = interpreter->GetSignatureRunner(key->c_str());
        CHECK(runner != nullptr && runner == interpreter->GetSignatureRunner(key->c_str()));
        CHECK(runner->signature_key() == *key && runner->input_size() == runner->input_names().size());
        CHECK(runner->AllocateTensors() == kTfLiteOk);
        for (const char *name : runner->input_names()) {
            TfLiteTensor *tensor = runner->input_tensor(name);
            CHECK(tensor == interpreter->input_tensor_by_signature(name, key->c_str()));
            std::memset(tensor->data.raw, 0, tensor->bytes);
        }
        CHECK(runner->input_tensor("nothing") == nullptr && runner->output_tensor("nothing") == nullptr);
        CHECK(runner->Invoke() == kTfLiteOk);
        for (const char *name : runner->output_names())
            CHECK(runner->output_tensor(name) == interpreter->output_tensor_by_signature(name, key->c_str()) &&
                  runner->output_tensor(name)->data.raw != nullptr);
        CHECK(interpreter->signature_inputs(key->c_str()).size() == runner->input_size());
        CHECK(interpreter->signature_outputs(key->c_str()).size() == runner->output_size());
        CHECK(interpreter->GetSubgraphIndexFromSignature(key->c_str()) >= 0);
        CHECK(runner->ResizeInputTensor("nothing", {1}) == kTfLiteError && runner->Cancel() == kTfLiteOk);
        interpreter->SetCancellationFunction(nullptr, [](void *) { return true; });
        CHECK(runner->Invoke() == kTfLiteError);
        interpreter->SetCancellationFunction(nullptr, nullptr);
        CHECK(runner->Invoke() == kTfLiteOk);
    }
    CHECK(interpreter->signature_inputs("nothing").empty());
    CHECK(interpreter->GetSubgraphIndexFromSignature("nothing") == -1);
}

void TestState(const char *path)
{
    auto model = FlatBufferModel::BuildFromFile(path);
    auto interpreter = Build(*model, ops::builtin::BuiltinOpResolver());
    CHECK(interpreter->AllocateTensors() == kTfLiteOk);
    std::vector<std::string> answers;
    for (int run = 0; run < 3; run++) {
        if (run == 2) CHECK(interpreter->ResetVariableTensors() == kTfLiteOk);
        TfLiteTensor *input = interpreter->input_tensor(0);
        for (size_t i = 0; i < input->bytes / sizeof(float); i++) input->data.f[i] = 0.25f;
        CHECK(interpreter->Invoke() == kTfLiteOk);
        answers.emplace_back(interpreter->output_tensor(0)->data.raw, interpreter->output_tensor(0)->bytes);
    }
    CHECK(answers[0] != answers[1] && answers[0] == answers[2]);
    CHECK(interpreter->variables().size() == 1);
    for (int variable : interpreter->variables()) CHECK(interpreter->tensor(variable)->is_variable);
}

void TestResize(const char *path)
{
    auto model = FlatBufferModel::BuildFromFile(path);
    auto interpreter = Build(*model, ops::builtin::BuiltinOpResolver());
    const int input = interpreter->inputs()[0];
    std::vector<int> shape(interpreter->tensor(input)->dims->data,
                           interpreter->tensor(input)->dims->data + interpreter->tensor(input)->dims->size);
    shape[0] = 3;
    CHECK(interpreter->ResizeInputTensor(input, shape) == kTfLiteOk);
    CHECK(interpreter->tensor(input)->dims->data[0] == 3 && interpreter->tensor(input)->data.raw == nullptr);
    CHECK(interpreter->Invoke() == kTfLiteError);
    CHECK(interpreter->AllocateTensors() == kTfLiteOk && interpreter->Invoke() == kTfLiteOk);
    CHECK(interpreter->output_tensor(0)->dims->data[0] == 3);
    shape[0] = 2;
    CHECK(interpreter->ResizeInputTensorStrict(input, shape) == kTfLiteOk);
    shape[1]++;
    CHECK(interpreter->ResizeInputTensorStrict(input, shape) == kTfLiteError);
    CHECK(interpreter->ResizeInputTensor(interpreter->outputs()[0], shape) == kTfLiteError);
    CHECK(interpreter->AllocateTensors() == kTfLiteOk);
}

void TestPreserve(const char *path)
{
    auto model = FlatBufferModel::BuildFromFile(path);
    InterpreterOptions options;
    options.SetPreserveAllTensors();
    ops::builtin::BuiltinOpResolver resolver;
    auto other = Build(*model, resolver); // which leaves constants packed
    CHECK(other->AllocateTensors() == kTfLiteOk);
    std::unique_ptr<Interpreter> interpreter;
    CHECK(InterpreterBuilder(*model, resolver, &options)(&interpreter) == kTfLiteOk);
    CHECK(interpreter->AllocateTensors() == kTfLiteOk && interpreter->Invoke() == kTfLiteOk);
    for (size_t i = 0; i < interpreter->tensors_size(); i++)
        CHECK(interpreter->tensor(static_cast<int>(i))->data.raw != nullptr || interpreter->tensor(static_cast<int>(i))->bytes == 0);
}

void TestCustom(const char *path)
{
    Collector collector;
    auto model = FlatBufferModel::BuildFromFile(path, &collector);
    const auto metadata = model->ReadAllMetadata();
    CHECK(metadata.size() == 2 && metadata.at("twice") == std::string("\0second", 7));
    CHECK(model->GetMinimumRuntime() == "2.3.0" && collector.text.empty());
    {
        ops::builtin::BuiltinOpResolver resolver;
        std::unique_ptr<Interpreter> interpreter;
        CHECK(InterpreterBuilder(*model, resolver)(&interpreter) == kTfLiteOk);
        CHECK(interpreter->AllocateTensors() == kTfLiteUnresolvedOps);
        CHECK(collector.text.find("Affine") != std::string::npos);
    }
    ops::builtin::BuiltinOpResolver resolver;
    resolver.AddCustom("Affine", affine::Register(), 1, 3);
    auto interpreter = Build(*model, resolver);
    auto other = Build(*model, resolver);
    CHECK(affine::alive == 2);
    for (int rows : {1, 2, 1}) {
        CHECK(interpreter->ResizeInputTensor(interpreter->inputs()[0], {rows, 4}) == kTfLiteOk);
        CHECK(interpreter->AllocateTensors() == kTfLiteOk);
        for (int i = 0; i < 4 * rows; i++) interpreter->typed_input_tensor<float>(0)[i] = static_cast<float>(i - 3);
        CHECK(interpreter->Invoke() == kTfLiteOk);
        for (int i = 0; i < 4 * rows; i++) {
            const float wanted = 2 * static_cast<float>(i - 3) + 1;
            CHECK(interpreter->typed_output_tensor<float>(0)[i] == (wanted > 0 ? wanted : 0));
        }
    }
    interpreter->typed_input_tensor<float>(0)[0] = 333;
    collector.text.clear();
    CHECK(interpreter->Invoke() == kTfLiteError && collector.text.find("the number 666") != std::string::npos);
    CHECK(interpreter->ResizeInputTensor(interpreter->inputs()[0], {7, 4}) == kTfLiteOk);
    CHECK(interpreter->AllocateTensors() == kTfLiteError && collector.text.find("not seven rows") != std::string::npos);
    interpreter.reset();
    CHECK(affine::alive == 1 && other->AllocateTensors() == kTfLiteOk);
    other.reset();
    CHECK(affine::alive == 0);
}

void TestDynamic(const char *path)
{
    ones::registration.prepare = ones::Prepare;
    ones::registration.invoke = ones::Eval;
    auto model = FlatBufferModel::BuildFromFile(path);
    ops::builtin::BuiltinOpResolver resolver;
    resolver.AddCustom("Ones", &ones::registration);
    auto interpreter = Build(*model, resolver);
    CHECK(interpreter->AllocateTensors() == kTfLiteOk);
    CHECK(IsDynamicTensor(interpreter->output_tensor(0)));
    for (int count : {3, 0, 1000, 5}) {
        interpreter->typed_input_tensor<int32_t>(0)[0] = count;
        CHECK(interpreter->Invoke() == kTfLiteOk);
        CHECK(NumElements(interpreter->output_tensor(0)) == count);
        for (int i = 0; i < count; i++) CHECK(interpreter->typed_output_tensor<float>(0)[i] == 2);
    }
}

void TestStrings(const char *path)
{
    twice::registration.prepare = twice::Prepare;
    twice::registration.invoke = twice::Eval;
    auto model = FlatBufferModel::BuildFromFile(path);
    ops::builtin::BuiltinOpResolver resolver;
    resolver.AddCustom("Twice", &twice::registration);
    auto interpreter = Build(*model, resolver);
    CHECK(interpreter->AllocateTensors() == kTfLiteOk);
    for (int run = 0; run < 3; run++) {
        DynamicBuffer words;
        words.AddString("one", 3);
        words.AddString(StringRef{"", 0});
        if (run > 0) words.AddString("three\0zeros", 11);
        words.WriteToTensorAsVector(interpreter->input_tensor(0));
        CHECK(interpreter->Invoke() == kTfLiteOk);
        const TfLiteTensor *output = interpreter->output_tensor(0);
        CHECK(GetStringCount(output) == (run > 0 ? 3 : 2) && output->dims->size == 1);
        const auto text = [&](int i) { return std::string(GetString(output, i).str, GetString(output, i).len); };
        CHECK(text(0) == "one+one" && text(1) == "+");
        if (run > 0) CHECK(text(2) == std::string("three\0zeros+three\0zeros", 23));
    }
}

} // namespace

int main(int argc, char **argv)
{
    CHECK(argc == 8);
    const app::Status status = app::Ok;
    static_cast<void>(status);
    TestModels(argv[1]);
    TestTwo(argv[1], argv[2]);
    TestSignatures(argv[2]);
    TestResize(argv[3]);
    TestState(argv[4]);
    TestPreserve(argv[1]);
    TestCustom(argv[5]);
    TestDynamic(argv[6]);
    TestStrings(argv[7]);
    std::puts("all as it should be");
    return 0;
}
