/* SPDX-License-Identifier: Apache-2.0 */
/* plait: many TensorFlow Lite models in one interpreter. The C API.
 *
 *     struct plait_interpreter *ip;
 *     struct plait_model *features, *head;
 *     plait_open(NULL, &ip);
 *     plait_load_file(ip, "features", "features.tflite", NULL, &features);
 *     plait_load_file(ip, "head", "head.tflite", NULL, &head);
 *     plait_link(ip, "features", "", "head", "", NULL);       // output -> input, one buffer
 *     plait_allocate(ip);                                     // one plan, one arena for all
 *     plait_tensor_write(plait_input(features, 0), pixels, 224 * 224 * 3);
 *     plait_run(head);                                        // sources to sinks
 *     plait_tensor_read(plait_output(head, 0), scores, 1001);
 *     plait_close(ip);
 *
 * Rules that hold for every function:
 *  - A function that can fail returns plait_status; PLAIT_OK is 0. plait_last_error() then says which model, operator
 *    and tensor, what was found and expected, and what to do. A call that fails leaves everything as it was.
 *  - Sizes are in bytes unless the name says otherwise. Dimensions are counts of elements, outermost first.
 *  - Handles (interpreter, model, tensor) belong to the interpreter. A model's handles end with plait_unload(), all
 *    handles end with plait_close(). Text returned as const char * lives as long as the handle it was asked of.
 *  - Any thread may call any function. Two threads may invoke different models at once; invoking a model that is
 *    running returns PLAIT_BUSY. A tensor's bytes are the caller's to guard: do not write an input or read an output
 *    while its own model runs.
 *  - NULL where a handle is expected is PLAIT_INVALID_ARGUMENT (functions without a status return 0, false or NULL).
 */
#ifndef PLAIT_PLAIT_H
#define PLAIT_PLAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define PLAIT_API __declspec(dllexport)
#else
#define PLAIT_API __attribute__((visibility("default")))
#endif

#if defined(__GNUC__)
#define PLAIT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define PLAIT_PRINTF(text, first)
#endif

/* ---- status ------------------------------------------------------------------------------------------------------ */

/* Values are pinned: they never change between releases. */
typedef enum plait_status {
    PLAIT_OK = 0,
    PLAIT_INVALID_ARGUMENT = 1, /* a NULL, a size, a name or a value that does not fit */
    PLAIT_NOT_FOUND = 2,        /* no model, tensor or signature of that name; the message lists those there are */
    PLAIT_OUT_OF_MEMORY = 3,    /* the allocator, the caller's memory or a limit is exhausted; the message has the size */
    PLAIT_INVALID_MODEL = 4,    /* the file is not a valid model; the message names field and offset */
    PLAIT_UNSUPPORTED = 5,      /* valid, but an operator, type or option is not implemented; all are listed at once */
    PLAIT_MISMATCH = 6,         /* types, shapes or quantization do not fit together */
    PLAIT_NOT_ALLOCATED = 7,    /* something changed since plait_allocate() */
    PLAIT_BUSY = 8,             /* the model is running */
    PLAIT_IO = 9,               /* a file could not be read or written */
    PLAIT_RUN_ERROR = 10,       /* an operator met data it cannot work on (an index out of range, a division by zero) */
    PLAIT_CANCELLED = 11,       /* the caller asked to stop */
    PLAIT_INVALID_PIPELINE = 12, /* a pipeline file says what cannot be; the message has line and column */
    PLAIT_TOO_LATE = 13,        /* a request's deadline passed before it began, and it was to be dropped then */
    PLAIT_DROPPED = 14          /* a newer request took the place of this one, which waited */
} plait_status;

/* "ok", "invalid argument", ...; never NULL. */
PLAIT_API const char *plait_status_text(plait_status status);

/* The version of the library, "MAJOR.MINOR.PATCH". */
PLAIT_API const char *plait_version(void);

/* ---- the interpreter --------------------------------------------------------------------------------------------- */

struct plait_interpreter;
struct plait_model;
struct plait_tensor;

/* One function is the only way to memory: new_bytes == 0 frees pointer (which had old_bytes), pointer == NULL
 * allocates. Anything else is never asked for. Returns memory aligned to `alignment` (a power of two), or NULL.
 * Called from any thread, never while a lock of the allocator's own could be held by this thread. */
typedef void *(*plait_allocate_function)(void *user, void *pointer, size_t old_bytes, size_t new_bytes,
                                         size_t alignment);

/* Fill with plait_options_default(), then change what you need. */
struct plait_options {
    size_t struct_bytes;       /* sizeof(struct plait_options), set by plait_options_default() */
    int32_t threads;           /* cap of workers of a model, the caller included; default 1 (see plait_set_threads) */
    int32_t lanes;             /* models that can run at once without allocating, and threads that take what is submitted,
                                * where there are so many processors; default 1 */
    const char *cpu;           /* highest level of kernels: NULL or "" = the best this CPU has; "c" = portable ones (all
                                * names: ENVIRONMENT in plait(1)); the environment variable PLAIT_CPU says the same and
                                * is read when this is NULL */
    size_t memory_limit_bytes; /* everything together; default 8 GiB. What would exceed it is refused with the limit that it
                                * takes: one byte less is too little. See also sleep_below_class */
    size_t tensor_limit_bytes; /* one tensor; default 2^31 - 1 */
    void *memory;              /* if set: everything lives here, malloc is never called (with threads == 1) */
    size_t memory_bytes;
    plait_allocate_function allocate; /* if set (and memory is not): used instead of malloc */
    void *allocate_user;
    int32_t requests; /* that can be under way at once, see plait_submit(); 1 to 4096, default 64 */
    int32_t sleep_below_class; /* what would exceed memory_limit_bytes has idle models of classes below this one sleep: they
                                * give up constants, and a run or a plan makes them again from their file first, with the
                                * same bits, or PLAIT_IO if that is not there any more (docs/memory.md). Default 0: none; 1:
                                * those of class 0; 16: any. Not with memory or allocate */
    const char *share; /* a folder in which processes share their large packed constants: each compares what lies there with
                        * what it made, and then maps it in the place of a copy of its own. It must be this user's, and
                        * nobody else may write it, else plait_open() returns PLAIT_IO; it can be emptied at any time.
                        * NULL: what the environment variable PLAIT_SHARE says, "": none. Not with `memory` */
};

PLAIT_API void plait_options_default(struct plait_options *options);

/* Opens an interpreter. options == NULL means the defaults. *interpreter is the caller's, to be closed. */
PLAIT_API plait_status plait_open(const struct plait_options *options, struct plait_interpreter **interpreter);

/* Closes the interpreter and ends every handle it gave out. No model may be running. NULL is allowed. */
PLAIT_API void plait_close(struct plait_interpreter *interpreter);

/* The message of this thread's last failed call on this interpreter, "" if none; valid until its next failed call. */
PLAIT_API const char *plait_last_error(const struct plait_interpreter *interpreter);

/* ---- models ------------------------------------------------------------------------------------------------------ */

/* Fill with plait_load_options_default(). */
struct plait_load_options {
    size_t struct_bytes;
    bool keep_mapped;       /* plait_load_file: map the file and use its bytes for as long as the model lives. The file
                             * must not be changed. Default: the file is read once and not touched again. */
    bool borrow;            /* plait_load_buffer: the caller keeps the bytes alive and unchanged until unload, constants
                             * are used where they are. Default: what is needed is copied. */
    bool allow_unsupported; /* load a model although operators are missing, to look at it; allocate then refuses it */
    bool keep_all_tensors;  /* every tensor of the model keeps its bytes after a run, to be looked at; constants too. Costs
                             * the memory of all of them */
};

