/* SPDX-License-Identifier: Apache-2.0 */
/* A detector for one machine with TensorFlow Lite's C API: it draws the sound of its machine again, and the more the
 * drawing differs, the stranger the sound is. */
#ifndef EXAMPLES_C_MACHINE_H
#define EXAMPLES_C_MACHINE_H

#include <tensorflow/lite/c/c_api.h>

#include "data.h"

struct machine {
    TfLiteModel *model;
    TfLiteInterpreter *interpreter;
};

static inline struct machine open_machine(const char *folder, int number)
{
    char path[4096];
    struct machine machine;
    snprintf(path, sizeof path, "%s/models/anomaly_%d.tflite", folder, number);
    machine.model = TfLiteModelCreateFromFile(path);
    if (machine.model == NULL) stop(path, "is no model");
    TfLiteInterpreterOptions *options = TfLiteInterpreterOptionsCreate();
    TfLiteInterpreterOptionsSetNumThreads(options, 1);
    machine.interpreter = TfLiteInterpreterCreate(machine.model, options);
    TfLiteInterpreterOptionsDelete(options);
    if (machine.interpreter == NULL ||
        TfLiteInterpreterAllocateTensors(machine.interpreter) != kTfLiteOk)
        stop(path, "cannot be prepared");
    return machine;
}

static inline void close_machine(const struct machine *machine)
{
    TfLiteInterpreterDelete(machine->interpreter);
    TfLiteModelDelete(machine->model);
}

/* The mean squared difference between a sound and its drawing. */
static inline double strangeness(const struct machine *machine, const float *sound)
{
    TfLiteTensor *input = TfLiteInterpreterGetInputTensor(machine->interpreter, 0);
    const TfLiteTensor *output = TfLiteInterpreterGetOutputTensor(machine->interpreter, 0);
    const TfLiteQuantizationParams in = TfLiteTensorQuantizationParams(input);
    const TfLiteQuantizationParams out = TfLiteTensorQuantizationParams(output);
    int8_t x[BANDS], y[BANDS];
    for (int i = 0; i < BANDS; i++) x[i] = to_int8(sound[i], in.scale, in.zero_point);
    if (TfLiteTensorCopyFromBuffer(input, x, sizeof x) != kTfLiteOk ||
        TfLiteInterpreterInvoke(machine->interpreter) != kTfLiteOk ||
        TfLiteTensorCopyToBuffer(output, y, sizeof y) != kTfLiteOk)
        stop("a machine", "cannot be listened to");
    double sum = 0;
    for (int i = 0; i < BANDS; i++) {
        const double difference = sound[i] - to_real(y[i], out.scale, out.zero_point);
        sum += difference * difference;
    }
    return sum / BANDS;
}

#endif
