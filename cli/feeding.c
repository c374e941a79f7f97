/* SPDX-License-Identifier: Apache-2.0 */
/* Which inputs get what: files, random numbers; none is left out. */
#include "feeding.h"

#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "pipeline_file.h"
#include "progress.h"
#include "random_input.h"
#include "talk.h"

/* ---- options --------------------------------------------------------------------------------- */

static int read_settings(struct feeding *feeding, const struct options *options)
{
    const char *resize = options_value(options, "--resize", "bilinear");
    const char *seed = options_value(options, "--random-input", NULL);
    int64_t seed_number = 1;
    feeding->settings = (struct picture_settings){.mean = 127.5, .deviation = 127.5};
    feeding->settings.nearest = strcmp(resize, "nearest") == 0;
    feeding->random = feeding->random || seed != NULL;
    feeding->given_resize = options_given(options, "--resize");
    feeding->given_mean = options_given(options, "--mean");
    feeding->given_deviation = options_given(options, "--std");
    if (!feeding->settings.nearest && strcmp(resize, "bilinear") != 0)
        return complain(EXIT_USAGE, "--resize: '%s' is not one of bilinear, nearest", resize);
    int code = options_real(options, "--mean", -1e9, 1e9, &feeding->settings.mean);
    if (code == EXIT_FINE)
        code = options_real(options, "--std", -1e9, 1e9, &feeding->settings.deviation);
    if (code == EXIT_FINE && !(feeding->settings.deviation > 0 || feeding->settings.deviation < 0))
        code = complain(EXIT_USAGE, "--std: pixels cannot be divided by 0");
    if (code == EXIT_FINE && seed != NULL && seed[0] != '\0')
        code = options_whole(options, "--random-input", 0, INT64_MAX, &seed_number);
    feeding->seed = (uint64_t)seed_number;
    return code;
}

/* ---- all inputs ------------------------------------------------------------------------------ */

static struct feed *find_feed(const struct feeding *feeding, const struct plait_tensor *tensor)
{
    for (size_t i = 0; i < feeding->count; i++)
        if (feeding->items[i].tensor == tensor) return &feeding->items[i];
    return NULL;
}

/* The settings of the command line, where it has them. */
static struct picture_settings settings_of(const struct feeding *feeding, const struct plait_pipeline_input *input)
{
    struct picture_settings settings = feeding->settings;
    if (!input->is_picture) return settings;
    if (!feeding->given_resize) settings.nearest = input->nearest;
    if (!feeding->given_mean) settings.mean = input->mean;
    if (!feeding->given_deviation) settings.deviation = input->deviation;
    return settings;
}

/* One input that a file feeds. `input` is the pipeline's, or has no name. */
static int add_feed(struct feeding *feeding, const struct models *models, struct plait_tensor *tensor,
                    const struct plait_pipeline_input *input, const char *path)
{
    feeding->items = heap_grow(feeding->items, feeding->count, sizeof *feeding->items);
    struct feed *feed = &feeding->items[feeding->count++];
    *feed = (struct feed){.model = models_of(models, tensor),
                          .tensor = tensor,
                          .path = path,
                          .stream = pipeline_is_stream(models, tensor),
                          .settings = settings_of(feeding, input),
                          .sound_rate = input->sound_rate};
    while (plait_input(feed->model->model, feed->index) != tensor) feed->index++;
    feed->label = input_label(models, feed->model, feed->index);
    progress_step("reading %s", feed->path);
    return feed_read(feed, models);
}

/* --input NAME=FILE, NAME being one of the pipeline's: the file goes to all that it feeds. */
static int read_named_feed(struct feeding *feeding, const struct models *models, const struct plait_pipeline_input *input,
                           const char *value)
{
    const char *file = value + strlen(input->name);
    if (*file == '\0' || file[1] == '\0')
        return complain(EXIT_USAGE, "--input %s: the form is NAME=FILE", value);
    int code = EXIT_FINE;
    for (size_t i = 0; code == EXIT_FINE && i < input->target_count; i++) {
        if (find_feed(feeding, input->targets[i]) != NULL)
            return complain(EXIT_USAGE, "--input %s: this input is fed already", value);
        code = add_feed(feeding, models, input->targets[i], input, file + 1);
    }
    return code;
}

