/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the file's schema that programs use: operators and types. Files are read by the library. */
#ifndef TENSORFLOW_LITE_SCHEMA_SCHEMA_GENERATED_H_
#define TENSORFLOW_LITE_SCHEMA_SCHEMA_GENERATED_H_

#include <cstdint>

#include "tensorflow/lite/builtin_ops.h"

#ifndef __cplusplus
#error "this header is C++"
#endif

namespace tflite {

enum BuiltinOperator : int32_t {
#define PLAIT_TFLITE_BUILTIN(name, schema_name, number) BuiltinOperator_##schema_name = number,
    PLAIT_TFLITE_BUILTINS(PLAIT_TFLITE_BUILTIN)
#undef PLAIT_TFLITE_BUILTIN
};
constexpr BuiltinOperator BuiltinOperator_MIN = BuiltinOperator_ADD;
constexpr BuiltinOperator BuiltinOperator_MAX = BuiltinOperator_STABLEHLO_CASE;

inline const char *EnumNameBuiltinOperator(BuiltinOperator op)
{
    switch (op) {
#define PLAIT_TFLITE_BUILTIN(name, schema_name, number) \
    case BuiltinOperator_##schema_name: return #schema_name;
        PLAIT_TFLITE_BUILTINS(PLAIT_TFLITE_BUILTIN)
#undef PLAIT_TFLITE_BUILTIN
    }
    return "";
}

enum TensorType : int8_t {
    TensorType_FLOAT32 = 0,
    TensorType_FLOAT16 = 1,
    TensorType_INT32 = 2,
    TensorType_UINT8 = 3,
    TensorType_INT64 = 4,
    TensorType_STRING = 5,
    TensorType_BOOL = 6,
    TensorType_INT16 = 7,
    TensorType_COMPLEX64 = 8,
    TensorType_INT8 = 9,
    TensorType_FLOAT64 = 10,
    TensorType_COMPLEX128 = 11,
    TensorType_UINT64 = 12,
    TensorType_RESOURCE = 13,
    TensorType_VARIANT = 14,
    TensorType_UINT32 = 15,
    TensorType_UINT16 = 16,
    TensorType_INT4 = 17
};

} // namespace tflite

#endif
