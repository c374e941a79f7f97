/* SPDX-License-Identifier: Apache-2.0 */
/* plait._core: the C API of plait.h as Python objects, in CPython's limited API. What TensorFlow Lite's Python looks
 * like is made of it in Python, in plait/interpreter.py; here are handles, memory, and calls without the interpreter
 * lock. NumPy is met through the buffer protocol, and by two of its functions that are looked up once. */
#ifndef PLAIT_PYTHON_CORE_H
#define PLAIT_PYTHON_CORE_H

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "plait/plait.h"

/* Of the module. Strong references. */
struct core_state {
    PyObject *error;        /* plait.Error */
    PyObject *asarray;      /* numpy.asarray */
    PyTypeObject *engine;
    PyTypeObject *model;
    PyTypeObject *pipeline;
    PyTypeObject *view;
    PyObject *dtypes[32];   /* numpy.dtype by plait_type; NULL: none */
};

struct core_state *core_state_of(PyTypeObject *type);

/* An interpreter of plait's; many models. */
struct core_engine {
    PyObject_HEAD
    struct plait_interpreter *interpreter;
    PyObject *raised; /* by a callback of the run under way: the call that runs raises it */
};

/* What a pipeline file describes. */
struct core_pipeline {
    PyObject_HEAD
    struct core_engine *engine;     /* strong */
    struct plait_pipeline *handle; /* NULL: unloaded */
};

/* What is kept of a tensor for as long as nothing of it changes: see core_model_look(). */
struct core_known {
    PyObject *shape;     /* a tuple; NULL: not asked for yet */
    PyObject *copy;      /* the method copy() of an array over `data`; NULL: not asked for yet */
    const void *data;
    int32_t rank;
    int32_t dims[8];
};

/* A model, one of its signatures, or one of its subgraphs. */
struct core_model {
    PyObject_HEAD
    struct core_engine *engine; /* strong */
    PyObject *owner;            /* strong: the model whose signature or subgraph this is, or the pipeline that has it; NULL:
                                 * it owns the handle */
    struct plait_model *handle;
    Py_ssize_t tensor_count;
    struct core_known *known;   /* by tensor */
    Py_ssize_t files;           /* how often it was given another one; of a signature or subgraph: of its owner then */
    PyObject *callback;         /* strong: what on_run() gave */
};

/* Raises plait.Error(message, status) for a call that failed, and returns NULL. */
PyObject *core_fail(PyTypeObject *type, const struct plait_interpreter *interpreter, plait_status status);

/* The end of a call that runs: what a callback raised, else what the status says, else None. */
PyObject *core_engine_finish(struct core_engine *engine, plait_status status);

/* engine.c */
extern PyType_Spec core_engine_spec;
/* model.c */
extern PyType_Spec core_model_spec;
PyObject *core_model_wrap(struct core_engine *engine, PyObject *owner, struct plait_model *handle);
bool core_model_is_alive(const struct core_model *model);
/* The handle, or NULL with plait.Error set: the model was unloaded, or the file of a signature or subgraph replaced. */
struct plait_model *core_model_handle(const struct core_model *model);
/* The tensor of this index, or NULL with ValueError set. */
struct plait_tensor *core_model_tensor(const struct core_model *model, Py_ssize_t index);
PyObject *core_model_shape(struct core_model *model, Py_ssize_t index);
/* The dimensions that `at` gives, plait_tensor_dim or plait_tensor_dim_signature, as a tuple. */
PyObject *core_dims(const struct plait_tensor *tensor, int32_t (*at)(const struct plait_tensor *, int32_t));
/* What is known of it, forgotten if its shape or its place is another by now (allocating, running, and whatever is done
 * to models that are linked may change both). NULL with ValueError set if there is no such tensor. */
struct core_known *core_model_look(struct core_model *model, Py_ssize_t index);
/* facts.c: methods that tell what a model is */
PyObject *core_model_facts(PyObject *self, PyObject *index);
PyObject *core_model_sparsity(PyObject *self, PyObject *index);
PyObject *core_model_operators(PyObject *self, PyObject *unused);
PyObject *core_model_signatures(PyObject *self, PyObject *unused);
PyObject *core_model_profile(PyObject *self, PyObject *unused);
PyObject *core_model_memory(PyObject *self, PyObject *unused);
/* windows.c */
PyObject *core_model_on_run(PyObject *self, PyObject *callback);
PyObject *core_model_push(PyObject *self, PyObject *arguments);
PyObject *core_model_reuse(PyObject *self, PyObject *index);
PyObject *core_model_box(PyObject *self, PyObject *unused);
/* (top, left, bottom, right, score, index) */
PyObject *core_box(const struct plait_box *box);
/* What plait/crops.py makes of a crop, whose texts are the object's. False with the exception set. */
bool core_take_crop(PyObject *object, struct plait_crop *crop);
void core_model_forget_callback(struct core_model *model);
/* requests.c */
PyObject *core_model_submit(PyObject *self, PyObject *arguments);
PyObject *core_pipeline_submit(PyObject *self, PyObject *arguments);
PyObject *core_model_set_class(PyObject *self, PyObject *number);
PyObject *core_model_set_queue(PyObject *self, PyObject *most);
PyObject *core_model_timing(PyObject *self, PyObject *unused);
/* With nobody left who has it: by another thread, where this one may be one of the interpreter's own. */
void core_close(struct plait_interpreter *interpreter);
PyObject *core_engine_cancel(PyObject *self, PyObject *number);
PyObject *core_engine_measure_machine(PyObject *self, PyObject *nanoseconds);
/* pipeline_object.c */
extern PyType_Spec core_pipeline_spec;
PyObject *core_engine_load_pipeline(PyObject *self, PyObject *arguments, PyObject *keywords);
/* data.c: methods that move bytes */
extern PyType_Spec core_view_spec;
PyObject *core_model_set(PyObject *self, PyObject *const *arguments, Py_ssize_t count);
PyObject *core_model_get(PyObject *self, PyObject *index);
PyObject *core_model_view(PyObject *self, PyObject *arguments);
PyObject *core_model_read(PyObject *self, PyObject *index);
PyObject *core_model_write(PyObject *self, PyObject *arguments);

/* How the buffer protocol calls elements of this type; NULL: bytes that have no type there. */
const char *core_format(plait_type type);
size_t core_item_bytes(plait_type type);

#endif
