// SPDX-License-Identifier: Apache-2.0
// A custom operator as TensorFlow Lite's guide writes one (init, free, prepare, invoke, the macros of kernels), and an
// error reporter of the program's own. The model: Affine, y = x * scale + offset, with both as options.
//
//     own_operator MODEL
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tensorflow/lite/core/api/error_reporter.h"
#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/kernels/register.h"
#include "tensorflow/lite/model.h"

namespace tflite {
namespace ops {
namespace custom {
namespace affine {

struct OpData {
    float scale = 1;
    float offset = 0;
};

void *Init(TfLiteContext *, const char *buffer, size_t length)
{
    auto *data = new OpData;
    if (length == sizeof *data) std::memcpy(data, buffer, length);
    return data;
}

void Free(TfLiteContext *, void *buffer) { delete static_cast<OpData *>(buffer); }

TfLiteStatus Prepare(TfLiteContext *context, TfLiteNode *node)
{
    TF_LITE_ENSURE_EQ(context, NumInputs(node), 1);
    TF_LITE_ENSURE_EQ(context, NumOutputs(node), 1);
    const TfLiteTensor *input = nullptr;
    TF_LITE_ENSURE_OK(context, GetInputSafe(context, node, 0, &input));
    TfLiteTensor *output = nullptr;
    TF_LITE_ENSURE_OK(context, GetOutputSafe(context, node, 0, &output));
    TF_LITE_ENSURE_TYPES_EQ(context, input->type, kTfLiteFloat32);
    if (NumDimensions(input) != 2) {
        TF_LITE_KERNEL_LOG(context, "Affine takes 2 dimensions, found %d", NumDimensions(input));
        return kTfLiteError;
    }
    TF_LITE_ENSURE(context, SizeOfDimension(input, 1) > 0);
    return context->ResizeTensor(context, output, TfLiteIntArrayCopy(input->dims));
}

TfLiteStatus Eval(TfLiteContext *context, TfLiteNode *node)
{
    const auto *data = reinterpret_cast<OpData *>(node->user_data);
    const TfLiteTensor *input = GetInput(context, node, 0);
    TfLiteTensor *output = GetOutput(context, node, 0);
    const float *in = GetTensorData<float>(input);
    float *out = GetTensorData<float>(output);
    const int64_t count = NumElements(input);
    for (int64_t i = 0; i < count; i++) out[i] = in[i] * data->scale + data->offset;
    return kTfLiteOk;
}

} // namespace affine

TfLiteRegistration *Register_AFFINE()
{
    static TfLiteRegistration registration{};
    registration.init = affine::Init;
    registration.free = affine::Free;
    registration.prepare = affine::Prepare;
    registration.invoke = affine::Eval;
    return &registration;
}

} // namespace custom
} // namespace ops
} // namespace tflite

class Collecting : public tflite::ErrorReporter {
public:
    using tflite::ErrorReporter::Report;
    int Report(const char *format, va_list args) override
    {
        char line[512];
        const int length = std::vsnprintf(line, sizeof line, format, args);
        lines.emplace_back(line);
        return length;
    }
    std::vector<std::string> lines;
};

int main(int argc, char **argv)
{
    if (argc != 2) return 1;
    Collecting reporter;
    if (tflite::FlatBufferModel::BuildFromFile("/nowhere.tflite", &reporter) != nullptr || reporter.lines.empty()) return 1;
    auto model = tflite::FlatBufferModel::VerifyAndBuildFromFile(argv[1], nullptr, &reporter);
    if (!model) return 1;
    std::unique_ptr<tflite::Interpreter> interpreter;

    reporter.lines.clear(); // without the operator: the message names it
    tflite::ops::builtin::BuiltinOpResolver without;
    tflite::InterpreterBuilder(*model, without)(&interpreter);
    const bool refused = !interpreter || interpreter->AllocateTensors() != kTfLiteOk;
    if (!refused || reporter.lines.empty() || reporter.lines[0].find("Affine") == std::string::npos) return 1;
    interpreter.reset();

    tflite::ops::builtin::BuiltinOpResolver resolver;
    resolver.AddCustom("Affine", tflite::ops::custom::Register_AFFINE(), 1, 5);
    if (tflite::InterpreterBuilder(*model, resolver)(&interpreter) != kTfLiteOk) return 1;
    if (interpreter->AllocateTensors() != kTfLiteOk) return 1;
    float *input = interpreter->typed_input_tensor<float>(0);
    for (int i = 0; i < 4; i++) input[i] = static_cast<float>(i - 2);
    if (interpreter->Invoke() != kTfLiteOk) return 1;
    for (int i = 0; i < 4; i++) std::printf("%g ", static_cast<double>(interpreter->typed_output_tensor<float>(0)[i]));

    reporter.lines.clear(); // a shape that its prepare refuses
    interpreter->ResizeInputTensor(interpreter->inputs()[0], {1, 2, 2});
    if (interpreter->AllocateTensors() == kTfLiteOk || reporter.lines.empty()) return 1;
    std::printf("| %s |", reporter.lines[0].c_str());

    interpreter->ResizeInputTensor(interpreter->inputs()[0], {2, 3});
    if (interpreter->AllocateTensors() != kTfLiteOk) return 1;
    for (int i = 0; i < 6; i++) interpreter->typed_input_tensor<float>(0)[i] = static_cast<float>(i);
    if (interpreter->Invoke() != kTfLiteOk) return 1;
    for (int i = 0; i < 6; i++) std::printf(" %g", static_cast<double>(interpreter->typed_output_tensor<float>(0)[i]));
    std::printf("\n");
    return 0;
}
