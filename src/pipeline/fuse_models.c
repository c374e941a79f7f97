/* SPDX-License-Identifier: Apache-2.0 */
/* Several models become one: the order of their operators, their links, and what the whole takes
 * and gives. */
#include "pipeline/fuse.h"

#include <string.h>

#include "pipeline/ends.h"
#include "pipeline/fuse_internal.h"
#include "pipeline/model_io.h"

struct fusion {
    const struct pl_fuse_request *request;
    struct pl_assembly assembly;
    struct pl_open_model *models;
    struct pl_source *sources; /* in the order given */
    struct pl_found_link *links;
    struct pl_source **order; /* producers before consumers */
    struct pl_error *error;
};

/* ---- what was asked for ---------------------------------------------------------------------- */

static bool is_name(const char *name)
{
    const size_t length =
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");
    return length > 0 && name[length] == '\0';
}

static pl_status open_sources(struct fusion *fusion, struct pl_memory *memory,
                              const struct pl_model_limits *limits)
{
    const struct pl_fuse_request *request = fusion->request;
    PL_ENSURE(request->model_count > 0, fusion->error, PL_INVALID_ARGUMENT,
              "there is no model to fuse");
    fusion->models =
        pl_region_array(&fusion->assembly.region, request->model_count, sizeof *fusion->models);
    fusion->sources =
        pl_region_array(&fusion->assembly.region, request->model_count, sizeof *fusion->sources);
    fusion->order =
        pl_region_array(&fusion->assembly.region, request->model_count, sizeof *fusion->order);
    fusion->links =
        pl_region_array(&fusion->assembly.region, request->link_count, sizeof *fusion->links);
    if (fusion->models == NULL || fusion->sources == NULL || fusion->order == NULL ||
        fusion->links == NULL)
        return pl_assembly_no_memory(&fusion->assembly);
    for (size_t i = 0; i < request->model_count; i++) {
        const struct pl_fuse_model *model = &request->models[i];
        PL_ENSURE(is_name(model->name), fusion->error, PL_INVALID_ARGUMENT,
                  "'%s' is no model name: letters, digits, '_' and '-' only", model->name);
        for (size_t k = 0; k < i; k++)
            PL_ENSURE(strcmp(model->name, request->models[k].name) != 0, fusion->error,
                      PL_INVALID_ARGUMENT, "there is a model '%s' already; choose another name",
                      model->name);
        PL_TRY(pl_open_model(memory, limits, model, &fusion->models[i], fusion->error));
        PL_TRY(pl_assembly_source(&fusion->assembly, model->name, fusion->models[i].model,
                                  &fusion->sources[i]));
    }
    return PL_OK;
}

static pl_status find_source(struct fusion *fusion, const char *name, struct pl_source **source)
{
    const size_t count = fusion->request->model_count;
    for (size_t i = 0; i < count; i++) {
        *source = &fusion->sources[i];
        if (strcmp((*source)->name, name) == 0) return PL_OK;
    }
    pl_fail(fusion->error, PL_NOT_FOUND, "there is no model '%s'; models:", name);
    for (size_t i = 0; i < count; i++)
        pl_error_append(fusion->error, "%s %s", i == 0 ? "" : ",", fusion->sources[i].name);
    return PL_NOT_FOUND;
}

