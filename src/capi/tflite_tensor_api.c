/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: what can be asked of a TfLiteTensor, and its copies in and out. The opaque type is the same
 * struct. */
#include "capi/tflite_internal.h"

#include <string.h>

TfLiteType TfLiteTensorType(const TfLiteTensor *tensor)
{
    return tensor == NULL ? kTfLiteNoType : tensor->type;
}

int32_t TfLiteTensorNumDims(const TfLiteTensor *tensor)
{
    return tensor == NULL || tensor->dims == NULL ? -1 : tensor->dims->size;
}

int32_t TfLiteTensorDim(const TfLiteTensor *tensor, int32_t dim_index)
{
    if (dim_index < 0 || dim_index >= TfLiteTensorNumDims(tensor)) return 0;
    return tensor->dims->data[dim_index];
}

size_t TfLiteTensorByteSize(const TfLiteTensor *tensor)
{
    return tensor == NULL ? 0 : tensor->bytes;
}

void *TfLiteTensorData(const TfLiteTensor *tensor)
{
    return tensor == NULL ? NULL : tensor->data.data;
}

const char *TfLiteTensorName(const TfLiteTensor *tensor)
{
    return tensor == NULL ? NULL : tensor->name;
}

TfLiteQuantizationParams TfLiteTensorQuantizationParams(const TfLiteTensor *tensor)
{
    return tensor == NULL ? (TfLiteQuantizationParams){0.0f, 0} : tensor->params;
}

static bool can_copy(const TfLiteTensor *tensor, const void *data, size_t bytes)
{
    if (tensor == NULL || tensor->bytes != bytes) return false;
    return bytes == 0 || (data != NULL && tensor->data.data != NULL);
}

TfLiteStatus TfLiteTensorCopyFromBuffer(TfLiteTensor *tensor, const void *input_data,
                                        size_t input_data_size)
{
    if (!can_copy(tensor, input_data, input_data_size)) return kTfLiteError;
    if (tensor->allocation_type == kTfLiteMmapRo) return kTfLiteError; /* a constant */
    if (input_data_size > 0) memcpy(tensor->data.data, input_data, input_data_size);
    return kTfLiteOk;
}

TfLiteStatus TfLiteTensorCopyToBuffer(const TfLiteTensor *output_tensor, void *output_data,
                                      size_t output_data_size)
{
    if (!can_copy(output_tensor, output_data, output_data_size)) return kTfLiteError;
    if (output_data_size > 0) memcpy(output_data, output_tensor->data.data, output_data_size);
    return kTfLiteOk;
}

const TfLiteIntArray *TfLiteTensorGetDimsSignature(const TfLiteTensor *t)
{
    if (t == NULL) return NULL;
    return t->dims_signature != NULL && t->dims_signature->size != 0 ? t->dims_signature : t->dims;
}

const char *TfLiteTypeGetName(TfLiteType type)
{
    static const char *const names[] = {
        "NOTYPE",    "FLOAT32", "INT32",   "UINT8",      "INT64",  "STRING",   "BOOL",    "INT16",
        "COMPLEX64", "INT8",    "FLOAT16", "FLOAT64",    "COMPLEX128", "UINT64", "RESOURCE",
        "VARIANT",   "UINT32",  "UINT16",  "INT4",       "BFLOAT16", "INT2",   "UINT4"};
    const size_t index = (size_t)type;
    return index < sizeof names / sizeof names[0] ? names[index] : "Unknown type";
}

/* ---- what an allocation type promises -------------------------------------------------------- */

/* Of one allocation type: who has the memory, how long its address and its content stay, and when content and shape
 * are known. */
struct promise {
    TfLiteAllocationStrategy strategy;
    TfLiteRunStability address;
    TfLiteRunStability data;
    TfLiteRunStep data_known;
    TfLiteRunStep shape_known;
};

static const struct promise promises[] = {
#define PROMISE(type, strategy, address, data, data_known, shape_known)                            \
    [type] = {kTfLiteAllocationStrategy##strategy, kTfLiteRunStability##address,                   \
              kTfLiteRunStability##data, kTfLiteRunStep##data_known, kTfLiteRunStep##shape_known},
    PROMISE(kTfLiteMemNone, None, AcrossRuns, AcrossRuns, Init, Init)
    PROMISE(kTfLiteMmapRo, MMap, AcrossRuns, AcrossRuns, Init, Init)
    PROMISE(kTfLiteArenaRw, Arena, Unstable, SingleRun, Eval, Prepare)
    PROMISE(kTfLiteArenaRwPersistent, Arena, Unstable, AcrossRuns, Eval, Prepare)
    PROMISE(kTfLiteDynamic, Malloc, SingleRun, SingleRun, Eval, Eval)
    PROMISE(kTfLitePersistentRo, Malloc, SingleRun, SingleRun, Prepare, Prepare)
    PROMISE(kTfLiteCustom, Unknown, Unknown, Unknown, Unknown, Unknown)
    PROMISE(kTfLiteVariantObject, New, AcrossRuns, SingleRun, Eval, Eval)
    PROMISE(kTfLiteNonCpu, Unknown, Unknown, Unknown, Unknown, Unknown)
#undef PROMISE
};

static struct promise promise_of(const TfLiteTensor *tensor)
{
    const size_t type = tensor == NULL ? SIZE_MAX : (size_t)tensor->allocation_type;
    return promises[type < sizeof promises / sizeof promises[0] ? type : kTfLiteCustom];
}

TfLiteAllocationStrategy TfLiteTensorGetAllocationStrategy(const TfLiteTensor *t)
{
    return promise_of(t).strategy;
}

TfLiteRunStability TfLiteTensorGetBufferAddressStability(const TfLiteTensor *t)
{
    return promise_of(t).address;
}

TfLiteRunStability TfLiteTensorGetDataStability(const TfLiteTensor *t)
{
    return promise_of(t).data;
}

TfLiteRunStep TfLiteTensorGetDataKnownStep(const TfLiteTensor *t)
{
    return promise_of(t).data_known;
}

TfLiteRunStep TfLiteTensorGetShapeKnownStep(const TfLiteTensor *t)
{
    return promise_of(t).shape_known;
}