PLAIT_API void plait_load_options_default(struct plait_load_options *options);

/* Loads a .tflite under a unique name ([A-Za-z0-9_-]+; NULL = the file's stem). The file is verified before anything in
 * it is believed. *model (may be NULL) stays valid until plait_unload(). Other models are not touched, also while they
 * run. The model can be invoked after the next plait_allocate(). A file that is loaded already, and has not changed, is
 * not imported once more: its models share what clones do, unless an option asks for a mapping or all tensors. */
PLAIT_API plait_status plait_load_file(struct plait_interpreter *interpreter, const char *name, const char *path,
                                       const struct plait_load_options *options, struct plait_model **model);

/* The same from memory; name must not be NULL. The bytes may be freed on return, unless options->borrow. */
PLAIT_API plait_status plait_load_buffer(struct plait_interpreter *interpreter, const char *name, const void *data,
                                         size_t bytes, const struct plait_load_options *options,
                                         struct plait_model **model);

/* Another stream of the same model: own inputs, outputs, state and links; file, constants and program are shared. */
PLAIT_API plait_status plait_clone(const struct plait_model *model, const char *name, struct plait_model **clone);

/* Gives a model another file, in one step: what runs ends on the old one, what starts afterwards runs on the new one. Nobody
 * waits, the model itself included, and it may go on being fed, run and read by other threads meanwhile. Where anything
 * fails (the file, an operator, memory, a link that the new file does not fit), the old one stays, complete. A model that was
 * ready to run is so again on return; both files are in memory until then. Links, conditions, threads and shapes asked for
 * (plait_resize_input()) stay and are asked of the new file; state and windows of its own begin anew, what it gave to windows of
 * others stays there.
 *
 * What stays valid: the model's handle; the handles of signatures whose key both files have; handles of inputs and outputs,
 * which go on by name where the new file has all the old names, else by place, and end where there is no such place any more
 * (PLAIT_NOT_FOUND, until one may be given out again).
 * An input or output that goes on with the same type and as many bytes keeps its memory and content, also bound memory
 * (plait_bind()): nobody need be told. What ends: all other handles and texts of the model, and memory that does not fit,
 * which nobody may be using. Whatever else another thread asks of this model (names, operators, profile), it must not ask
 * meanwhile. A model of a pipeline must keep all its inputs and outputs. PLAIT_BUSY where an operator of the program's own
 * asks for it while the model is being planned. */
PLAIT_API plait_status plait_replace(struct plait_model *model, const char *path, const struct plait_load_options *options);
PLAIT_API plait_status plait_replace_buffer(struct plait_model *model, const void *data, size_t bytes,
                                            const struct plait_load_options *options);

/* Removes a model and its links, and ends its handles. PLAIT_BUSY if it is running. */
PLAIT_API plait_status plait_unload(struct plait_model *model);

/* Models in the order they were loaded. plait_find_model() returns NULL if there is none of that name. */
PLAIT_API size_t plait_model_count(const struct plait_interpreter *interpreter);
PLAIT_API struct plait_model *plait_model_at(const struct plait_interpreter *interpreter, size_t index);
PLAIT_API struct plait_model *plait_find_model(const struct plait_interpreter *interpreter, const char *name);
PLAIT_API const char *plait_model_name(const struct plait_model *model);

/* The description that the file carries, "" if none. */
PLAIT_API const char *plait_model_description(const struct plait_model *model);

/* Cap on the workers that invoking this model may use, the calling thread included (1 = the caller alone). One pool
 * serves all models; it is as large as the largest cap and never larger than the cores. Results do not depend on it.
 * A cap above all that a model had before makes plait_allocate() necessary, and is refused while the model runs
 * (PLAIT_BUSY). */
PLAIT_API plait_status plait_set_threads(struct plait_model *model, int32_t threads);

/* ---- signatures -------------------------------------------------------------------------------------------------- */

/* A file can have several entry points. The handle of a signature is a plait_model handle of its own: plait_input(),
 * plait_output(), plait_resize_input() and plait_invoke() work on it, with the signature's names in the signature's
 * order (sorted by name, as TensorFlow Lite does). The model's own handle is the primary subgraph.
 * State (variables) is the model's and shared by its signatures. Handles end with the model. */
PLAIT_API size_t plait_signature_count(const struct plait_model *model);
PLAIT_API const char *plait_signature_key(const struct plait_model *model, size_t index);
/* NULL if there is no signature of that key. */
PLAIT_API struct plait_model *plait_signature(struct plait_model *model, const char *key);

/* The file's subgraphs as handles: 0 is the model itself. One that no signature names can be looked at, but not invoked.
 * plait_subgraph() is NULL if there is none of this index. */
PLAIT_API size_t plait_subgraph_count(const struct plait_model *model);
PLAIT_API struct plait_model *plait_subgraph(struct plait_model *model, size_t index);
PLAIT_API size_t plait_subgraph_index(const struct plait_model *model);

/* ---- tensors ----------------------------------------------------------------------------------------------------- */

/* TensorFlow Lite's type numbers of the C API (TfLiteType). */
typedef enum plait_type {
    PLAIT_NO_TYPE = 0,
    PLAIT_FLOAT32 = 1,
    PLAIT_INT32 = 2,
    PLAIT_UINT8 = 3,
    PLAIT_INT64 = 4,
    PLAIT_STRING = 5,
    PLAIT_BOOL = 6,
    PLAIT_INT16 = 7,
    PLAIT_COMPLEX64 = 8,
    PLAIT_INT8 = 9,
    PLAIT_FLOAT16 = 10,
    PLAIT_FLOAT64 = 11,
    PLAIT_COMPLEX128 = 12,
    PLAIT_UINT64 = 13,
    PLAIT_RESOURCE = 14,
    PLAIT_VARIANT = 15,
    PLAIT_UINT32 = 16,
    PLAIT_UINT16 = 17,
    PLAIT_INT4 = 18,
    PLAIT_BFLOAT16 = 19,
    PLAIT_INT2 = 20,
    PLAIT_UINT4 = 21,
    PLAIT_FLOAT8_E4M3FN = 22,
    PLAIT_FLOAT8_E5M2 = 23
} plait_type;

/* Affine quantization: real = scale[c] * (q - zero_point[c]), c along `dimension` when count > 1. count == 0: none. */
struct plait_quantization {
    size_t count;
    const float *scale;
    const int32_t *zero_point;
    int32_t dimension;
};

PLAIT_API size_t plait_input_count(const struct plait_model *model);
PLAIT_API size_t plait_output_count(const struct plait_model *model);
/* The i-th input or output in the file's order; NULL if there is none. The handle stays valid until unload (see
 * plait_replace()). */
PLAIT_API struct plait_tensor *plait_input(const struct plait_model *model, size_t index);
PLAIT_API struct plait_tensor *plait_output(const struct plait_model *model, size_t index);
/* By name: a signature's name, else a tensor's name, else "#index"; "" or NULL where there is only one. NULL and a
 * message (plait_last_error) that lists the names if it is unknown or ambiguous. */
PLAIT_API struct plait_tensor *plait_find_input(const struct plait_model *model, const char *name);
PLAIT_API struct plait_tensor *plait_find_output(const struct plait_model *model, const char *name);

