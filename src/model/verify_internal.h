/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the verifier share. */
#ifndef PL_MODEL_VERIFY_INTERNAL_H
#define PL_MODEL_VERIFY_INTERNAL_H

#include "base/tensor_type.h"
#include "model/file_place.h"
#include "model/verify.h"

/* What is known of a tensor while the operators are walked through. */
enum pl_tensor_mark {
    PL_MARK_INPUT = 1 << 0,    /* of its subgraph */
    PL_MARK_OUTPUT = 1 << 1,   /* of its subgraph */
    PL_MARK_CONSTANT = 1 << 2, /* the file gives its bytes, or it has none and nobody produces it */
    PL_MARK_VARIABLE = 1 << 3,
    PL_MARK_EMPTY = 1 << 4, /* no elements */
    PL_MARK_PRODUCED = 1 << 5
};

struct pl_verifier {
    const struct pl_model *model;
    const struct pl_model_limits *limits;
    struct pl_error *error;
    struct pl_region scratch;
    uint8_t **marks; /* per subgraph, per tensor: enum pl_tensor_mark */
    uint64_t work_left; /* bytes that may still be walked through: buffers can be shared */
};

/* The place of a field of a record below `up`. */
#define PL_AT(up, record, field, index)                                                            \
    (&(struct pl_file_place){(up), (record)->offset, (field), (index)})

/* Unless the condition holds: the model is invalid at this place. */
#define PL_VERIFY(verifier, condition, place, ...)                                                 \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return pl_file_place_fail(&(verifier)->model->file, (place), (verifier)->error,        \
                                      PL_INVALID_MODEL, __VA_ARGS__);                              \
    } while (0)

static inline uint32_t pl_verify_count(const struct pl_record *record, enum pl_field field)
{
    uint32_t count = 0;
    (void)pl_record_vector(record, field, &count);
    return count;
}

pl_status pl_verify_no_memory(struct pl_verifier *verifier, const struct pl_file_place *place);
pl_status pl_verify_spend(struct pl_verifier *verifier, const struct pl_file_place *place,
                          uint64_t bytes);

/* One tensor of a subgraph; sets its marks. `place` is the tensor itself. */
pl_status pl_verify_tensor(struct pl_verifier *verifier, const struct pl_file_place *place,
                           const struct pl_record *tensor, uint32_t tensor_count, uint8_t *marks);
/* SparsityParameters of a tensor of this shape; count is how many elements its buffer must have. */
pl_status pl_verify_sparsity(struct pl_verifier *verifier, const struct pl_file_place *place,
                             const struct pl_record *sparsity, const struct pl_shape *shape,
                             uint64_t *count);
/* Inputs, outputs and operators of subgraph `index`, whose tensors have been verified. */
pl_status pl_verify_subgraph(struct pl_verifier *verifier, const struct pl_file_place *place,
                             const struct pl_record *subgraph, uint8_t *marks);
/* That calls between subgraphs end. */
pl_status pl_verify_calls(struct pl_verifier *verifier);

#endif