static pl_status find_link(struct fusion *fusion, size_t index)
{
    const struct pl_fuse_link *asked = &fusion->request->links[index];
    struct pl_found_link *link = &fusion->links[index];
    PL_TRY(find_source(fusion, asked->from_model, &link->from));
    PL_TRY(find_source(fusion, asked->to_model, &link->to));
    PL_TRY(pl_end_find(link->from, !asked->options.from_input, asked->output, &link->from_tensor,
                       fusion->error));
    PL_TRY(pl_end_find(link->to, false, asked->input, &link->to_tensor, fusion->error));
    link->options = &asked->options;
    PL_ENSURE(link->from != link->to, fusion->error, PL_MISMATCH,
              "output '%s' and input '%s' are of one model '%s', which cannot feed itself",
              pl_end_tensor_name(link->from, link->from_tensor),
              pl_end_tensor_name(link->to, link->to_tensor), link->from->name);
    for (size_t i = 0; i < index; i++)
        PL_ENSURE(fusion->links[i].to != link->to || fusion->links[i].to_tensor != link->to_tensor,
                  fusion->error, PL_MISMATCH,
                  "input '%s' of model '%s' is fed by output '%s' of model '%s' already",
                  pl_end_tensor_name(link->to, link->to_tensor), link->to->name,
                  pl_end_tensor_name(fusion->links[i].from, fusion->links[i].from_tensor),
                  fusion->links[i].from->name);
    if (pl_fuse_find_adapter(&fusion->assembly, link) != PL_OK)
        return pl_fail_at(fusion->error, "link from model '%s' to model '%s'", link->from->name,
                          link->to->name);
    return PL_OK;
}

/* An output that no link consumes is one of the whole anyway. */
static pl_status find_kept(struct fusion *fusion, const struct pl_fuse_kept *kept)
{
    struct pl_source *source = NULL;
    int32_t tensor = 0;
    PL_TRY(find_source(fusion, kept->model, &source));
    PL_TRY(pl_end_find(source, true, kept->output, &tensor, fusion->error));
    for (size_t i = 0; i < fusion->request->link_count; i++)
        if (fusion->links[i].from == source && fusion->links[i].from_tensor == tensor)
            fusion->links[i].kept = true;
    return PL_OK;
}

/* ---- order ----------------------------------------------------------------------------------- */

static bool is_ordered(const struct fusion *fusion, size_t ordered, const struct pl_source *source)
{
    for (size_t i = 0; i < ordered; i++)
        if (fusion->order[i] == source) return true;
    return false;
}

static bool is_ready(const struct fusion *fusion, size_t ordered, const struct pl_source *source)
{
    for (size_t i = 0; i < fusion->request->link_count; i++)
        if (fusion->links[i].to == source && !is_ordered(fusion, ordered, fusion->links[i].from))
            return false;
    return true;
}

