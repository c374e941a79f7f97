/* SPDX-License-Identifier: Apache-2.0 */
/* Engine: an interpreter of plait's, which holds any number of models. */
#include "core.h"

static PyObject *create(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"threads", "lanes", "cpu", "memory_limit", "requests", "share", "sleep_below_class", NULL};
    struct plait_options options;
    PyObject *share = NULL;
    Py_ssize_t memory_limit = 0;
    plait_options_default(&options);
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|iizniOi", names, &options.threads, &options.lanes, &options.cpu,
                                     &memory_limit, &options.requests, &share, &options.sleep_below_class))
        return NULL;
    if (share == Py_None) share = NULL;
    if (share != NULL && PyUnicode_FSConverter(share, &share) == 0) return NULL;
    if (share != NULL) options.share = PyBytes_AsString(share);
    if (memory_limit > 0) options.memory_limit_bytes = (size_t)memory_limit;
    struct core_engine *self = (struct core_engine *)PyType_GenericAlloc(type, 0);
    const plait_status status = self == NULL ? PLAIT_OUT_OF_MEMORY : plait_open(&options, &self->interpreter);
    Py_XDECREF(share);
    if (self == NULL) return NULL;
    if (status == PLAIT_OK) return (PyObject *)self;
    Py_DECREF(self);
    return core_fail(type, NULL, status);
}

static void destroy(PyObject *object)
{
    struct core_engine *self = (struct core_engine *)object;
    PyTypeObject *type = Py_TYPE(object);
    core_close(self->interpreter);
    Py_XDECREF(self->raised);
    PyObject_Free(object);
    Py_DECREF(type);
}

static PyObject *load(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"name", "path", "content", "keep_all_tensors", NULL};
    struct core_engine *self = (struct core_engine *)object;
    struct plait_load_options options;
    const char *name = NULL;
    PyObject *path = NULL;
    Py_buffer content = {0};
    int keep_all = 0;
    plait_load_options_default(&options);
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "z|O&z*p", names, &name, PyUnicode_FSConverter, &path, &content,
                                     &keep_all))
        return NULL;
    options.keep_all_tensors = keep_all != 0;
    struct plait_model *handle = NULL;
    plait_status status = PLAIT_OK;
    const char *text = path != NULL ? PyBytes_AsString(path) : NULL;
    Py_BEGIN_ALLOW_THREADS
    if (text != NULL) status = plait_load_file(self->interpreter, name, text, &options, &handle);
    else status = plait_load_buffer(self->interpreter, name, content.buf, (size_t)content.len, &options, &handle);
    Py_END_ALLOW_THREADS
    Py_XDECREF(path);
    if (content.obj != NULL) PyBuffer_Release(&content);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->interpreter, status);
    return core_model_wrap(self, NULL, handle);
}

/* Scale and offset, each of which may be None. */
static bool take_scale(PyObject *scale, PyObject *offset, struct plait_link_options *options)
{
    options->has_scale = scale != Py_None;
    options->has_offset = offset != Py_None;
    if (options->has_scale) options->scale = (float)PyFloat_AsDouble(scale);
    if (options->has_offset) options->offset = (float)PyFloat_AsDouble(offset);
    return PyErr_Occurred() == NULL;
}

static PyObject *stream(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"model", "input", "hop", "axis", "zeros", "scale", "offset", NULL};
    struct core_engine *self = (struct core_engine *)object;
    struct plait_link_options options;
    const char *model = NULL, *input = NULL;
    PyObject *scale = Py_None, *offset = Py_None;
    plait_link_options_default(&options);
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "szi|iiOO", names, &model, &input, &options.hop, &options.axis,
                                     &options.zero_rows, &scale, &offset) ||
        !take_scale(scale, offset, &options))
        return NULL;
    const plait_status status = plait_stream(self->interpreter, model, input, &options);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->interpreter, status);
    Py_RETURN_NONE;
}

/* What of a condition was given; what was not is None. */
struct condition {
    PyObject *threshold, *until, *index, *best, *every;
};

