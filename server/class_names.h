/* SPDX-License-Identifier: Apache-2.0 */
/* Names of an output's elements: a text file with one a line, or one that stands behind a model, where TensorFlow Lite's
 * metadata writer appends such files as a ZIP archive. */
#ifndef SERVER_CLASS_NAMES_H
#define SERVER_CLASS_NAMES_H

#include "bytes.h"
#include "plait/plait.h"

struct class_names {
    struct bytes text;   /* what the names point into */
    const char **names;
    size_t count; /* 0: none */
};

/* On failure there are none, and `why` says why. */
plait_status class_names_read(struct class_names *names, const char *path, struct bytes *why);
/* The first text file behind the model that has so many lines; none where there is no such. Only files that are stored as they
 * are, as the writer does it. PLAIT_OUT_OF_MEMORY is the only failure. */
plait_status class_names_of_model(struct class_names *names, const char *path, size_t count);
void class_names_free(struct class_names *names);

#endif
