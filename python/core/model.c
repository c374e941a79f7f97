/* SPDX-License-Identifier: Apache-2.0 */
/* Model: a model under its name, or the handle of one of its signatures or subgraphs, which keeps the model alive. */
#include "core.h"

/* ---- life --------------------------------------------------------------------------------------------------------- */

/* Nothing is known of them yet. */
static bool know_tensors(struct core_model *self)
{
    const Py_ssize_t count = (Py_ssize_t)plait_tensor_count(self->handle);
    self->known = PyMem_Calloc((size_t)count + 1, sizeof self->known[0]);
    self->tensor_count = self->known != NULL ? count : 0;
    return self->known != NULL;
}

PyObject *core_model_wrap(struct core_engine *engine, PyObject *owner, struct plait_model *handle)
{
    PyTypeObject *type = core_state_of(Py_TYPE((PyObject *)engine))->model;
    struct core_model *self = (struct core_model *)PyType_GenericAlloc(type, 0);
    if (self == NULL) {
        if (owner == NULL) plait_unload(handle);
        return NULL;
    }
    self->engine = engine;
    Py_INCREF((PyObject *)engine);
    self->owner = owner;
    Py_XINCREF(owner);
    self->handle = handle;
    if (owner != NULL && Py_IS_TYPE(owner, type)) self->files = ((const struct core_model *)owner)->files;
    if (know_tensors(self)) return (PyObject *)self;
    Py_DECREF(self);
    return PyErr_NoMemory();
}

static void forget(struct core_known *known)
{
    Py_CLEAR(known->shape);
    Py_CLEAR(known->copy);
}

static void forget_tensors(struct core_model *self)
{
    for (Py_ssize_t i = 0; i < self->tensor_count; i++) forget(&self->known[i]);
}

