/* SPDX-License-Identifier: Apache-2.0 */
/* "outputs" of a pipeline file. */
#include <float.h>

#include "pipeline/pipeline_reader.h"

enum { OUTPUT_FROM, OUTPUT_BOXES, OUTPUT_TOP, OUTPUT_LABELS, OUTPUT_THRESHOLD, OUTPUT_UNTIL, OUTPUT_INDEX, OUTPUT_FIELDS };

static const struct pl_json_field output_fields[OUTPUT_FIELDS] = {
    [OUTPUT_FROM] = {.name = "from", .kind = PL_FIELD_TEXT},
    [OUTPUT_BOXES] = {.name = "boxes", .kind = PL_FIELD_TEXT},
    [OUTPUT_TOP] = {.name = "top", .kind = PL_FIELD_WHOLE, .least = 1, .most = INT32_MAX},
    [OUTPUT_LABELS] = {.name = "labels", .kind = PL_FIELD_TEXT},
    [OUTPUT_THRESHOLD] = {.name = "threshold", .kind = PL_FIELD_REAL, .least = -DBL_MAX, .most = DBL_MAX},
    [OUTPUT_UNTIL] = {.name = "until", .kind = PL_FIELD_REAL, .least = -DBL_MAX, .most = DBL_MAX},
    [OUTPUT_INDEX] = {.name = "index", .kind = PL_FIELD_WHOLE, .least = 0, .most = INT32_MAX},
};
static const struct pl_json_fields output_table = {"an output", output_fields, OUTPUT_FIELDS};

static pl_status name_outputs(struct pl_pipeline_reader *reader)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    pipeline->outputs = pl_pipeline_array(reader, pl_pipeline_free_ends(pipeline, true), sizeof pipeline->outputs[0]);
    if (pipeline->outputs == NULL) return PL_OUT_OF_MEMORY;
    for (size_t i = 0; i < pipeline->model_count; i++) {
        const struct pl_pipeline_model *model = &pipeline->models[i];
        for (int32_t k = 0; k < pl_entry_output_count(model->entry); k++) {
            if (model->taken[k]) continue;
            const char *name = pl_pipeline_own_name(reader, model, true, k);
            if (name == NULL) return PL_OUT_OF_MEMORY;
            pipeline->outputs[pipeline->output_count++] =
                (struct pl_pipeline_output){.name = name, .tensor = pl_entry_output(model->entry, k)};
        }
    }
    return PL_OK;
}

/* Boxes by name, which are read off a tensor as it is. */
static pl_status read_output_boxes(const struct pl_pipeline_reader *reader, const struct pl_json *const *found,
                                   struct pl_pipeline_output *output)
{
    for (int i = 0; i < OUTPUT_FIELDS; i++)
        if (i != OUTPUT_BOXES && found[i] != NULL)
            return pl_json_fail(reader->source.error, reader->source.file, found[i]->name_place,
                                "'%s' of an output has no meaning beside 'boxes'", found[i]->name);
    PL_TRY(pl_pipeline_find_boxes(reader, found[OUTPUT_BOXES], &output->boxes));
    output->tensor = output->boxes->tensor;
    return PL_OK;
}

/* What makes it on or off. */
static pl_status read_output_threshold(const struct pl_pipeline_reader *reader, const struct pl_json *const *found,
                                       struct pl_pipeline_output *output)
{
    const struct pl_json *alone = found[OUTPUT_UNTIL] != NULL ? found[OUTPUT_UNTIL] : found[OUTPUT_INDEX];
    if (found[OUTPUT_THRESHOLD] == NULL && alone == NULL) return PL_OK;
    if (found[OUTPUT_THRESHOLD] == NULL)
        return pl_json_fail(reader->source.error, reader->source.file, alone->name_place,
                            "'%s' of an output is for 'threshold', which is missing", alone->name);
    output->threshold = pl_pipeline_array(reader, 1, sizeof *output->threshold);
    if (output->threshold == NULL) return PL_OUT_OF_MEMORY;
    pl_pipeline_read_threshold(found[OUTPUT_THRESHOLD], found[OUTPUT_UNTIL], found[OUTPUT_INDEX], &output->threshold->when);
    if (pl_handle_add_threshold(output->tensor, output->threshold, reader->source.error) == PL_OK) return PL_OK;
    return pl_json_source_fail_at(&reader->source, found[OUTPUT_THRESHOLD]);
}

static pl_status read_output_tensor(const struct pl_pipeline_reader *reader, const struct pl_json *const *found,
                                    struct pl_pipeline_output *output)
{
    struct pl_end end;
    PL_TRY(pl_pipeline_find_end(reader, found[OUTPUT_FROM], true, &end));
    if (reader->pipeline->whole && end.model->taken[end.index])
        return pl_json_fail(reader->source.error, reader->source.file, found[OUTPUT_FROM]->place,
                            "'%s' is taken by a link, and of a pipeline that is 'whole' such tensors are not kept",
                            pl_json_quote(found[OUTPUT_FROM]->text).text);
    output->tensor = end.tensor;
    PL_TRY(read_output_threshold(reader, found, output));
    if (found[OUTPUT_TOP] != NULL) output->top = (int32_t)found[OUTPUT_TOP]->number;
    if (found[OUTPUT_LABELS] == NULL) return PL_OK;
    output->labels = pl_pipeline_path(reader, found[OUTPUT_LABELS]->text);
    return output->labels != NULL ? PL_OK : PL_OUT_OF_MEMORY;
}

static pl_status read_output(struct pl_pipeline_reader *reader, const struct pl_json *value,
                             struct pl_pipeline_output *output)
{
    const struct pl_json *found[OUTPUT_FIELDS] = {0};
    PL_TRY(pl_pipeline_check_name(reader, value));
    if (value->kind == PL_JSON_TEXT) found[OUTPUT_FROM] = value;
    else if (value->kind == PL_JSON_OBJECT) PL_TRY(pl_json_fields_read(&reader->source, value, &output_table, found));
    else return pl_json_field_wrong(&reader->source, value, "an output",
                                    "a text, MODEL or MODEL.TENSOR, or an object with 'from' or 'boxes'");
    *output = (struct pl_pipeline_output){.name = value->name};
    if (found[OUTPUT_BOXES] != NULL) return read_output_boxes(reader, found, output);
    if (found[OUTPUT_FROM] != NULL) return read_output_tensor(reader, found, output);
    return pl_json_fail(reader->source.error, reader->source.file, value->place, "an output needs 'from' or 'boxes'");
}

pl_status pl_pipeline_read_outputs(struct pl_pipeline_reader *reader, const struct pl_json *outputs)
{
    struct pl_pipeline *pipeline = reader->pipeline;
    if (outputs == NULL) return name_outputs(reader);
    pipeline->outputs = pl_pipeline_array(reader, outputs->count, sizeof pipeline->outputs[0]);
    if (pipeline->outputs == NULL) return PL_OUT_OF_MEMORY;
    for (const struct pl_json *member = outputs->first; member != NULL; member = member->next)
        PL_TRY(read_output(reader, member, &pipeline->outputs[pipeline->output_count++]));
    return PL_OK;
}