static bool take_number(PyObject *number, int32_t *to)
{
    const long value = PyLong_AsLong(number);
    if (value < 0 && PyErr_Occurred() != NULL) return false;
    if (value < 0 || value > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "index, best and every of a link are whole numbers from 0 on");
        return false;
    }
    *to = (int32_t)value;
    return true;
}

static bool take_condition(const struct condition *given, struct plait_link_options *options)
{
    const bool threshold = given->threshold != Py_None, best = given->best != Py_None, every = given->every != Py_None;
    if (threshold + best + every > 1 || (!threshold && (given->until != Py_None || given->index != Py_None)) ||
        (threshold + best + every == 0 && options->when_output != NULL)) {
        PyErr_SetString(PyExc_ValueError, "a condition of a link has one of threshold, best and every; until and index are for "
                        "threshold, when_output for any of them");
        return false;
    }
    options->when = threshold ? PLAIT_WHEN_AT_LEAST : best ? PLAIT_WHEN_BEST : every ? PLAIT_WHEN_EVERY : PLAIT_ALWAYS;
    options->when_index = -1;
    options->when_has_until = given->until != Py_None;
    if (threshold) options->when_least = PyFloat_AsDouble(given->threshold);
    if (options->when_has_until) options->when_until = PyFloat_AsDouble(given->until);
    PyObject *number = best ? given->best : every ? given->every : given->index;
    return PyErr_Occurred() == NULL && (number == Py_None || take_number(number, &options->when_index));
}

static PyObject *link_models(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"from_model", "output", "to_model", "input", "cast", "reshape", "scale", "offset", "from_input",
                            "hop", "axis", "zeros", "threshold", "until", "index", "best", "every", "when_output", "crop", NULL};
    struct core_engine *self = (struct core_engine *)object;
    struct plait_link_options options;
    const char *from = NULL, *output = NULL, *to = NULL, *input = NULL;
    int cast = 0, reshape = 0, from_input = 0;
    PyObject *scale = Py_None, *offset = Py_None, *crop = Py_None;
    struct plait_crop cut;
    struct condition when = {Py_None, Py_None, Py_None, Py_None, Py_None};
    plait_link_options_default(&options);
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "szsz|ppOOpiiiOOOOOzO", names, &from, &output, &to, &input, &cast,
                                     &reshape, &scale, &offset, &from_input, &options.hop, &options.axis,
                                     &options.zero_rows, &when.threshold, &when.until, &when.index, &when.best,
                                     &when.every, &options.when_output, &crop) ||
        !take_scale(scale, offset, &options) || !take_condition(&when, &options) || (crop != Py_None && !core_take_crop(crop, &cut)))
        return NULL;
    if (crop != Py_None) options.crop = &cut;
    options.cast = cast != 0;
    options.reshape = reshape != 0;
    options.from_input = from_input != 0;
    const plait_status status = plait_link(self->interpreter, from, output, to, input, &options);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->interpreter, status);
    Py_RETURN_NONE;
}

static PyObject *unlink_models(PyObject *object, PyObject *arguments)
{
    struct core_engine *self = (struct core_engine *)object;
    const char *to = NULL, *input = NULL;
    if (!PyArg_ParseTuple(arguments, "sz", &to, &input)) return NULL;
    const plait_status status = plait_unlink(self->interpreter, to, input);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->interpreter, status);
    Py_RETURN_NONE;
}

static PyObject *allocate(PyObject *object, PyObject *unused)
{
    struct core_engine *self = (struct core_engine *)object;
    plait_status status = PLAIT_OK;
    (void)unused;
    Py_BEGIN_ALLOW_THREADS
    status = plait_allocate(self->interpreter);
    Py_END_ALLOW_THREADS
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->interpreter, status);
    Py_RETURN_NONE;
}