static void destroy(PyObject *object)
{
    struct core_model *self = (struct core_model *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    core_model_forget_callback(self);
    forget_tensors(self);
    PyMem_Free(self->known);
    if (self->owner == NULL && self->handle != NULL) plait_unload(self->handle);
    Py_XDECREF(self->owner);
    Py_XDECREF((PyObject *)self->engine);
    PyObject_GC_Del(object);
    Py_DECREF(type);
}

/* A callback mostly holds the model it is of. */
static int traverse(PyObject *object, visitproc visit, void *arg)
{
    struct core_model *self = (struct core_model *)object;
    Py_VISIT((PyObject *)Py_TYPE(object));
    Py_VISIT(self->callback);
    Py_VISIT(self->owner);
    return 0;
}

static int clear(PyObject *object)
{
    core_model_forget_callback((struct core_model *)object);
    return 0;
}

static PyObject *finish(struct core_model *self, plait_status status)
{
    if (status != PLAIT_OK) return core_fail(Py_TYPE((PyObject *)self), self->engine->interpreter, status);
    Py_RETURN_NONE;
}

bool core_model_is_alive(const struct core_model *model)
{
    if (model->owner == NULL) return model->handle != NULL;
    const struct core_state *state = core_state_of(Py_TYPE((PyObject *)(uintptr_t)model));
    if (Py_IS_TYPE(model->owner, state->pipeline)) return ((const struct core_pipeline *)model->owner)->handle != NULL;
    const struct core_model *owner = (const struct core_model *)model->owner;
    return model->files == owner->files && core_model_is_alive(owner);
}

struct plait_model *core_model_handle(const struct core_model *model)
{
    if (core_model_is_alive(model)) return model->handle;
    PyErr_SetString(core_state_of(Py_TYPE((PyObject *)(uintptr_t)model))->error, "the model was unloaded, or has another file");
    return NULL;
}

static PyObject *unload(PyObject *object, PyObject *unused)
{
    struct core_model *self = (struct core_model *)object;
    (void)unused;
    if (core_model_handle(self) == NULL) return NULL;
    plait_status status = PLAIT_OK;
    struct plait_model *handle = self->handle;
    Py_BEGIN_ALLOW_THREADS /* requests that wait are answered */
    status = plait_unload(handle);
    Py_END_ALLOW_THREADS
    if (status != PLAIT_OK) return finish(self, status);
    Py_CLEAR(self->callback);
    self->handle = NULL;
    forget_tensors(self);
    Py_RETURN_NONE;
}

static plait_status give_file(const struct core_model *self, PyObject *path, PyObject *content)
{
    Py_buffer bytes;
    plait_status status = PLAIT_INVALID_ARGUMENT;
    if (path != NULL) return plait_replace(self->handle, PyBytes_AsString(path), NULL);
    if (PyObject_GetBuffer(content, &bytes, PyBUF_SIMPLE) != 0) return status;
    status = plait_replace_buffer(self->handle, bytes.buf, (size_t)bytes.len, NULL);
    PyBuffer_Release(&bytes);
    return status;
}

/* replace(path=, content=). With the interpreter lock: whoever asks for tensors by index asks for those of one file. What
 * runs does without it. */
static PyObject *replace(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"path", "content", NULL};
    struct core_model *self = (struct core_model *)object;
    PyObject *path = NULL, *content = NULL;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O&O", names, PyUnicode_FSConverter, &path, &content)) return NULL;
    plait_status status = PLAIT_INVALID_ARGUMENT;
    if ((path == NULL) == (content == NULL)) PyErr_SetString(PyExc_TypeError, "replace: a path or content");
    else if (core_model_handle(self) != NULL) status = give_file(self, path, content);
    Py_XDECREF(path);
    if (PyErr_Occurred()) return NULL;
    if (status != PLAIT_OK) return finish(self, status);
    self->files++;
    forget_tensors(self);
    PyMem_Free(self->known);
    if (!know_tensors(self)) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

/* ---- tensors ------------------------------------------------------------------------------------------------------ */

struct plait_tensor *core_model_tensor(const struct core_model *model, Py_ssize_t index)
{
    const struct plait_model *handle = core_model_handle(model);
    struct plait_tensor *tensor = handle != NULL && index >= 0 ? plait_tensor_at(handle, (size_t)index) : NULL;
    if (tensor == NULL && !PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "Invalid tensor index %zd exceeds max tensor index %zd", index,
                     model->tensor_count);
    return tensor;
}

struct core_known *core_model_look(struct core_model *model, Py_ssize_t index)
{
    struct plait_tensor *tensor = core_model_tensor(model, index);
    if (tensor == NULL) return NULL;
    if (index >= model->tensor_count) return (struct core_known *)PyErr_NoMemory(); /* when its file was replaced */
    struct core_known *known = &model->known[index];
    const int32_t rank = plait_tensor_rank(tensor);
    const void *data = plait_tensor_data(tensor);
    bool same = known->rank == rank && known->data == data;
    for (int32_t i = 0; same && i < rank; i++) same = known->dims[i] == plait_tensor_dim(tensor, i);
    if (same) return known;
    forget(known);
    known->rank = rank;
    known->data = data;
    for (int32_t i = 0; i < rank; i++) known->dims[i] = plait_tensor_dim(tensor, i);
    return known;
}

PyObject *core_dims(const struct plait_tensor *tensor, int32_t (*at)(const struct plait_tensor *, int32_t))
{
    const int32_t rank = plait_tensor_rank(tensor);
    PyObject *dims = PyTuple_New(rank);
    for (int32_t i = 0; dims != NULL && i < rank; i++) {
        PyObject *size = PyLong_FromLong(at(tensor, i));
        if (size == NULL || PyTuple_SetItem(dims, i, size) != 0) Py_CLEAR(dims);
    }
    return dims;
}

PyObject *core_model_shape(struct core_model *model, Py_ssize_t index)
{
    struct core_known *known = core_model_look(model, index);
    if (known == NULL) return NULL;
    if (known->shape == NULL) known->shape = core_dims(core_model_tensor(model, index), plait_tensor_dim);
    Py_XINCREF(known->shape);
    return known->shape;
}

static PyObject *indices(const struct core_model *self, size_t count,
                         struct plait_tensor *(*at)(const struct plait_model *, size_t))
{
    PyObject *list = core_model_handle(self) != NULL ? PyList_New((Py_ssize_t)count) : NULL;
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *index = PyLong_FromLong(plait_tensor_index(at(self->handle, i)));
        if (index == NULL || PyList_SetItem(list, (Py_ssize_t)i, index) != 0) Py_CLEAR(list);
    }
    return list;
}

static PyObject *inputs(PyObject *object, PyObject *unused)
{
    const struct core_model *self = (struct core_model *)object;
    (void)unused;
    return indices(self, plait_input_count(self->handle), plait_input);
}

static PyObject *outputs(PyObject *object, PyObject *unused)
{
    const struct core_model *self = (struct core_model *)object;
    (void)unused;
    return indices(self, plait_output_count(self->handle), plait_output);
}

/* resize(input number, dims) */
static PyObject *resize(PyObject *object, PyObject *arguments)
{
    struct core_model *self = (struct core_model *)object;
    enum { MOST = 64 };
    int32_t dims[MOST];
    Py_ssize_t input = 0;
    PyObject *shape = NULL;
    if (!PyArg_ParseTuple(arguments, "nO", &input, &shape) || core_model_handle(self) == NULL) return NULL;
    const Py_ssize_t rank = PySequence_Size(shape);
    if (rank < 0) return NULL;
    if (rank > MOST) return PyErr_Format(PyExc_ValueError, "a shape of %zd dimensions", rank);
    for (Py_ssize_t i = 0; i < rank; i++) {
        PyObject *item = PySequence_GetItem(shape, i);
        const long size = item == NULL ? -1 : PyLong_AsLong(item);
        Py_XDECREF(item);
        if (PyErr_Occurred()) return NULL;
        if (size < INT32_MIN || size > INT32_MAX) return PyErr_Format(PyExc_ValueError, "a dimension of %ld", size);
        dims[i] = (int32_t)size;
    }
    return finish(self, plait_resize_input(self->handle, (size_t)input, dims, (int32_t)rank));
}

