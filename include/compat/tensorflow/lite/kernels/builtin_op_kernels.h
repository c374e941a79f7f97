/* SPDX-License-Identifier: Apache-2.0 */
/* Register_ADD(), ...: registrations that stand for plait's own kernels. */
#ifndef TENSORFLOW_LITE_KERNELS_BUILTIN_OP_KERNELS_H_
#define TENSORFLOW_LITE_KERNELS_BUILTIN_OP_KERNELS_H_

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {
namespace ops {
namespace builtin {

#define PLAIT_TFLITE_BUILTIN(name, schema_name, number)   \
    inline TfLiteRegistration *Register_##schema_name()   \
    {                                                     \
        static TfLiteRegistration registration = [] {     \
            TfLiteRegistration own{};                     \
            own.builtin_code = number;                    \
            own.version = 1;                              \
            return own;                                   \
        }();                                              \
        return &registration;                             \
    }
PLAIT_TFLITE_BUILTINS(PLAIT_TFLITE_BUILTIN)
#undef PLAIT_TFLITE_BUILTIN

} // namespace builtin
} // namespace ops
} // namespace tflite

#endif
