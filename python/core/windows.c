/* SPDX-License-Identifier: Apache-2.0 */
/* Windows: rows that are pushed, and what is to be done each time a model has run. */
#include "core.h"

/* ---- callbacks ---------------------------------------------------------------------------------------------------- */

/* From whichever thread runs, without Python's lock. What the callback raises is raised by the call that runs. */
static void ran(void *user, struct plait_model *handle)
{
    (void)handle;
    const PyGILState_STATE state = PyGILState_Ensure();
    struct core_model *self = user;
    PyObject *callback = self->callback;
    if (callback != NULL && self->engine->raised == NULL) {
        Py_INCREF(callback);
        PyObject *result = PyObject_CallNoArgs(callback);
        Py_DECREF(callback);
        Py_XDECREF(result);
        if (result == NULL) {
            PyObject *type = NULL, *trace = NULL;
            PyErr_Fetch(&type, &self->engine->raised, &trace);
            PyErr_NormalizeException(&type, &self->engine->raised, &trace);
            Py_XDECREF(type);
            Py_XDECREF(trace);
        }
    }
    PyGILState_Release(state);
}

PyObject *core_engine_finish(struct core_engine *engine, plait_status status)
{
    PyObject *raised = engine->raised;
    engine->raised = NULL;
    if (raised != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(raised), raised);
        Py_DECREF(raised);
        return NULL;
    }
    if (status != PLAIT_OK) return core_fail(Py_TYPE((PyObject *)engine), engine->interpreter, status);
    Py_RETURN_NONE;
}

void core_model_forget_callback(struct core_model *self)
{
    if (self->callback == NULL) return;
    if (core_model_is_alive(self)) plait_on_run(self->handle, NULL, NULL);
    Py_CLEAR(self->callback);
}

/* on_run(callable or None) */
PyObject *core_model_on_run(PyObject *object, PyObject *callback)
{
    struct core_model *self = (struct core_model *)object;
    if (core_model_handle(self) == NULL) return NULL;
    core_model_forget_callback(self);
    if (callback == Py_None) Py_RETURN_NONE;
    self->callback = Py_NewRef(callback);
    plait_on_run(self->handle, ran, self);
    Py_RETURN_NONE;
}

/* ---- rows --------------------------------------------------------------------------------------------------------- */

/* push(index, bytes) */
PyObject *core_model_push(PyObject *object, PyObject *arguments)
{
    struct core_model *self = (struct core_model *)object;
    Py_ssize_t index = 0;
    Py_buffer rows;
    plait_status status = PLAIT_OK;
    if (!PyArg_ParseTuple(arguments, "ny*", &index, &rows)) return NULL;
    struct plait_tensor *tensor = core_model_tensor(self, index);
    if (tensor != NULL) {
        Py_BEGIN_ALLOW_THREADS
        status = plait_push(tensor, rows.buf, (size_t)rows.len);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&rows);
    return tensor == NULL ? NULL : core_engine_finish(self->engine, status);
}

PyObject *core_box(const struct plait_box *box)
{
    return Py_BuildValue("(dddddi)", box->top, box->left, box->bottom, box->right, box->score, box->index);
}

/* box(): what was cut out for an input of its in the last run, None where nothing was */
PyObject *core_model_box(PyObject *object, PyObject *unused)
{
    const struct core_model *self = (struct core_model *)object;
    struct plait_box box;
    (void)unused;
    if (core_model_handle(self) == NULL) return NULL;
    for (size_t i = 0; i < plait_input_count(self->handle); i++)
        if (plait_tensor_box(plait_input(self->handle, i), &box) == PLAIT_OK) return core_box(&box);
    Py_RETURN_NONE;
}

/* reuse(operator): (fresh rows, window rows, why not), None where it has nothing to do with windows */
PyObject *core_model_reuse(PyObject *object, PyObject *number)
{
    struct core_model *self = (struct core_model *)object;
    const Py_ssize_t index = PyLong_AsSsize_t(number);
    struct plait_reuse reuse;
    if (PyErr_Occurred() || core_model_handle(self) == NULL) return NULL;
    if (index < 0 || plait_operator_reuse(self->handle, (size_t)index, &reuse) != PLAIT_OK) Py_RETURN_NONE;
    return Py_BuildValue("(iiz)", reuse.fresh_rows, reuse.window_rows, reuse.why_not);
}