/* The tensor's name in the file (may be ""), and the name its signature gives it (NULL if none). */
PLAIT_API const char *plait_tensor_name(const struct plait_tensor *tensor);
PLAIT_API const char *plait_tensor_signature_name(const struct plait_tensor *tensor);
/* The tensor's index in its subgraph. */
PLAIT_API int32_t plait_tensor_index(const struct plait_tensor *tensor);
/* Whether the file gives the tensor's bytes. */
PLAIT_API bool plait_tensor_is_constant(const struct plait_tensor *tensor);
PLAIT_API plait_type plait_tensor_type(const struct plait_tensor *tensor);
PLAIT_API const char *plait_type_name(plait_type type); /* "float32", ... */
/* Dimensions as of the last plait_allocate() (before it: the file's, after plait_resize_input(): the new ones). An output
 * whose shape depends on data has the shape that the last invocation gave it, and no bytes before the first. */
PLAIT_API int32_t plait_tensor_rank(const struct plait_tensor *tensor);
PLAIT_API int32_t plait_tensor_dim(const struct plait_tensor *tensor, int32_t axis);
/* The same with -1 where the file leaves a dimension open. */
PLAIT_API int32_t plait_tensor_dim_signature(const struct plait_tensor *tensor, int32_t axis);
PLAIT_API size_t plait_tensor_bytes(const struct plait_tensor *tensor);
PLAIT_API plait_status plait_tensor_quantization(const struct plait_tensor *tensor, struct plait_quantization *out);
/* How a sparse constant is stored, in TensorFlow Lite's words: the order in which its dimensions are walked, those of them
 * that are split into blocks, and for each walked dimension either its size (dense) or segments and indices (CSR). Copies
 * up to `capacity` numbers and returns how many there are; 0: none, or the tensor is dense. */
typedef enum plait_sparsity_part {
    PLAIT_SPARSITY_ORDER = 0,  /* `dimension` does not count for these two */
    PLAIT_SPARSITY_BLOCKS = 1,
    PLAIT_SPARSITY_DENSE_SIZE = 2,
    PLAIT_SPARSITY_SEGMENTS = 3,
    PLAIT_SPARSITY_INDICES = 4
} plait_sparsity_part;
PLAIT_API size_t plait_tensor_sparsity(const struct plait_tensor *tensor, plait_sparsity_part part, size_t dimension,
                                       int32_t *values, size_t capacity);
/* The tensor's bytes: inputs, outputs, variables and constants; NULL before allocate and for tensors of the arena.
 * Aligned to 64 bytes (unless bound). Valid until the model is resized, relinked, unloaded or replaced by a file that it
 * does not fit. */
PLAIT_API void *plait_tensor_data(const struct plait_tensor *tensor);
/* Copies all of the tensor's bytes in or out; `bytes` must be plait_tensor_bytes(). Writing a linked input is refused:
 * its producer feeds it. */
PLAIT_API plait_status plait_tensor_write(struct plait_tensor *tensor, const void *data, size_t bytes);
PLAIT_API plait_status plait_tensor_read(const struct plait_tensor *tensor, void *data, size_t bytes);

/* Strings. A tensor of them takes any number of bytes: feeding one gives it other memory (plait_tensor_data()), and
 * plait_tensor_write() takes TensorFlow Lite's layout: an int32 count, count + 1 int32 offsets from the beginning (the
 * last is the end), the characters. As many strings as the tensor has elements; lengths NULL: each ends at its 0. */
PLAIT_API plait_status plait_tensor_write_strings(struct plait_tensor *tensor, const char *const *texts,
                                                  const size_t *lengths, size_t count);
/* One string of a tensor, in C order; not terminated, valid until the tensor is fed or computed again. */
PLAIT_API plait_status plait_tensor_string(const struct plait_tensor *tensor, size_t index, const char **text,
                                           size_t *length);

/* Uses the caller's memory for an input or output from now on: no copy. `memory` must hold plait_tensor_bytes(), be
 * aligned to 16 bytes and outlive the model or the next bind; memory == NULL goes back to plait's own. Refused for what
 * gets its size while running. */
PLAIT_API plait_status plait_bind(struct plait_tensor *tensor, void *memory, size_t bytes);

/* ---- links ------------------------------------------------------------------------------------------------------- */

/* Boxes that a model finds in a picture, read off two of its outputs: 4 numbers or more for each box, and as many scores for
 * each as there are classes. The best come first; of those that lie over each other the best stays. Fill with
 * plait_boxes_default(). */
enum { PLAIT_MOST_ANCHOR_LEVELS = 8, PLAIT_MOST_ANCHOR_SIZES = 8, PLAIT_MOST_BOXES = 1000 };

/* A square of each size around the middle of every cell of a grid over the picture, row after row. */
struct plait_anchor_level {
    double step; /* of the grid, in pixels */
    size_t size_count;
    double sizes[PLAIT_MOST_ANCHOR_SIZES]; /* in pixels */
};

struct plait_boxes {
    size_t struct_bytes;
    const char *boxes;   /* outputs, by name */
    const char *scores;
    int32_t class_index; /* which of the scores of a box counts */
    bool sigmoid;        /* a score is 1 / (1 + exp(-x)) */
    bool x_first;        /* the numbers are x y x y, or x y width height; else y x y x, or y x height width */
    double least;        /* score; default 0.5 */
    double overlap;      /* intersection over union, above which the box with the lesser score goes; default 0.5 */
    int32_t most;        /* boxes, 1 to PLAIT_MOST_BOXES; default 10 */
    /* level_count 0: numbers are corners, from 0 to 1 of the picture. Else they say how a box differs from its anchor: its
     * middle is the anchor's + number * variances[0] * the anchor's side, a side of its is the anchor's * exp(number *
     * variances[1]), or without exp() if linear. Levels follow each other, and so do the sizes at a place of a grid. */
    size_t level_count;
    struct plait_anchor_level levels[PLAIT_MOST_ANCHOR_LEVELS];
    int32_t picture[2];  /* rows and columns of the picture that the grids are laid over */
    double variances[2];
    bool linear;
};
PLAIT_API void plait_boxes_default(struct plait_boxes *boxes);

/* From 0 to 1 of the picture's height and width; a box may reach beyond it. */
struct plait_box {
    double top;
    double left;
    double bottom;
    double right;
    double score;
    int32_t index; /* among all that the model gives */
};
/* Those that the model's last run gave: copies up to `capacity`, *count is how many there are. */
PLAIT_API plait_status plait_find_boxes(const struct plait_model *model, const struct plait_boxes *boxes,
                                        struct plait_box *found, size_t capacity, size_t *count);

/* What a link cuts out of a picture, see below. */
struct plait_crop {
    const char *boxes_model;  /* which finds the boxes; NULL: the one that the link is from */
    struct plait_boxes boxes;
    double margin;            /* so much of a box's sides is added on each of the four, 0 to 10 */
};

/* When the consumer of a link runs; else it, and what only it feeds, keeps what it gave last. */
typedef enum plait_when {
    PLAIT_ALWAYS = 0,
    PLAIT_WHEN_AT_LEAST = 1, /* an element is when_least or more (as a value, not as stored): number when_index, -1: any */
    PLAIT_WHEN_BEST = 2,     /* element number when_index is the largest, the first of such */
    PLAIT_WHEN_EVERY = 3     /* in each when_index-th run of the producer */
} plait_when;

/* Adapters a link may use. Scale or zero point that differ, and float against quantized, are always adapted, with
 * LiteRT's own QUANTIZE and DEQUANTIZE. Fill with plait_link_options_default(). */
