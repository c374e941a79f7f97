/* SPDX-License-Identifier: Apache-2.0 */
/* plait ops: the operators there are, with versions, types, traits and what differs from LiteRT. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "heap.h"
#include "json_text.h"
#include "plait/plait.h"
#include "table.h"
#include "talk.h"

static const struct {
    uint32_t bit;
    const char *name;
} traits[] = {
    {PLAIT_TRAIT_STATEFUL, "stateful"},       {PLAIT_TRAIT_CONTROL, "control"},
    {PLAIT_TRAIT_ELEMENTWISE, "elementwise"}, {PLAIT_TRAIT_VIEW, "view"},
    {PLAIT_TRAIT_ROW_LOCAL, "row-local"},     {PLAIT_TRAIT_HALO, "halo"},
};
enum { TRAIT_COUNT = sizeof traits / sizeof traits[0] };

static json_t *json_of_traits(uint32_t bits)
{
    json_t *names = json_array();
    for (size_t i = 0; i < TRAIT_COUNT; i++)
        if ((bits & traits[i].bit) != 0) json_array_append_new(names, json_of_text(traits[i].name));
    return names;
}

static json_t *json_of_op(const struct plait_op_info *info)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", json_of_text(info->name));
    json_object_set_new(object, "custom", json_boolean(info->custom));
    json_object_set_new(object, "min_version", json_integer(info->min_version));
    json_object_set_new(object, "max_version", json_integer(info->max_version));
    json_object_set_new(object, "traits", json_of_traits(info->traits));
    json_object_set_new(object, "types", json_of_text(info->types));
    json_object_set_new(object, "differs", json_of_text(info->differs));
    return object;
}

static void add_row(struct table *table, const struct plait_op_info *info)
{
    char names[80] = "";
    for (size_t i = 0; i < TRAIT_COUNT; i++) {
        if ((info->traits & traits[i].bit) == 0) continue;
        if (names[0] != 0) strcat(names, ",");
        strcat(names, traits[i].name);
    }
    table_add(table, "%s", info->name);
    if (info->custom) table_add(table, "custom");
    else table_add(table, "%d-%d", (int)info->min_version, (int)info->max_version);
    table_add(table, "%s", names[0] != 0 ? names : "pure");
    table_add(table, "%s", info->types);
}

static int compare_infos(const void *left, const void *right)
{
    const struct plait_op_info *a = left, *b = right;
    if (a->custom != b->custom) return a->custom ? 1 : -1;
    return strcmp(a->name, b->name);
}

static void print_ops(const struct plait_op_info *infos, size_t count, bool as_json)
{
    struct table table = {.alignment = "llll"};
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (as_json) json_array_append_new(list, json_of_op(&infos[i]));
        else add_row(&table, &infos[i]);
    }
    if (as_json) {
        json_t *document = json_object();
        json_object_set_new(document, "ops", list);
        json_print(document, false);
        return;
    }
    json_decref(list);
    table_print(&table, 0);
}

static int ops(const struct command *command, int count, char **arguments)
{
    struct options options;
    int code = options_read(&options, command, count, arguments);
    if (code == EXIT_FINE && options.path_count > 0)
        code = complain(EXIT_USAGE, "ops: it takes no files; plait inspect shows a model's");
    if (code == EXIT_FINE) {
        const size_t op_count = plait_op_count();
        struct plait_op_info *infos = heap_array(op_count, sizeof *infos);
        for (size_t i = 0; i < op_count; i++) plait_op_at(i, &infos[i]);
        qsort(infos, op_count, sizeof *infos, compare_infos);
        print_ops(infos, op_count, options_given(&options, "--json"));
        free(infos);
    }
    options_free(&options);
    return code;
}

static const struct option_rule rules[] = {
    {"--json", "", VALUE_NONE, "as JSON, with what differs from LiteRT"},
};

const struct command command_ops = {
    .name = "ops",
    .summary = "Lists the operators there are: versions, traits and types.",
    .arguments = "",
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .help = "Traits say what plans may do with an operator: elementwise, row-local and halo ones "
            "are computed in\n"
            "parts, stateful ones are never merged, moved or skipped, views cost nothing.\n",
    .run = ops,
};
