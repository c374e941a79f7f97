/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in and out. View is a tensor's memory itself; it holds whatever object it is told to, and so the model. */
#include "core.h"

#include <string.h>

struct core_view {
    PyObject_HEAD
    PyObject *base; /* strong */
    void *data;
    const char *format;
    Py_ssize_t item_bytes;
    Py_ssize_t bytes;
    int rank;
    int readonly;
    Py_ssize_t *shape; /* rank of them, then rank strides */
};

/* ---- copies ------------------------------------------------------------------------------------------------------- */

static bool same_shape(const Py_buffer *buffer, const struct core_known *known)
{
    if (buffer->ndim != known->rank) return false;
    for (int i = 0; i < buffer->ndim; i++)
        if (buffer->shape[i] != known->dims[i]) return false;
    return true;
}

/* Where long has 64 bits, long long is the same under another letter. */
static bool same_format(const char *found, const char *wanted)
{
    if (wanted == NULL || found == NULL) return false;
    if (strcmp(found, wanted) == 0) return true;
    return sizeof(long) == 8 && ((strcmp(wanted, "l") == 0 && strcmp(found, "q") == 0) ||
                                 (strcmp(wanted, "L") == 0 && strcmp(found, "Q") == 0));
}

PyObject *core_model_set(PyObject *object, PyObject *const *arguments, Py_ssize_t count)
{
    struct core_model *self = (struct core_model *)object;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "set(index, array) takes 2 arguments, found %zd", count);
    const Py_ssize_t index = PyLong_AsSsize_t(arguments[0]);
    const struct core_known *known = core_model_look(self, index);
    if (known == NULL) return NULL;
    struct plait_tensor *tensor = core_model_tensor(self, index);
    Py_buffer buffer;
    if (PyObject_GetBuffer(arguments[1], &buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) != 0) {
        PyErr_Clear();
        Py_RETURN_FALSE;
    }
    const bool fits = same_format(buffer.format, core_format(plait_tensor_type(tensor))) && same_shape(&buffer, known);
    const plait_status status = fits ? plait_tensor_write(tensor, buffer.buf, (size_t)buffer.len) : PLAIT_OK;
    PyBuffer_Release(&buffer);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->engine->interpreter, status);
    return PyBool_FromLong(fits);
}

PyObject *core_model_read(PyObject *object, PyObject *number)
{
    struct core_model *self = (struct core_model *)object;
    struct plait_tensor *tensor = core_model_tensor(self, PyLong_AsSsize_t(number));
    if (tensor == NULL) return NULL;
    const size_t bytes = plait_tensor_bytes(tensor);
    PyObject *text = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)bytes);
    if (text == NULL) return NULL;
    const plait_status status = plait_tensor_read(tensor, PyBytes_AsString(text), bytes);
    if (status == PLAIT_OK) return text;
    Py_DECREF(text);
    return core_fail(Py_TYPE(object), self->engine->interpreter, status);
}

PyObject *core_model_write(PyObject *object, PyObject *arguments)
{
    struct core_model *self = (struct core_model *)object;
    Py_ssize_t index = 0;
    Py_buffer buffer;
    if (!PyArg_ParseTuple(arguments, "ny*", &index, &buffer)) return NULL;
    struct plait_tensor *tensor = core_model_tensor(self, index);
    const plait_status status =
        tensor == NULL ? PLAIT_NOT_FOUND : plait_tensor_write(tensor, buffer.buf, (size_t)buffer.len);
    PyBuffer_Release(&buffer);
    if (tensor == NULL) return NULL;
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->engine->interpreter, status);
    Py_RETURN_NONE;
}

/* ---- views -------------------------------------------------------------------------------------------------------- */

static int fill_view(struct core_view *view, const struct plait_tensor *tensor)
{
    view->format = core_format(plait_tensor_type(tensor));
    view->rank = view->format == NULL ? 1 : plait_tensor_rank(tensor);
    view->item_bytes = (Py_ssize_t)core_item_bytes(plait_tensor_type(tensor));
    view->bytes = (Py_ssize_t)plait_tensor_bytes(tensor);
    view->shape = PyMem_Calloc(2 * (size_t)view->rank + 1, sizeof view->shape[0]);
    if (view->shape == NULL) return -1;
    if (view->format == NULL) view->shape[0] = view->bytes;
    for (int32_t i = 0; view->format != NULL && i < view->rank; i++) view->shape[i] = plait_tensor_dim(tensor, i);
    Py_ssize_t stride = view->item_bytes;
    for (int32_t i = view->rank - 1; i >= 0; i--) {
        view->shape[view->rank + i] = stride;
        stride *= view->shape[i];
    }
    if (view->format == NULL) view->format = "B";
    return 0;
}