struct plait_link_options {
    size_t struct_bytes;
    bool cast;      /* CAST to the consumer's type */
    bool reshape;   /* RESHAPE to the consumer's shape */
    bool has_scale; /* float only: x * scale, then + offset: two roundings */
    bool has_offset;
    float scale;
    float offset;
    int32_t hop;       /* > 0: the input is a window, see below */
    int32_t axis;      /* of the input, along which its rows come; negative: from the end */
    int32_t zero_rows; /* rows of zeros that come before the first row */
    bool from_input;   /* `output` names an input of from_model: both models get what that is fed */
    plait_when when;
    int32_t when_index;
    double when_least;
    bool when_has_until; /* once an element was when_least or more, the model runs until none is when_until or more */
    double when_until;
    const char *when_output; /* of the producer, which is looked at; NULL: the one that is linked */
    const struct plait_crop *crop; /* NULL: none; read by plait_link(), and the caller's */
};

PLAIT_API void plait_link_options_default(struct plait_link_options *options);

/* Links an output to an input; tensor names as in plait_find_input(). Takes effect at the next plait_allocate(). What
 * does not fit is refused with both tensors named. A linked input cannot be fed. Models that get the same data, from one
 * output or one input, and begin alike compute that part once.
 * Behind an output whose shape comes with the data, a model has to be linked before it is allocated for the first time, and
 * before another one of the same file is: it needs weights as they are in the file, which are let go once they are packed.
 * Otherwise plait_allocate() says PLAIT_UNSUPPORTED. */
PLAIT_API plait_status plait_link(struct plait_interpreter *interpreter, const char *from_model, const char *output,
                                  const char *to_model, const char *input, const struct plait_link_options *options);

/* Windows. With a hop, the producer's output is a sequence of rows, whatever its shape: a row is what the consumer's input
 * has at one index of `axis`. The consumer's window is as long as that dimension; the consumer runs whenever `hop` new rows
 * came, for the first time when its window is full. With several windows it takes a hop of each at once. It computes what
 * is new: where its operators do the same with every row, rows of the windows before are used again, with the same bits
 * (plait_operator_reuse() tells). Adapters work on the new rows. Such a set is run with plait_run(), in which a model can
 * run several times or not at all, or by pushing rows; plait_on_run() tells. plait_reset_variables() begins anew.
 *
 * Conditions. With options->when, plait_run() runs the consumer only where it holds; all that is said of sets with windows
 * holds for sets with conditions. A model behind several others waits until each of them has run once.
 *
 * Boxes. With options->crop the producer's output, or with from_input what it is fed, is a picture [1, rows, columns, channels],
 * and plait_run() runs the consumer, and what is linked from it, once for each box that is found, or not at all. It gets that
 * part, edges rounded to whole pixels and cut at the picture's, resized to its input as RESIZE_BILINEAR with
 * half_pixel_centers does; adapters come behind that. plait_on_run() sees each; all that is said of sets with windows holds. */

/* What was cut out for this input in the last run. PLAIT_NOT_FOUND: nothing was. */
PLAIT_API plait_status plait_tensor_box(const struct plait_tensor *input, struct plait_box *box);

/* Makes an input, which no link feeds, a window whose rows are pushed: options->hop, axis and zero_rows, and scale and
 * offset for the rows. Takes effect at the next plait_allocate(); plait_unlink() takes it away. */
PLAIT_API plait_status plait_stream(struct plait_interpreter *interpreter, const char *model, const char *input,
                                    const struct plait_link_options *options);

/* Gives such a window rows, any number of them, and runs, with each hop of them, its model and what is linked from it.
 * Models of the set that nothing feeds do not run. */
PLAIT_API plait_status plait_push(struct plait_tensor *input, const void *rows, size_t bytes);

/* Calls the function, from the thread that runs, each time the model has run in a set with windows: its outputs can be read
 * then, and nothing be changed. NULL: no more. Set it while the model is not running. */
typedef void (*plait_run_function)(void *user, struct plait_model *model);
PLAIT_API plait_status plait_on_run(struct plait_model *model, plait_run_function function, void *user);

/* Takes the link that feeds this input away. */
PLAIT_API plait_status plait_unlink(struct plait_interpreter *interpreter, const char *to_model, const char *input);

/* Marks the linked set of this model as run only as a whole (plait_run): linked tensors then live in the arena and not
 * in memory of their own. Takes effect at the next plait_allocate(). */
PLAIT_API plait_status plait_set_whole(struct plait_model *model, bool whole);

/* ---- plan and run ------------------------------------------------------------------------------------------------ */

/* Changes the shape of an input: up to 8 dimensions of 0 or above; operators that cannot take it refuse at
 * plait_allocate(). Takes effect at the next plait_allocate(). */
PLAIT_API plait_status plait_resize_input(struct plait_model *model, size_t index, const int32_t *dims, int32_t rank);

/* Plans what changed since the last call: shapes, order, memory, packed constants. Only changed linked sets are
 * planned; pointers of others stay, and they may be running. What cannot be planned stays as it was, and the status is
 * the first such failure; it does not hold up the rest. */
PLAIT_API plait_status plait_allocate(struct plait_interpreter *interpreter);

/* The same for this model and those it is linked with alone: others that changed stay as they are. Signatures are
 * planned with it, but a failure is one of this call only if it is what this handle runs that cannot be planned. */
PLAIT_API plait_status plait_allocate_model(struct plait_model *model);

/* Whether `times` runs of this model can be one: of it, or of a clone, with inputs that plait_resize_input() gave `times` times
 * as many rows along the first dimension, fed with those of all runs one behind the other. PLAIT_OK: then each output has its
 * rows of all of them in the same order, bit by bit what single runs give. Else PLAIT_UNSUPPORTED, or what such shapes are
 * refused with, and the message says what is in the way: state, an operator that mixes rows, a shape that the file fixes, a
 * link. Nothing of the model changes. After plait_allocate(). */
PLAIT_API plait_status plait_check_batch(const struct plait_model *model, int32_t times);

/* Runs one model on its inputs as they are now; a linked input holds what its producer last produced. */
PLAIT_API plait_status plait_invoke(struct plait_model *model);

/* Runs all models of the linked set this model belongs to, sources to sinks. */
PLAIT_API plait_status plait_run(struct plait_model *model);

/* Sets variables and state back to what they were after the first allocate. */
PLAIT_API plait_status plait_reset_variables(struct plait_model *model);
/* Variable tensors alone, as TensorFlow Lite does: resources (variables that are assigned, tables) keep what they have. */
PLAIT_API plait_status plait_reset_variable_tensors(struct plait_model *model);

/* ---- pipelines --------------------------------------------------------------------------------------------------- */

/* A pipeline file names models, links between them, and what goes in and comes out, as JSON; docs/pipelines.md has its
 * fields. A message about it begins with FILE:LINE:COLUMN.
 *
 *     plait_pipeline_load(ip, "camera.json", NULL, &camera);
 *     plait_allocate(ip);
 *     plait_pipeline_write(camera, "picture", pixels, 224 * 224 * 3);
 *     plait_pipeline_run(camera);
 *     plait_pipeline_read(camera, "scores", scores, 1001);
 */
struct plait_pipeline;

/* Loads the models, links them, and finds the names; paths in the file are relative to its folder. The models can be
 * used like any other (plait_find_model()), but are unloaded with the pipeline only; it can run after the next
 * plait_allocate(). `options` (may be NULL) are for every model. Where anything fails, nothing stays loaded. */
PLAIT_API plait_status plait_pipeline_load(struct plait_interpreter *interpreter, const char *path,
                                           const struct plait_load_options *options, struct plait_pipeline **pipeline);
