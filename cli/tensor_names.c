/* SPDX-License-Identifier: Apache-2.0 */
/* Models and tensors by name, and how messages call them. */
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "models.h"
#include "pipeline_file.h"
#include "talk.h"

static int complain_no_model(const struct models *models, const char *option, const char *name)
{
    char *list = heap_text("%s", "");
    for (size_t i = 0; i < models->count; i++) {
        char *longer = heap_text("%s%s%s", list, i > 0 ? ", " : "", models->items[i].name);
        free(list);
        list = longer;
    }
    char *named = pipeline_names(models);
    complain(EXIT_USAGE, "%s: there is no model '%s'; models: %s%s", option, name, list, named);
    free(named);
    free(list);
    return EXIT_USAGE;
}

int reference_read(struct tensor_reference *reference, const struct models *models,
                   const char *option, const char *value, const char *form)
{
    size_t name_length = strcspn(value, ".=");
    const char *tensor = value[name_length] == '.' ? value + name_length + 1 : value + name_length;
    size_t tensor_length = strcspn(tensor, "=");
    reference->model_name = heap_text("%.*s", (int)name_length, value);
    reference->tensor_name = heap_text("%.*s", (int)tensor_length, tensor);
    reference->rest = tensor[tensor_length] == '=' ? tensor + tensor_length + 1 : NULL;
    if (form != NULL && (reference->rest == NULL || reference->rest[0] == '\0'))
        return complain(EXIT_USAGE, "%s %s: the form is %s", option, value, form);
    reference->model = models_find(models, reference->model_name);
    if (reference->model == NULL) return complain_no_model(models, option, reference->model_name);
    return EXIT_FINE;
}

void reference_free(struct tensor_reference *reference)
{
    free(reference->model_name);
    free(reference->tensor_name);
}

/* Whether `name` finds exactly this tensor among the inputs or outputs, also on a command line. */
static bool finds(const struct plait_model *model, const char *name,
                  const struct plait_tensor *tensor, bool input)
{
    return name != NULL && name[0] != '\0' && name[0] != '#' && strchr(name, '=') == NULL &&
           (input ? plait_find_input(model, name) : plait_find_output(model, name)) == tensor;
}

static char *name_of_tensor(const struct plait_model *model, size_t index, bool input)
{
    const struct plait_tensor *tensor =
        input ? plait_input(model, index) : plait_output(model, index);
    if (finds(model, plait_tensor_signature_name(tensor), tensor, input))
        return heap_text("%s", plait_tensor_signature_name(tensor));
    if (finds(model, plait_tensor_name(tensor), tensor, input))
        return heap_text("%s", plait_tensor_name(tensor));
    return heap_text("#%zu", index);
}

char *input_name(const struct plait_model *model, size_t index)
{
    return name_of_tensor(model, index, true);
}

char *output_name(const struct plait_model *model, size_t index)
{
    return name_of_tensor(model, index, false);
}

char *tensor_shape_text(const struct plait_tensor *tensor, bool open)
{
    char *text = heap_text("%s [", plait_type_name(plait_tensor_type(tensor)));
    for (int32_t axis = 0; axis < plait_tensor_rank(tensor); axis++) {
        int32_t dim =
            open ? plait_tensor_dim_signature(tensor, axis) : plait_tensor_dim(tensor, axis);
        char *longer = heap_text("%s%s%d", text, axis > 0 ? "," : "", dim);
        free(text);
        text = longer;
    }
    char *closed = heap_text("%s]", text);
    free(text);
    return closed;
}

size_t tensor_elements(const struct plait_tensor *tensor)
{
    size_t elements = 1;
    for (int32_t axis = 0; axis < plait_tensor_rank(tensor); axis++)
        elements *= (size_t)plait_tensor_dim(tensor, axis);
    return elements;
}

const char *tensor_text(const struct plait_tensor *tensor, size_t index, size_t *length)
{
    const char *text = "";
    if (plait_tensor_string(tensor, index, &text, length) != PLAIT_OK) *length = 0;
    return text;
}
