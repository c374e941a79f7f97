/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of TensorFlow Lite's C API in a loop, for bench/overhead.py: of whatever library it names, so the functions are
 * looked up there. */
#include <dlfcn.h>
#include <stdlib.h>

#include "tensorflow/lite/c/c_api.h"

struct overhead {
    TfLiteInterpreter *interpreter;
    TfLiteTensor *input;
    const TfLiteTensor *output;
    TfLiteStatus (*invoke)(TfLiteInterpreter *);
    TfLiteStatus (*copy_in)(TfLiteTensor *, const void *, size_t);
    TfLiteStatus (*copy_out)(const TfLiteTensor *, void *, size_t);
};

#define FIND(pointer, name) (*(void **)&(pointer) = dlsym(library, #name))

void *overhead_open(const char *path, const void *model, size_t bytes);
void overhead_run(void *opened, int count);

void *overhead_open(const char *path, const void *model, size_t bytes)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    struct overhead *made = calloc(1, sizeof *made);
    TfLiteModel *(*create_model)(const void *, size_t);
    TfLiteInterpreter *(*create)(const TfLiteModel *, const TfLiteInterpreterOptions *);
    TfLiteStatus (*allocate)(TfLiteInterpreter *);
    TfLiteTensor *(*input)(const TfLiteInterpreter *, int32_t);
    const TfLiteTensor *(*output)(const TfLiteInterpreter *, int32_t);
    if (library == NULL || made == NULL || !FIND(create_model, TfLiteModelCreate) ||
        !FIND(create, TfLiteInterpreterCreate) || !FIND(allocate, TfLiteInterpreterAllocateTensors) ||
        !FIND(input, TfLiteInterpreterGetInputTensor) || !FIND(output, TfLiteInterpreterGetOutputTensor) ||
        !FIND(made->invoke, TfLiteInterpreterInvoke) || !FIND(made->copy_in, TfLiteTensorCopyFromBuffer) ||
        !FIND(made->copy_out, TfLiteTensorCopyToBuffer))
        return NULL;
    made->interpreter = create(create_model(model, bytes), NULL);
    if (made->interpreter == NULL || allocate(made->interpreter) != kTfLiteOk) return NULL;
    made->input = input(made->interpreter, 0);
    made->output = output(made->interpreter, 0);
    return made;
}

void overhead_run(void *opened, int count)
{
    struct overhead *of = opened;
    float values[4] = {1, -2, 3, -4};
    for (int i = 0; i < count; i++) {
        of->copy_in(of->input, values, sizeof values);
        of->invoke(of->interpreter);
        of->copy_out(of->output, values, sizeof values);
    }
}
