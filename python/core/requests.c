/* SPDX-License-Identifier: Apache-2.0 */
/* What is submitted: the arrays of a request are kept until its answer, which a Python function gets. */
#include "core.h"

struct core_request {
    PyObject *model;    /* strong: it may be unloaded, but its engine stays */
    PyObject *callback; /* strong */
    Py_ssize_t buffer_count;
    Py_buffer *buffers;             /* of inputs, then of outputs */
    struct plait_request_data *data; /* the same for plait */
};

/* With Python's lock. NULL is allowed. */
static void end(struct core_request *request)
{
    if (request == NULL) return;
    for (Py_ssize_t i = 0; i < request->buffer_count; i++) PyBuffer_Release(&request->buffers[i]);
    PyMem_Free(request->buffers);
    PyMem_Free(request->data);
    Py_XDECREF(request->callback);
    Py_XDECREF(request->model);
    PyMem_Free(request);
}

/* From whichever thread ends it. */
static void done(void *user, const struct plait_answer *answer)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject *kind = NULL, *value = NULL, *trace = NULL;
    struct core_request *request = user;
    PyErr_Fetch(&kind, &value, &trace); /* of whoever is interrupted */
    PyObject *result = PyObject_CallFunction(request->callback, "isKKKKKIN", (int)answer->status, answer->message,
                                             (unsigned long long)answer->submitted, (unsigned long long)answer->started,
                                             (unsigned long long)answer->ended, (unsigned long long)answer->deadline,
                                             (unsigned long long)answer->interrupted_nanoseconds,
                                             (unsigned int)answer->interruptions, PyBool_FromLong(answer->nested));
    if (result == NULL) PyErr_WriteUnraisable(request->callback);
    Py_XDECREF(result);
    end(request);
    PyErr_Restore(kind, value, trace);
    PyGILState_Release(state);
}

/* [(index, array)] */
static bool take_arrays(struct core_request *request, struct core_model *model, PyObject *pairs, bool writable)
{
    const Py_ssize_t count = PyList_Size(pairs);
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t index = 0;
        PyObject *array = NULL;
        if (!PyArg_ParseTuple(PyList_GetItem(pairs, i), "nO", &index, &array)) return false;
        struct plait_tensor *tensor = core_model_tensor(model, index);
        Py_buffer *buffer = &request->buffers[request->buffer_count];
        if (tensor == NULL || PyObject_GetBuffer(array, buffer, PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0)) != 0)
            return false;
        request->data[request->buffer_count++] =
            (struct plait_request_data){tensor, buffer->buf, (size_t)buffer->len};
    }
    return count >= 0;
}

static struct core_request *create(struct core_model *model, PyObject *callback, PyObject *inputs, PyObject *outputs)
{
    const size_t count = (size_t)(PyList_Size(inputs) + PyList_Size(outputs));
    struct core_request *request = PyMem_Calloc(1, sizeof *request);
    if (request == NULL) return NULL;
    request->model = Py_NewRef((PyObject *)model);
    request->callback = Py_NewRef(callback);
    request->buffers = PyMem_Calloc(count + 1, sizeof request->buffers[0]);
    request->data = PyMem_Calloc(count + 1, sizeof request->data[0]);
    if (request->buffers != NULL && request->data != NULL && take_arrays(request, model, inputs, false) &&
        take_arrays(request, model, outputs, true))
        return request;
    end(request);
    return NULL;
}

/* submit(callback, inputs, outputs, whole, deadline, drop_late, drop_surplus) -> number */
PyObject *core_model_submit(PyObject *object, PyObject *arguments)
{
    struct core_model *self = (struct core_model *)object;
    struct plait_submit_options options;
    PyObject *callback = NULL, *inputs = NULL, *outputs = NULL;
    int whole = 0, late = 0, surplus = 0;
    unsigned long long deadline = 0;
    if (!PyArg_ParseTuple(arguments, "OOOpKpp", &callback, &inputs, &outputs, &whole, &deadline, &late, &surplus) ||
        core_model_handle(self) == NULL)
        return NULL;
    struct core_request *request = create(self, callback, inputs, outputs);
    if (request == NULL) return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    plait_submit_options_default(&options);
    options.whole_set = whole != 0;
    options.deadline = deadline;
    options.late = late ? PLAIT_LATE_DROP : PLAIT_LATE_RUN;
    options.surplus = surplus ? PLAIT_SURPLUS_DROP : PLAIT_SURPLUS_REFUSE;
    options.inputs = request->data;
    options.input_count = (size_t)PyList_Size(inputs);
    options.outputs = request->data + options.input_count;
    options.output_count = (size_t)PyList_Size(outputs);
    options.done = done;
    options.user = request;
    plait_request number = 0;
    plait_status status = PLAIT_OK;
    struct plait_model *handle = self->handle;
    Py_BEGIN_ALLOW_THREADS
    status = plait_submit(handle, &options, &number);
    Py_END_ALLOW_THREADS
    if (status == PLAIT_OK) return PyLong_FromUnsignedLongLong(number);
    end(request);
    return core_fail(Py_TYPE(object), self->engine->interpreter, status);
}

/* cancel(number) -> bool */
PyObject *core_engine_cancel(PyObject *object, PyObject *number)
{
    const struct core_engine *self = (struct core_engine *)object;
    const plait_request request = PyLong_AsUnsignedLongLong(number);
    plait_status status = PLAIT_OK;
    if (PyErr_Occurred()) return NULL;
    Py_BEGIN_ALLOW_THREADS
    status = plait_cancel(self->interpreter, request);
    Py_END_ALLOW_THREADS
    return PyBool_FromLong(status == PLAIT_OK);
}

/* ---- classes and timing -------------------------------------------------------------------------------------------- */

static PyObject *set_number(PyObject *object, PyObject *number, plait_status (*set)(struct plait_model *, int32_t))
{
    struct core_model *self = (struct core_model *)object;
    const long value = PyLong_AsLong(number);
    if (PyErr_Occurred() || core_model_handle(self) == NULL) return NULL;
    if (value < INT32_MIN || value > INT32_MAX) return PyErr_Format(PyExc_ValueError, "%ld", value);
    const plait_status status = set(self->handle, (int32_t)value);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->engine->interpreter, status);
    Py_RETURN_NONE;
}

PyObject *core_model_set_class(PyObject *object, PyObject *number)
{
    return set_number(object, number, plait_set_class);
}

PyObject *core_model_set_queue(PyObject *object, PyObject *most)
{
    return set_number(object, most, plait_set_queue);
}

/* Nanoseconds as a dictionary. */
PyObject *core_model_timing(PyObject *object, PyObject *unused)
{
    struct core_model *self = (struct core_model *)object;
    struct plait_timing t;
    (void)unused;
    if (core_model_handle(self) == NULL) return NULL;
    const plait_status status = plait_get_timing(self->handle, &t);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->engine->interpreter, status);
    return Py_BuildValue("{sisKsKsKsKsKsKsK}", "class", (int)plait_class(self->handle), "own_runs",
                         (unsigned long long)t.own_runs, "own", (unsigned long long)t.own, "own_worst",
                         (unsigned long long)t.own_worst, "longest_part", (unsigned long long)t.longest_part, "blocking",
                         (unsigned long long)t.blocking, "switching", (unsigned long long)t.switching, "longest_wait",
                         (unsigned long long)t.longest_wait);
}