/* `base` may be NULL. */
static PyObject *make_view(const struct core_model *model, struct plait_tensor *tensor, PyObject *base)
{
    struct core_view *view = (struct core_view *)PyType_GenericAlloc(core_state_of(Py_TYPE((PyObject *)model))->view, 0);
    if (view == NULL) return NULL;
    view->data = plait_tensor_data(tensor);
    view->readonly = plait_tensor_is_constant(tensor);
    view->base = base;
    Py_XINCREF(base);
    if (fill_view(view, tensor) == 0) return (PyObject *)view;
    Py_DECREF((PyObject *)view);
    return PyErr_NoMemory();
}

PyObject *core_model_view(PyObject *object, PyObject *arguments)
{
    struct core_model *self = (struct core_model *)object;
    Py_ssize_t index = 0;
    PyObject *base = NULL;
    if (!PyArg_ParseTuple(arguments, "nO", &index, &base)) return NULL;
    struct plait_tensor *tensor = core_model_tensor(self, index);
    if (tensor == NULL) return NULL;
    if (plait_tensor_data(tensor) == NULL && plait_tensor_bytes(tensor) > 0) Py_RETURN_NONE;
    return make_view(self, tensor, base);
}

/* The method copy() of an array over the tensor's memory: calling it is the quickest way there is to a new array. */
static PyObject *copy_method(const struct core_model *model, struct plait_tensor *tensor)
{
    PyObject *view = make_view(model, tensor, NULL);
    if (view == NULL) return NULL;
    PyObject *array = PyObject_CallFunctionObjArgs(core_state_of(Py_TYPE((PyObject *)model))->asarray, view, NULL);
    PyObject *copy = array != NULL ? PyObject_GetAttrString(array, "copy") : NULL;
    Py_DECREF(view);
    Py_XDECREF(array);
    return copy;
}

/* NumPy's functions, and so TensorFlow Lite's, give a scalar where an array would have no dimension. */
static PyObject *scalar_of(PyObject *array)
{
    PyObject *nowhere = array != NULL ? PyTuple_New(0) : NULL;
    PyObject *scalar = nowhere != NULL ? PyObject_GetItem(array, nowhere) : NULL;
    Py_XDECREF(nowhere);
    Py_XDECREF(array);
    return scalar;
}

PyObject *core_model_get(PyObject *object, PyObject *number)
{
    struct core_model *self = (struct core_model *)object;
    const Py_ssize_t index = PyLong_AsSsize_t(number);
    struct core_known *known = core_model_look(self, index);
    if (known == NULL) return NULL;
    if (known->copy == NULL) {
        struct plait_tensor *tensor = core_model_tensor(self, index);
        if (known->data == NULL || core_format(plait_tensor_type(tensor)) == NULL) Py_RETURN_NONE;
        known->copy = copy_method(self, tensor);
        if (known->copy == NULL) return NULL;
    }
    PyObject *array = PyObject_CallNoArgs(known->copy);
    return known->rank > 0 ? array : scalar_of(array);
}

static int get_buffer(PyObject *object, Py_buffer *buffer, int flags)
{
    struct core_view *view = (struct core_view *)object;
    static char nothing[1];
    void *data = view->data != NULL ? view->data : nothing;
    if (PyBuffer_FillInfo(buffer, object, data, view->bytes, view->readonly, flags) != 0) return -1;
    buffer->itemsize = view->item_bytes;
    buffer->ndim = view->rank;
    buffer->shape = view->shape;
    buffer->strides = view->shape + view->rank;
    if ((flags & PyBUF_FORMAT) != 0) buffer->format = (char *)(uintptr_t)view->format;
    return 0;
}

static void destroy(PyObject *object)
{
    struct core_view *view = (struct core_view *)object;
    PyTypeObject *type = Py_TYPE(object);
    Py_XDECREF(view->base);
    PyMem_Free(view->shape);
    PyObject_Free(object);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_dealloc, destroy}, {Py_bf_getbuffer, get_buffer}, {Py_tp_doc, "A tensor's memory."}, {0, NULL},
};

PyType_Spec core_view_spec = {"plait._core.View", sizeof(struct core_view), 0,
                              Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
