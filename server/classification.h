/* SPDX-License-Identifier: Apache-2.0 */
/* The classification extension: the best elements of an output as strings, "value:index" or "value:index:label". */
#ifndef SERVER_CLASSIFICATION_H
#define SERVER_CLASSIFICATION_H

#include "infer_reply.h"

/* Of an output with a first dimension, each of its rows by itself. Strings in TensorFlow Lite's layout. False: out of memory. */
bool classify(const struct infer_output *output, const struct result *result, struct result *classes);

#endif
