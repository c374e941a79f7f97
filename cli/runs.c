/* SPDX-License-Identifier: Apache-2.0 */
#include "runs.h"

#include <inttypes.h>
#include <stdlib.h>

#include "heap.h"
#include "pipeline_file.h"
#include "talk.h"

struct runs {
    struct models *models;
    struct results *results;
    const struct labels *labels;
    bool json;
    bool last;
    struct watched *watched; /* one per model */
};

struct watched {
    struct runs *runs;
    struct loaded_model *item;
    bool often; /* it runs any number of times */
};

/* ---- which models run any number of times ------------------------------------------------------ */

static bool is_streamed(const struct models *models, const struct loaded_model *item)
{
    for (size_t i = 0; i < models->count; i++)
        for (size_t k = 0; models->items[i].set == item->set && k < plait_input_count(models->items[i].model); k++)
            if (pipeline_is_stream(models, plait_input(models->items[i].model, k))) return true;
    return false;
}

static size_t number_of(const struct models *models, const struct plait_tensor *tensor)
{
    return (size_t)(models_of(models, tensor) - models->items);
}

/* Behind boxes: what they are cut out for, and what is linked from that. */
static void mark_behind_boxes(const struct models *models, struct watched *watched)
{
    for (size_t round = 0; round < models->count; round++)
        for (size_t i = 0; i < models->link_count; i++) {
            const struct model_link *link = &models->links[i];
            const bool often = !link->options.from_input && watched[number_of(models, link->from)].often;
            if (link->cuts || often) watched[number_of(models, link->to)].often = true;
        }
}

/* ---- one run ------------------------------------------------------------------------------------ */

/* "NAME run 3", and of which box. To be freed. */
static char *name_of_run(const struct result *result)
{
    struct plait_box box;
    const struct plait_model *model = result->model->model;
    for (size_t i = 0; i < plait_input_count(model); i++)
        if (plait_tensor_box(plait_input(model, i), &box) == PLAIT_OK)
            return heap_text("%s run %" PRIu64 ", box %.3f,%.3f to %.3f,%.3f", result->name, result->model->runs, box.top,
                             box.left, box.bottom, box.right);
    return heap_text("%s run %" PRIu64, result->name, result->model->runs);
}

static void show_run(const struct runs *runs, struct result *result)
{
    if (runs->json) {
        report_json_run(result, runs->labels);
        return;
    }
    struct result one = *result;
    one.name = name_of_run(result);
    one.top = NULL;
    results_rank(&one);
    const struct results alone = {&one, 1};
    report_text(&(struct report){runs->models, &alone, runs->labels, false});
    free(one.name);
    free(one.top);
}

static void run_ended(void *user, struct plait_model *model)
{
    const struct watched *watched = user;
    const struct runs *runs = watched->runs;
    (void)model;
    watched->item->runs++;
    for (size_t i = 0; watched->often && !runs->last && i < runs->results->count; i++) {
        struct result *result = &runs->results->items[i];
        if (result->model == watched->item && !result->linked && result->file == NULL) show_run(runs, result);
    }
}

/* ---- all of them -------------------------------------------------------------------------------- */

struct runs *runs_begin(struct models *models, struct results *results, const struct labels *labels, bool json, bool last)
{
    struct runs *runs = heap_array(1, sizeof *runs);
    *runs = (struct runs){models, results, labels, json, last, heap_array(models->count, sizeof *runs->watched)};
    for (size_t i = 0; i < models->count; i++)
        runs->watched[i] = (struct watched){runs, &models->items[i], is_streamed(models, &models->items[i])};
    mark_behind_boxes(models, runs->watched);
    for (size_t i = 0; i < models->count; i++) plait_on_run(models->items[i].model, run_ended, &runs->watched[i]);
    return runs;
}

void runs_end(struct runs *runs)
{
    if (runs == NULL) return;
    for (size_t i = 0; i < runs->models->count; i++) plait_on_run(runs->models->items[i].model, NULL, NULL);
    free(runs->watched);
    free(runs);
}

/* Whether its set was run as values decide: then some model of it was counted. */
static bool is_flow(const struct models *models, const struct loaded_model *item)
{
    for (size_t i = 0; i < models->count; i++)
        if (models->items[i].set == item->set && models->items[i].runs > 0) return true;
    return false;
}

static int check_result(const struct runs *runs, struct result *result)
{
    const struct watched *watched = &runs->watched[result->model - runs->models->items];
    const uint64_t count = result->model->runs;
    const bool streamed = is_streamed(runs->models, result->model);
    result->absent = count == 0 && (runs->models->has_conditions || (watched->often && !streamed)) &&
                     is_flow(runs->models, result->model);
    if (result->absent)
        note("%s: model %s did not run: %s", result->name, result->model->name,
             watched->often && !streamed ? "no box was found" : "a condition did not hold");
    if (result->absent || !watched->often) return EXIT_FINE;
    if (count == 0)
        return complain(EXIT_RUN, "%s: too few rows were pushed: model %s did not run", result->name, result->model->name);
    const bool last = runs->last || result->file != NULL;
    if (last && count > 1) note("%s: ran %" PRIu64 " times; the last is %s", result->name, count,
                                result->file != NULL ? "written" : "shown");
    result->shown = !last && !runs->json;
    return EXIT_FINE;
}

int runs_check(struct runs *runs)
{
    for (size_t i = 0; i < runs->results->count; i++) {
        int code = check_result(runs, &runs->results->items[i]);
        if (code != EXIT_FINE) return code;
    }
    return EXIT_FINE;
}