/* The same from memory; paths are relative to `folder` (NULL: to where the process is). */
PLAIT_API plait_status plait_pipeline_load_buffer(struct plait_interpreter *interpreter, const void *text, size_t bytes,
                                                  const char *folder, const struct plait_load_options *options,
                                                  struct plait_pipeline **pipeline);
/* Unloads its models, and ends its handle and theirs. Refused, with all as it was, while one of them runs (PLAIT_BUSY) or
 * is linked with a model that is not of the pipeline. plait_close() ends it too. */
PLAIT_API plait_status plait_pipeline_unload(struct plait_pipeline *pipeline);

/* What is in it; PLAIT_NOT_FOUND behind the last one. Texts and handles end with the pipeline. */
struct plait_pipeline_model {
    struct plait_model *model;
    const char *path;
    bool resized; /* the file gives its inputs other shapes */
};
PLAIT_API plait_status plait_pipeline_model_at(const struct plait_pipeline *pipeline, size_t index,
                                               struct plait_pipeline_model *model);
struct plait_pipeline_link {
    const char *from_model;
    const char *output;
    const char *to_model;
    const char *input;
    struct plait_link_options options;
    struct plait_crop crop; /* what options.crop points to, unless it is NULL */
};
PLAIT_API plait_status plait_pipeline_link_at(const struct plait_pipeline *pipeline, size_t index,
                                              struct plait_pipeline_link *link);
struct plait_pipeline_input {
    const char *name;
    size_t target_count;
    struct plait_tensor *const *targets; /* inputs of models to be fed; others get it from the first, by a link */
    bool is_stream;       /* its rows are pushed: */
    int32_t hop;          /* so many for a run, */
    int32_t axis;         /* along this axis, negative from the end */
    bool is_picture;      /* what the file says of pictures: */
    bool nearest;         /* how they are resized, else bilinear */
    double mean;          /* float inputs get (byte - mean) / deviation */
    double deviation;
    int32_t sound_rate;   /* samples a second that sound must have; 0: the file does not say */
};
PLAIT_API plait_status plait_pipeline_input_at(const struct plait_pipeline *pipeline, size_t index,
                                               struct plait_pipeline_input *input);
struct plait_pipeline_output {
    const char *name;
    struct plait_tensor *tensor;
    struct plait_model *model; /* whose output it is */
    int32_t top;         /* how many of its best elements are to be shown; 0: all */
    const char *labels;  /* path of a file with a name for each element; NULL: none */
    bool has_boxes;      /* it is not the tensor that is to be shown, but the boxes that plait_find_boxes() reads off it: */
    struct plait_boxes boxes;
    bool has_threshold;  /* it is on from `threshold` on and then until it is below `until`, see plait_pipeline_state(); */
    int32_t threshold_index; /* this element is, -1: any */
    double threshold;    /* of values, not of elements as stored */
    double until;
};
PLAIT_API plait_status plait_pipeline_output_at(const struct plait_pipeline *pipeline, size_t index,
                                                struct plait_pipeline_output *output);

/* As plait_tensor_write() and plait_push() for all that the input feeds, and plait_tensor_read(), by names of the file. */
PLAIT_API plait_status plait_pipeline_write(struct plait_pipeline *pipeline, const char *input, const void *data,
                                            size_t bytes);
PLAIT_API plait_status plait_pipeline_push(struct plait_pipeline *pipeline, const char *input, const void *rows,
                                           size_t bytes);
PLAIT_API plait_status plait_pipeline_read(const struct plait_pipeline *pipeline, const char *output, void *data,
                                           size_t bytes);
/* Whether an output with a threshold is on, as the runs of its model left it, however it was run; off before the first, and
 * after plait_reset_variables(). A callback of plait_on_run() sees what that run made of it. */
struct plait_output_state {
    bool on;
    bool changed;     /* in its model's last run */
    uint64_t changes; /* so many, since it was off first */
};
PLAIT_API plait_status plait_pipeline_state(const struct plait_pipeline *pipeline, const char *output,
                                            struct plait_output_state *state);
/* Runs every linked set of its models once, each as plait_run() does. */
PLAIT_API plait_status plait_pipeline_run(struct plait_pipeline *pipeline);

/* ---- time: classes, requests, deadlines -------------------------------------------------------------------------- */

/* A model has a class, 0 (the default, the least urgent) to 15. A higher class interrupts a lower one between two parts:
 * operators, or pieces of one that would take longer than about a millisecond, as it was measured. So the urgent model
 * waits for one part of the others and not for a whole one of them; see plait_get_timing(). Models of one class never
 * interrupt each other. A linked set has the highest class of its models. Each class in use has arenas of its own
 * (plait_stats). No answer depends on it, bit by bit. docs/time.md tells all of it with examples.
 *
 * Which of several may go on where there are not enough processors: what plait_invoke() and plait_run() are called for runs
 * on the caller's thread and is paused while runs of higher classes have all processors that the process may use; runs of one
 * class are never paused for each other. */
enum { PLAIT_MOST_CLASS = 15 };

/* Takes effect at once, for what begins from now on. PLAIT_BUSY while the model, or one it is linked with, runs or waits. One
 * that may not sleep any more (options.sleep_below_class) is awake from now on. */
PLAIT_API plait_status plait_set_class(struct plait_model *model, int32_t number);
/* The model's own class; 0 of NULL. */
PLAIT_API int32_t plait_class(const struct plait_model *model);

/* A request under way. Numbers are never used twice: one that has ended is not found, and does no harm. 0: none. */
typedef uint64_t plait_request;

/* What became of a request. Times are nanoseconds of CLOCK_MONOTONIC. */
struct plait_answer {
    plait_request request;
    plait_status status;    /* of the run, or PLAIT_TOO_LATE, PLAIT_DROPPED, PLAIT_CANCELLED */
    const char *message;    /* as plait_last_error() would say; "" if all went well; valid until the callback returns */
    uint64_t submitted;
    uint64_t started;       /* 0 if it never was */
    uint64_t ended;
    uint64_t deadline;      /* as it was given: it was missed if ended > deadline */
    uint64_t interrupted_nanoseconds; /* between started and ended, while runs of higher classes went first, */
    uint32_t interruptions;           /* so many times */
    bool nested;            /* it ran on the thread of a run that it interrupted */
};

/* Called once for each request that has it, when it has ended: by whoever ran or ended it, or where on_loop was asked for
 * by the thread that calls plait_dispatch(). It may call any function but plait_close(); it should be short, since a run that
 * was interrupted goes on only after it. */
typedef void (*plait_done_function)(void *user, const struct plait_answer *answer);

/* Bytes for an input, or of an output, of the model that is submitted, or one of its linked set or pipeline. */
struct plait_request_data {
    struct plait_tensor *tensor;
    void *data;   /* of an input: only read */
    size_t bytes; /* plait_tensor_bytes() */
};

/* What becomes of a request whose deadline passes before it begins. One that has begun is always ended. */
typedef enum plait_late {
    PLAIT_LATE_RUN = 0, /* it runs nevertheless */
    PLAIT_LATE_DROP = 1 /* PLAIT_TOO_LATE */
} plait_late;

/* What becomes of a request that comes while as many of its model wait as may (plait_set_queue()). */
typedef enum plait_surplus {
    PLAIT_SURPLUS_REFUSE = 0, /* plait_submit() returns PLAIT_BUSY */
    PLAIT_SURPLUS_DROP = 1    /* the oldest of those that wait gives way, and is answered with PLAIT_DROPPED */
} plait_surplus;