static PyObject *stats(PyObject *object, PyObject *unused)
{
    struct core_engine *self = (struct core_engine *)object;
    struct plait_stats s;
    (void)unused;
    const plait_status status = plait_get_stats(self->interpreter, &s);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->interpreter, status);
    return Py_BuildValue("{s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:n,s:K,s:K,s:s,s:n,s:n,s:K}", "models", (Py_ssize_t)s.models, "lanes",
                         (Py_ssize_t)s.lanes, "arena_bytes", (Py_ssize_t)s.arena_bytes, "arena_sum_bytes",
                         (Py_ssize_t)s.arena_sum_bytes, "constant_bytes", (Py_ssize_t)s.constant_bytes,
                         "constant_sum_bytes", (Py_ssize_t)s.constant_sum_bytes, "io_bytes", (Py_ssize_t)s.io_bytes,
                         "state_bytes", (Py_ssize_t)s.state_bytes, "memory_bytes", (Py_ssize_t)s.memory_bytes,
                         "memory_peak_bytes", (Py_ssize_t)s.memory_peak_bytes, "allocations",
                         (unsigned long long)s.allocations, "invocations", (unsigned long long)s.invocations, "cpu", s.cpu,
                         "sleeping", (Py_ssize_t)s.sleeping, "sleeping_bytes", (Py_ssize_t)s.sleeping_bytes, "wakes",
                         (unsigned long long)s.wakes);
}

static PyObject *watch(PyObject *object, PyObject *arguments)
{
    struct core_engine *self = (struct core_engine *)object;
    PyObject *path = NULL; /* None: the socket is closed */
    plait_status status = PLAIT_OK;
    if (!PyArg_ParseTuple(arguments, "O", &path)) return NULL;
    PyObject *bytes = NULL;
    if (path != Py_None && PyUnicode_FSConverter(path, &bytes) == 0) return NULL;
    const char *text = bytes != NULL ? PyBytes_AsString(bytes) : NULL;
    Py_BEGIN_ALLOW_THREADS
    status = plait_watch(self->interpreter, text);
    Py_END_ALLOW_THREADS
    Py_XDECREF(bytes);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->interpreter, status);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"load", (PyCFunction)(void (*)(void))load, METH_VARARGS | METH_KEYWORDS, "load(name, path=None, content=None, "
     "keep_all_tensors=False) -> Model"},
    {"link", (PyCFunction)(void (*)(void))link_models, METH_VARARGS | METH_KEYWORDS,
     "link(from_model, output, to_model, input, cast=False, reshape=False, scale=None, offset=None, from_input=False, hop=0, "
     "axis=0, zeros=0, threshold=None, until=None, index=None, best=None, every=None, when_output=None, crop=None)"},
    {"stream", (PyCFunction)(void (*)(void))stream, METH_VARARGS | METH_KEYWORDS,
     "stream(model, input, hop, axis=0, zeros=0, scale=None, offset=None): rows of this input are pushed."},
    {"load_pipeline", (PyCFunction)(void (*)(void))core_engine_load_pipeline, METH_VARARGS | METH_KEYWORDS,
     "load_pipeline(path=None, text=None, folder=None) -> Pipeline"},
    {"unlink", unlink_models, METH_VARARGS, "unlink(to_model, input)"},
    {"allocate", allocate, METH_NOARGS, "Plans what changed in any model."},
    {"cancel", core_engine_cancel, METH_O, "cancel(number): whether there was such a request that had not ended."},
    {"measure_machine", core_engine_measure_machine, METH_O, "measure_machine(nanoseconds): (usual, longest, milliseconds)."},
    {"watch", watch, METH_VARARGS, "watch(path): opens a socket for `plait top`; None closes it."},
    {"stats", stats, METH_NOARGS, "Memory and counts as a dictionary."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, create}, {Py_tp_dealloc, destroy}, {Py_tp_methods, methods},
    {Py_tp_doc, "Engine(threads=1, lanes=1, cpu=None, memory_limit=0, requests=64, share=None, sleep_below_class=0): one interpreter for many models."}, {0, NULL},
};

PyType_Spec core_engine_spec = {"plait._core.Engine", sizeof(struct core_engine), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, slots};
