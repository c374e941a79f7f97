/* SPDX-License-Identifier: Apache-2.0 */
/* What plait inspect shows to people. */
#include <stdio.h>
#include <stdlib.h>

#include "heap.h"
#include "inspect.h"
#include "table.h"

/* ---- tensors --------------------------------------------------------------------------------- */

static char *quantization_text(const struct plait_tensor *tensor)
{
    struct plait_quantization quantization = {0};
    if (plait_tensor_quantization(tensor, &quantization) != PLAIT_OK || quantization.count == 0)
        return heap_text("%s", "");
    if (quantization.count > 1)
        return heap_text("%zu scales along axis %d", quantization.count, quantization.dimension);
    return heap_text("scale %.9g, zero point %d", (double)quantization.scale[0],
                     quantization.zero_point[0]);
}

/* `number` is the tensor's in its subgraph, by which operators name it; shown only beside them. */
static void add_tensor(struct table *table, const char *kind, size_t index, char *name,
                       const struct plait_tensor *tensor, bool number)
{
    char *shape = tensor_shape_text(tensor, true), *quantization = quantization_text(tensor);
    table_add(table, "%s", kind);
    table_add(table, "#%zu", index);
    if (name[0] != '#') table_add(table, "%s", name);
    else if (plait_tensor_name(tensor)[0] == '\0') table_add(table, "(no name)");
    else table_add(table, "%s (not the only one)", plait_tensor_name(tensor));
    table_add(table, "%s", shape);
    if (number) table_add(table, "tensor %d", plait_tensor_index(tensor));
    else table_add(table, "%s", "");
    table_add(table, "%s", quantization);
    free(quantization);
    free(shape);
    free(name);
}

static void print_tensors(const struct plait_model *model, int indent, bool numbers)
{
    struct table table = {.alignment = "llllll"};
    for (size_t i = 0; i < plait_input_count(model); i++)
        add_tensor(&table, "input", i, input_name(model, i), plait_input(model, i), numbers);
    for (size_t i = 0; i < plait_output_count(model); i++)
        add_tensor(&table, "output", i, output_name(model, i), plait_output(model, i), numbers);
    table_print(&table, indent);
}

/* ---- operators ------------------------------------------------------------------------------- */

static void print_operator_total(const struct plait_model *model, int indent)
{
    size_t count = plait_operator_count(model);
    printf("%*s%zu operator%s\n", indent, "", count, count == 1 ? "" : "s");
}

static void print_counts(const struct plait_model *model, int indent)
{
    struct table table = {.alignment = "rll"};
    size_t count;
    struct operator_count *counts = count_operators(model, &count);
    print_operator_total(model, indent);
    for (size_t i = 0; i < count; i++) {
        table_add(&table, "%zu", counts[i].count);
        table_add(&table, "%s", counts[i].name);
        table_add(&table, "%s", counts[i].unsupported ? "not supported" : "");
    }
    table_print(&table, indent + 2);
    free(counts);
}

/* "1, 5, -": the tensors an operator reads; an optional one that is left out is "-". */
static char *index_list(const int32_t *indices, size_t count)
{
    char *list = heap_text("%s", "");
    for (size_t i = 0; i < count; i++) {
        const char *comma = i > 0 ? ", " : "";
        char *longer = indices[i] < 0 ? heap_text("%s%s-", list, comma)
                                      : heap_text("%s%s%d", list, comma, indices[i]);
        free(list);
        list = longer;
    }
    return list;
}

static void print_operators(const struct plait_model *model, int indent)
{
    struct table table = {.alignment = "rlllll"};
    print_operator_total(model, indent);
    for (size_t i = 0; i < plait_operator_count(model); i++) {
        struct plait_operator_info info;
        if (plait_operator_at(model, i, &info) != PLAIT_OK) continue;
        char *inputs = index_list(info.inputs, info.input_count),
             *outputs = index_list(info.outputs, info.output_count);
        char *shape = info.output_count > 0 && info.outputs[0] >= 0
                          ? tensor_shape_text(plait_tensor_at(model, (size_t)info.outputs[0]), true)
                          : heap_text("%s", "");
        table_add(&table, "%zu", i);
        table_add(&table, "%s v%d%s", info.name, info.version,
                  info.supported ? "" : " (not supported)");
        table_add(&table, "%s", inputs);
        table_add(&table, "-> %s", outputs);
        char *savings = savings_text(model, i);
        table_add(&table, "%s", shape);
        table_add(&table, "%s", savings);
        free(savings);
        free(shape);
        free(inputs);
        free(outputs);
    }
    table_print(&table, indent + 2);
}

