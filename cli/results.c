/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs of a run: which of them, where to, and which elements are best. */
#include "results.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "heap.h"
#include "json_text.h"
#include "npy.h"
#include "pipeline_file.h"
#include "talk.h"

/* ---- which outputs, and where to ------------------------------------------------------------- */

static struct result *find_result(const struct results *results, const struct plait_tensor *tensor)
{
    for (size_t i = 0; i < results->count; i++)
        if (results->items[i].tensor == tensor) return &results->items[i];
    return NULL;
}

static struct result *add_result(struct results *results, const struct models *models,
                                 const struct loaded_model *model, struct plait_tensor *tensor)
{
    results->items = heap_grow(results->items, results->count, sizeof *results->items);
    struct result *result = &results->items[results->count++];
    *result =
        (struct result){.model = model, .tensor = tensor, .linked = models_takes(models, tensor)};
    while (plait_output(model->model, result->index) != tensor) result->index++;
    result->tensor_name = output_name(model->model, result->index);
    result->name = heap_text("%s.%s", model->name, result->tensor_name);
    return result;
}

/* An output that the pipeline names, with what it says of it. */
static int add_named(struct results *results, const struct models *models, const struct plait_pipeline_output *output)
{
    enum { TOP_OF_LABELS = 5 };
    struct result *result = add_result(results, models, models_of(models, output->tensor), output->tensor);
    free(result->name);
    result->name = heap_text("%s", output->name);
    result->linked = false;
    result->has_boxes = output->has_boxes;
    result->boxes = output->boxes;
    result->pipeline = output->has_threshold ? models->pipeline : NULL;
    result->threshold_of = output->name;
    result->most_top = output->top > 0 ? (size_t)output->top : output->labels != NULL ? TOP_OF_LABELS : 0;
    return output->labels != NULL ? labels_read(&result->own_labels, output->labels) : EXIT_FINE;
}

/* --output NAME=FILE, NAME being one of the pipeline's. */
static int plan_named_file(struct results *results, const char *name, const char *value)
{
    const char *file = value + strlen(name);
    size_t at = 0;
    while (strcmp(results->items[at].name, name) != 0) at++;
    if (*file == '\0' || file[1] == '\0')
        return complain(EXIT_USAGE, "--output %s: the form is NAME=FILE.npy", value);
    if (results->items[at].file != NULL)
        return complain(EXIT_USAGE, "--output %s: this output is written to %s already", value, results->items[at].file);
    results->items[at].file = heap_text("%s", file + 1);
    return EXIT_FINE;
}

/* One --output MODEL.TENSOR=FILE. */
static int plan_file(struct results *results, const struct models *models, const char *value)
{
    struct plait_pipeline_output named;
    if (pipeline_find_output(models, value, &named)) return plan_named_file(results, named.name, value);
    struct tensor_reference reference = {0};
    int code = reference_read(&reference, models, "--output", value, "MODEL.TENSOR=FILE.npy");
    if (code == EXIT_FINE) {
        struct plait_tensor *tensor =
            plait_find_output(reference.model->model, reference.tensor_name);
        struct result *result = tensor != NULL ? find_result(results, tensor) : NULL;
        if (tensor == NULL)
            code = complain_status(models->interpreter, PLAIT_NOT_FOUND, "--output");
        else if (result != NULL && result->file != NULL)
            code = complain(EXIT_USAGE, "--output %s: this output is written to %s already", value,
                            result->file);
        else
            (result != NULL ? result : add_result(results, models, reference.model, tensor))->file =
                heap_text("%s", reference.rest);
    }
    reference_free(&reference);
    return code;
}

/* MODEL.TENSOR.npy with what cannot stand in a file's name made '_'; the output's number tells
 * equal ones apart. */
static void plan_directory(struct results *results, const char *directory)
{
    for (size_t i = 0; i < results->count; i++) {
        struct result *result = &results->items[i];
        if (result->file != NULL) continue;
        char *name = heap_text("%s", result->name);
        for (char *c = name; *c != '\0'; c++)
            if (*c == '/' || *c == ':' || *c == '\\' || (unsigned char)*c < ' ') *c = '_';
        result->file = heap_text("%s/%s.npy", directory, name);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(results->items[j].file, result->file) != 0) continue;
            free(result->file);
            result->file = heap_text("%s/%s.%zu.npy", directory, name, result->index);
        }
        free(name);
    }
}

/* The outputs to be shown. */
static int plan_shown(struct results *results, const struct models *models)
{
    struct plait_pipeline_output named;
    for (size_t i = 0; plait_pipeline_output_at(models->pipeline, i, &named) == PLAIT_OK; i++) {
        int code = add_named(results, models, &named);
        if (code != EXIT_FINE) return code;
    }
    for (size_t i = 0; i < models->count; i++) {
        const struct loaded_model *item = &models->items[i];
        for (size_t j = 0; !item->of_pipeline && j < plait_output_count(item->model); j++) {
            struct plait_tensor *tensor = plait_output(item->model, j);
            if (!models_takes(models, tensor)) add_result(results, models, item, tensor);
        }
    }
    return EXIT_FINE;
}

