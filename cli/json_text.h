/* SPDX-License-Identifier: Apache-2.0 */
/* JSON by Jansson, for values that come out of files. */
#ifndef CLI_JSON_TEXT_H
#define CLI_JSON_TEXT_H

#include <jansson.h>

#include "models.h"

/* A text. Bytes that are not UTF-8 become U+FFFD: a model's names can hold anything. */
json_t *json_of_text(const char *text);
json_t *json_of_bytes(const char *text, size_t length);

/* A number; null where JSON has none (NaN, the infinities). */
json_t *json_of_number(double number);

/* Size as an integer. */
json_t *json_of_size(size_t size);

/* The members type, dims and quantization of a tensor, put into `object`. */
void json_put_tensor(json_t *object, const struct plait_tensor *tensor);

/* Prints a document on stdout and frees it. `exact` prints doubles in full, otherwise as much as
 * a float holds. */
void json_print(json_t *document, bool exact);

#endif
