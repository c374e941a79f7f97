/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: tensors by their opaque type, which is TfLiteTensor, and strings in them. */
#include "capi/tflite_internal.h"

#include <string.h>

static const TfLiteTensor *tensor_of(const TfLiteOpaqueTensor *opaque)
{
    return (const TfLiteTensor *)(const void *)opaque;
}

static TfLiteTensor *mutable_tensor(TfLiteOpaqueTensor *opaque)
{
    return (TfLiteTensor *)(void *)opaque;
}

/* SAME(name, result): the function of TfLiteTensor. */
#define SAME(Name, result)                                                                         \
    result TfLiteOpaqueTensor##Name(const TfLiteOpaqueTensor *tensor)                              \
    {                                                                                              \
        return TfLiteTensor##Name(tensor_of(tensor));                                              \
    }
SAME(Type, TfLiteType)
SAME(NumDims, int32_t)
SAME(ByteSize, size_t)
SAME(Data, void *)
SAME(Name, const char *)
SAME(GetAllocationStrategy, TfLiteAllocationStrategy)
SAME(GetBufferAddressStability, TfLiteRunStability)
SAME(GetDataStability, TfLiteRunStability)
SAME(GetDataKnownStep, TfLiteRunStep)
SAME(GetShapeKnownStep, TfLiteRunStep)

int32_t TfLiteOpaqueTensorDim(const TfLiteOpaqueTensor *opaque_tensor, int32_t dim_index)
{
    return TfLiteTensorDim(tensor_of(opaque_tensor), dim_index);
}

TfLiteQuantizationParams
TfLiteOpaqueTensorGetQuantizationParams(const TfLiteOpaqueTensor *opaque_tensor)
{
    return TfLiteTensorQuantizationParams(tensor_of(opaque_tensor));
}

TfLiteQuantization TfLiteOpaqueTensorGetQuantization(const TfLiteOpaqueTensor *opaque_tensor)
{
    if (opaque_tensor == NULL) return (TfLiteQuantization){kTfLiteNoQuantization, NULL};
    return tensor_of(opaque_tensor)->quantization;
}

TfLiteStatus TfLiteOpaqueTensorGetNumDimsSignature(const TfLiteOpaqueTensor *opaque_tensor,
                                                   int32_t *num_dims)
{
    if (opaque_tensor == NULL || num_dims == NULL) return kTfLiteError;
    const TfLiteIntArray *signature = tensor_of(opaque_tensor)->dims_signature;
    *num_dims = signature == NULL ? -1 : signature->size;
    return kTfLiteOk;
}

TfLiteStatus TfLiteOpaqueTensorGetDimSignature(const TfLiteOpaqueTensor *opaque_tensor,
                                               int32_t dim_index, int32_t *dim_length)
{
    const TfLiteIntArray *signature = TfLiteTensorGetDimsSignature(tensor_of(opaque_tensor));
    if (signature == NULL || dim_length == NULL || dim_index < 0 || dim_index >= signature->size)
        return kTfLiteError;
    *dim_length = signature->data[dim_index];
    return kTfLiteOk;
}

int TfLiteOpaqueTensorIsVariable(const TfLiteOpaqueTensor *opaque_tensor)
{
    return opaque_tensor != NULL && tensor_of(opaque_tensor)->is_variable;
}

TfLiteAllocationType
TfLiteOpaqueTensorGetAllocationType(const TfLiteOpaqueTensor *opaque_tensor)
{
    return opaque_tensor == NULL ? kTfLiteMemNone : tensor_of(opaque_tensor)->allocation_type;
}

TfLiteStatus TfLiteOpaqueTensorCopyFromBuffer(TfLiteOpaqueTensor *opaque_tensor,
                                              const void *input_data, size_t input_data_size)
{
    return TfLiteTensorCopyFromBuffer(mutable_tensor(opaque_tensor), input_data, input_data_size);
}

TfLiteStatus TfLiteOpaqueTensorCopyToBuffer(const TfLiteOpaqueTensor *opaque_tensor,
                                            void *output_data, size_t output_data_size)
{
    return TfLiteTensorCopyToBuffer(tensor_of(opaque_tensor), output_data, output_data_size);
}

