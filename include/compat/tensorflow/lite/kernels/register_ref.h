/* SPDX-License-Identifier: Apache-2.0 */
/* BuiltinRefOpResolver: plait has one set of kernels, exact like the reference. */
#ifndef TENSORFLOW_LITE_KERNELS_REGISTER_REF_H_
#define TENSORFLOW_LITE_KERNELS_REGISTER_REF_H_

#include "tensorflow/lite/kernels/register.h"

namespace tflite {
namespace ops {
namespace builtin {

using BuiltinRefOpResolver = BuiltinOpResolver;

} // namespace builtin
} // namespace ops
} // namespace tflite

#endif
