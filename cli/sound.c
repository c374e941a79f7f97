/* SPDX-License-Identifier: Apache-2.0 */
/* Sound by libsndfile. */
#include "sound.h"

#include <errno.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "talk.h"

/* A header can promise any number of samples: no more than this is believed. */
enum { MOST_SAMPLES = 1 << 28 };

bool sound_is(const unsigned char *head, size_t bytes)
{
    return bytes >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVE", 4) == 0;
}

static int read_samples(SNDFILE *file, struct sound *sound, const char *path)
{
    sf_count_t count = (sf_count_t)sound->count, done;
    if (sound->type == PLAIT_INT16) {
        sf_command(file, SFC_SET_SCALE_FLOAT_INT_READ, NULL, SF_TRUE);
        sound->samples = heap_array(sound->count, sizeof(int16_t));
        done = sf_readf_short(file, sound->samples, count);
    } else {
        sound->samples = heap_array(sound->count, sizeof(float));
        done = sf_readf_float(file, sound->samples, count);
    }
    if (done != count)
        return complain(EXIT_FILE, "%s: the header says %lld samples, the file has %lld", path,
                        (long long)count, (long long)done);
    return EXIT_FINE;
}

int sound_read(struct sound *sound, const char *path, plait_type type)
{
    *sound = (struct sound){.type = type};
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (file == NULL)
        return complain(EXIT_FILE, "%s: cannot read this sound: %s", path, sf_strerror(NULL));
    int code = EXIT_FINE;
    if (info.channels != 1)
        code = complain(EXIT_FILE, "%s: %d channels; one is needed", path, info.channels);
    else if (info.frames < 0 || info.frames > MOST_SAMPLES)
        code = complain(EXIT_FILE, "%s: %lld samples; at most %d are read", path,
                        (long long)info.frames, MOST_SAMPLES);
    sound->rate = info.samplerate;
    sound->count = code == EXIT_FINE ? (size_t)info.frames : 0;
    if (code == EXIT_FINE) code = read_samples(file, sound, path);
    sf_close(file);
    return code;
}

void sound_free(struct sound *sound)
{
    free(sound->samples);
    sound->samples = NULL;
}