/* One --input MODEL.TENSOR=FILE. */
static int read_feed(struct feeding *feeding, const struct models *models, const char *value)
{
    struct tensor_reference reference = {0};
    struct plait_pipeline_input named = {0};
    if (pipeline_find_input(models, value, &named)) return read_named_feed(feeding, models, &named, value);
    int code = reference_read(&reference, models, "--input", value, "MODEL.TENSOR=FILE");
    struct plait_tensor *tensor = NULL;
    if (code == EXIT_FINE) {
        tensor = plait_find_input(reference.model->model, reference.tensor_name);
        if (tensor == NULL) code = complain_status(models->interpreter, PLAIT_NOT_FOUND, "--input");
        else if (models_feeds(models, tensor))
            code = complain(EXIT_USAGE, "--input %s: a --link feeds this input", value);
        else if (find_feed(feeding, tensor) != NULL)
            code = complain(EXIT_USAGE, "--input %s: this input is fed already", value);
    }
    named = (struct plait_pipeline_input){0};
    if (code == EXIT_FINE) code = add_feed(feeding, models, tensor, &named, reference.rest);
    reference_free(&reference);
    return code;
}

/* Every input that nothing feeds is named, not the first alone. */
static int check_all_fed(const struct feeding *feeding, const struct models *models)
{
    int code = EXIT_FINE;
    for (size_t i = 0; i < models->count && !feeding->random; i++) {
        const struct loaded_model *item = &models->items[i];
        for (size_t j = 0; j < plait_input_count(item->model); j++) {
            const struct plait_tensor *tensor = plait_input(item->model, j);
            if (models_feeds(models, tensor) || find_feed(feeding, tensor) != NULL) continue;
            char *label = input_label(models, item, j), *shape = tensor_shape_text(tensor, true);
            code = complain(EXIT_USAGE, "nothing feeds %s, %s: --input %s=FILE, or --random-input", label,
                            shape, label);
            free(label);
            free(shape);
        }
    }
    return code;
}

int feeding_read(struct feeding *feeding, const struct models *models,
                 const struct options *options)
{
    *feeding = (struct feeding){.random = feeding->random};
    int code = read_settings(feeding, options);
    size_t position = 0;
    for (const char *value;
         code == EXIT_FINE && (value = options_next(options, "--input", &position)) != NULL;)
        code = read_feed(feeding, models, value);
    return code == EXIT_FINE ? check_all_fed(feeding, models) : code;
}

/* Calls the function for every input that --random-input is for, of those whose rows are pushed or of the others. */
static int for_random(const struct feeding *feeding, const struct models *models, bool stream,
                      int (*function)(const struct models *, const struct loaded_model *, size_t, uint64_t))
{
    for (size_t i = 0; feeding->random && i < models->count; i++) {
        const struct loaded_model *item = &models->items[i];
        for (size_t j = 0; j < plait_input_count(item->model); j++) {
            struct plait_tensor *tensor = plait_input(item->model, j);
            if (models_feeds(models, tensor) || find_feed(feeding, tensor) != NULL ||
                pipeline_is_stream(models, tensor) != stream)
                continue;
            int code = function(models, item, j, feeding->seed);
            if (code != EXIT_FINE) return code;
        }
    }
    return EXIT_FINE;
}

int feeding_write(struct feeding *feeding, const struct models *models)
{
    for (size_t i = 0; i < feeding->count; i++) {
        if (feeding->items[i].stream) continue;
        plait_status status = feed_write(&feeding->items[i]);
        if (status != PLAIT_OK)
            return complain_status(models->interpreter, status, feeding->items[i].label);
    }
    return for_random(feeding, models, false, random_input_write);
}

const void *feeding_rows(const struct feeding *feeding, const struct plait_tensor *input, size_t *bytes)
{
    const struct feed *feed = find_feed(feeding, input);
    return feed != NULL ? feed_rows(feed, bytes) : NULL;
}

static plait_status push_one(const struct feed *feed)
{
    size_t bytes;
    const void *rows = feed_rows(feed, &bytes);
    if (feed->kind == FEED_SOUND)
        note("%s: %s %zu samples, %s, pushed", feed->label, feed->path, feed->sound.count,
             plait_type_name(feed->sound.type));
    return plait_push(feed->tensor, rows, bytes);
}

int feeding_push(struct feeding *feeding, const struct models *models)
{
    for (size_t i = 0; i < feeding->count; i++) {
        if (!feeding->items[i].stream) continue;
        plait_status status = push_one(&feeding->items[i]);
        if (status != PLAIT_OK) return complain_status(models->interpreter, status, feeding->items[i].label);
    }
    return for_random(feeding, models, true, random_input_push);
}

void feeding_free(struct feeding *feeding)
{
    for (size_t i = 0; i < feeding->count; i++) feed_free(&feeding->items[i]);
    free(feeding->items);
}