/* Fill with plait_submit_options_default(), then change what you need. */
struct plait_submit_options {
    size_t struct_bytes;
    bool whole_set;    /* as plait_run(): all models of the linked set. Default: as plait_invoke() */
    uint64_t deadline; /* nanoseconds of CLOCK_MONOTONIC; 0: none */
    plait_late late;
    plait_surplus surplus;
    const struct plait_request_data *inputs;  /* copied in just before it runs: several requests of one model can wait */
    size_t input_count;
    const struct plait_request_data *outputs; /* copied out when it has run; not where it failed. These arrays and the */
    size_t output_count;                      /* memory they name are the caller's, and stay until the answer was given */
    plait_done_function done; /* NULL: the answer is for plait_wait() */
    void *user;
    bool on_loop; /* `done` is called by plait_dispatch() */
};

PLAIT_API void plait_submit_options_default(struct plait_submit_options *options);

/* Asks for a run of the model and returns at once. Threads of the interpreter's own (options.lanes of them, but no more than
 * processors; they are started by the first request, which is the only one that allocates) take what is submitted: the highest
 * class first, within a class the earliest deadline, those without one last, and otherwise in the order in which they came.
 * Requests of one model run one after another. Where no such thread is free, a request runs on the thread of a run of a lower
 * class, whoever called that, between two parts of it.
 *
 * options NULL: the defaults. *request (may be NULL) is the number of the request until its answer was given: to `done`, or
 * if there is none to plait_wait(). If there is neither, nobody is told, and it ends by itself.
 * What can be known to be wrong is refused here: PLAIT_NOT_ALLOCATED, sizes that do not fit, PLAIT_BUSY where the queue of the
 * model is full or options.requests are under way. Any thread may submit, callbacks too. A child process after fork() has its
 * own threads and none of the requests of before. */
PLAIT_API plait_status plait_submit(struct plait_model *model, const struct plait_submit_options *options,
                                    plait_request *request);

/* The same for a whole pipeline, as plait_pipeline_run(): of the highest class of its models; whole_set is ignored. */
PLAIT_API plait_status plait_pipeline_submit(struct plait_pipeline *pipeline, const struct plait_submit_options *options,
                                             plait_request *request);

/* How many requests of this model may wait at once; 1 to 4096, default 8. For a pipeline: that of its first model. */
PLAIT_API plait_status plait_set_queue(struct plait_model *model, int32_t most);

/* Waits for a request without a callback until it has ended, at most so many nanoseconds (0: looks only; negative: for ever).
 * PLAIT_BUSY if it has not ended by then; otherwise its status, and the number ends. `answer` may be NULL. PLAIT_NOT_FOUND
 * if there is no such request, or another thread waited for it. From within a run (an operator of a user) it is allowed for
 * other models' requests. */
PLAIT_API plait_status plait_wait(struct plait_interpreter *interpreter, plait_request request,
                                  int64_t timeout_nanoseconds, struct plait_answer *answer);

/* A request that waits is answered with PLAIT_CANCELLED at once, one that runs stops between two parts and is answered then.
 * PLAIT_NOT_FOUND if there is none of this number, or it has ended. */
PLAIT_API plait_status plait_cancel(struct plait_interpreter *interpreter, plait_request request);

/* For loops of events: a file descriptor (eventfd) that can be read while answers wait for plait_dispatch(). It is the
 * interpreter's, and closed with it; read nothing from it. PLAIT_UNSUPPORTED where the system has none. */
PLAIT_API plait_status plait_event_fd(struct plait_interpreter *interpreter, int *fd);

/* Calls `done` of all requests with on_loop that have ended, on this thread, and returns how many. What ends meanwhile is for the
 * next time. */
PLAIT_API size_t plait_dispatch(struct plait_interpreter *interpreter);

/* How long things take, as measured while they ran, without what it took to wake (options.sleep_below_class). All but own_runs
 * are 0 before anything ran; in nanoseconds. */
struct plait_timing {
    uint64_t own_runs;         /* of this handle's model, in which own_* was measured: every request, and every invocation of
                                * those that take long, a part of short ones. Half of the runs take no longer than */
    uint64_t own;              /* this, without interruptions; */
    uint64_t own_worst;        /* the longest of the last hundreds. What follows is the longest of hundreds, too */
    uint64_t longest_part;     /* of the model, or its linked set: as long others wait for it */
    uint64_t blocking;         /* the longest part of any model of a lower class */
    uint64_t switching;        /* to begin where it interrupts, and from a run's end to its answer */
    uint64_t waking;           /* from a request to its start where a thread has to wake up for it */
    uint64_t machine;          /* `usual` of plait_measure_machine(); 0 before that was called */
    uint64_t longest_wait;     /* own_worst + 2 switching + blocking + waking + machine: from request to answer, if no model of
                                * its own or a higher class runs meanwhile */
    int32_t class_number;      /* that it runs with: the highest of its linked set */
};
/* Of a model's handle: plait_invoke() of it, or if that never was, plait_run(). Values are those of programs in place and
 * change with them. PLAIT_NOT_ALLOCATED before plait_allocate(). */
PLAIT_API plait_status plait_get_timing(const struct plait_model *model, struct plait_timing *timing);

/* A model, or its linked set, that is asked for periodically. Times are in nanoseconds. */
struct plait_periodic {
    const struct plait_model *model;
    uint64_t period;   /* between two requests, at least; up to 24 hours */
    uint64_t deadline; /* after a request, up to the period; 0: the period */
};

/* What it waits for at most. Of one that may be late: the times in which its deadline was exceeded. */
struct plait_response {
    bool in_time;
    uint64_t longest; /* from request to answer; its deadline if only that is sure */
    uint64_t own;     /* own_worst and two switches */
    uint64_t blocked; /* by one part of a lower class, of any model of the interpreter */
    uint64_t higher;  /* by what higher classes of the set run meanwhile */
    uint64_t same;    /* by others of its class that are due before it, or have begun */
    uint64_t system;  /* waking + machine */
};

/* What the system takes from threads that run: for other processes, for interrupts, for other guests of a host. */
struct plait_machine {
    uint64_t usual;        /* nanoseconds: in 99 of 100 milliseconds it takes no more, */
    uint64_t longest;      /* and in none of those that were looked at */
    uint64_t milliseconds; /* so many, of all processors together */
};
/* Measures that for so long (up to 60 seconds; one tells something), on threads that are scheduled as the caller is and keep
 * every processor busy half of the time; what the program itself runs meanwhile counts, too. plait_get_timing() and
 * plait_check_deadlines() count with `usual` from now on: own times were measured too seldom to have all of it in, and what
 * comes more seldom still, up to `longest` and beyond, nobody can promise to be without. `machine` may be NULL. */
PLAIT_API plait_status plait_measure_machine(struct plait_interpreter *interpreter, uint64_t nanoseconds,
                                             struct plait_machine *machine);

/* Says whether the models of this set, each in its class and on the interpreter's lanes, are always in time (response-time
 * analysis of what plait_get_timing() measured; a model that never ran is PLAIT_INVALID_ARGUMENT). It counts with the
 * longest that was measured and with the worst order of events, so that what is promised holds as long as the machine does
 * what it did then; what is not promised may hold, too. Models that are not in the set run in lower classes only, or not at
 * all. *all_in_time and `count` responses are filled. */
PLAIT_API plait_status plait_check_deadlines(struct plait_interpreter *interpreter, const struct plait_periodic *set,
                                             size_t count, struct plait_response *responses, bool *all_in_time);