int results_plan(struct results *results, const struct models *models,
                 const struct options *options, size_t top)
{
    *results = (struct results){0};
    int shown = plan_shown(results, models);
    if (shown != EXIT_FINE) return shown;
    for (size_t i = 0; top > 0 && i < results->count; i++) results->items[i].most_top = top;
    size_t position = 0;
    for (const char *value; (value = options_next(options, "--output", &position)) != NULL;) {
        int code = plan_file(results, models, value);
        if (code != EXIT_FINE) return code;
    }
    const char *directory = options_value(options, "--output-dir", NULL);
    if (directory == NULL) return EXIT_FINE;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        return complain(EXIT_FILE, "%s: %s", directory, strerror(errno));
    plan_directory(results, directory);
    return EXIT_FINE;
}

/* ---- after the run --------------------------------------------------------------------------- */

/* Strings of one width, as .npy has them. The data is the caller's to free. */
static void pack_strings(const struct plait_tensor *tensor, struct npy_array *array)
{
    const size_t count = tensor_elements(tensor);
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        (void)tensor_text(tensor, i, &length);
        array->width = length > array->width ? length : array->width;
    }
    array->bytes = count * array->width;
    array->data = heap_array(array->bytes + 1, 1);
    memset(array->data, 0, array->bytes + 1);
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        const char *text = tensor_text(tensor, i, &length);
        if (length > 0) memcpy((char *)array->data + i * array->width, text, length);
    }
}

static int write_file(const struct result *result)
{
    struct npy_array array = {.type = plait_tensor_type(result->tensor),
                              .rank = plait_tensor_rank(result->tensor)};
    if (array.rank > NPY_MAX_RANK)
        return complain(EXIT_FILE, "%s: %d dimensions are too many for .npy", result->file,
                        array.rank);
    for (int32_t axis = 0; axis < array.rank; axis++)
        array.dims[axis] = plait_tensor_dim(result->tensor, axis);
    const bool strings = array.type == PLAIT_STRING;
    if (strings) pack_strings(result->tensor, &array);
    else array.bytes = plait_tensor_bytes(result->tensor);
    if (!strings) array.data = plait_tensor_data(result->tensor);
    int code = npy_write(&array, result->file);
    if (strings) npy_free(&array);
    if (code == EXIT_FINE) {
        char *shape = tensor_shape_text(result->tensor, false);
        note("%s: %s written to %s", result->name, shape, result->file);
        free(shape);
    }
    return code;
}

/* Best first; what is not a number last; equal ones by their index. */
static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (isnan(a->score) != isnan(b->score)) return isnan(a->score) ? 1 : -1;
    if (a->score > b->score || a->score < b->score) return a->score > b->score ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

void results_rank(struct result *result)
{
    if (result->most_top == 0 || result->linked || !type_is_number(plait_tensor_type(result->tensor))) return;
    size_t count = tensor_elements(result->tensor);
    result->top = heap_array(count, sizeof *result->top);
    for (size_t i = 0; i < count; i++)
        result->top[i] =
            (struct ranked){i, element_score(result->tensor, i), element_raw(result->tensor, i)};
    qsort(result->top, count, sizeof *result->top, compare_ranked);
    result->top_count = count < result->most_top ? count : result->most_top;
}

struct plait_box *result_boxes(const struct result *result, size_t *count)
{
    struct plait_box *boxes = heap_array(PLAIT_MOST_BOXES, sizeof *boxes);
    if (plait_find_boxes(result->model->model, &result->boxes, boxes, PLAIT_MOST_BOXES, count) != PLAIT_OK) *count = 0;
    return boxes;
}

bool result_state(const struct result *result, struct plait_output_state *state)
{
    return result->pipeline != NULL && plait_pipeline_state(result->pipeline, result->threshold_of, state) == PLAIT_OK;
}

int results_collect(struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        struct result *result = &results->items[i];
        if (result->absent) continue;
        if (result->file != NULL) {
            int code = write_file(result);
            if (code != EXIT_FINE) return code;
        }
        results_rank(result);
    }
    return EXIT_FINE;
}

void results_free(struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        free(results->items[i].name);
        free(results->items[i].tensor_name);
        labels_free(&results->items[i].own_labels);
        free(results->items[i].file);
        free(results->items[i].top);
        json_decref(results->items[i].runs);
    }
    free(results->items);
}

const char *result_label(const struct result *result, const struct labels *labels, size_t index)
{
    if (labels->count == 0) labels = &result->own_labels;
    return tensor_elements(result->tensor) == labels->count ? labels->names[index] : NULL;
}
