/* SPDX-License-Identifier: Apache-2.0 */
#include "served.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reply.h"

enum { LONGEST_NAME = 256 };

/* ---- tensors ------------------------------------------------------------------------------------------------------ */

void served_list(const struct served_tensor *tensors, size_t count, struct bytes *list)
{
    for (size_t i = 0; i < count; i++) bytes_print(list, "%s%s", i > 0 ? ", " : "", tensors[i].name);
}

/* The tensor's name for requests: its signature's, else its own, else "#index", also where two have the same or
 * it is no UTF-8, which JSON is. */
static char *name_of(struct plait_tensor *(*find)(const struct plait_model *, const char *), const struct plait_model *model,
                     const struct plait_tensor *tensor, size_t index)
{
    char number[32];
    const char *name = plait_tensor_signature_name(tensor);
    if (name == NULL) name = plait_tensor_name(tensor);
    snprintf(number, sizeof number, "#%zu", index);
    return strdup(name[0] == '\0' || !is_utf8(name, strlen(name)) || find(model, name) != tensor ? number : name);
}

/* `name` is taken over. */
static plait_status set_tensor(struct served_tensor *served, char *name, struct plait_tensor *tensor, struct bytes *why)
{
    *served = (struct served_tensor){
        .name = name, .tensor = tensor, .type = datatype_of(plait_tensor_type(tensor)), .row_axis = -1};
    if (name == NULL) return PLAIT_OUT_OF_MEMORY;
    bytes_json_text(&served->json_name, name, strlen(name));
    bytes_string(&served->json_name);
    if (served->json_name.failed) return PLAIT_OUT_OF_MEMORY;
    served->rank = (size_t)plait_tensor_rank(tensor);
    if (served->rank > MOST_RANK) {
        bytes_print(why, "%s has %zu dimensions; at most %d are served", name, served->rank, MOST_RANK);
        return PLAIT_UNSUPPORTED;
    }
    for (int32_t axis = 0; axis < (int32_t)served->rank; axis++)
        served->dims[axis] = plait_tensor_dim_signature(tensor, axis) < 0 ? -1 : plait_tensor_dim(tensor, axis);
    if (served->type != NULL) return PLAIT_OK;
    bytes_print(why, "%s is of type %s, which the inference protocol has no name for", name,
                plait_type_name(plait_tensor_type(tensor)));
    return PLAIT_UNSUPPORTED;
}

static struct served_tensor *tensors_of(size_t count)
{
    return calloc(count > 0 ? count : 1, sizeof(struct served_tensor));
}

/* Names that the file has for an output's elements. */
static plait_status find_labels(struct served_tensor *output, const char *path)
{
    const int32_t count = output->rank > 0 ? output->dims[output->rank - 1] : 0;
    return count > 1 ? class_names_of_model(&output->labels, path, (size_t)count) : PLAIT_OK;
}

static plait_status describe_model(struct served *served, const char *path, struct bytes *why)
{
    const struct plait_model *model = served->model;
    const size_t inputs = plait_input_count(model), outputs = plait_output_count(model);
    served->inputs = tensors_of(inputs);
    served->outputs = tensors_of(outputs);
    if (served->inputs == NULL || served->outputs == NULL) return PLAIT_OUT_OF_MEMORY;
    plait_status status = PLAIT_OK;
    for (; status == PLAIT_OK && served->input_count < inputs; served->input_count++) {
        struct plait_tensor *tensor = plait_input(model, served->input_count);
        status = set_tensor(&served->inputs[served->input_count],
                            name_of(plait_find_input, model, tensor, served->input_count), tensor, why);
        served->inputs[served->input_count].owner = served->model;
        served->inputs[served->input_count].index = served->input_count;
    }
    for (; status == PLAIT_OK && served->output_count < outputs; served->output_count++) {
        struct plait_tensor *tensor = plait_output(model, served->output_count);
        status = set_tensor(&served->outputs[served->output_count],
                            name_of(plait_find_output, model, tensor, served->output_count), tensor, why);
        if (status == PLAIT_OK) status = find_labels(&served->outputs[served->output_count], path);
    }
    return status;
}

