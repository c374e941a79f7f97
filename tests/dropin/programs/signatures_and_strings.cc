// SPDX-License-Identifier: Apache-2.0
// Signatures by name with shapes of the program's choice, and strings in and out.
//
//     signatures_and_strings SIGNATURES STRINGS
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/interpreter_builder.h"
#include "tensorflow/lite/kernels/register.h"
#include "tensorflow/lite/model_builder.h"
#include "tensorflow/lite/signature_runner.h"
#include "tensorflow/lite/string_util.h"

using tflite::FlatBufferModel;
using tflite::Interpreter;
using tflite::InterpreterBuilder;
using tflite::SignatureRunner;

static std::unique_ptr<Interpreter> Open(const FlatBufferModel *model)
{
    tflite::ops::builtin::BuiltinOpResolverWithoutDefaultDelegates resolver;
    std::unique_ptr<Interpreter> interpreter;
    InterpreterBuilder builder(*model, resolver);
    builder.SetNumThreads(2);
    if (builder(&interpreter) != kTfLiteOk) std::exit(1);
    return interpreter;
}

static void RunSignatures(Interpreter *interpreter)
{
    for (const std::string *key : interpreter->signature_keys()) {
        SignatureRunner *runner = interpreter->GetSignatureRunner(key->c_str());
        if (runner == nullptr || runner->AllocateTensors() != kTfLiteOk) std::exit(1);
        for (const char *name : runner->input_names()) {
            TfLiteTensor *tensor = runner->input_tensor(name);
            float *values = tensor->data.f;
            for (size_t i = 0; i < tensor->bytes / sizeof(float); i++) values[i] = 0.25f * static_cast<float>(i % 7);
        }
        if (runner->Invoke() != kTfLiteOk) std::exit(1);
        for (const char *name : runner->output_names()) {
            const TfLiteTensor *tensor = runner->output_tensor(name);
            double sum = 0;
            for (size_t i = 0; i < tensor->bytes / sizeof(float); i++) sum += static_cast<double>(tensor->data.f[i]);
            std::printf("%s %s %s %.3f\n", runner->signature_key().c_str(), name, tensor->name, sum);
        }
    }
}

static void RunStrings(Interpreter *interpreter)
{
    const int input = interpreter->inputs()[0];
    if (interpreter->ResizeInputTensor(input, {3}) != kTfLiteOk || interpreter->AllocateTensors() != kTfLiteOk) std::exit(1);
    tflite::DynamicBuffer buffer;
    const std::string words[] = {"one", "", "three words here"};
    for (const std::string &word : words) buffer.AddString(word.data(), word.size());
    buffer.WriteToTensorAsVector(interpreter->tensor(input));
    if (interpreter->Invoke() != kTfLiteOk) std::exit(1);
    const TfLiteTensor *output = interpreter->tensor(interpreter->outputs()[0]);
    for (int i = 0; i < tflite::GetStringCount(output); i++) {
        const tflite::StringRef text = tflite::GetString(output, i);
        std::printf("[%.*s]", static_cast<int>(text.len), text.str);
    }
    std::printf("\n");
}

int main(int argc, char **argv)
{
    if (argc != 3) return 1;
    auto signatures = FlatBufferModel::BuildFromFile(argv[1]);
    auto strings = FlatBufferModel::BuildFromFile(argv[2]);
    if (!signatures || !strings) return 1;
    auto first = Open(signatures.get());
    auto second = Open(strings.get());
    RunSignatures(first.get());
    RunStrings(second.get());
    return 0;
}
