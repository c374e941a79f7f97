/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/ends.h"

#include <stdlib.h>
#include <string.h>

const char *pl_end_tensor_name(const struct pl_source *source, int32_t tensor)
{
    return pl_record_text(pl_record_item(source->primary, PL_SubGraph_tensors, (uint32_t)tensor),
                          PL_Tensor_name);
}

const char *pl_end_signature_name(const struct pl_source *source, bool output, int32_t tensor)
{
    const struct pl_record *root = source->model->root;
    const enum pl_field field = output ? PL_SignatureDef_outputs : PL_SignatureDef_inputs;
    for (uint32_t i = 0; i < pl_record_count(root, PL_Model_signature_defs); i++) {
        const struct pl_record *signature = pl_record_item(root, PL_Model_signature_defs, i);
        if (pl_record_integer(signature, PL_SignatureDef_subgraph_index) != 0) continue;
        for (uint32_t k = 0; k < pl_record_count(signature, field); k++) {
            const struct pl_record *map = pl_record_item(signature, field, k);
            if (pl_record_integer(map, PL_TensorMap_tensor_index) == tensor)
                return pl_record_text(map, PL_TensorMap_name);
        }
        break;
    }
    return "";
}

int32_t pl_end_number(const char *name)
{
    if (name[0] != '#' || name[1] < '0' || name[1] > '9') return -1;
    char *end = NULL;
    const long value = strtol(name + 1, &end, 10);
    return *end != '\0' || value > INT32_MAX ? -1 : (int32_t)value;
}

static const char *name_of(const struct pl_source *source, bool output, bool by_signature,
                           int32_t tensor)
{
    return by_signature ? pl_end_signature_name(source, output, tensor)
                        : pl_end_tensor_name(source, tensor);
}

static pl_status list_names(const struct pl_source *source, bool output, const char *name,
                            const char *problem, struct pl_error *error)
{
    const char *kind = output ? "output" : "input";
    const int32_t *tensors = output ? source->outputs : source->inputs;
    const uint32_t count = output ? source->output_count : source->input_count;
    pl_fail(error, PL_NOT_FOUND, "model '%s': %s '%s' is %s; %ss:", source->name, kind, name,
            problem, kind);
    for (uint32_t i = 0; i < count; i++) {
        const char *by_signature = pl_end_signature_name(source, output, tensors[i]);
        pl_error_append(error, "%s #%lu '%s'", i == 0 ? "" : ",", (unsigned long)i,
                        by_signature[0] != '\0' ? by_signature
                                                : pl_end_tensor_name(source, tensors[i]));
    }
    return PL_NOT_FOUND;
}

pl_status pl_end_find(const struct pl_source *source, bool output, const char *name,
                      int32_t *tensor, struct pl_error *error)
{
    const int32_t *tensors = output ? source->outputs : source->inputs;
    const uint32_t count = output ? source->output_count : source->input_count;
    if (name == NULL || name[0] == '\0') {
        if (count != 1)
            return list_names(source, output, "", "left out, but there is not just one", error);
        *tensor = tensors[0];
        return PL_OK;
    }
    for (int by_signature = 1; by_signature >= 0; by_signature--) {
        uint32_t found = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (strcmp(name_of(source, output, by_signature, tensors[i]), name) != 0) continue;
            *tensor = tensors[i];
            found++;
        }
        if (found == 1) return PL_OK;
        if (found > 1) return list_names(source, output, name, "ambiguous, use #index", error);
    }
    const int32_t index = pl_end_number(name);
    if (index < 0 || (uint32_t)index >= count)
        return list_names(source, output, name, "unknown", error);
    *tensor = tensors[index];
    return PL_OK;
}
