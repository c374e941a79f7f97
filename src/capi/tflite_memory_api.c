/* SPDX-License-Identifier: Apache-2.0 */
/* TensorFlow Lite's C API: arrays and other memory that passes between library and program. */
#include "capi/tflite_internal.h"

#include <string.h>

/* ---- memory ---------------------------------------------------------------------------------- */

/* Before each block, so that it can be freed without a size. */
union header {
    size_t bytes;
    max_align_t aligned;
};

void *pl_tflite_program_allocate(size_t bytes)
{
    if (bytes > SIZE_MAX / 2) return NULL;
    const size_t all = sizeof(union header) + bytes;
    union header *header = pl_memory_system(NULL, NULL, 0, all, _Alignof(max_align_t));
    if (header == NULL) return NULL;
    header->bytes = all;
    return header + 1;
}

void pl_tflite_program_free(void *pointer)
{
    if (pointer == NULL) return;
    union header *header = (union header *)pointer - 1;
    (void)pl_memory_system(NULL, header, header->bytes, 0, _Alignof(max_align_t));
}

static void *copy_block(const void *from, size_t bytes)
{
    void *copy = pl_tflite_program_allocate(bytes);
    if (copy != NULL) memcpy(copy, from, bytes);
    return copy;
}

/* ---- arrays of int and float ----------------------------------------------------------------- */

size_t TfLiteIntArrayGetSizeInBytes(int size)
{
    return sizeof(TfLiteIntArray) + sizeof(int) * (size_t)(ptrdiff_t)size;
}

TfLiteIntArray *TfLiteIntArrayCreate(int size)
{
    if (size < 0) return NULL;
    TfLiteIntArray *array = pl_tflite_program_allocate(TfLiteIntArrayGetSizeInBytes(size));
    if (array != NULL) array->size = size;
    return array;
}

int TfLiteIntArrayEqualsArray(const TfLiteIntArray *a, int b_size, const int b_data[])
{
    if (a == NULL) return b_size == 0;
    if (a->size != b_size) return 0;
    return b_size == 0 || memcmp(a->data, b_data, sizeof(int) * (size_t)b_size) == 0;
}

int TfLiteIntArrayEqual(const TfLiteIntArray *a, const TfLiteIntArray *b)
{
    if (a == b) return 1;
    return a != NULL && b != NULL && TfLiteIntArrayEqualsArray(a, b->size, b->data);
}

TfLiteIntArray *TfLiteIntArrayCopy(const TfLiteIntArray *src)
{
    return src == NULL ? NULL : copy_block(src, TfLiteIntArrayGetSizeInBytes(src->size));
}

void TfLiteIntArrayFree(TfLiteIntArray *a)
{
    pl_tflite_program_free(a);
}

int TfLiteFloatArrayGetSizeInBytes(int size)
{
    return (int)(sizeof(TfLiteFloatArray) + sizeof(float) * (size_t)(ptrdiff_t)size);
}

TfLiteFloatArray *TfLiteFloatArrayCreate(int size)
{
    if (size < 0) return NULL;
    TfLiteFloatArray *array =
        pl_tflite_program_allocate(sizeof *array + sizeof(float) * (size_t)size);
    if (array != NULL) array->size = size;
    return array;
}

TfLiteFloatArray *TfLiteFloatArrayCopy(const TfLiteFloatArray *src)
{
    return src == NULL ? NULL : copy_block(src, sizeof *src + sizeof(float) * (size_t)src->size);
}

void TfLiteFloatArrayFree(TfLiteFloatArray *a)
{
    pl_tflite_program_free(a);
}

/* ---- what hangs on a tensor ------------------------------------------------------------------ */

void TfLiteQuantizationFree(TfLiteQuantization *quantization)
{
    if (quantization == NULL) return;
    if (quantization->type == kTfLiteAffineQuantization && quantization->params != NULL) {
        TfLiteAffineQuantization *affine = quantization->params;
        TfLiteFloatArrayFree(affine->scale);
        TfLiteIntArrayFree(affine->zero_point);
    }
    if (quantization->type != kTfLiteNoQuantization) pl_tflite_program_free(quantization->params);
    *quantization = (TfLiteQuantization){kTfLiteNoQuantization, NULL};
}

