/* SPDX-License-Identifier: Apache-2.0 */
/* What is submitted: the arrays of a request are kept until its answer, which a Python function gets. */
#include "core.h"

struct core_request {
    PyObject *owner;    /* strong, the model or pipeline: it may be unloaded, but its engine stays */
    PyObject *callback; /* strong */
    Py_ssize_t buffer_count;
    Py_buffer *buffers;             /* of inputs, then of outputs */
    struct plait_request_data *data; /* the same for plait */
};

/* ---- the last reference -------------------------------------------------------------------------------------------- */

/* This thread gives an answer: it may be one of the interpreter's own. */
static _Thread_local bool answers;

static void close_elsewhere(void *interpreter)
{
    plait_close(interpreter);
}

void core_close(struct plait_interpreter *interpreter)
{
    if (interpreter == NULL) return;
    if (answers && PyThread_start_new_thread(close_elsewhere, interpreter) != (unsigned long)-1) return;
    Py_BEGIN_ALLOW_THREADS /* threads that run requests end, whose answers want Python's lock */
    plait_close(interpreter);
    Py_END_ALLOW_THREADS
}

/* ---- requests ------------------------------------------------------------------------------------------------------ */

/* With Python's lock. NULL is allowed. */
static void end(struct core_request *request)
{
    if (request == NULL) return;
    for (Py_ssize_t i = 0; i < request->buffer_count; i++) PyBuffer_Release(&request->buffers[i]);
    PyMem_Free(request->buffers);
    PyMem_Free(request->data);
    Py_XDECREF(request->callback);
    Py_XDECREF(request->owner);
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
    answers = true;
    end(request); /* with it all else may go */
    answers = false;
    PyErr_Restore(kind, value, trace);
    PyGILState_Release(state);
}

/* [(model, index, array)] */
static bool take_arrays(struct core_request *request, PyTypeObject *model_type, PyObject *list, bool writable)
{
    const Py_ssize_t count = PyList_Size(list);
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t index = 0;
        PyObject *model = NULL, *array = NULL;
        if (!PyArg_ParseTuple(PyList_GetItem(list, i), "O!nO", model_type, &model, &index, &array)) return false;
        struct plait_tensor *tensor = core_model_tensor((struct core_model *)model, index);
        Py_buffer *buffer = &request->buffers[request->buffer_count];
        if (tensor == NULL || PyObject_GetBuffer(array, buffer, PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0)) != 0)
            return false;
        request->data[request->buffer_count++] =
            (struct plait_request_data){tensor, buffer->buf, (size_t)buffer->len};
    }
    return count >= 0;
}

static struct core_request *create(PyObject *owner, PyObject *callback, PyObject *inputs, PyObject *outputs)
{
    const size_t count = (size_t)(PyList_Size(inputs) + PyList_Size(outputs));
    PyTypeObject *model_type = core_state_of(Py_TYPE(owner))->model;
    struct core_request *request = PyMem_Calloc(1, sizeof *request);
    if (request == NULL) return NULL;
    request->owner = Py_NewRef(owner);
    request->callback = Py_NewRef(callback);
    request->buffers = PyMem_Calloc(count + 1, sizeof request->buffers[0]);
    request->data = PyMem_Calloc(count + 1, sizeof request->data[0]);
    if (request->buffers != NULL && request->data != NULL && take_arrays(request, model_type, inputs, false) &&
        take_arrays(request, model_type, outputs, true))
        return request;
    end(request);
    return NULL;
}

/* (callback, inputs, outputs, whole, deadline, drop_late, drop_surplus) for one of these two; the other is NULL. */
static PyObject *submit(PyObject *owner, struct core_engine *engine, struct plait_model *model,
                        struct plait_pipeline *pipeline, PyObject *arguments)
{
    struct plait_submit_options options;
    PyObject *callback = NULL, *inputs = NULL, *outputs = NULL;
    int whole = 0, late = 0, surplus = 0;
    unsigned long long deadline = 0;
    if (!PyArg_ParseTuple(arguments, "OOOpKpp", &callback, &inputs, &outputs, &whole, &deadline, &late, &surplus)) return NULL;
    struct core_request *request = create(owner, callback, inputs, outputs);
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
    Py_BEGIN_ALLOW_THREADS
    status = model != NULL ? plait_submit(model, &options, &number) : plait_pipeline_submit(pipeline, &options, &number);
    Py_END_ALLOW_THREADS
    if (status == PLAIT_OK) return PyLong_FromUnsignedLongLong(number);
    end(request);
    return core_fail(Py_TYPE(owner), engine->interpreter, status);
}

PyObject *core_model_submit(PyObject *object, PyObject *arguments)
{
    struct core_model *self = (struct core_model *)object;
    struct plait_model *handle = core_model_handle(self);
    return handle == NULL ? NULL : submit(object, self->engine, handle, NULL, arguments);
}

PyObject *core_pipeline_submit(PyObject *object, PyObject *arguments)
{
    const struct core_pipeline *self = (struct core_pipeline *)object;
    if (self->handle != NULL) return submit(object, self->engine, NULL, self->handle, arguments);
    PyErr_SetString(core_state_of(Py_TYPE(object))->error, "the pipeline was unloaded");
    return NULL;
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

PyObject *core_engine_measure_machine(PyObject *object, PyObject *nanoseconds)
{
    const struct core_engine *self = (struct core_engine *)object;
    const unsigned long long duration = PyLong_AsUnsignedLongLong(nanoseconds);
    struct plait_machine machine = {0};
    plait_status status = PLAIT_OK;
    if (PyErr_Occurred()) return NULL;
    Py_BEGIN_ALLOW_THREADS
    status = plait_measure_machine(self->interpreter, duration, &machine);
    Py_END_ALLOW_THREADS
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->interpreter, status);
    return Py_BuildValue("(KKK)", (unsigned long long)machine.usual, (unsigned long long)machine.longest,
                         (unsigned long long)machine.milliseconds);
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
    return Py_BuildValue("{sisKsKsKsKsKsKsKsKsK}", "class", (int)plait_class(self->handle), "own_runs",
                         (unsigned long long)t.own_runs, "own", (unsigned long long)t.own, "own_worst",
                         (unsigned long long)t.own_worst, "longest_part", (unsigned long long)t.longest_part, "blocking",
                         (unsigned long long)t.blocking, "switching", (unsigned long long)t.switching, "waking",
                         (unsigned long long)t.waking, "machine", (unsigned long long)t.machine, "longest_wait",
                         (unsigned long long)t.longest_wait);
}
