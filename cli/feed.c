/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to an input. What kind a file is, its first bytes say, not its name. */
#include "feed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "talk.h"

enum { HEAD_BYTES = 12, MAX_DIMS = NPY_MAX_RANK };

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

/* ---- any of them ----------------------------------------------------------------------------- */

int feed_read(struct feed *feed, const struct models *models)
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

plait_status feed_write(struct feed *feed)
{
    switch (feed->kind) {
    case FEED_ARRAY: return write_array(feed);
    case FEED_PICTURE: return write_picture(feed);
    case FEED_SOUND: return write_sound(feed);
    }
    return PLAIT_INVALID_ARGUMENT;
}

const void *feed_rows(const struct feed *feed, size_t *bytes)
{
    *bytes = feed->array.bytes;
    if (feed->kind == FEED_ARRAY) return feed->array.data;
    *bytes = feed->sound.count * (feed->sound.type == PLAIT_INT16 ? sizeof(int16_t) : sizeof(float));
    return feed->sound.samples;
}

void feed_free(struct feed *feed)
{
    npy_free(&feed->array);
    picture_free(&feed->picture);
    sound_free(&feed->sound);
    free(feed->label);
}
