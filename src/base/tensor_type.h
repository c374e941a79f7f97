/* SPDX-License-Identifier: Apache-2.0 */
/* Element types and shapes. The numbers are the file format's (TensorType in the schema). */
#ifndef PL_BASE_TENSOR_TYPE_H
#define PL_BASE_TENSOR_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* PL_TYPE(name, number in the schema, bits of an element (0: no fixed size), number in TensorFlow Lite's C API, word) */
#define PL_TYPE_LIST(PL_TYPE)              \
    PL_TYPE(FLOAT32, 0, 32, 1, "float32")  \
    PL_TYPE(FLOAT16, 1, 16, 10, "float16") \
    PL_TYPE(INT32, 2, 32, 2, "int32")      \
    PL_TYPE(UINT8, 3, 8, 3, "uint8")       \
    PL_TYPE(INT64, 4, 64, 4, "int64")      \
    PL_TYPE(STRING, 5, 0, 5, "string")     \
    PL_TYPE(BOOL, 6, 8, 6, "bool")         \
    PL_TYPE(INT16, 7, 16, 7, "int16")      \
    PL_TYPE(COMPLEX64, 8, 64, 8, "complex64") \
    PL_TYPE(INT8, 9, 8, 9, "int8")         \
    PL_TYPE(FLOAT64, 10, 64, 11, "float64") \
    PL_TYPE(COMPLEX128, 11, 128, 12, "complex128") \
    PL_TYPE(UINT64, 12, 64, 13, "uint64")  \
    PL_TYPE(RESOURCE, 13, 32, 14, "resource") \
    PL_TYPE(VARIANT, 14, 0, 15, "variant") \
    PL_TYPE(UINT32, 15, 32, 16, "uint32")  \
    PL_TYPE(UINT16, 16, 16, 17, "uint16")  \
    PL_TYPE(INT4, 17, 4, 18, "int4")       \
    PL_TYPE(BFLOAT16, 18, 16, 19, "bfloat16") \
    PL_TYPE(INT2, 19, 2, 20, "int2")       \
    PL_TYPE(UINT4, 20, 4, 21, "uint4") \
    PL_TYPE(FLOAT8_E4M3FN, 21, 8, 22, "float8_e4m3fn") \
    PL_TYPE(FLOAT8_E5M2, 22, 8, 23, "float8_e5m2")

typedef enum pl_type {
#define PL_TYPE(name, number, bits, api, word) PL_##name = (number),
    PL_TYPE_LIST(PL_TYPE)
#undef PL_TYPE
    PL_TYPE_COUNT
} pl_type;

const char *pl_type_name(pl_type type);
/* Bits of an element, 0 where an element has no fixed size (string, variant). */
int32_t pl_type_bits(pl_type type);
/* The number of TensorFlow Lite's C API for it. */
int32_t pl_type_api_number(pl_type type);

enum { PL_MAX_RANK = 8 };

/* rank 0 is a scalar: one element. Dimensions of 0 are allowed. */
struct pl_shape {
    int32_t rank;
    int32_t dims[PL_MAX_RANK];
};

bool pl_shape_equal(const struct pl_shape *a, const struct pl_shape *b);
/* Number of elements; the caller has checked the shape with pl_shape_bytes(), so that it cannot overflow. */
int64_t pl_shape_count(const struct pl_shape *shape);
/* Product of dims[from..to). */
int64_t pl_shape_span(const struct pl_shape *shape, int32_t from, int32_t to);
/* Bytes of a tensor: false if a dimension is negative or the product overflows. Types of 4 and 2 bits are packed and
 * rounded up to bytes; strings give 0. */
bool pl_shape_bytes(const struct pl_shape *shape, pl_type type, size_t *bytes);
/* "[1,224,224,3]" into the caller's buffer, which is also returned. */
enum { PL_SHAPE_TEXT_BYTES = 112 };
const char *pl_shape_text(const struct pl_shape *shape, char text[PL_SHAPE_TEXT_BYTES]);

#endif
