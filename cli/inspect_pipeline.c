/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a pipeline gives to what goes in and comes out. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "heap.h"
#include "inspect.h"
#include "json_text.h"
#include "pipeline_file.h"
#include "table.h"

/* MODEL.TENSOR of what an output is. To be freed. */
static char *place_of_output(const struct plait_pipeline_output *output)
{
    size_t index = 0;
    while (plait_output(output->model, index) != output->tensor) index++;
    char *name = output_name(output->model, index), *place = heap_text("%s.%s", plait_model_name(output->model), name);
    free(name);
    return place;
}

/* MODEL.TENSOR of an input of a model. To be freed. */
static char *place_of_input(const struct models *models, const struct plait_tensor *tensor)
{
    const struct loaded_model *item = models_of(models, tensor);
    size_t index = 0;
    while (plait_input(item->model, index) != tensor) index++;
    char *name = input_name(item->model, index), *place = heap_text("%s.%s", item->name, name);
    free(name);
    return place;
}

static void add_row(struct table *table, const char *kind, const char *name, const struct plait_tensor *tensor,
                    const char *arrow, char *place)
{
    char *shape = tensor_shape_text(tensor, true);
    table_add(table, "%s", kind);
    table_add(table, "%s", name);
    table_add(table, "%s", shape);
    table_add(table, "%s %s", arrow, place);
    free(shape);
    free(place);
}

/* MODEL.TENSOR of where a link is from. To be freed. */
static char *place_of_source(const struct models *models, const struct model_link *link)
{
    const struct loaded_model *item = models_of(models, link->from);
    const struct plait_pipeline_output output = {.tensor = link->from, .model = item->model};
    return link->options.from_input ? place_of_input(models, link->from) : place_of_output(&output);
}

static void print_crop(const struct models *models, const struct model_link *link)
{
    if (!link->cuts) return;
    char *from = place_of_source(models, link), *to = place_of_input(models, link->to);
    printf("  for each box, that part of %s to %s\n", from, to);
    free(from);
    free(to);
}

static void print_threshold(const struct plait_pipeline_output *output)
{
    if (!output->has_threshold) return;
    printf("  %s is on from ", output->name);
    if (output->threshold_index >= 0) printf("%g at %" PRId32, output->threshold, output->threshold_index);
    else printf("%g", output->threshold);
    if (output->until < output->threshold) printf(", until it is below %g", output->until);
    printf("\n");
}

void inspect_text_pipeline(const struct models *models)
{
    struct plait_pipeline_input input;
    struct plait_pipeline_output output;
    struct table table = {.alignment = "llll"};
    if (models->pipeline == NULL) return;
    printf("\npipeline\n");
    for (size_t i = 0; plait_pipeline_input_at(models->pipeline, i, &input) == PLAIT_OK; i++)
        for (size_t k = 0; k < input.target_count; k++)
            add_row(&table, input.is_stream ? "stream" : "input", input.name, input.targets[k], "to",
                    place_of_input(models, input.targets[k]));
    for (size_t i = 0; plait_pipeline_output_at(models->pipeline, i, &output) == PLAIT_OK; i++)
        add_row(&table, output.has_boxes ? "boxes" : "output", output.name, output.tensor, "from", place_of_output(&output));
    table_print(&table, 2);
    for (size_t i = 0; plait_pipeline_output_at(models->pipeline, i, &output) == PLAIT_OK; i++) print_threshold(&output);
    for (size_t i = 0; i < models->link_count; i++) print_crop(models, &models->links[i]);
}

static void put_place(json_t *object, const char *key, char *place)
{
    json_object_set_new(object, key, json_of_text(place));
    free(place);
}

struct json_t *inspect_json_pipeline(const struct models *models)
{
    struct plait_pipeline_input input;
    struct plait_pipeline_output output;
    json_t *object = json_object(), *inputs = json_array(), *outputs = json_array(), *crops = json_array();
    for (size_t i = 0; plait_pipeline_input_at(models->pipeline, i, &input) == PLAIT_OK; i++) {
        for (size_t k = 0; k < input.target_count; k++) {
            json_t *entry = json_object();
            json_object_set_new(entry, "name", json_of_text(input.name));
            put_place(entry, "to", place_of_input(models, input.targets[k]));
            json_object_set_new(entry, "stream", json_boolean(input.is_stream));
            json_array_append_new(inputs, entry);
        }
    }
    for (size_t i = 0; plait_pipeline_output_at(models->pipeline, i, &output) == PLAIT_OK; i++) {
        json_t *entry = json_object();
        json_object_set_new(entry, "name", json_of_text(output.name));
        put_place(entry, "from", place_of_output(&output));
        json_object_set_new(entry, "boxes", json_boolean(output.has_boxes));
        if (output.has_threshold) {
            json_object_set_new(entry, "threshold", json_of_number(output.threshold));
            json_object_set_new(entry, "until", json_of_number(output.until));
            if (output.threshold_index >= 0) json_object_set_new(entry, "index", json_integer(output.threshold_index));
        }
        json_array_append_new(outputs, entry);
    }
    for (size_t i = 0; i < models->link_count; i++) {
        if (!models->links[i].cuts) continue;
        json_t *entry = json_object();
        put_place(entry, "from", place_of_source(models, &models->links[i]));
        put_place(entry, "to", place_of_input(models, models->links[i].to));
        json_array_append_new(crops, entry);
    }
    json_object_set_new(object, "inputs", inputs);
    json_object_set_new(object, "outputs", outputs);
    json_object_set_new(object, "crops", crops);
    return object;
}