/* ---- custom operators -------------------------------------------------------------------------------------------- */

/* Operators that plait does not have are brought by the program, one registration for all models of the interpreter.
 * Callbacks get a context that is valid during the call. They may use any function of this header on other models (load,
 * allocate, invoke), not on their own. Such an operator is never computed ahead, merged or left out, and is not cut into
 * parts; different models may run it at once. */
struct plait_op_context;

/* Set struct_bytes to sizeof(struct plait_op) and what you do not need to 0. */
struct plait_op {
    size_t struct_bytes;
    const char *name;    /* as files call it; copied */
    int32_t min_version; /* of the file's operator; both 0: any version */
    int32_t max_version;
    void *user;          /* for the callbacks */
    /* Once for each operator of a model, when the model is loaded: *data is what the other callbacks get. */
    plait_status (*init)(struct plait_op_context *context, void **data);
    void (*free)(void *user, void *data); /* when the model goes */
    /* At plait_allocate(): checks, plait_op_set_shape() for outputs whose shape the file does not say, scratch. */
    plait_status (*prepare)(struct plait_op_context *context);
    plait_status (*invoke)(struct plait_op_context *context);
};

/* For models that are loaded from now on. One that is registered later goes before one of the same name, and before an
 * operator of plait's own. */
PLAIT_API plait_status plait_register_op(struct plait_interpreter *interpreter, const struct plait_op *op);

/* What a callback is called for. */
struct plait_op_node {
    void *user;
    void *data;          /* what init gave */
    const char *name;
    int32_t version;
    int32_t index;       /* of the operator in its subgraph */
    const void *options; /* the file's custom options */
    size_t options_bytes;
    size_t input_count;  /* 0 in init */
    size_t output_count;
};
PLAIT_API void plait_op_get_node(const struct plait_op_context *context, struct plait_op_node *node);

struct plait_op_tensor {
    const char *name;
    plait_type type;
    int32_t rank;
    const int32_t *dims;
    size_t bytes;
    void *data;  /* in prepare: of constants, else NULL */
    bool is_constant;
    struct plait_quantization quantization;
};
/* PLAIT_NOT_FOUND where there is none, or an optional input is left out. Inputs must not be written. */
PLAIT_API plait_status plait_op_input(const struct plait_op_context *context, size_t index,
                                      struct plait_op_tensor *tensor);
PLAIT_API plait_status plait_op_output(const struct plait_op_context *context, size_t index,
                                       struct plait_op_tensor *tensor);

/* In prepare: the shape of an output, or NULL and -1 if it depends on data: invoke must then set it, before it asks for
 * the output's memory. Strings always depend on data: theirs is set with plait_op_set_strings(), `bytes` being those of
 * the count, the offsets (one more than strings) and the characters that the output will hold. */
PLAIT_API plait_status plait_op_set_shape(struct plait_op_context *context, size_t output, const int32_t *dims,
                                          int32_t rank);
PLAIT_API plait_status plait_op_set_strings(struct plait_op_context *context, size_t output, const int32_t *dims,
                                            int32_t rank, size_t bytes);

/* In prepare: asks for memory that invoke finds under this number (0 to 7), aligned to 64 bytes; what it holds is lost
 * between two runs. In invoke: bytes is ignored, and the memory comes back. NULL in prepare, or if nobody asked. */
PLAIT_API void *plait_op_scratch(struct plait_op_context *context, size_t number, size_t bytes);

/* The message of a callback that fails, to be returned: return plait_op_fail(context, PLAIT_MISMATCH, "...", ...). */
PLAIT_API plait_status plait_op_fail(struct plait_op_context *context, plait_status status, const char *format, ...)
    PLAIT_PRINTF(3, 4);

/* ---- looking inside ---------------------------------------------------------------------------------------------- */

/* Operators of the model's subgraph, in execution order. `inputs` and `outputs` are tensor indices (-1: omitted), for
 * plait_tensor_at(). */
struct plait_operator_info {
    const char *name;        /* "CONV_2D", or a custom operator's own name */
    int32_t version;
    bool supported;
    size_t input_count;
    const int32_t *inputs;
    size_t output_count;
    const int32_t *outputs;
};
PLAIT_API size_t plait_operator_count(const struct plait_model *model);
PLAIT_API plait_status plait_operator_at(const struct plait_model *model, size_t index,
                                         struct plait_operator_info *info);
/* What an operator of a model with windows computes: fresh_rows of the window_rows rows of its output, or all of them
 * (fresh_rows 0) for the reason given. PLAIT_NOT_FOUND where it has nothing to do with windows, or before plait_allocate(). */
struct plait_reuse {
    int32_t fresh_rows;
    int32_t window_rows;
    const char *why_not;   /* NULL if rows are reused */
    uint64_t work;         /* with every hop: about how many multiply-adds, or bytes moved, */
    uint64_t whole_work;   /* and for a whole window */
    size_t output_bytes;   /* of what it makes with every hop, */
    size_t whole_bytes;    /* and for a whole window */
};
PLAIT_API plait_status plait_operator_reuse(const struct plait_model *model, size_t index, struct plait_reuse *reuse);

/* What an operator of a linked model is to others that get the same data. PLAIT_NOT_FOUND where there is nothing to say,
 * or before plait_allocate(). Texts stay until the set changes. */
struct plait_sharing {
    const char *computed_by; /* the model that computes it, too; NULL: its own does */
    size_t operator_index;   /* of that model */
    size_t models;           /* how many further models it is computed for */
    const char *why_not;     /* another model reads the same, and yet they share nothing: why. NULL otherwise */
    uint64_t work;           /* of it, as above */
    size_t output_bytes;
};
PLAIT_API plait_status plait_operator_sharing(const struct plait_model *model, size_t index, struct plait_sharing *sharing);
PLAIT_API size_t plait_tensor_count(const struct plait_model *model);
PLAIT_API struct plait_tensor *plait_tensor_at(const struct plait_model *model, size_t index);

/* Memory of one model as its program has it. */
struct plait_memory {
    size_t arena_bytes;       /* what the model needs of a lane's arena */
    size_t arena_bound_bytes; /* the least any placement could need: the largest sum of bytes alive at one operator */
    size_t arena_sum_bytes;   /* what it would be without any sharing */
    size_t constant_bytes;    /* constants this model keeps, as packed (they may be shared with others) */
    size_t io_bytes;          /* inputs and outputs (a linked input counts at its producer) */
    size_t state_bytes;       /* variables and state */
    size_t sleeping_bytes;    /* of constant_bytes, given up for now: what waking the model makes again; 0: it is awake */
};
PLAIT_API plait_status plait_model_memory(const struct plait_model *model, struct plait_memory *memory);

/* What lies where in the arena while the model runs. Steps are counted as plait_profile_at() does: operators that do work,
 * in the order in which they run. */
struct plait_arena_piece {
    const char *tensor; /* its name in the file; NULL: scratch of an operator */
    size_t offset;
    size_t bytes;
    size_t first_step;  /* writes it, */
    size_t last_step;   /* reads it last */
};
/* Copies up to `capacity` of them, in the order of first_step, and returns how many there are; 0 before plait_allocate(). */
PLAIT_API size_t plait_model_arena(const struct plait_model *model, struct plait_arena_piece *pieces, size_t capacity);