/* As the models were given, but a producer comes before its consumers. */
static pl_status find_order(struct fusion *fusion)
{
    const size_t count = fusion->request->model_count;
    size_t ordered = 0;
    for (bool moved = true; moved && ordered < count;) {
        moved = false;
        for (size_t i = 0; i < count; i++) {
            struct pl_source *source = &fusion->sources[i];
            if (is_ordered(fusion, ordered, source) || !is_ready(fusion, ordered, source)) continue;
            fusion->order[ordered++] = source;
            moved = true;
        }
    }
    for (size_t i = 0; ordered < count && i < fusion->request->link_count; i++) {
        const struct pl_found_link *link = &fusion->links[i];
        if (is_ordered(fusion, ordered, link->from)) continue;
        return pl_fail(fusion->error, PL_MISMATCH,
                       "the links form a ring through output '%s' of model '%s' and input '%s' of "
                       "model '%s'; a model "
                       "cannot feed itself",
                       pl_end_tensor_name(link->from, link->from_tensor), link->from->name,
                       pl_end_tensor_name(link->to, link->to_tensor), link->to->name);
    }
    return PL_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const struct pl_found_link *link_to(const struct fusion *fusion,
                                           const struct pl_source *source, int32_t tensor)
{
    for (size_t i = 0; i < fusion->request->link_count; i++)
        if (fusion->links[i].to == source && fusion->links[i].to_tensor == tensor)
            return &fusion->links[i];
    return NULL;
}

static bool is_consumed(const struct fusion *fusion, const struct pl_source *source, int32_t tensor)
{
    bool consumed = false;
    for (size_t i = 0; i < fusion->request->link_count; i++) {
        if (fusion->links[i].from != source || fusion->links[i].from_tensor != tensor) continue;
        if (fusion->links[i].options->from_input) continue;
        if (fusion->links[i].kept) return false;
        consumed = true;
    }
    return consumed;
}

static pl_status add_source(struct fusion *fusion, struct pl_source *source,
                            struct pl_shared_operators *shared, const char **version)
{
    for (uint32_t i = 0; i < source->input_count; i++) {
        const struct pl_found_link *link = link_to(fusion, source, source->inputs[i]);
        int32_t index = 0;
        if (link == NULL)
            PL_TRY(pl_assembly_tensor(&fusion->assembly, source, source->inputs[i], &index));
        else if (source->tensors[source->inputs[i]] < 0)
            PL_TRY(pl_fuse_link_tensor(&fusion->assembly, link, version));
    }
    for (uint32_t i = 0; i < pl_record_count(source->primary, PL_SubGraph_operators); i++)
        PL_TRY(pl_shared_add(&fusion->assembly, shared, source, i));
    return PL_OK;
}

static pl_status add_ends(struct fusion *fusion)
{
    for (size_t s = 0; s < fusion->request->model_count; s++) {
        struct pl_source *source = &fusion->sources[s];
        for (uint32_t i = 0; i < source->input_count; i++)
            if (link_to(fusion, source, source->inputs[i]) == NULL)
                PL_TRY(pl_assembly_end(&fusion->assembly, source, source->inputs[i], false));
        for (uint32_t i = 0; i < source->output_count; i++)
            if (!is_consumed(fusion, source, source->outputs[i]))
                PL_TRY(pl_assembly_end(&fusion->assembly, source, source->outputs[i], true));
    }
    return PL_OK;
}

static pl_status assemble(struct fusion *fusion, struct pl_memory *memory,
                          const struct pl_model_limits *limits, const struct pl_record **root)
{
    struct pl_assembly *assembly = &fusion->assembly;
    const struct pl_fuse_request *request = fusion->request;
    const char *version = "";
    struct pl_shared_operators shared;
    PL_TRY(open_sources(fusion, memory, limits));
    for (size_t i = 0; i < request->link_count; i++) PL_TRY(find_link(fusion, i));
    for (size_t i = 0; i < request->kept_count; i++) PL_TRY(find_kept(fusion, &request->kept[i]));
    PL_TRY(find_order(fusion));
    PL_TRY(pl_resources_separate(assembly, fusion->sources, request->model_count));
    PL_TRY(pl_shared_init(assembly, &shared));
    for (size_t i = 0; i < request->model_count; i++)
        PL_TRY(add_source(fusion, fusion->order[i], &shared, &version));
    PL_TRY(add_ends(fusion));
    PL_TRY(pl_assembly_name(assembly));
    PL_TRY(pl_assembly_sign(assembly, fusion->sources, request->model_count,
                            request->keep_signatures));
    PL_TRY(pl_assembly_describe(assembly, fusion->sources, request->model_count, version, true));
    return pl_assembly_finish(assembly, root);
}

pl_status pl_fuse(struct pl_memory *memory, const struct pl_model_limits *limits,
                  const struct pl_fuse_request *request, const char *path, struct pl_error *error)
{
    struct fusion fusion = {.request = request, .error = error};
    struct pl_saved saved = {0};
    const struct pl_record *root = NULL;
    pl_status status = pl_assembly_init(&fusion.assembly, memory, error);
    if (status == PL_OK) status = assemble(&fusion, memory, limits, &root);
    if (status == PL_OK) status = pl_save_model(memory, limits, root, path, &saved, error);
    if (status == PL_OK) status = pl_saved_place(&saved, path, error);
    pl_saved_clear(&saved);
    for (size_t i = 0; fusion.models != NULL && i < request->model_count; i++)
        pl_close_model(&fusion.models[i]);
    pl_assembly_clear(&fusion.assembly);
    return status;
}
