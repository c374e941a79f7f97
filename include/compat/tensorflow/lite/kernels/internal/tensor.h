/* SPDX-License-Identifier: Apache-2.0 */
/* The path by which some programs include it. */
#ifndef TENSORFLOW_LITE_KERNELS_INTERNAL_TENSOR_H_
#define TENSORFLOW_LITE_KERNELS_INTERNAL_TENSOR_H_

#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"

#endif