/* ---- runs --------------------------------------------------------------------------------------------------------- */

static PyObject *without_lock(PyObject *object, plait_status (*call)(struct plait_model *))
{
    struct core_model *self = (struct core_model *)object;
    plait_status status = PLAIT_OK;
    struct plait_model *handle = core_model_handle(self);
    if (handle == NULL) return NULL;
    Py_BEGIN_ALLOW_THREADS
    status = call(handle);
    Py_END_ALLOW_THREADS
    return core_engine_finish(self->engine, status);
}

static PyObject *allocate(PyObject *object, PyObject *unused)
{
    (void)unused;
    return without_lock(object, plait_allocate_model);
}

static PyObject *invoke(PyObject *object, PyObject *unused)
{
    (void)unused;
    return without_lock(object, plait_invoke);
}

static PyObject *run(PyObject *object, PyObject *unused)
{
    (void)unused;
    return without_lock(object, plait_run);
}

static PyObject *reset(PyObject *object, PyObject *unused)
{
    (void)unused;
    return without_lock(object, plait_reset_variables);
}

static PyObject *reset_tensors(PyObject *object, PyObject *unused)
{
    (void)unused;
    return without_lock(object, plait_reset_variable_tensors);
}

static PyObject *set_threads(PyObject *object, PyObject *count)
{
    struct core_model *self = (struct core_model *)object;
    const long threads = PyLong_AsLong(count);
    if (PyErr_Occurred() || core_model_handle(self) == NULL) return NULL;
    if (threads < INT32_MIN || threads > INT32_MAX) return PyErr_Format(PyExc_ValueError, "%ld threads", threads);
    return finish(self, plait_set_threads(self->handle, (int32_t)threads));
}

/* ---- other handles ------------------------------------------------------------------------------------------------ */

static PyObject *owner_of(struct core_model *self)
{
    const bool of_model = self->owner != NULL && Py_IS_TYPE(self->owner, Py_TYPE((PyObject *)self));
    return of_model ? self->owner : (PyObject *)self;
}

static PyObject *signature(PyObject *object, PyObject *key)
{
    struct core_model *self = (struct core_model *)object;
    PyObject *text = core_model_handle(self) != NULL ? PyUnicode_AsUTF8String(key) : NULL;
    if (text == NULL) return NULL;
    struct plait_model *handle = plait_signature(self->handle, PyBytes_AsString(text));
    Py_DECREF(text);
    if (handle == NULL) return PyErr_Format(PyExc_ValueError, "Invalid signature_key provided: \"%U\".", key);
    return core_model_wrap(self->engine, owner_of(self), handle);
}

static PyObject *subgraph(PyObject *object, PyObject *number)
{
    struct core_model *self = (struct core_model *)object;
    const Py_ssize_t index = PyLong_AsSsize_t(number);
    if (PyErr_Occurred() || core_model_handle(self) == NULL) return NULL;
    struct plait_model *handle = index < 0 ? NULL : plait_subgraph(self->handle, (size_t)index);
    if (handle == NULL) return PyErr_Format(PyExc_ValueError, "Invalid subgraph index %zd exceeds max subgraph index %zu", index,
                            plait_subgraph_count(self->handle));
    return core_model_wrap(self->engine, owner_of(self), handle);
}

static PyObject *clone(PyObject *object, PyObject *name)
{
    struct core_model *self = (struct core_model *)object;
    PyObject *text = core_model_handle(self) != NULL ? PyUnicode_AsUTF8String(name) : NULL;
    if (text == NULL) return NULL;
    struct plait_model *handle = NULL;
    const plait_status status = plait_clone(self->handle, PyBytes_AsString(text), &handle);
    Py_DECREF(text);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->engine->interpreter, status);
    return core_model_wrap(self->engine, NULL, handle);
}

/* ---- the type ----------------------------------------------------------------------------------------------------- */

static PyObject *get_name(PyObject *object, void *unused)
{
    (void)unused;
    const struct plait_model *handle = core_model_handle((struct core_model *)object);
    return handle == NULL ? NULL : PyUnicode_FromString(plait_model_name(handle));
}

