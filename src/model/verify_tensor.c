/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors: shape, bytes, quantization. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "model/verify_internal.h"

/* A tensor under verification. */
struct subject {
    struct pl_verifier *verifier;
    const struct pl_file_place *place;
    const struct pl_record *tensor;
    pl_type type;
    struct pl_shape shape;
    size_t bytes; /* that the shape asks for; 0 for types without a fixed size */
};

static pl_status verify_dims(struct pl_verifier *verifier, const struct pl_file_place *place,
                             const struct pl_record *record, enum pl_field field, int32_t least,
                             struct pl_shape *shape)
{
    uint32_t rank = 0;
    const int32_t *dims = pl_record_vector(record, field, &rank);
    PL_VERIFY(verifier, rank <= PL_MAX_RANK, PL_AT(place, record, field, PL_NO_INDEX),
              "found %lu dimensions, expected at most %d", (unsigned long)rank, PL_MAX_RANK);
    shape->rank = (int32_t)rank;
    for (uint32_t i = 0; i < rank; i++) {
        PL_VERIFY(verifier, dims[i] >= least, PL_AT(place, record, field, i),
                  "found %ld, expected %ld or more", (long)dims[i], (long)least);
        shape->dims[i] = dims[i];
    }
    return PL_OK;
}

static pl_status verify_shape(struct subject *subject)
{
    struct pl_verifier *verifier = subject->verifier;
    struct pl_shape signature;
    char text[PL_SHAPE_TEXT_BYTES];
    PL_TRY(verify_dims(verifier, subject->place, subject->tensor, PL_Tensor_shape, 0,
                       &subject->shape));
    PL_TRY(verify_dims(verifier, subject->place, subject->tensor, PL_Tensor_shape_signature, -1,
                       &signature));
    PL_VERIFY(verifier, signature.rank == 0 || signature.rank == subject->shape.rank,
              PL_AT(subject->place, subject->tensor, PL_Tensor_shape_signature, PL_NO_INDEX),
              "found %d dimensions, the shape has %d", (int)signature.rank,
              (int)subject->shape.rank);
    const struct pl_file_place *place =
        PL_AT(subject->place, subject->tensor, PL_Tensor_shape, PL_NO_INDEX);
    PL_VERIFY(verifier, pl_shape_bytes(&subject->shape, subject->type, &subject->bytes), place,
              "found %s of %s, which has more bytes than can be counted",
              pl_shape_text(&subject->shape, text), pl_type_name(subject->type));
    if (subject->bytes > verifier->limits->tensor_bytes)
        return pl_file_place_fail(
            &verifier->model->file, place, verifier->error, PL_OUT_OF_MEMORY,
            "found %s of %s, which is %zu bytes; the limit of a tensor is %zu",
            pl_shape_text(&subject->shape, text), pl_type_name(subject->type), subject->bytes,
            verifier->limits->tensor_bytes);
    return PL_OK;
}

/* ---- quantization ---------------------------------------------------------------------------- */

/* The values a zero point of this type can have: it is a value of the tensor. */
static void find_zero_point_range(pl_type type, int64_t *least, int64_t *most)
{
    *least = INT32_MIN;
    *most = INT32_MAX;
    switch (type) {
    case PL_UINT8: *least = 0, *most = UINT8_MAX; break;
    case PL_INT8: *least = INT8_MIN, *most = INT8_MAX; break;
    case PL_UINT16: *least = 0, *most = UINT16_MAX; break;
    case PL_INT16: *least = INT16_MIN, *most = INT16_MAX; break;
    case PL_INT4: *least = -8, *most = 7; break;
    case PL_UINT4: *least = 0, *most = 15; break;
    case PL_INT2: *least = -2, *most = 1; break;
    default: break;
    }
}