/* Where the operators of a fused model came from. */
static void print_parts(const struct plait_model *model)
{
    struct table table = {.alignment = "ll"};
    struct plait_part part;
    for (size_t i = 0; plait_part_at(model, i, &part) == PLAIT_OK; i++) {
        size_t last = part.first_operator + part.operator_count - 1;
        table_add(&table, "from %s", part.name);
        if (part.operator_count == 1) table_add(&table, "operator %zu", last);
        else table_add(&table, "operators %zu to %zu", part.first_operator, last);
    }
    table_print(&table, 4);
}

/* A single signature only repeats the inputs and outputs, which have its names already. */
static void print_signatures(struct plait_model *model, bool numbers)
{
    size_t count = plait_signature_count(model);
    for (size_t i = 0; i < count; i++) {
        char *key = heap_text("%s", plait_signature_key(model, i));
        struct plait_model *signature = plait_signature(model, key);
        make_printable(key);
        printf("  signature '%s'\n", key);
        free(key);
        if (count == 1) continue;
        print_tensors(signature, 4, numbers);
        (numbers ? print_operators : print_counts)(signature, 4);
    }
}

void inspect_text_models(const struct models *models, bool operators)
{
    for (size_t i = 0; i < models->count; i++) {
        const struct loaded_model *item = &models->items[i];
        char *description = heap_text("%s", plait_model_description(item->model));
        make_printable(description);
        printf("%s%s  %s\n", i > 0 ? "\n" : "", item->name, item->path);
        if (description[0] != '\0') printf("  %s\n", description);
        free(description);
        print_tensors(item->model, 2, operators);
        (operators ? print_operators : print_counts)(item->model, 2);
        print_savings(item->model);
        print_parts(item->model);
        print_signatures(item->model, operators);
        if (item->unsupported != NULL)
            printf("  cannot run: see the list of what is not supported\n");
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void add_bytes(struct table *table, size_t bytes)
{
    char *text = grouped_number(bytes);
    table_add(table, "%s", text);
    free(text);
}

static void print_models(const struct memory_report *memory)
{
    static const char *const heads[] = {"bytes", "constants", "io",         "state",
                                        "arena", "bound",     "arena/bound"};
    const bool sleep = memory->together.sleeping > 0;
    struct table table = {.alignment = sleep ? "lrrrrrrr" : "lrrrrrr"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) table_add(&table, "%s", heads[i]);
    if (sleep) table_add(&table, "asleep");
    for (size_t i = 0; i < memory->count; i++) {
        const struct memory_row *row = &memory->rows[i];
        if (!row->known) continue;
        table_add(&table, "%s", row->name);
        add_bytes(&table, row->alone.constant_bytes);
        add_bytes(&table, row->memory.io_bytes);
        add_bytes(&table, row->memory.state_bytes);
        add_bytes(&table, row->memory.arena_bytes);
        add_bytes(&table, row->memory.arena_bound_bytes);
        double bound = (double)row->memory.arena_bound_bytes;
        if (row->memory.arena_bound_bytes == 0) table_add(&table, "%s", "");
        else table_add(&table, "%.3f", (double)row->memory.arena_bytes / bound);
        if (sleep) add_bytes(&table, row->memory.sleeping_bytes);
    }
    table_print(&table, 0);
}

static void add_stats(struct table *table, const char *name, const struct plait_stats *stats)
{
    table_add(table, "%s", name);
    add_bytes(table, stats->constant_bytes);
    add_bytes(table, stats->io_bytes);
    add_bytes(table, stats->state_bytes);
    add_bytes(table, stats->arena_bytes);
    add_bytes(table, stats->memory_bytes);
}

/* One interpreter for each model against one for all. */
static void print_together(const struct memory_report *memory)
{
    static const char *const heads[] = {"", "constants", "io", "state", "arena", "total"};
    struct table table = {.alignment = "lrrrrr"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) table_add(&table, "%s", heads[i]);
    add_stats(&table, "each in its own interpreter", &memory->apart);
    add_stats(&table, "all in this one", &memory->together);
    table_print(&table, 0);
    if (memory->together.sleeping == 0) return;
    char *bytes = grouped_number(memory->together.sleeping_bytes);
    printf("\n%zu of %zu models sleep; what waking them makes again is %s bytes of the constants, and not in the total\n",
           memory->together.sleeping, memory->count, bytes);
    free(bytes);
}

void inspect_text_memory(const struct memory_report *memory)
{
    putchar('\n');
    print_models(memory);
    putchar('\n');
    print_together(memory);
}
