/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of models as Triton and KServe lay it out: NAME/VERSION/model.tflite, and beside it plain NAME.tflite; a
 * pipeline stands where a model may, as model.json or NAME.json. */
#ifndef SERVER_REPOSITORY_FOLDER_H
#define SERVER_REPOSITORY_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "plait/plait.h"

/* Called for each file; false ends the reading: memory ran out. */
typedef bool (*folder_file)(void *user, const char *name, const char *version, const char *path);
/* PLAIT_IO, and why, where the folder cannot be read; PLAIT_OUT_OF_MEMORY where there is no memory, or no more files can be
 * open: then not all was seen. */
plait_status folder_read(const char *folder, folder_file file, void *user, struct bytes *why);
/* The file to serve where `path` is given for one model: itself, or in a folder model.json, else model.tflite, else the only
 * pipeline, else the only model; to be freed. */
plait_status folder_model(const char *path, char **file, struct bytes *why);
/* A file's name without folders and ending; to be freed. */
char *folder_stem(const char *path);

/* What a file was when it was looked at; all 0: none. */
struct file_mark {
    uint64_t device;
    uint64_t number;
    uint64_t bytes;
    uint64_t changed; /* nanoseconds */
};

struct file_mark file_mark_of(const char *path);
bool file_mark_is(const struct file_mark *a, const struct file_mark *b);

#endif
