/* SPDX-License-Identifier: Apache-2.0 */
#include "sets.h"

#include <stdlib.h>

#include "heap.h"
#include "pipeline_file.h"
#include "progress.h"
#include "random_input.h"
#include "talk.h"

enum { NAMES_OF_A_SET = 4 };

/* Rows for one run, where no file says what is pushed. */
static int make_rows(struct pushed *pushed, const struct plait_pipeline_input *input, int64_t seed)
{
    const int32_t rank = plait_tensor_rank(pushed->input);
    const int32_t axis = input->axis < 0 ? input->axis + rank : input->axis;
    const size_t rows = (size_t)plait_tensor_dim(pushed->input, axis), hop = (size_t)input->hop;
    const plait_type type = plait_tensor_type(pushed->input);
    const size_t elements = tensor_elements(pushed->input) / rows * hop;
    pushed->bytes = plait_tensor_bytes(pushed->input) / rows * hop;
    pushed->rows = pushed->own = heap_array(pushed->bytes, 1);
    if (random_elements(type, elements, (uint64_t)seed, input->name, pushed->own)) return EXIT_FINE;
    return complain(EXIT_USAGE, "%s: there are no random numbers for %s: --input %s=FILE", input->name,
                    plait_type_name(type), input->name);
}

/* Finds what is pushed: what files hold, or random rows. */
static int streams_make(struct streams *streams, const struct models *models, const struct feeding *feeding)
{
    struct plait_pipeline_input input;
    int code = EXIT_FINE;
    for (size_t i = 0; plait_pipeline_input_at(models->pipeline, i, &input) == PLAIT_OK; i++) {
        for (size_t k = 0; code == EXIT_FINE && input.is_stream && k < input.target_count; k++) {
            streams->items = heap_grow(streams->items, streams->count, sizeof *streams->items);
            struct pushed *pushed = &streams->items[streams->count++];
            *pushed = (struct pushed){.input = input.targets[k], .set = models_of(models, input.targets[k])->set};
            pushed->rows = feeding_rows(feeding, pushed->input, &pushed->bytes);
            if (pushed->rows == NULL) code = make_rows(pushed, &input, (int64_t)feeding->seed);
        }
    }
    return code;
}

void streams_free(struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++) free(streams->items[i].own);
    free(streams->items);
}

int sets_prepare(struct models *models, struct feeding *feeding, struct streams *streams, const struct options *options)
{
    feeding->random = true;
    int code = feeding_read(feeding, models, options);
    if (code != EXIT_FINE) return code;
    progress_step("planning %zu model%s", models->count, models->count == 1 ? "" : "s");
    const plait_status status = plait_allocate(models->interpreter);
    if (status != PLAIT_OK) return complain_status(models->interpreter, status, "");
    code = feeding_write(feeding, models);
    return code == EXIT_FINE ? streams_make(streams, models, feeding) : code;
}

bool sets_are_pushed(const struct loaded_model *first, const struct streams *streams)
{
    for (size_t i = 0; i < streams->count; i++)
        if (streams->items[i].set == first->set) return true;
    return false;
}

plait_status sets_run(const struct loaded_model *first, const struct streams *streams)
{
    if (!sets_are_pushed(first, streams)) return plait_run(first->model);
    plait_status status = PLAIT_OK;
    for (size_t i = 0; status == PLAIT_OK && i < streams->count; i++) {
        const struct pushed *pushed = &streams->items[i];
        if (pushed->set == first->set) status = plait_push(pushed->input, pushed->rows, pushed->bytes);
    }
    return status;
}

bool sets_begin_at(const struct models *models, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (models->items[i].set == models->items[index].set) return false;
    return true;
}

char *sets_name(const struct models *models, size_t set)
{
    char *text = heap_text("%s", "");
    size_t count = 0;
    for (size_t i = 0; i < models->count; i++) {
        if (models->items[i].set != set || count++ >= NAMES_OF_A_SET) continue;
        char *longer = heap_text("%s%s%s", text, count > 1 ? " + " : "", models->items[i].name);
        free(text);
        text = longer;
    }
    if (count <= NAMES_OF_A_SET) return text;
    char *longer = heap_text("%s + %zu more", text, count - NAMES_OF_A_SET);
    free(text);
    return longer;
}
