/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of strings, see strings.h. Offsets are copied in and out: nothing promises that a buffer
 * is aligned. */
#include "ops/strings.h"

#include <assert.h>
#include <string.h>

#include "base/checked.h"
#include "ops/check.h"

static int32_t read_integer(const char *data, size_t index)
{
    int32_t value = 0;
    memcpy(&value, data + index * sizeof value, sizeof value);
    return value;
}

static void write_integer(char *data, size_t index, int32_t value)
{
    memcpy(data + index * sizeof value, &value, sizeof value);
}

/* Count and offsets. */
static size_t head_bytes(int32_t count)
{
    return ((size_t)count + 2) * sizeof(int32_t);
}

bool pl_strings_open(const void *data, size_t bytes, struct pl_strings *strings)
{
    if (bytes > INT32_MAX) bytes = INT32_MAX; /* offsets reach no further */
    if (bytes < sizeof(int32_t)) return false;
    const int32_t count = read_integer(data, 0);
    if (count < 0 || (size_t)count > bytes / sizeof(int32_t) || head_bytes(count) > bytes)
        return false;
    int32_t last = (int32_t)head_bytes(count);
    for (int32_t i = 0; i <= count; i++) {
        const int32_t offset = read_integer(data, (size_t)i + 1);
        if (offset < last || (size_t)offset > bytes) return false;
        last = offset;
    }
    *strings = (struct pl_strings){data, count};
    return true;
}

const char *pl_strings_at(const struct pl_strings *strings, int32_t index, size_t *length)
{
    assert(index >= 0 && index < strings->count);
    const int32_t from = read_integer(strings->data, (size_t)index + 1);
    *length = (size_t)(read_integer(strings->data, (size_t)index + 2) - from);
    return strings->data + from;
}

pl_status pl_strings_read(struct pl_prepare *prepare, int32_t input, struct pl_strings *strings)
{
    const void *data = NULL;
    PL_TRY(pl_check_type(prepare, pl_input(input), PL_TYPE_BIT(PL_STRING)));
    PL_TRY(pl_prepare_read(prepare, input, &data));
    const struct pl_value *value = prepare->inputs[input];
    if (!pl_strings_open(data, value->bytes, strings))
        return pl_check_fail(prepare, PL_INVALID_MODEL, pl_input(input),
                             "its %zu bytes are no buffer of strings", value->bytes);
    const int64_t expected = pl_shape_count(&value->shape);
    if (strings->count == expected) return PL_OK;
    return pl_check_fail(prepare, PL_MISMATCH, pl_input(input), "found %d strings, expected %lld",
                         (int)strings->count, (long long)expected);
}

pl_status pl_strings_set_output(struct pl_prepare *prepare, int32_t output,
                                const struct pl_shape *shape, size_t text_bytes)
{
    PL_TRY(pl_check_type(prepare, pl_output(output), PL_TYPE_BIT(PL_STRING)));
    PL_TRY(pl_check_set_output(prepare, output, shape));
    if (pl_strings_bytes(pl_shape_count(shape), text_bytes, &prepare->outputs[output]->bytes))
        return PL_OK;
    return pl_check_fail(prepare, PL_UNSUPPORTED, pl_output(output),
                         "%lld strings of %zu characters are too many",
                         (long long)pl_shape_count(shape), text_bytes);
}

struct pl_strings pl_strings_of_eval(const struct pl_eval *eval, int32_t input)
{
    const char *data = eval->inputs[input];
    return (struct pl_strings){data, read_integer(data, 0)};
}

bool pl_strings_bytes(int64_t count, size_t text_bytes, size_t *bytes)
{
    if (count < 0 || count > INT32_MAX / (int64_t)sizeof(int32_t) - 2) return false;
    return pl_size_add(head_bytes((int32_t)count), text_bytes, bytes) && *bytes <= INT32_MAX;
}

void pl_strings_begin(struct pl_strings_writer *writer, void *to, int32_t count)
{
    *writer = (struct pl_strings_writer){to, count, 0, (int32_t)head_bytes(count)};
    write_integer(to, 0, count);
    write_integer(to, 1, writer->end);
}

void pl_strings_add(struct pl_strings_writer *writer, const char *text, size_t length)
{
    assert(writer->next < writer->count);
    if (length > 0) memcpy(writer->data + writer->end, text, length);
    writer->end += (int32_t)length;
    writer->next++;
    write_integer(writer->data, (size_t)writer->next + 1, writer->end);
}