/* What had memory of the arena has none; its next resize gives it its own. */
void TfLiteOpaqueTensorSetAllocationTypeToDynamic(TfLiteOpaqueTensor *tensor)
{
    if (tensor == NULL || tensor_of(tensor)->allocation_type == kTfLiteDynamic) return;
    mutable_tensor(tensor)->allocation_type = kTfLiteDynamic;
    mutable_tensor(tensor)->data.data = NULL;
}

/* ---- strings: a count, where each begins and the last ends, and the bytes ---------------------- */

static int32_t number_at(const TfLiteTensor *tensor, size_t at)
{
    int32_t number = 0;
    memcpy(&number, tensor->data.raw + at * sizeof number, sizeof number);
    return number;
}

int TfLiteOpaqueTensorGetStringCount(const TfLiteOpaqueTensor *tensor)
{
    const TfLiteTensor *of = tensor_of(tensor);
    if (of == NULL || of->type != kTfLiteString || of->data.raw == NULL) return -1;
    if (of->bytes < sizeof(int32_t)) return of->bytes == 0 ? 0 : -1;
    return number_at(of, 0);
}

TfLiteStatus TfLiteOpaqueTensorGetString(const TfLiteOpaqueTensor *tensor, int index,
                                         const char **str, int *len)
{
    if (str == NULL || len == NULL || index < 0) return kTfLiteError;
    if (index >= TfLiteOpaqueTensorGetStringCount(tensor)) return kTfLiteError;
    const TfLiteTensor *of = tensor_of(tensor);
    if (((size_t)index + 3) * sizeof(int32_t) > of->bytes) return kTfLiteError;
    const int32_t from = number_at(of, (size_t)index + 1);
    const int32_t to = number_at(of, (size_t)index + 2);
    if (from < 0 || to < from || (size_t)to > of->bytes) return kTfLiteError;
    *str = of->data.raw + from;
    *len = to - from;
    return kTfLiteOk;
}

static bool strings_bytes(const char *const *strings, int count, const int *lengths, size_t *bytes)
{
    if (count < 0 || (count > 0 && (strings == NULL || lengths == NULL))) return false;
    *bytes = ((size_t)count + 2) * sizeof(int32_t);
    for (int i = 0; i < count; i++) {
        if (lengths[i] < 0 || (strings[i] == NULL && lengths[i] > 0)) return false;
        *bytes += (size_t)lengths[i];
    }
    return *bytes <= INT32_MAX;
}

static void write_strings(char *to, const char *const *strings, int count, const int *lengths)
{
    int32_t at = (int32_t)(((size_t)count + 2) * sizeof(int32_t));
    memcpy(to, &(int32_t){count}, sizeof(int32_t));
    for (int i = 0; i < count; i++) {
        memcpy(to + ((size_t)i + 1) * sizeof at, &at, sizeof at);
        if (lengths[i] > 0) memcpy(to + at, strings[i], (size_t)lengths[i]);
        at += lengths[i];
    }
    memcpy(to + ((size_t)count + 1) * sizeof at, &at, sizeof at);
}

TfLiteStatus TfLiteOpaqueTensorWriteStrings(TfLiteOpaqueTensor *tensor,
                                            const char *const *str_array, int str_array_len,
                                            const int *str_n_len)
{
    size_t bytes = 0;
    TfLiteTensor *to = mutable_tensor(tensor);
    if (to == NULL || to->type != kTfLiteString || to->allocation_type == kTfLiteMmapRo ||
        !strings_bytes(str_array, str_array_len, str_n_len, &bytes))
        return kTfLiteError;
    char *data = pl_tflite_program_allocate(bytes);
    if (data == NULL || !pl_tflite_set_dims(to, 1, &(int32_t){str_array_len})) {
        pl_tflite_program_free(data);
        return kTfLiteError;
    }
    write_strings(data, str_array, str_array_len, str_n_len);
    pl_tflite_tensor_keep(to, data, bytes);
    return kTfLiteOk;
}

TfLiteStatus TfLiteOpaqueTensorWriteString(TfLiteOpaqueTensor *tensor, const char *str, int len)
{
    return TfLiteOpaqueTensorWriteStrings(tensor, &str, 1, &len);
}