static pl_status verify_scales(const struct subject *subject, const struct pl_file_place *place,
                               const struct pl_record *quantization, uint32_t *count)
{
    struct pl_verifier *verifier = subject->verifier;
    uint32_t zero_count = 0;
    int64_t least = 0, most = 0;
    const float *scales = pl_record_vector(quantization, PL_QuantizationParameters_scale, count);
    const int64_t *zeros =
        pl_record_vector(quantization, PL_QuantizationParameters_zero_point, &zero_count);
    if (*count == 0) return PL_OK;
    PL_VERIFY(verifier, zero_count == 0 || zero_count == *count,
              PL_AT(place, quantization, PL_QuantizationParameters_zero_point, PL_NO_INDEX),
              "found %lu zero points, expected %lu, one for each scale", (unsigned long)zero_count,
              (unsigned long)*count);
    for (uint32_t i = 0; i < *count; i++)
        PL_VERIFY(verifier, isfinite(scales[i]) && scales[i] >= 0.0f,
                  PL_AT(place, quantization, PL_QuantizationParameters_scale, i),
                  "found %g, expected 0 or above", (double)scales[i]);
    find_zero_point_range(subject->type, &least, &most);
    for (uint32_t i = 0; i < zero_count; i++)
        PL_VERIFY(verifier, zeros[i] >= least && zeros[i] <= most,
                  PL_AT(place, quantization, PL_QuantizationParameters_zero_point, i),
                  "found %lld, expected %lld to %lld for %s", (long long)zeros[i], (long long)least,
                  (long long)most, pl_type_name(subject->type));
    return PL_OK;
}

/* As LiteRT asks: at least one dimension is named, all of them are the tensor's. */
static pl_status verify_axes(const struct subject *subject, const struct pl_file_place *place,
                             const struct pl_record *details)
{
    uint32_t count = 0, rank = 0;
    (void)pl_record_vector(subject->tensor, PL_Tensor_shape, &rank);
    const int32_t *axes =
        pl_record_vector(details, PL_MultiAxisQuantization_quantized_dimensions, &count);
    PL_VERIFY(subject->verifier, count > 0,
              PL_AT(place, details, PL_MultiAxisQuantization_quantized_dimensions, PL_NO_INDEX),
              "found no dimension, expected at least one");
    for (uint32_t i = 0; i < count; i++)
        PL_VERIFY(subject->verifier, axes[i] >= 0 && (uint32_t)axes[i] < rank,
                  PL_AT(place, details, PL_MultiAxisQuantization_quantized_dimensions, i),
                  "found %ld, the tensor has %lu dimensions", (long)axes[i], (unsigned long)rank);
    return PL_OK;
}

/* Tensors that hold scales and zero points of a finer quantization. */
static pl_status verify_details(const struct subject *subject, const struct pl_file_place *place,
                                const struct pl_record *details, uint32_t tensor_count)
{
    static const enum pl_field fields[] = {
        PL_BlockwiseQuantization_scales, PL_BlockwiseQuantization_zero_points,
        PL_MultiAxisQuantization_scales, PL_MultiAxisQuantization_zero_points};
    for (size_t i = 0; details != NULL && i < sizeof fields / sizeof fields[0]; i++) {
        if (pl_schema_field(fields[i])->table != details->table) continue;
        const int64_t tensor = pl_record_integer(details, fields[i]);
        PL_VERIFY(subject->verifier, tensor >= -1 && tensor < tensor_count,
                  PL_AT(place, details, fields[i], PL_NO_INDEX),
                  "found tensor %lld, the subgraph has %lu", (long long)tensor,
                  (unsigned long)tensor_count);
    }
    if (details != NULL && details->table == PL_TABLE_MultiAxisQuantization)
        PL_TRY(verify_axes(subject, place, details));
    return PL_OK;
}

