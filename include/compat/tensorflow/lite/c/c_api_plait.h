/* SPDX-License-Identifier: Apache-2.0 */
/* What plait's C++ headers and its Python package need beyond TensorFlow Lite's C API. */
#ifndef TENSORFLOW_LITE_C_C_API_PLAIT_H_
#define TENSORFLOW_LITE_C_C_API_PLAIT_H_

#include "tensorflow/lite/c/c_api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every tensor keeps its bytes after a run. */
TFL_CAPI_EXPORT void TfLitePlaitOptionsSetPreserveAllTensors(TfLiteInterpreterOptions *options, bool preserve);

/* Takes effect at the next allocate; -1 and 0 mean 1. */
TFL_CAPI_EXPORT TfLiteStatus TfLitePlaitInterpreterSetNumThreads(TfLiteInterpreter *interpreter, int32_t num_threads);

/* Subgraph 0 is the model itself. A tensor of another has bytes where it is an end of a signature. */
TFL_CAPI_EXPORT int32_t TfLitePlaitInterpreterSubgraphCount(const TfLiteInterpreter *interpreter);
TFL_CAPI_EXPORT int32_t TfLitePlaitInterpreterTensorCount(const TfLiteInterpreter *interpreter, int32_t subgraph);
TFL_CAPI_EXPORT TfLiteTensor *TfLitePlaitInterpreterTensor(const TfLiteInterpreter *interpreter, int32_t subgraph,
                                                           int32_t index);
/* To any shape; TfLiteSignatureRunnerResizeInputTensor() changes only what the file leaves open. */
TFL_CAPI_EXPORT TfLiteStatus TfLitePlaitSignatureRunnerResizeInput(TfLiteSignatureRunner *signature_runner,
                                                                   const char *input_name, const int *input_dims,
                                                                   int32_t input_dims_size);
TFL_CAPI_EXPORT int32_t TfLitePlaitSignatureRunnerSubgraph(const TfLiteSignatureRunner *signature_runner);
/* The tensor of an input or output, in its subgraph; -1: none of that number. */
TFL_CAPI_EXPORT int32_t TfLitePlaitSignatureRunnerTensorIndex(const TfLiteSignatureRunner *signature_runner,
                                                              bool output, int32_t index);

/* Operators in execution order. */
typedef struct TfLitePlaitNode {
    const char *name; /* "CONV_2D", or a custom operator's own */
    int32_t builtin_code;
    bool is_custom;
    int32_t version;
    const int *inputs; /* -1: left out */
    int32_t input_count;
    const int *outputs;
    int32_t output_count;
} TfLitePlaitNode;
TFL_CAPI_EXPORT int32_t TfLitePlaitInterpreterNodeCount(const TfLiteInterpreter *interpreter, int32_t subgraph);
TFL_CAPI_EXPORT TfLiteStatus TfLitePlaitInterpreterNode(const TfLiteInterpreter *interpreter, int32_t subgraph,
                                                        int32_t index, TfLitePlaitNode *node);

/* The file's description, "" if it has none. */
TFL_CAPI_EXPORT const char *TfLitePlaitModelDescription(const TfLiteModel *model);
/* What the file says beside the model, by number; it lives as long as the model does. NULL: none of that number. */
TFL_CAPI_EXPORT const char *TfLitePlaitModelMetadata(const TfLiteModel *model, int32_t index, const void **data,
                                                     size_t *bytes);

/* Before every operator the function is asked, with user_data, whether the run is to stop, which then gives
 * kTfLiteError. It holds for signatures too. NULL: nobody is asked. Not while something runs. */
TFL_CAPI_EXPORT void TfLitePlaitInterpreterSetCancellationFunction(TfLiteInterpreter *interpreter, void *user_data,
                                                                   bool (*is_cancelled)(void *user_data));

#ifdef __cplusplus
}
#endif
#endif
