/* SPDX-License-Identifier: Apache-2.0 */
#include "json_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "talk.h"

enum { FLOAT_DIGITS = 9, DOUBLE_DIGITS = 17 };

static json_t *or_exit(json_t *value)
{
    if (value == NULL) exit(complain(EXIT_MEMORY, "out of memory"));
    return value;
}

json_t *json_of_bytes(const char *text, size_t length)
{
    json_t *value = json_stringn(text, length);
    if (value != NULL) return value;
    static const char replacement[] = "\xef\xbf\xbd";
    char *clean = heap_array(length * 3 + 1, 1), *out = clean;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x80) {
            *out++ = text[i];
        } else {
            memcpy(out, replacement, 3);
            out += 3;
        }
    }
    value = or_exit(json_stringn(clean, (size_t)(out - clean)));
    free(clean);
    return value;
}

json_t *json_of_text(const char *text)
{
    return json_of_bytes(text, strlen(text));
}

json_t *json_of_number(double number)
{
    return or_exit(isfinite(number) ? json_real(number) : json_null());
}

json_t *json_of_size(size_t size)
{
    return or_exit(json_integer((json_int_t)size));
}

void json_put_tensor(json_t *object, const struct plait_tensor *tensor)
{
    struct plait_quantization quantization = {0};
    json_t *dims = or_exit(json_array());
    for (int32_t axis = 0; axis < plait_tensor_rank(tensor); axis++)
        json_array_append_new(dims, or_exit(json_integer(plait_tensor_dim(tensor, axis))));
    json_object_set_new(object, "type", json_of_text(plait_type_name(plait_tensor_type(tensor))));
    json_object_set_new(object, "dims", dims);
    if (plait_tensor_quantization(tensor, &quantization) != PLAIT_OK || quantization.count == 0)
        return;
    json_t *scales = or_exit(json_array()), *zero_points = or_exit(json_array());
    for (size_t i = 0; i < quantization.count; i++) {
        json_array_append_new(scales, json_of_number((double)quantization.scale[i]));
        json_array_append_new(zero_points, or_exit(json_integer(quantization.zero_point[i])));
    }
    json_t *parts = or_exit(json_object());
    json_object_set_new(parts, "scale", scales);
    json_object_set_new(parts, "zero_point", zero_points);
    json_object_set_new(parts, "dimension", or_exit(json_integer(quantization.dimension)));
    json_object_set_new(object, "quantization", parts);
}

void json_print(json_t *document, bool exact)
{
    static const size_t as_float = JSON_REAL_PRECISION(FLOAT_DIGITS);
    static const size_t as_double = JSON_REAL_PRECISION(DOUBLE_DIGITS);
    json_dumpf(document, stdout, exact ? as_double : as_float);
    putchar('\n');
    json_decref(document);
}
