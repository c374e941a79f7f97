/* SPDX-License-Identifier: Apache-2.0 */
/* Windows for soak.c. */
#include <stdlib.h>
#include <string.h>

#include "soak_state.h"

enum { MOST_RUNS = 12 };

/* ---- rows that are pushed ----------------------------------------------------------------------------------------- */

static bool begin_stream(struct soak *soak, const struct slot *slot, int32_t axis, struct scenario_random *random)
{
    struct plait_link_options options;
    plait_link_options_default(&options);
    options.axis = axis;
    options.hop = 1 + (int32_t)scenario_pick(random, 3);
    OK(soak->interpreter, plait_stream(soak->interpreter, slot->name, "#0", &options));
    return plait_allocate_model(slot->model) == PLAIT_OK;
}

/* The rows of an input, or only some of them. */
static void push(struct soak *soak, const struct plait_model *model, uint64_t seed, bool all, struct scenario_random *random)
{
    struct plait_tensor *input = plait_input(model, 0);
    const size_t rows = (size_t)plait_tensor_dim(input, scenario_rows_axis(input));
    scenario_push(soak->interpreter, input, seed, all ? rows : scenario_pick(random, (uint32_t)rows), random);
}

void soak_stream(struct soak *soak, struct slot *slot, struct scenario_random *random)
{
    struct plait_model *model = slot->model;
    const int32_t axis = scenario_rows_axis(plait_input(model, 0));
    if (axis < 0 || plait_input_count(model) != 1) return;
    if (begin_stream(soak, slot, axis, random)) {
        const uint64_t seed = scenario_pick(random, SEEDS);
        const uint32_t variant = scenario_pick(random, VARIANTS);
        push(soak, model, 0, false, random);
        OK(soak->interpreter, soak_replace(slot, variant, random));
        push(soak, model, seed, true, random);
        CHECK(scenario_digest(model) == slot->family->answers[variant][seed], "model '%s': another answer with a window", slot->name);
        soak_note(soak, STREAM);
    }
    OK(soak->interpreter, plait_unlink(soak->interpreter, slot->name, "#0"));
    OK(soak->interpreter, plait_allocate_model(model));
}

/* ---- rows that another model gives -------------------------------------------------------------------------------- */

/* Whether rows go from one to the other as they are, without another type or scale. */
static bool are_alike(const struct plait_tensor *output, const struct plait_tensor *input)
{
    struct plait_quantization of_output, of_input;
    if (plait_tensor_type(output) != plait_tensor_type(input)) return false;
    const bool quantized = plait_tensor_quantization(output, &of_output) == PLAIT_OK && of_output.count == 1;
    if (quantized != (plait_tensor_quantization(input, &of_input) == PLAIT_OK && of_input.count == 1)) return false;
    return !quantized || (of_output.scale[0] == of_input.scale[0] && of_output.zero_point[0] == of_input.zero_point[0]);
}

/* What the first window had in it, and what came of it. */
struct first_run {
    struct plait_model *model;
    char *rows;       /* of all that the producer gave */
    size_t bytes;
    uint64_t digest;
    bool ran;
};

static void note_run(void *user, struct plait_model *model)
{
    struct first_run *first = user;
    if (!first->ran) first->digest = scenario_digest(model);
    first->ran = true;
}

/* Runs the producer until the first window is full. */
static void run_both(struct soak *soak, struct plait_model *producer, struct first_run *first)
{
    const struct plait_tensor *output = plait_output(producer, 0);
    const size_t bytes = plait_tensor_bytes(output);
    for (uint64_t k = 0; k < MOST_RUNS && !first->ran; k++) {
        scenario_feed(soak->interpreter, producer, k % SEEDS);
        const plait_status status = plait_run(producer);
        if (status != PLAIT_OK) {
            CHECK(status == PLAIT_CANCELLED || scenario_is_about_data(status), "%s", plait_last_error(soak->interpreter));
            first->ran = false;
            return;
        }
        first->rows = realloc(first->rows, first->bytes + bytes);
        CHECK(first->rows != NULL, "no memory");
        OK(soak->interpreter, plait_tensor_read(output, first->rows + first->bytes, bytes));
        first->bytes += bytes;
    }
}

/* Without the window, as any other input. */
static void check_first(struct soak *soak, struct plait_model *model, const struct first_run *first)
{
    struct plait_tensor *input = plait_input(model, 0);
    const size_t bytes = plait_tensor_bytes(input);
    CHECK(first->bytes >= bytes, "it ran before its window was full");
    OK(soak->interpreter, plait_reset_variables(model));
    OK(soak->interpreter, plait_tensor_write(input, first->rows, bytes));
    OK(soak->interpreter, plait_invoke(model));
    CHECK(scenario_digest(model) == first->digest, "model '%s': another answer with a window", plait_model_name(model));
}

void soak_window(struct soak *soak, struct slot *slot, struct slot *other, struct scenario_random *random)
{
    const int32_t axis = scenario_rows_axis(plait_input(other->model, 0));
    struct plait_link_options options;
    plait_link_options_default(&options);
    options.axis = axis;
    options.hop = 1 + (int32_t)scenario_pick(random, 3);
    if (axis < 0 || plait_input_count(other->model) != 1) return;
    if (!are_alike(plait_output(slot->model, 0), plait_input(other->model, 0))) return;
    if (plait_link(soak->interpreter, slot->name, "#0", other->name, "#0", &options) != PLAIT_OK) return;
    struct first_run first = {.model = other->model};
    if (plait_allocate_model(slot->model) == PLAIT_OK) {
        OK(soak->interpreter, plait_on_run(other->model, note_run, &first));
        OK(soak->interpreter, plait_reset_variables(other->model));
        run_both(soak, slot->model, &first);
        OK(soak->interpreter, plait_on_run(other->model, NULL, NULL));
    }
    OK(soak->interpreter, plait_unlink(soak->interpreter, other->name, "#0"));
    OK(soak->interpreter, plait_allocate_model(slot->model));
    OK(soak->interpreter, plait_allocate_model(other->model));
    if (first.ran) {
        check_first(soak, other->model, &first);
        soak_note(soak, WINDOW);
    }
    free(first.rows);
}
