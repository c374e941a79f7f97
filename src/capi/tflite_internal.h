/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of TensorFlow Lite's C API share. Its interpreters are models in one interpreter of plait's; what a
 * program sees of a tensor is a TfLiteTensor that follows the model's. */
#ifndef PL_CAPI_TFLITE_INTERNAL_H
#define PL_CAPI_TFLITE_INTERNAL_H

#include "interpreter/interpreter.h"
#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/c/c_api_experimental.h"
#include "tensorflow/lite/c/c_api_opaque.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h"

/* ---- tflite_shared.c: the one interpreter, memory, errors */
struct pl_tflite_reporter {
    void (*report)(void *user_data, const char *format, va_list args); /* NULL: stderr */
    void *user_data;
};

/* NULL if it could not be opened. */
struct pl_interpreter *pl_tflite_interpreter(void);
/* Zeroed memory of this API's own objects. */
void *pl_tflite_allocate(size_t bytes);
void pl_tflite_free(void *pointer, size_t bytes);
/* Memory that passes to the program or from it: as malloc, and free without a size. */
void *pl_tflite_program_allocate(size_t bytes);
void pl_tflite_program_free(void *pointer); /* NULL is allowed */
/* A name for the next model. */
void pl_tflite_next_name(char *name, size_t bytes);
void pl_tflite_report(const struct pl_tflite_reporter *reporter, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void pl_tflite_report_va(const struct pl_tflite_reporter *reporter, const char *format, va_list args);
/* Reports a failure, and gives the status that belongs to it. */
TfLiteStatus pl_tflite_finish(const struct pl_tflite_reporter *reporter, pl_status status,
                              const struct pl_error *error);

/* ---- objects */
struct TfLiteModel {
    struct pl_graph *graph;
    char *path; /* NULL: it was made of these bytes, which are the caller's */
    const void *data;
    size_t bytes;
};

/* The file once more, to be used alone: with constants that others have packed already. */
pl_status pl_tflite_model_again(const TfLiteModel *model, struct pl_graph **graph, struct pl_error *error);

struct TfLiteOperator {
    TfLiteBuiltinOperator builtin_code;
    const char *custom_name;
    int version;
    void *user_data;
    uint64_t inplace_operator;
    void *(*init)(TfLiteOpaqueContext *context, const char *buffer, size_t length);
    void (*free)(TfLiteOpaqueContext *context, void *data);
    TfLiteStatus (*prepare)(TfLiteOpaqueContext *context, TfLiteOpaqueNode *node);
    TfLiteStatus (*invoke)(TfLiteOpaqueContext *context, TfLiteOpaqueNode *node);
    void *(*init_with_data)(void *user_data, TfLiteOpaqueContext *context, const char *buffer, size_t length);
    void (*free_with_data)(void *user_data, TfLiteOpaqueContext *context, void *data);
    TfLiteStatus (*prepare_with_data)(void *user_data, TfLiteOpaqueContext *context, TfLiteOpaqueNode *node);
    TfLiteStatus (*invoke_with_data)(void *user_data, TfLiteOpaqueContext *context, TfLiteOpaqueNode *node);
    struct TfLiteAsyncKernel *(*async_kernel)(TfLiteOpaqueContext *context, TfLiteOpaqueNode *node);
    struct TfLiteAsyncKernel *(*async_kernel_with_data)(void *user_data, TfLiteOpaqueContext *context,
                                                        TfLiteOpaqueNode *node);
};

/* An operator that options name. */
struct pl_tflite_added {
    struct pl_tflite_added *next; /* added before */
    TfLiteRegistration registration;
    int32_t code;     /* PL_BuiltinOperator_* */
    const char *name; /* of a custom one, else NULL; the program's */
    int32_t min_version;
    int32_t max_version;
};

struct pl_tflite_resolver {
    void *user_data;
    const TfLiteOperator *(*builtin_external)(void *user_data, int op, int version);
    const TfLiteOperator *(*custom_external)(void *user_data, const char *custom_op, int version);
    const TfLiteRegistration *(*builtin)(void *user_data, TfLiteBuiltinOperator op, int version);
    const TfLiteRegistration *(*custom)(void *user_data, const char *op, int version);
    const TfLiteRegistration_V3 *(*builtin_V3)(void *user_data, TfLiteBuiltinOperator op, int version);
    const TfLiteRegistration_V3 *(*custom_V3)(void *user_data, const char *op, int version);
    const TfLiteRegistration_V2 *(*builtin_V2)(void *user_data, TfLiteBuiltinOperator op, int version);
    const TfLiteRegistration_V2 *(*custom_V2)(void *user_data, const char *op, int version);
    const TfLiteRegistration_V1 *(*builtin_V1)(void *user_data, TfLiteBuiltinOperator op, int version);
    const TfLiteRegistration_V1 *(*custom_V1)(void *user_data, const char *op, int version);
};

enum { PL_TFLITE_MOST_DELEGATES = 16 };

struct TfLiteInterpreterOptions {
    int32_t threads; /* -1: the default */
    bool cancellation;
    bool preserve; /* all tensors */
    struct pl_tflite_reporter reporter;
    struct pl_tflite_added *added;
    struct pl_tflite_resolver resolver;
    int32_t delegate_count;
    TfLiteDelegate *delegates[PL_TFLITE_MOST_DELEGATES];
    bool out_of_memory; /* something could not be kept: no interpreter is created with these */
};

/* What a program sees of one subgraph. TfLiteTensors are made when they are asked for; all at once, side by side, where
 * operators of the program's own work on the subgraph. */
struct pl_tflite_subgraph {
    TfLiteContext context; /* first: impl_ leads back here */
    TfLiteInterpreter *interpreter;
    const struct pl_subgraph *facts;
    int32_t index;
    bool ready; /* allocated, and not resized since */
    int32_t tensor_count; /* those that operators added included */
    int32_t capacity;     /* of `side_by_side` */
    TfLiteTensor **tensors;
    TfLiteTensor *side_by_side; /* NULL: each for itself */
    int32_t *variables;
    int32_t variable_count;
    TfLiteExternalContext *external[kTfLiteMaxExternalContexts];
};

struct pl_tflite_allocation {
    struct pl_tflite_allocation *next;
    int32_t tensor;
    TfLiteCustomAllocation memory;
};

struct TfLiteInterpreter {
    struct pl_entry *entry; /* NULL while it is being created */
    struct pl_graph *graph;
    struct pl_tflite_reporter reporter;
    struct pl_registry registry;
    struct pl_tflite_subgraph *subgraphs; /* as many as the graph has */
    struct pl_tflite_allocation *allocations;
    TfLiteStatus callback_status; /* what an operator of the program's own failed with */
    int32_t threads;
    bool cancellation;
    bool (*is_cancelled)(void *user_data); /* NULL: nobody is asked */
    void *cancellation_data;
    bool was_asked_to_stop; /* the last run, by that function */
    bool has_own_operators;
    bool has_string_inputs;
    const char *hidden_custom; /* an operator that plait has, and the program did not select */
};

struct TfLiteSignatureRunner {
    TfLiteInterpreter *interpreter;
    struct pl_entry *entry;
};

/* ---- tflite_tensors.c: TfLiteTensors follow the tensors of the model */
pl_status pl_tflite_subgraphs_create(TfLiteInterpreter *interpreter);
void pl_tflite_subgraphs_delete(TfLiteInterpreter *interpreter);
/* NULL if there is no such tensor, or no memory. */
TfLiteTensor *pl_tflite_tensor(TfLiteInterpreter *interpreter, int32_t subgraph, int32_t index);
/* All tensors of a subgraph side by side, with room for more. */
bool pl_tflite_tensors_side_by_side(struct pl_tflite_subgraph *subgraph, int32_t more);
/* Memory of the program's own side that a tensor of the model has: strings that were written to it. */
void pl_tflite_tensor_keep(TfLiteTensor *tensor, void *data, size_t bytes);
bool pl_tflite_tensor_is_kept(const TfLiteTensor *tensor);
/* Gives the strings that were written to inputs to the model. */
pl_status pl_tflite_feed_strings(TfLiteInterpreter *interpreter, struct pl_entry *entry, struct pl_error *error);
/* Brings those that are there up to date: after allocate, after a run. */
void pl_tflite_tensors_follow(TfLiteInterpreter *interpreter);
/* One that was resized. */
void pl_tflite_tensor_follow(TfLiteInterpreter *interpreter, int32_t subgraph, int32_t index);
/* Sets dims to this shape; false if there is no memory. */
bool pl_tflite_set_dims(TfLiteTensor *tensor, int32_t rank, const int32_t *dims);
bool pl_tflite_tensor_bytes(TfLiteType type, int32_t rank, const int *dims, size_t *bytes);
const struct pl_tensor_handle *pl_tflite_handle(const TfLiteInterpreter *interpreter, int32_t subgraph, int32_t index);

/* ---- tflite_interpreter_api.c: of an interpreter's own entry, or a signature's */
TfLiteStatus pl_tflite_allocate_entry(TfLiteInterpreter *interpreter, struct pl_entry *entry);
TfLiteStatus pl_tflite_invoke_entry(TfLiteInterpreter *interpreter, struct pl_entry *entry);
TfLiteStatus pl_tflite_resize_entry(TfLiteInterpreter *interpreter, struct pl_entry *entry, int32_t input,
                                    const int *dims, int32_t rank);

/* ---- tflite_context.c: what operators ask of their context */
void pl_tflite_context_init(struct pl_tflite_subgraph *subgraph);
struct pl_tflite_subgraph *pl_tflite_subgraph_of(const TfLiteContext *context);

/* ---- tflite_own_operators.c: operators of the program's own, as the interpreter takes them */
/* Finds what the options bring for this graph and fills the interpreter's registry; `selected`: nothing else counts. */
pl_status pl_tflite_operators_find(TfLiteInterpreter *interpreter, const TfLiteInterpreterOptions *options,
                                   bool selected, struct pl_error *error);
void pl_tflite_operators_delete(TfLiteInterpreter *interpreter);
/* Whether an operator can run: with a message if not. */
pl_status pl_tflite_operators_check(const TfLiteInterpreter *interpreter, struct pl_error *error);

/* ---- tflite_delegates.c */
bool pl_tflite_delegate_has_no_effect(const TfLiteDelegate *delegate);

#endif