struct plait_model *served_owner(const struct plait_pipeline *pipeline, const struct plait_tensor *input, size_t *index)
{
    struct plait_pipeline_model part;
    for (size_t i = 0; plait_pipeline_model_at(pipeline, i, &part) == PLAIT_OK; i++)
        for (*index = 0; *index < plait_input_count(part.model); ++*index)
            if (plait_input(part.model, *index) == input) return part.model;
    return NULL;
}

static void set_boxes(struct served_tensor *item, const struct plait_pipeline_output *output)
{
    item->finder = output->model;
    item->boxes = output->boxes;
    item->type = datatype_of(PLAIT_FLOAT32);
    item->rank = 2;
    item->dims[0] = -1;
    item->dims[1] = BOX_NUMBERS;
}

static plait_status describe_pipeline(struct served *served, struct bytes *why)
{
    struct plait_pipeline_input input;
    struct plait_pipeline_output output;
    size_t inputs = 0, outputs = 0;
    while (plait_pipeline_input_at(served->pipeline, inputs, &input) == PLAIT_OK) inputs++;
    while (plait_pipeline_output_at(served->pipeline, outputs, &output) == PLAIT_OK) outputs++;
    served->inputs = tensors_of(inputs);
    served->outputs = tensors_of(outputs);
    if (served->inputs == NULL || served->outputs == NULL) return PLAIT_OUT_OF_MEMORY;
    plait_status status = PLAIT_OK;
    for (; status == PLAIT_OK && served->input_count < inputs; served->input_count++) {
        struct served_tensor *item = &served->inputs[served->input_count];
        plait_pipeline_input_at(served->pipeline, served->input_count, &input);
        status = set_tensor(item, strdup(input.name), input.targets[0], why);
        item->owner = served_owner(served->pipeline, input.targets[0], &item->index);
        if (input.is_stream && status == PLAIT_OK) {
            item->row_axis = input.axis < 0 ? input.axis + (int32_t)item->rank : input.axis;
            item->dims[item->row_axis] = -1;
        }
        served->is_streamed = served->is_streamed || input.is_stream;
        served->is_fed = served->is_fed || !input.is_stream;
    }
    for (; status == PLAIT_OK && served->output_count < outputs; served->output_count++) {
        struct served_tensor *item = &served->outputs[served->output_count];
        plait_pipeline_output_at(served->pipeline, served->output_count, &output);
        status = set_tensor(item, strdup(output.name), output.tensor, why);
        if (status == PLAIT_OK && output.has_boxes) set_boxes(item, &output);
        if (status == PLAIT_OK && output.labels != NULL) status = class_names_read(&item->labels, output.labels, why);
    }
    return status;
}

static void free_tensors(struct served_tensor *tensors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(tensors[i].name);
        bytes_free(&tensors[i].json_name);
        class_names_free(&tensors[i].labels);
    }
    free(tensors);
}

/* ---- loading ------------------------------------------------------------------------------------------------------ */