void TfLiteSparsityFree(TfLiteSparsity *sparsity)
{
    if (sparsity == NULL) return;
    TfLiteIntArrayFree(sparsity->traversal_order);
    TfLiteIntArrayFree(sparsity->block_map);
    for (int i = 0; sparsity->dim_metadata != NULL && i < sparsity->dim_metadata_size; i++) {
        if (sparsity->dim_metadata[i].format != kTfLiteDimSparseCSR) continue;
        TfLiteIntArrayFree(sparsity->dim_metadata[i].array_segments);
        TfLiteIntArrayFree(sparsity->dim_metadata[i].array_indices);
    }
    pl_tflite_program_free(sparsity->dim_metadata);
    pl_tflite_program_free(sparsity);
}

static bool owns_data(const TfLiteTensor *tensor)
{
    return tensor->allocation_type == kTfLiteDynamic ||
           tensor->allocation_type == kTfLitePersistentRo;
}

void TfLiteTensorDataFree(TfLiteTensor *t)
{
    if (t == NULL) return;
    if (owns_data(t)) pl_tflite_program_free(t->data.data);
    t->data.data = NULL;
}

void TfLiteTensorFree(TfLiteTensor *t)
{
    if (t == NULL) return;
    TfLiteTensorDataFree(t);
    TfLiteIntArrayFree(t->dims);
    TfLiteIntArrayFree((TfLiteIntArray *)(uintptr_t)t->dims_signature);
    TfLiteQuantizationFree(&t->quantization);
    TfLiteSparsityFree(t->sparsity);
    t->dims = NULL;
    t->dims_signature = NULL;
    t->sparsity = NULL;
}

void TfLiteTensorReset(TfLiteType type, const char *name, TfLiteIntArray *dims,
                       TfLiteQuantizationParams quantization, char *buffer, size_t size,
                       TfLiteAllocationType allocation_type, const void *allocation,
                       bool is_variable, TfLiteTensor *tensor)
{
    if (tensor == NULL) return;
    TfLiteTensorFree(tensor);
    tensor->type = type;
    tensor->name = name;
    tensor->dims = dims;
    tensor->params = quantization;
    tensor->data.raw = buffer;
    tensor->bytes = size;
    tensor->allocation_type = allocation_type;
    tensor->allocation = allocation;
    tensor->is_variable = is_variable;
}

TfLiteStatus TfLiteTensorCopy(const TfLiteTensor *src, TfLiteTensor *dst)
{
    if (src == NULL || dst == NULL) return kTfLiteOk;
    if (src->bytes != dst->bytes) return kTfLiteError;
    if (src == dst) return kTfLiteOk;
    TfLiteIntArray *dims = TfLiteIntArrayCopy(src->dims);
    if (src->dims != NULL && dims == NULL) return kTfLiteError;
    dst->type = src->type;
    TfLiteIntArrayFree(dst->dims);
    dst->dims = dims;
    if (src->bytes > 0) memcpy(dst->data.raw, src->data.raw, src->bytes);
    dst->buffer_handle = src->buffer_handle;
    dst->data_is_stale = src->data_is_stale;
    dst->delegate = src->delegate;
    return kTfLiteOk;
}

TfLiteStatus TfLiteTensorResizeMaybeCopy(size_t num_bytes, TfLiteTensor *tensor, bool preserve_data)
{
    if (tensor == NULL) return kTfLiteError;
    if (!owns_data(tensor)) return kTfLiteOk;
    if (tensor->data.data == NULL || num_bytes > tensor->bytes) {
        void *fresh = pl_tflite_program_allocate(num_bytes);
        if (fresh == NULL) return kTfLiteError;
        if (preserve_data && tensor->data.data != NULL)
            memcpy(fresh, tensor->data.data, tensor->bytes);
        pl_tflite_program_free(tensor->data.data);
        tensor->data.data = fresh;
    }
    tensor->bytes = num_bytes;
    return kTfLiteOk;
}

TfLiteStatus TfLiteTensorRealloc(size_t num_bytes, TfLiteTensor *tensor)
{
    return TfLiteTensorResizeMaybeCopy(num_bytes, tensor, true);
}
