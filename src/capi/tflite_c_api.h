/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations of TensorFlow Lite's C API that this library has: its names, types and values. */
#ifndef PL_CAPI_TFLITE_C_API_H
#define PL_CAPI_TFLITE_C_API_H

#include "plait/plait.h"

typedef struct TfLiteModel TfLiteModel;
typedef struct TfLiteInterpreterOptions TfLiteInterpreterOptions;
typedef struct TfLiteInterpreter TfLiteInterpreter;
typedef struct TfLiteTensor TfLiteTensor;
typedef int TfLiteType; /* the values of plait_type */
typedef enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;
typedef struct TfLiteQuantizationParams {
    float scale;
    int32_t zero_point;
} TfLiteQuantizationParams;

PLAIT_API const char *TfLiteVersion(void);
PLAIT_API TfLiteModel *TfLiteModelCreateFromFile(const char *model_path);
PLAIT_API void TfLiteModelDelete(TfLiteModel *model);
PLAIT_API TfLiteInterpreterOptions *TfLiteInterpreterOptionsCreate(void);
PLAIT_API void TfLiteInterpreterOptionsDelete(TfLiteInterpreterOptions *options);
PLAIT_API void TfLiteInterpreterOptionsSetNumThreads(TfLiteInterpreterOptions *options, int32_t num_threads);
PLAIT_API TfLiteInterpreter *TfLiteInterpreterCreate(const TfLiteModel *model,
                                                     const TfLiteInterpreterOptions *optional_options);
PLAIT_API void TfLiteInterpreterDelete(TfLiteInterpreter *interpreter);
PLAIT_API int32_t TfLiteInterpreterGetInputTensorCount(const TfLiteInterpreter *interpreter);
PLAIT_API TfLiteTensor *TfLiteInterpreterGetInputTensor(const TfLiteInterpreter *interpreter, int32_t input_index);
PLAIT_API TfLiteStatus TfLiteInterpreterResizeInputTensor(TfLiteInterpreter *interpreter, int32_t input_index,
                                                          const int *input_dims, int32_t input_dims_size);
PLAIT_API TfLiteStatus TfLiteInterpreterAllocateTensors(TfLiteInterpreter *interpreter);
PLAIT_API TfLiteStatus TfLiteInterpreterInvoke(TfLiteInterpreter *interpreter);
PLAIT_API int32_t TfLiteInterpreterGetOutputTensorCount(const TfLiteInterpreter *interpreter);
PLAIT_API const TfLiteTensor *TfLiteInterpreterGetOutputTensor(const TfLiteInterpreter *interpreter,
                                                               int32_t output_index);
PLAIT_API TfLiteType TfLiteTensorType(const TfLiteTensor *tensor);
PLAIT_API int32_t TfLiteTensorNumDims(const TfLiteTensor *tensor);
PLAIT_API int32_t TfLiteTensorDim(const TfLiteTensor *tensor, int32_t dim_index);
PLAIT_API size_t TfLiteTensorByteSize(const TfLiteTensor *tensor);
PLAIT_API void *TfLiteTensorData(const TfLiteTensor *tensor);
PLAIT_API const char *TfLiteTensorName(const TfLiteTensor *tensor);
PLAIT_API TfLiteQuantizationParams TfLiteTensorQuantizationParams(const TfLiteTensor *tensor);
PLAIT_API TfLiteStatus TfLiteTensorCopyFromBuffer(TfLiteTensor *tensor, const void *input_data,
                                                  size_t input_data_size);
PLAIT_API TfLiteStatus TfLiteTensorCopyToBuffer(const TfLiteTensor *output_tensor, void *output_data,
                                                size_t output_data_size);

#endif
