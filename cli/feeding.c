/* SPDX-License-Identifier: Apache-2.0 */
/* From files to inputs. What kind a file is, its first bytes say, not its name. */
#include "feeding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "pipeline_file.h"
#include "progress.h"
#include "random_input.h"
#include "talk.h"

enum { HEAD_BYTES = 12, MAX_DIMS = NPY_MAX_RANK };

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

/* ---- what a tensor takes --------------------------------------------------------------------- */

static bool is_open(const struct plait_tensor *tensor, int32_t axis)
{
    return axis >= 0 && plait_tensor_dim_signature(tensor, axis) < 0;
}

/* Complains that a file does not fit, with both shapes. */
static int complain_shape(const struct feed *feed, const char *found)
{
    char *wanted = tensor_shape_text(feed->tensor, true);
    complain(EXIT_MISMATCH, "%s: %s holds %s, the input takes %s", feed->label, feed->path, found,
             wanted);
    free(wanted);
    return EXIT_MISMATCH;
}

static int resize(const struct feed *feed, const struct models *models, const int32_t *dims)
{
    bool same = true;
    int32_t rank = plait_tensor_rank(feed->tensor);
    for (int32_t axis = 0; axis < rank; axis++)
        same = same && dims[axis] == plait_tensor_dim(feed->tensor, axis);
    if (same) return EXIT_FINE;
    plait_status status = plait_resize_input(feed->model->model, feed->index, dims, rank);
    return status == PLAIT_OK ? EXIT_FINE
                              : complain_status(models->interpreter, status, feed->label);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static int fit_array(const struct feed *feed, const struct models *models)
{
    const struct npy_array *array = &feed->array;
    if (feed->stream && array->type == plait_tensor_type(feed->tensor)) return EXIT_FINE;
    bool fits = array->rank == plait_tensor_rank(feed->tensor);
    for (int32_t axis = 0; fits && axis < array->rank; axis++)
        fits = array->dims[axis] == plait_tensor_dim(feed->tensor, axis) ||
               is_open(feed->tensor, axis);
    if (fits && array->type == plait_tensor_type(feed->tensor))
        return resize(feed, models, array->dims);
    char *found = heap_text("%s [", plait_type_name(array->type));
    for (int32_t axis = 0; axis < array->rank; axis++) {
        char *longer = heap_text("%s%s%d", found, axis > 0 ? "," : "", array->dims[axis]);
        free(found);
        found = longer;
    }
    char *closed = heap_text("%s]", found);
    complain_shape(feed, closed);
    free(closed);
    free(found);
    return EXIT_MISMATCH;
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* The axes of a tensor that takes one picture: [1,H,W,C], [H,W,C], [1,H,W] or [H,W];
 * channel_axis is -1 where there is none. */
static bool picture_axes(const struct plait_tensor *tensor, int32_t *row_axis,
                         int32_t *channel_axis)
{
    int32_t rank = plait_tensor_rank(tensor);
    if (rank < 2 || rank > 4) return false;
    int32_t last = plait_tensor_dim(tensor, rank - 1);
    bool is_depth = last == 1 || last == 3 || last == 4;
    bool channels = rank == 4 || (rank == 3 && is_depth);
    *channel_axis = channels ? rank - 1 : -1;
    *row_axis = channels ? rank - 3 : rank - 2;
    if (channels && !is_depth) return false;
    for (int32_t axis = *row_axis; axis < *row_axis + 2; axis++) /* [1,64] is no picture */
        if (!channels && !is_open(tensor, axis) && plait_tensor_dim(tensor, axis) < 2) return false;
    return *row_axis == 0 || plait_tensor_dim(tensor, 0) == 1 || is_open(tensor, 0);
}

static int complain_no_picture(const struct feed *feed)
{
    return complain_shape(feed,
                          "a picture, which fits uint8, int8 and float32 [1,height,width,1|3|4]");
}

static int read_picture(struct feed *feed, const struct models *models)
{
    int32_t row_axis, channel_axis, dims[MAX_DIMS];
    plait_type type = plait_tensor_type(feed->tensor);
    if (!picture_axes(feed->tensor, &row_axis, &channel_axis) ||
        (type != PLAIT_UINT8 && type != PLAIT_INT8 && type != PLAIT_FLOAT32))
        return complain_no_picture(feed);
    int code = picture_read(&feed->picture, feed->path,
                            channel_axis < 0 ? 1 : plait_tensor_dim(feed->tensor, channel_axis));
    if (code != EXIT_FINE) return code;
    for (int32_t axis = 0; axis < plait_tensor_rank(feed->tensor); axis++)
        dims[axis] = axis < row_axis ? 1 : plait_tensor_dim(feed->tensor, axis);
    if (is_open(feed->tensor, row_axis)) dims[row_axis] = feed->picture.height;
    if (is_open(feed->tensor, row_axis + 1)) dims[row_axis + 1] = feed->picture.width;
    return resize(feed, models, dims);
}

static plait_status write_picture(struct feed *feed)
{
    const struct picture_settings *settings = &feed->settings;
    int32_t row_axis, channel_axis, width = feed->picture.width, height = feed->picture.height;
    picture_axes(feed->tensor, &row_axis, &channel_axis);
    picture_resize(&feed->picture, plait_tensor_dim(feed->tensor, row_axis + 1),
                   plait_tensor_dim(feed->tensor, row_axis), settings->nearest);
    bool resized = width != feed->picture.width || height != feed->picture.height;
    char *how = resized
                    ? heap_text(" resized to %dx%d (%s)", feed->picture.width, feed->picture.height,
                                settings->nearest ? "nearest" : "bilinear")
                    : heap_text("%s", "");
    void *elements = heap_array(plait_tensor_bytes(feed->tensor), 1);
    char *done = picture_fill(&feed->picture, plait_tensor_type(feed->tensor), settings, elements);
    static const char *const colours[] = {"", "grey", "", "RGB", "RGBA"};
    note("%s: %s %dx%d%s, %s, %s: %s", feed->label, feed->path, width, height, how,
         colours[feed->picture.channels], plait_type_name(plait_tensor_type(feed->tensor)), done);
    plait_status status =
        plait_tensor_write(feed->tensor, elements, plait_tensor_bytes(feed->tensor));
    free(elements);
    free(done);
    free(how);
    return status;
}

/* ---- sound ----------------------------------------------------------------------------------- */

static int read_sound(struct feed *feed, const struct models *models)
{
    int32_t dims[MAX_DIMS], rank = plait_tensor_rank(feed->tensor);
    plait_type type = plait_tensor_type(feed->tensor);
    bool fits = (type == PLAIT_INT16 || type == PLAIT_FLOAT32) && rank > 0 && rank <= MAX_DIMS;
    for (int32_t axis = 0; fits && axis < rank; axis++)
        dims[axis] = plait_tensor_dim(feed->tensor, axis);
    if (!fits) return complain_shape(feed, "sound, which fits int16 and float32");
    int code = sound_read(&feed->sound, feed->path, type);
    if (code == EXIT_FINE && feed->sound_rate != 0 && feed->sound.rate != feed->sound_rate)
        code = complain(EXIT_MISMATCH, "%s: %s has %d samples a second, the pipeline takes %d", feed->label, feed->path,
                        feed->sound.rate, feed->sound_rate);
    if (code != EXIT_FINE || feed->stream) return code;
    if (is_open(feed->tensor, rank - 1)) dims[rank - 1] = (int32_t)feed->sound.count;
    return resize(feed, models, dims);
}

static plait_status write_sound(struct feed *feed)
{
    size_t wanted = tensor_elements(feed->tensor), count = feed->sound.count;
    size_t sample_bytes = feed->sound.type == PLAIT_INT16 ? sizeof(int16_t) : sizeof(float);
    void *elements = heap_array(wanted, sample_bytes);
    memcpy(elements, feed->sound.samples, (count < wanted ? count : wanted) * sample_bytes);
    char *cut = count > wanted   ? heap_text(", the first %zu of them", wanted)
                : count < wanted ? heap_text(", then %zu zeros", wanted - count)
                                 : heap_text("%s", "");
    note("%s: %s %zu samples%s, %s%s, at %d Hz as in the file (models do not say their rate)",
         feed->label, feed->path, count, cut, plait_type_name(feed->sound.type),
         feed->sound.type == PLAIT_INT16 ? " as they are" : " from -1 to 1", feed->sound.rate);
    plait_status status = plait_tensor_write(feed->tensor, elements, wanted * sample_bytes);
    free(elements);
    free(cut);
    return status;
}

/* ---- all inputs ------------------------------------------------------------------------------ */

static struct feed *find_feed(const struct feeding *feeding, const struct plait_tensor *tensor)
{
    for (size_t i = 0; i < feeding->count; i++)
        if (feeding->items[i].tensor == tensor) return &feeding->items[i];
    return NULL;
}

static int read_file(struct feed *feed, const struct models *models)
{
    unsigned char head[HEAD_BYTES];
    FILE *file = fopen(feed->path, "rb");
    if (file == NULL) return complain(EXIT_FILE, "%s: %s", feed->path, strerror(errno));
    size_t bytes = fread(head, 1, sizeof head, file);
    bool failed = ferror(file) != 0;
    int reason = errno;
    fclose(file);
    if (failed) return complain(EXIT_FILE, "%s: %s", feed->path, strerror(reason));
    if (npy_is(head, bytes)) {
        feed->kind = FEED_ARRAY;
        int code = npy_read(&feed->array, feed->path);
        return code == EXIT_FINE ? fit_array(feed, models) : code;
    }
    if (sound_is(head, bytes)) {
        feed->kind = FEED_SOUND;
        return read_sound(feed, models);
    }
    if (picture_is(head, bytes)) {
        feed->kind = FEED_PICTURE;
        if (feed->stream)
            return complain(EXIT_MISMATCH, "%s: %s holds a picture; what is pushed are rows, of .npy or .wav", feed->label,
                            feed->path);
        return read_picture(feed, models);
    }
    return complain(
        EXIT_FILE, "%s: not a file of a kind that inputs are read from: .npy, .wav, BMP, PNG, JPEG",
        feed->path);
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
    return read_file(feed, models);
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

/* Strings of one width, of which shorter ones end in 0. */
static plait_status write_strings(const struct feed *feed)
{
    const size_t count = tensor_elements(feed->tensor), width = feed->array.width;
    const char **texts = heap_array(count, sizeof *texts);
    size_t *lengths = heap_array(count, sizeof *lengths);
    for (size_t i = 0; i < count; i++) {
        texts[i] = (const char *)feed->array.data + i * width;
        lengths[i] = strnlen(texts[i], width);
    }
    plait_status status = plait_tensor_write_strings(feed->tensor, texts, lengths, count);
    free(texts);
    free(lengths);
    return status;
}

static plait_status write_array(const struct feed *feed)
{
    if (feed->array.type == PLAIT_STRING) return write_strings(feed);
    return plait_tensor_write(feed->tensor, feed->array.data, feed->array.bytes);
}

static plait_status write_one(struct feed *feed)
{
    switch (feed->kind) {
    case FEED_ARRAY: return write_array(feed);
    case FEED_PICTURE: return write_picture(feed);
    case FEED_SOUND: return write_sound(feed);
    }
    return PLAIT_INVALID_ARGUMENT;
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
        plait_status status = write_one(&feeding->items[i]);
        if (status != PLAIT_OK)
            return complain_status(models->interpreter, status, feeding->items[i].label);
    }
    return for_random(feeding, models, false, random_input_write);
}

/* What is pushed of a stream's file. */
static const void *rows_of(const struct feed *feed, size_t *bytes)
{
    *bytes = feed->array.bytes;
    if (feed->kind == FEED_ARRAY) return feed->array.data;
    *bytes = feed->sound.count * (feed->sound.type == PLAIT_INT16 ? sizeof(int16_t) : sizeof(float));
    return feed->sound.samples;
}

const void *feeding_rows(const struct feeding *feeding, const struct plait_tensor *input, size_t *bytes)
{
    const struct feed *feed = find_feed(feeding, input);
    return feed != NULL ? rows_of(feed, bytes) : NULL;
}

static plait_status push_one(const struct feed *feed)
{
    size_t bytes;
    const void *rows = rows_of(feed, &bytes);
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
    for (size_t i = 0; i < feeding->count; i++) {
        npy_free(&feeding->items[i].array);
        picture_free(&feeding->items[i].picture);
        sound_free(&feeding->items[i].sound);
        free(feeding->items[i].label);
    }
    free(feeding->items);
}
