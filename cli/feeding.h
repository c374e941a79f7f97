/* SPDX-License-Identifier: Apache-2.0 */
/* Feeding inputs from files (--input) and from random numbers (--random-input).
 *
 * Files are read before the models are planned, because a file can decide the size of an input that
 * the model leaves open, and written into the inputs after it. */
#ifndef CLI_FEEDING_H
#define CLI_FEEDING_H

#include "feed.h"
#include "models.h"
#include "options.h"

struct feeding {
    struct feed *items;
    size_t count;
    struct picture_settings settings;
    bool given_resize; /* on the command line, before what a pipeline says */
    bool given_mean;
    bool given_deviation;
    bool random; /* what nothing else feeds gets random numbers; set before feeding_read(): without being asked */
    uint64_t seed;
};

/* Reads the options and files, and resizes inputs that are left open. Every input must be fed,
 * linked or random. Returns an exit code; feeding_free() in any case. */
int feeding_read(struct feeding *feeding, const struct models *models,
                 const struct options *options);

/* Writes all inputs, after plait_allocate(). */
int feeding_write(struct feeding *feeding, const struct models *models);

/* Pushes what streams get, which runs their models. */
int feeding_push(struct feeding *feeding, const struct models *models);

/* The rows that a file holds for such an input; NULL if no file feeds it. */
const void *feeding_rows(const struct feeding *feeding, const struct plait_tensor *input, size_t *bytes);
void feeding_free(struct feeding *feeding);

#endif