static PyObject *get_subgraph_count(PyObject *object, void *unused)
{
    (void)unused;
    return PyLong_FromSize_t(plait_subgraph_count(((struct core_model *)object)->handle));
}

static PyObject *get_subgraph_index(PyObject *object, void *unused)
{
    (void)unused;
    return PyLong_FromSize_t(plait_subgraph_index(((struct core_model *)object)->handle));
}

static PyObject *get_tensor_count(PyObject *object, void *unused)
{
    (void)unused;
    return PyLong_FromSsize_t(((struct core_model *)object)->tensor_count);
}

static PyGetSetDef members[] = {
    {"name", get_name, NULL, "The model's name.", NULL},
    {"subgraph_count", get_subgraph_count, NULL, "Subgraphs of the file.", NULL},
    {"subgraph_index", get_subgraph_index, NULL, "Which of them this handle is.", NULL},
    {"tensor_count", get_tensor_count, NULL, "Tensors of this subgraph.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef methods[] = {
    {"inputs", inputs, METH_NOARGS, "Indices of the input tensors."},
    {"outputs", outputs, METH_NOARGS, "Indices of the output tensors."},
    {"facts", core_model_facts, METH_O, "facts(index): what a tensor is, as a tuple."},
    {"sparsity", core_model_sparsity, METH_O, "sparsity(index): (order, blocks, [size, or (segments, indices)]), or None."},
    {"operators", core_model_operators, METH_NOARGS, "[(name, inputs, outputs)]"},
    {"signatures", core_model_signatures, METH_NOARGS, "{key: ({name: index}, {name: index})}"},
    {"memory", core_model_memory, METH_NOARGS, "Bytes by kind as a dictionary."},
    {"profile", core_model_profile, METH_NOARGS, "[(name, operator index, calls, nanoseconds)]"},
    {"resize", resize, METH_VARARGS, "resize(input number, shape)"},
    {"allocate", allocate, METH_NOARGS, "Plans this model, and those that are linked with it."},
    {"invoke", invoke, METH_NOARGS, "Runs this model."},
    {"run", run, METH_NOARGS, "Runs all models that are linked with this one."},
    {"submit", core_model_submit, METH_VARARGS,
     "submit(callback, inputs, outputs, whole, deadline, drop_late, drop_surplus) -> number"},
    {"set_class", core_model_set_class, METH_O, "How urgent it is, 0 to 15."},
    {"set_queue", core_model_set_queue, METH_O, "How many of its requests may wait."},
    {"timing", core_model_timing, METH_NOARGS, "Nanoseconds as a dictionary."},
    {"on_run", core_model_on_run, METH_O, "on_run(callable or None): called each time it has run in a set with windows."},
    {"push", core_model_push, METH_VARARGS, "push(index, bytes): rows for a window."},
    {"box", core_model_box, METH_NOARGS, "box(): (top, left, bottom, right, score, index) of what was cut out last, or None."},
    {"reuse", core_model_reuse, METH_O, "reuse(operator): (fresh rows, window rows, why not), or None."},
    {"unload", unload, METH_NOARGS, "Takes the model away now, whoever still has this object; views of it end."},
    {"replace", (PyCFunction)(void (*)(void))replace, METH_VARARGS | METH_KEYWORDS,
     "replace(path=, content=): another file; what runs ends on the old one. Signatures and subgraphs of it end."},
    {"reset", reset, METH_NOARGS, "Sets variables and state back."},
    {"reset_tensors", reset_tensors, METH_NOARGS, "Sets variable tensors back, as TensorFlow Lite does."},
    {"set_threads", set_threads, METH_O, "Most workers that this model uses."},
    {"signature", signature, METH_O, "The handle of a signature."},
    {"subgraph", subgraph, METH_O, "The handle of a subgraph."},
    {"clone", clone, METH_O, "clone(name): another stream of the same model."},
    {"set", (PyCFunction)(void (*)(void))core_model_set, METH_FASTCALL,
     "set(index, array) -> bool: False if type or shape do not fit."},
    {"get", core_model_get, METH_O, "get(index): a new array; None of types that NumPy does not have, and before allocate."},
    {"view", core_model_view, METH_VARARGS, "view(index, base): the tensor's memory by the buffer protocol; keeps base alive."},
    {"read", core_model_read, METH_O, "read(index): the tensor's bytes."},
    {"write", core_model_write, METH_VARARGS, "write(index, bytes)"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, destroy}, {Py_tp_traverse, traverse}, {Py_tp_clear, clear}, {Py_tp_methods, methods},
    {Py_tp_getset, members},
    {Py_tp_doc, "A model of an Engine, one of its signatures, or one of its subgraphs."}, {0, NULL},
};

PyType_Spec core_model_spec = {"plait._core.Model", sizeof(struct core_model), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
                                   Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