/* A name that the interpreter takes and has not yet: versions, and what is about to be replaced, stand side by side. */
static void inner_name(const struct served *served, char inner[LONGEST_NAME])
{
    enum { NUMBER_ROOM = 16 };
    const int length = snprintf(inner, LONGEST_NAME - NUMBER_ROOM, "%s-v%s", served->name, served->version);
    const size_t end = length < LONGEST_NAME - NUMBER_ROOM ? (size_t)length : LONGEST_NAME - NUMBER_ROOM - 1;
    for (char *c = inner; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-') *c = '_';
    for (unsigned number = 2; plait_find_model(served->interpreter, inner) != NULL; number++)
        snprintf(inner + end, NUMBER_ROOM, "_%u", number);
}

static plait_status plan(struct served *served, struct plait_model *model, int32_t class_number)
{
    plait_status status = class_number < 0 ? PLAIT_OK : plait_set_class(model, class_number);
    if (plait_class(model) > served->class_number) served->class_number = plait_class(model);
    return status == PLAIT_OK ? plait_allocate_model(model) : status;
}

static plait_status load_model(struct served *served, const struct served_source *source, struct bytes *why)
{
    char inner[LONGEST_NAME];
    inner_name(served, inner);
    served->platform = "tensorflow_lite";
    served->is_fed = true;
    plait_status status = plait_load_file(served->interpreter, inner, source->path, NULL, &served->model);
    if (status == PLAIT_OK) status = plan(served, served->model, source->class_number);
    return status == PLAIT_OK ? describe_model(served, source->path, why) : status;
}

/* The names of a pipeline's models are its file's. Where the server has such already (of another pipeline, or of the one
 * that this replaces), it gets an interpreter of its own. */
static plait_status load_pipeline(struct served *served, const struct served_source *source, struct bytes *why)
{
    served->platform = "plait_pipeline";
    plait_status status = plait_pipeline_load(served->interpreter, source->path, NULL, &served->pipeline);
    if (status == PLAIT_INVALID_ARGUMENT || status == PLAIT_INVALID_PIPELINE) {
        struct plait_interpreter *own;
        status = plait_open(source->options, &own);
        if (status != PLAIT_OK) return status;
        served->interpreter = own;
        served->owns_interpreter = true;
        status = plait_pipeline_load(own, source->path, NULL, &served->pipeline);
    }
    struct plait_pipeline_model part;
    for (size_t i = 0; status == PLAIT_OK && plait_pipeline_model_at(served->pipeline, i, &part) == PLAIT_OK; i++)
        status = plan(served, part.model, source->class_number);
    return status == PLAIT_OK ? describe_pipeline(served, why) : status;
}

static bool is_pipeline(const char *path)
{
    const size_t length = strlen(path);
    return length > 5 && strcmp(path + length - 5, ".json") == 0;
}

static void end(struct served *served)
{
    free_tensors(served->inputs, served->input_count);
    free_tensors(served->outputs, served->output_count);
    batches_end(&served->batches);
    if (served->model != NULL) plait_unload(served->model);
    if (served->pipeline != NULL) plait_pipeline_unload(served->pipeline);
    turnstile_end(&served->turn);
    statistics_end(&served->statistics);
    if (served->owns_interpreter) plait_close(served->interpreter);
    free(served->name);
    free(served->version);
    free(served);
}

plait_status served_open(const struct served_source *source, struct served **result, struct bytes *why)
{
    *result = NULL;
    struct served *served = calloc(1, sizeof *served);
    if (served == NULL) return PLAIT_OUT_OF_MEMORY;
    turnstile_begin(&served->turn, 1, source->most_waiting);
    statistics_begin(&served->statistics);
    batches_begin(&served->batches, &source->batch);
    atomic_init(&served->users, 1);
    served->interpreter = source->interpreter;
    served->name = strdup(source->name);
    served->version = strdup(source->version);
    plait_status status = PLAIT_OUT_OF_MEMORY;
    if (served->name != NULL && served->version != NULL) 
        status = is_pipeline(source->path) ? load_pipeline(served, source, why) : load_model(served, source, why);
    if (status == PLAIT_OK) {
        served->most_class = source->most_class > served->class_number ? source->most_class : served->class_number;
        *result = served;
        return status;
    }
    if (why->length == 0) bytes_text(why, plait_last_error(served->interpreter));
    end(served);
    return status;
}

/* ---- classes ------------------------------------------------------------------------------------------------------ */

int32_t served_class_of(const struct served *served, uint64_t urgency)
{
    const uint64_t steps = (uint64_t)(served->most_class - served->class_number);
    return urgency > steps ? served->class_number : served->most_class - (int32_t)(urgency - 1);
}

plait_status served_set_class(struct served *served, struct plait_model *model, int32_t number)
{
    struct plait_pipeline_model part;
    plait_status status = PLAIT_OK;
    if (served->most_class == 0) return PLAIT_OK; /* as all models are from the beginning */
    if (model != NULL) return plait_class(model) == number ? PLAIT_OK : plait_set_class(model, number);
    if (served->most_class == served->class_number) return PLAIT_OK; /* what the file says of each */
    for (size_t i = 0; status == PLAIT_OK && plait_pipeline_model_at(served->pipeline, i, &part) == PLAIT_OK; i++)
        if (plait_class(part.model) != number) status = plait_set_class(part.model, number);
    return status;
}

struct served *served_keep(struct served *served)
{
    atomic_fetch_add(&served->users, 1);
    return served;
}

void served_let_go(struct served *served)
{
    if (served != NULL && atomic_fetch_sub(&served->users, 1) == 1) end(served);
}
