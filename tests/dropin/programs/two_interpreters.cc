// SPDX-License-Identifier: Apache-2.0
// Two models, each with a resolver, a builder and an interpreter of its own, by a program that opens all namespaces.
//
//     two_interpreters FIRST SECOND
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "tflite/interpreter.h"
#include "tflite/kernels/register.h"
#include "tflite/model.h"
#include "tflite/optional_debug_tools.h"

using namespace std;
using namespace tflite;
using namespace tflite::ops::builtin;

#define CHECK_OR_EXIT(x)                                             \
    if (!(x)) {                                                      \
        fprintf(stderr, "Error at %s:%d\n", __FILE__, __LINE__);     \
        exit(1);                                                     \
    }

static void FillAndTell(Interpreter &interpreter, const char *name)
{
    TfLiteTensor *input = interpreter.input_tensor(0);
    memset(input->data.raw, 0, input->bytes);
    CHECK_OR_EXIT(interpreter.Invoke() == kTfLiteOk);
    const TfLiteTensor *output = interpreter.output_tensor(0);
    unsigned sum = 0;
    for (size_t i = 0; i < output->bytes; i++) sum = sum * 31 + static_cast<unsigned char>(output->data.raw_const[i]);
    printf("%s %s %zu %u\n", name, output->name, output->bytes, sum);
}

int main(int argc, char *argv[])
{
    CHECK_OR_EXIT(argc == 3);
    unique_ptr<FlatBufferModel> model1 = FlatBufferModel::BuildFromFile(argv[1]);
    CHECK_OR_EXIT(model1 != nullptr);
    unique_ptr<FlatBufferModel> model2 = FlatBufferModel::BuildFromFile(argv[2]);
    CHECK_OR_EXIT(model2 != nullptr);

    BuiltinOpResolver resolver1;
    InterpreterBuilder builder1(*model1, resolver1);
    unique_ptr<Interpreter> interpreter1;
    builder1(&interpreter1);
    CHECK_OR_EXIT(interpreter1 != nullptr);

    BuiltinOpResolver resolver2;
    InterpreterBuilder builder2(*model2, resolver2);
    unique_ptr<Interpreter> interpreter2;
    builder2(&interpreter2);
    CHECK_OR_EXIT(interpreter2 != nullptr);

    CHECK_OR_EXIT(interpreter1->AllocateTensors() == kTfLiteOk);
    CHECK_OR_EXIT(interpreter2->AllocateTensors() == kTfLiteOk);
    printf("=== Pre-invoke Interpreter State ===\n");
    PrintInterpreterState(interpreter1.get());
    for (int round = 0; round < 2; round++) {
        FillAndTell(*interpreter1, "first");
        FillAndTell(*interpreter2, "second");
    }
    return 0;
}
