/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: loads, allocates and runs whatever the bytes are. Seeds: the .tflite files of
 * tests/models. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "model/model.h"
#include "plait/plait.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* So small that no operator can take long. */
enum { MEMORY_LIMIT = 8 << 20, TENSOR_LIMIT = 64 << 10 };

/* A WHILE may go on for ever, and that is right: what has one is not run. */
static bool has_loop(const uint8_t *data, size_t size)
{
    struct pl_memory memory;
    struct pl_model *model = NULL;
    const struct pl_model_limits limits = {.tensor_bytes = TENSOR_LIMIT};
    bool found = false;
    uint32_t count = 0;
    pl_memory_init(&memory, pl_memory_system, NULL, MEMORY_LIMIT);
    if (pl_model_open(&memory, data, size, &limits, &model, NULL) != PL_OK) return true;
    (void)pl_record_vector(model->root, PL_Model_operator_codes, &count);
    for (uint32_t i = 0; i < count; i++) {
        const int32_t code =
            pl_model_operator_code(pl_record_item(model->root, PL_Model_operator_codes, i));
        if (code == PL_BuiltinOperator_WHILE) found = true;
    }
    pl_model_close(model);
    return found;
}

static void run(struct plait_model *model)
{
    for (size_t i = 0; i < plait_input_count(model); i++) {
        struct plait_tensor *input = plait_input(model, i);
        if (plait_tensor_data(input) != NULL && plait_tensor_type(input) != PLAIT_STRING)
            memset(plait_tensor_data(input), (int)(17 * i + 3), plait_tensor_bytes(input));
    }
    (void)plait_invoke(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct plait_options options;
    struct plait_interpreter *ip = NULL;
    struct plait_model *model = NULL;
    plait_options_default(&options);
    options.memory_limit_bytes = MEMORY_LIMIT;
    options.tensor_limit_bytes = TENSOR_LIMIT;
    if (plait_open(&options, &ip) != PLAIT_OK) return 0;
    if (plait_load_buffer(ip, "fuzzed", data, size, NULL, &model) == PLAIT_OK &&
        plait_allocate(ip) == PLAIT_OK && !has_loop(data, size)) {
        run(model);
        for (size_t i = 0; i < plait_signature_count(model); i++)
            run(plait_signature(model, plait_signature_key(model, i)));
    }
    plait_close(ip);
    return 0;
}
