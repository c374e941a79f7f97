/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a model: its inputs and outputs, whether it is ready, how it did. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "json_memory.h"

struct served *find_served(const struct request *request, struct reply *reply)
{
    struct served *served = repository_find(&request->server->repository, request->name, request->version);
    if (served == NULL)
        reply_error(reply, 404, "model %s%s%s is not loaded; POST /v2/repository/index lists those there are", request->name,
                    request->version != NULL ? " version " : "", request->version != NULL ? request->version : "");
    return served;
}

static json_t *json_of_quantization(const struct plait_quantization *quantization)
{
    json_t *scales = json_array(), *zero_points = json_array();
    for (size_t i = 0; i < quantization->count; i++) {
        scales = json_listed(scales, json_real((double)quantization->scale[i]));
        zero_points = json_listed(zero_points, json_integer(quantization->zero_point[i]));
    }
    return json_pack("{s:o, s:o, s:i}", "scale", scales, "zero_point", zero_points, "dimension",
                     (int)quantization->dimension);
}

json_t *json_of_tensor(const struct served_tensor *tensor)
{
    struct plait_quantization quantization = {0};
    json_t *shape = json_array();
    for (size_t axis = 0; axis < tensor->rank; axis++)
        shape = json_listed(shape, json_integer(tensor->dims[axis]));
    json_t *object = json_pack("{s:s, s:s, s:o}", "name", tensor->name, "datatype", tensor->type->name, "shape", shape);
    if (tensor->finder != NULL) return object;
    if (plait_tensor_quantization(tensor->tensor, &quantization) != PLAIT_OK || quantization.count == 0) return object;
    return json_with(object, "quantization", json_of_quantization(&quantization));
}

static json_t *json_of_tensors(const struct served_tensor *tensors, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) list = json_listed(list, json_of_tensor(&tensors[i]));
    return list;
}

void handle_model_metadata(struct request *request, struct reply *reply)
{
    struct served *served = find_served(request, reply);
    if (served == NULL) return;
    size_t count;
    struct served **all = repository_loaded(&request->server->repository, served->name, &count);
    json_t *versions = all == NULL ? NULL : json_array();
    for (size_t i = 0; all != NULL && i < count; i++) {
        versions = json_listed(versions, json_string(all[i]->version));
        served_let_go(all[i]);
    }
    free(all);
    reply_json(reply, 200,
               json_pack("{s:s, s:o, s:s, s:o, s:o}", "name", served->name, "versions", versions, "platform",
                         served->platform, "inputs", json_of_tensors(served->inputs, served->input_count), "outputs",
                         json_of_tensors(served->outputs, served->output_count)));
    served_let_go(served);
}

void handle_model_ready(struct request *request, struct reply *reply)
{
    struct served *served = find_served(request, reply);
    if (served == NULL) return;
    reply_json(reply, 200, json_pack("{s:s, s:b}", "name", served->name, "ready", 1));
    served_let_go(served);
}

void handle_model_statistics(struct request *request, struct reply *reply)
{
    struct served *one = NULL;
    if (request->name != NULL && (one = find_served(request, reply)) == NULL) return;
    served_let_go(one);
    size_t count;
    struct served **all = repository_loaded(&request->server->repository, request->name, &count);
    if (all == NULL) {
        reply_no_memory(reply);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (request->version == NULL || strcmp(request->version, all[i]->version) == 0)
            list = json_listed(list, statistics_json(&all[i]->statistics, all[i]->name, all[i]->version));
        served_let_go(all[i]);
    }
    free(all);
    reply_json(reply, 200, json_pack("{s:o}", "model_stats", list));
}
