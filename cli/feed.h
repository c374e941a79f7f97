/* SPDX-License-Identifier: Apache-2.0 */
/* An input and the file that feeds it: an array, a picture or sound. */
#ifndef CLI_FEED_H
#define CLI_FEED_H

#include "models.h"
#include "npy.h"
#include "picture.h"
#include "sound.h"

enum feed_kind { FEED_ARRAY, FEED_PICTURE, FEED_SOUND };

struct feed {
    const struct loaded_model *model;
    struct plait_tensor *tensor;
    size_t index; /* of the input */
    char *label;  /* MODEL.TENSOR, or what the pipeline calls it */
    const char *path;
    bool stream;  /* what the file holds is pushed, not written */
    struct picture_settings settings;
    int32_t sound_rate; /* that the file must have; 0: any */
    enum feed_kind kind;
    struct npy_array array;
    struct picture picture;
    struct sound sound;
};

/* Reads the file, and gives the input the sizes that the model leaves open. Returns an exit code; feed_free() in any case. */
int feed_read(struct feed *feed, const struct models *models);

/* Writes what was read into the input, after plait_allocate(). */
plait_status feed_write(struct feed *feed);

/* What is pushed of a stream's file. */
const void *feed_rows(const struct feed *feed, size_t *bytes);
void feed_free(struct feed *feed);

#endif
