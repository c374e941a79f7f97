/* SPDX-License-Identifier: Apache-2.0 */
/* Sound files (.wav, one channel) as the samples of a tensor. Nothing is resampled. */
#ifndef CLI_SOUND_H
#define CLI_SOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plait/plait.h"

struct sound {
    plait_type type; /* PLAIT_INT16 or PLAIT_FLOAT32 */
    int32_t rate;    /* samples a second */
    size_t count;
    void *samples; /* freed by sound_free() */
};

/* Whether a file's first bytes are those of a .wav file. */
bool sound_is(const unsigned char *head, size_t bytes);

/* Reads a file as int16 (as they are) or float32 (-1 to 1). Returns an exit code, after saying
 * what is wrong. */
int sound_read(struct sound *sound, const char *path, plait_type type);
void sound_free(struct sound *sound);

#endif