/* The interpreter as a whole. */
struct plait_stats {
    size_t models;
    size_t lanes;
    size_t arena_bytes;      /* one lane's arenas: for each class in use the largest of its programs */
    size_t arena_sum_bytes;  /* what the arenas of separate interpreters would add up to */
    size_t constant_bytes;   /* each content once */
    size_t constant_sum_bytes; /* with one copy per model */
    size_t io_bytes;
    size_t state_bytes;
    size_t memory_bytes;     /* everything allocated now */
    size_t memory_peak_bytes;
    uint64_t allocations;    /* calls to the allocator so far */
    uint64_t invocations;
    const char *cpu;         /* the level of kernels in use */
    size_t sleeping;         /* models that do, see options.sleep_below_class, */
    size_t sleeping_bytes;   /* and what of constant_bytes they gave up for now */
    uint64_t wakes;          /* so far: runs and plans that had to make such again, for one model or linked set */
};
PLAIT_API plait_status plait_get_stats(const struct plait_interpreter *interpreter, struct plait_stats *stats);

/* Per-operator profile of a model. Off by default; turning it on clears it. */
struct plait_profile_entry {
    const char *name;
    int32_t operator_index; /* in plait_operator_at(), -1 for an adapter */
    uint64_t calls;
    uint64_t nanoseconds;
};
PLAIT_API plait_status plait_profile_enable(struct plait_model *model, bool enable);
PLAIT_API size_t plait_profile_count(const struct plait_model *model);
PLAIT_API plait_status plait_profile_at(const struct plait_model *model, size_t index,
                                        struct plait_profile_entry *entry);

/* A trace: the function is called at the end of every operator that runs, by the thread that ran it; where several workers
 * share one, also at the end of each part, by the worker, before the operator itself ends. So it can be called by several
 * threads at once; it must not call the library, and the event ends with it (its texts with the model). NULL: no more. Set it while
 * nothing runs; it costs a look at the clock before and after each, and nothing where there is none. */
typedef enum plait_event_kind {
    PLAIT_EVENT_WORK = 0,        /* an operator, or a part of one */
    PLAIT_EVENT_WAIT = 1,        /* a request: from plait_submit() until it began */
    PLAIT_EVENT_RUN = 2,         /* a whole run, of a call or a request */
    PLAIT_EVENT_INTERRUPTION = 3 /* of a run, for runs of higher classes */
} plait_event_kind;
struct plait_event {
    const struct plait_model *model;
    const char *name; /* of the operator; else the model's */
    int32_t operator_index; /* in plait_operator_at(), -1 for an adapter */
    int32_t step;           /* as plait_profile_at() counts; -1: in a subgraph that an operator runs */
    bool is_part;
    uint64_t begin_nanoseconds; /* of CLOCK_MONOTONIC */
    uint64_t end_nanoseconds;
    plait_event_kind kind;  /* of all but work, operator_index and step are -1 */
    int32_t class_number;   /* that it runs with */
    plait_request request;  /* 0: a call */
};
typedef void (*plait_event_function)(void *user, const struct plait_event *event);
PLAIT_API plait_status plait_trace(struct plait_interpreter *interpreter, plait_event_function function, void *user);

/* Opens a socket (UNIX domain, for the user of the process alone) on which `plait top` reads how the models do: how often
 * they run, how long that takes, what waits, memory. A thread answers, a lock is held for moments, and each run looks at
 * the clock twice from the first answer on. path NULL closes it; plait_close() does, too. PLAIT_BUSY if one is open, or
 * the path is another's. The environment variable PLAIT_WATCH names a folder in which every interpreter of a process opens
 * one of its own at plait_open(), which fails where that fails. What is read is a JSON document, see plait(1). */
PLAIT_API plait_status plait_watch(struct plait_interpreter *interpreter, const char *path);

/* ---- operators --------------------------------------------------------------------------------------------------- */

/* What a plan may do with an operator. 0: its outputs depend on its inputs alone. */
enum plait_op_trait {
    PLAIT_TRAIT_STATEFUL = 1,    /* has state or effects: never merged, moved or skipped */
    PLAIT_TRAIT_CONTROL = 2,     /* runs other subgraphs */
    PLAIT_TRAIT_ELEMENTWISE = 4, /* an element of the output depends on that element of each input */
    PLAIT_TRAIT_VIEW = 8,        /* the output has the bytes of the input */
    PLAIT_TRAIT_ROW_LOCAL = 16,  /* a row of the output depends on that row of the inputs */
    PLAIT_TRAIT_HALO = 32        /* a row of the output depends on a window of input rows */
};

/* An operator that needs no plait_register_op(). Texts are the library's and stay. */
struct plait_op_info {
    const char *name;
    bool custom;           /* by name; else a builtin operator of the schema */
    int32_t min_version;   /* of builtin operators */
    int32_t max_version;
    uint32_t traits;       /* enum plait_op_trait */
    const char *types;     /* the types it takes */
    const char *differs;   /* what is different from LiteRT; "" if nothing is known */
};
PLAIT_API size_t plait_op_count(void);
/* PLAIT_NOT_FOUND behind the last one. */
PLAIT_API plait_status plait_op_at(size_t index, struct plait_op_info *info);

/* ---- fusion ------------------------------------------------------------------------------------------------------ */

/* A model to fuse or to split: from a file, or from memory if data is set. name may be NULL with a path: its stem. */
struct plait_fuse_model {
    const char *name;
    const char *path;
    const void *data;
    size_t bytes;
};

/* As plait_link(); options may be NULL. */
struct plait_fuse_link {
    const char *from_model;
    const char *output;
    const char *to_model;
    const char *input;
    const struct plait_link_options *options;
};

struct plait_fuse_kept {
    const char *model;
    const char *output;
};

/* Set struct_bytes to sizeof(struct plait_fuse_options) and what you do not need to 0. */
struct plait_fuse_options {
    size_t struct_bytes;
    const struct plait_fuse_model *models; /* inputs and outputs of the whole are in this order */
    size_t model_count;
    const struct plait_fuse_link *links;
    size_t link_count;
    const struct plait_fuse_kept *kept; /* outputs that stay outputs of the whole although a link consumes them */
    size_t kept_count;
    bool keep_signatures; /* beside serving_default, which is the whole, the models' own signatures too */
};

/* Writes one .tflite file that does what the linked models do, bit by bit, in any runtime of such files. Operators that
 * compute the same from the same are there once. Names that collide get the model's name before them: "model/name".
 * The interpreter gives memory, limits and the message; its models have no part in it. The file at `path` appears only
 * when it is complete and verified; what does not fit is refused with both tensors named. */
PLAIT_API plait_status plait_fuse(struct plait_interpreter *interpreter, const struct plait_fuse_options *options,
                                  const char *path);

/* Cuts a model in two at tensors of its primary subgraph, each given by name or as "#index" among the subgraph's
 * tensors: the first file ends with them, the second begins with them. Fused again, they give the model's bits. A tensor
 * that both sides need beside these is refused by name. Signatures of other subgraphs go into neither file. */
PLAIT_API plait_status plait_split(struct plait_interpreter *interpreter, const struct plait_fuse_model *model,
                                   const char *const *tensors, size_t tensor_count, const char *first_path,
                                   const char *second_path);

/* Where the operators of a fused model came from, as the file says; none for others. */
struct plait_part {
    const char *name; /* the model's; "model/part" if that was fused itself; "from>to": what a link's adapters are */
    size_t first_operator; /* of plait_operator_at() */
    size_t operator_count;
};
/* PLAIT_NOT_FOUND behind the last one. */
PLAIT_API plait_status plait_part_at(const struct plait_model *model, size_t index, struct plait_part *part);

#ifdef __cplusplus
}
#endif
#endif
