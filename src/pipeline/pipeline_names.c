/* SPDX-License-Identifier: Apache-2.0 */
/* Names of what goes in and out, where a pipeline file gives none: what no link feeds or takes gets that of its model, MODEL where
 * that is one tensor, else MODEL.TENSOR. */
#include <stdio.h>
#include <string.h>

#include "pipeline/pipeline_reader.h"

const char *pl_pipeline_own_name(const struct pl_pipeline_reader *reader, const struct pl_pipeline_model *model, bool output,
                            int32_t index)
{
    const struct pl_tensor_handle *tensor =
        output ? pl_entry_output(model->entry, index) : pl_entry_input(model->entry, index);
    const int32_t count = output ? pl_entry_output_count(model->entry) : pl_entry_input_count(model->entry);
    const char *given = pl_handle_signature_name(tensor), *name = given != NULL ? given : pl_handle_tensor(tensor)->name;
    char number[16];
    int32_t found = -1;
    struct pl_error ignored;
    if (count == 1) return model->name;
    if (name[0] == '\0' || name[0] == '#' || pl_entry_find(model->entry, output, name, &found, &ignored) != PL_OK ||
        found != index) {
        snprintf(number, sizeof number, "#%d", index);
        name = number;
    }
    const size_t bytes = strlen(model->name) + strlen(name) + 2;
    char *made = pl_pipeline_array(reader, bytes, 1);
    if (made != NULL) snprintf(made, bytes, "%s.%s", model->name, name);
    return made;
}

size_t pl_pipeline_free_ends(const struct pl_pipeline *pipeline, bool output)
{
    size_t count = 0;
    for (size_t i = 0; i < pipeline->model_count; i++) {
        const struct pl_pipeline_model *model = &pipeline->models[i];
        const int32_t ends = output ? pl_entry_output_count(model->entry) : pl_entry_input_count(model->entry);
        for (int32_t k = 0; k < ends; k++) count += !(output ? model->taken : model->fed)[k];
    }
    return count;
}