static pl_status verify_quantization(const struct subject *subject, uint32_t tensor_count)
{
    struct pl_verifier *verifier = subject->verifier;
    const struct pl_record *quantization = pl_record_child(subject->tensor, PL_Tensor_quantization);
    if (quantization == NULL) return PL_OK;
    const struct pl_file_place *place =
        PL_AT(subject->place, subject->tensor, PL_Tensor_quantization, PL_NO_INDEX);
    uint32_t count = 0;
    PL_TRY(verify_scales(subject, place, quantization, &count));
    PL_TRY(verify_details(
        subject, PL_AT(place, quantization, PL_QuantizationParameters_details, PL_NO_INDEX),
        pl_record_child(quantization, PL_QuantizationParameters_details), tensor_count));
    if (count == 0) return PL_OK;
    const int32_t rank = subject->shape.rank;
    int64_t dimension =
        pl_record_integer(quantization, PL_QuantizationParameters_quantized_dimension);
    const struct pl_file_place *at =
        PL_AT(place, quantization, PL_QuantizationParameters_quantized_dimension, PL_NO_INDEX);
    /* Real files of TFLite Micro have dimension 3 on vectors of biases: where there is one
     * dimension, or one scale, only one thing can be meant. */
    PL_VERIFY(verifier, dimension >= 0, at, "found %lld, expected 0 or above",
              (long long)dimension);
    if (rank <= 1) dimension = 0;
    if (count == 1 || rank == 0) return PL_OK;
    PL_VERIFY(verifier, dimension < rank, at, "found %lld, the tensor has %d dimensions",
              (long long)dimension, (int)rank);
    PL_VERIFY(verifier, (int64_t)count == subject->shape.dims[dimension],
              PL_AT(place, quantization, PL_QuantizationParameters_scale, PL_NO_INDEX),
              "found %lu scales, expected 1, or %ld for dimension %lld", (unsigned long)count,
              (long)subject->shape.dims[dimension], (long long)dimension);
    return PL_OK;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static int32_t read_i32(const uint8_t *data, uint64_t index)
{
    int32_t value;
    memcpy(&value, data + index * sizeof value, sizeof value);
    return value;
}

/* A count, count + 1 offsets from the start of the buffer, then the characters of all strings. */
static pl_status verify_strings(const struct subject *subject, const uint8_t *data, size_t bytes)
{
    struct pl_verifier *verifier = subject->verifier;
    const struct pl_file_place *place =
        PL_AT(subject->place, subject->tensor, PL_Tensor_buffer, PL_NO_INDEX);
    const int64_t expected = pl_shape_count(&subject->shape);
    PL_VERIFY(verifier, bytes >= sizeof(int32_t), place,
              "found %zu bytes of strings, expected at least 4", bytes);
    const int64_t count = read_i32(data, 0);
    PL_VERIFY(verifier, count == expected, place,
              "found %lld strings in the buffer, the shape has %lld", (long long)count,
              (long long)expected);
    const uint64_t head = ((uint64_t)count + 2) * sizeof(int32_t);
    PL_VERIFY(verifier, head <= bytes, place,
              "found %zu bytes, %lld strings need %llu for their offsets", bytes, (long long)count,
              (unsigned long long)head);
    PL_TRY(pl_verify_spend(verifier, place, head));
    int64_t last = (int64_t)head;
    for (uint64_t i = 0; i <= (uint64_t)count; i++) {
        const int64_t offset = read_i32(data, 1 + i);
        PL_VERIFY(verifier, offset >= last && (uint64_t)offset <= bytes, place,
                  "found string offset %lld at place %llu, expected %lld to %zu", (long long)offset,
                  (unsigned long long)i, (long long)last, bytes);
        last = offset;
    }
    return PL_OK;
}

static pl_status verify_sparse_bytes(const struct subject *subject,
                                     const struct pl_record *sparsity, size_t bytes)
{
    struct pl_verifier *verifier = subject->verifier;
    const size_t element_bits = (size_t)pl_type_bits(subject->type);
    uint64_t count = 0;
    PL_TRY(pl_verify_sparsity(
        verifier, PL_AT(subject->place, subject->tensor, PL_Tensor_sparsity, PL_NO_INDEX), sparsity,
        &subject->shape, &count));
    const uint64_t expected = (count * element_bits + CHAR_BIT - 1) / CHAR_BIT;
    PL_VERIFY(verifier, bytes == expected,
              PL_AT(subject->place, subject->tensor, PL_Tensor_buffer, PL_NO_INDEX),
              "found %zu bytes in the buffer, %llu elements of %s need %llu", bytes,
              (unsigned long long)count, pl_type_name(subject->type), (unsigned long long)expected);
    return PL_OK;
}

static pl_status verify_bytes(const struct subject *subject, const void *data, size_t bytes)
{
    struct pl_verifier *verifier = subject->verifier;
    const struct pl_file_place *place =
        PL_AT(subject->place, subject->tensor, PL_Tensor_buffer, PL_NO_INDEX);
    const struct pl_record *sparsity = pl_record_child(subject->tensor, PL_Tensor_sparsity);
    char text[PL_SHAPE_TEXT_BYTES];
    PL_VERIFY(verifier, pl_record_integer(subject->tensor, PL_Tensor_is_variable) == 0, place,
              "found %zu bytes for a variable, expected none", bytes);
    if (subject->type == PL_STRING) return verify_strings(subject, data, bytes);
    PL_VERIFY(verifier, subject->type != PL_VARIANT, place,
              "found %zu bytes for a variant, expected none", bytes);
    if (subject->type >= PL_TYPE_COUNT) return PL_OK; /* refused by name when it is imported */
    if (sparsity != NULL) return verify_sparse_bytes(subject, sparsity, bytes);
    PL_VERIFY(verifier, bytes == subject->bytes, place,
              "found %zu bytes in the buffer, expected %zu for %s of %s", bytes, subject->bytes,
              pl_shape_text(&subject->shape, text), pl_type_name(subject->type));
    return PL_OK;
}

static pl_status verify_external(const struct subject *subject)
{
    const struct pl_record *root = subject->verifier->model->root;
    const int64_t id = pl_record_integer(subject->tensor, PL_Tensor_external_buffer);
    const uint32_t count = pl_verify_count(root, PL_Model_external_buffers);
    const struct pl_file_place *place =
        PL_AT(subject->place, subject->tensor, PL_Tensor_external_buffer, PL_NO_INDEX);
    if (id == 0) return PL_OK;
    PL_TRY(pl_verify_spend(subject->verifier, place, count));
    for (uint32_t i = 0; i < count; i++)
        if (pl_record_integer(pl_record_item(root, PL_Model_external_buffers, i),
                              PL_ExternalBuffer_id) == id)
            return PL_OK;
    PL_VERIFY(subject->verifier, false, place,
              "found external buffer %lld, the model has none of that id", (long long)id);
    return PL_OK;
}

static pl_status verify_variants(const struct subject *subject)
{
    for (uint32_t i = 0; i < pl_verify_count(subject->tensor, PL_Tensor_variant_tensors); i++) {
        struct pl_shape shape;
        PL_TRY(verify_dims(subject->verifier,
                           PL_AT(subject->place, subject->tensor, PL_Tensor_variant_tensors, i),
                           pl_record_item(subject->tensor, PL_Tensor_variant_tensors, i),
                           PL_VariantSubType_shape, -1, &shape));
    }
    return PL_OK;
}

pl_status pl_verify_tensor(struct pl_verifier *verifier, const struct pl_file_place *place,
                           const struct pl_record *tensor, uint32_t tensor_count, uint8_t *marks)
{
    const uint32_t buffers = pl_verify_count(verifier->model->root, PL_Model_buffers);
    const int64_t buffer = pl_record_integer(tensor, PL_Tensor_buffer);
    struct subject subject = {.verifier = verifier, .place = place, .tensor = tensor};
    subject.type = (pl_type)pl_record_integer(tensor, PL_Tensor_type);
    PL_TRY(verify_shape(&subject));
    PL_TRY(verify_quantization(&subject, tensor_count));
    PL_TRY(verify_external(&subject));
    PL_TRY(verify_variants(&subject));
    PL_VERIFY(verifier, buffer < buffers, PL_AT(place, tensor, PL_Tensor_buffer, PL_NO_INDEX),
              "found buffer %lld, the model has %lu", (long long)buffer, (unsigned long)buffers);
    size_t bytes = 0;
    const void *data = pl_model_tensor_bytes(verifier->model, tensor, &bytes);
    if (data != NULL) PL_TRY(verify_bytes(&subject, data, bytes));
    PL_VERIFY(verifier, data != NULL || pl_record_child(tensor, PL_Tensor_sparsity) == NULL,
              PL_AT(place, tensor, PL_Tensor_sparsity, PL_NO_INDEX),
              "found a sparse tensor without bytes");
    const bool external = pl_record_integer(tensor, PL_Tensor_external_buffer) != 0;
    if (data != NULL || external) *marks |= PL_MARK_CONSTANT;
    if (pl_record_integer(tensor, PL_Tensor_is_variable) != 0) *marks |= PL_MARK_VARIABLE;
    if (pl_type_bits(subject.type) > 0 && subject.bytes == 0) *marks |= PL_MARK_EMPTY;
    return PL_OK;
}
