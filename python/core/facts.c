/* SPDX-License-Identifier: Apache-2.0 */
/* What a model is: tensors, operators, signatures, memory, as plain Python objects. */
#include "core.h"

static PyObject *list_of_ints(const int32_t *values, size_t count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *value = PyLong_FromLong(values[i]);
        if (value == NULL || PyList_SetItem(list, (Py_ssize_t)i, value) != 0) Py_CLEAR(list);
    }
    return list;
}

/* "y#" makes None of NULL. */
static const char *bytes_of(const void *values)
{
    return values != NULL ? values : "";
}

/* (name, dtype or None, type number, shape, shape signature, scales as bytes, zero points as bytes, dimension) */
PyObject *core_model_facts(PyObject *object, PyObject *number)
{
    struct core_model *self = (struct core_model *)object;
    const Py_ssize_t index = PyLong_AsSsize_t(number);
    const struct plait_tensor *tensor = core_model_tensor(self, index);
    if (tensor == NULL) return NULL;
    struct plait_quantization quantization;
    (void)plait_tensor_quantization(tensor, &quantization);
    const plait_type type = plait_tensor_type(tensor);
    PyObject *shape = core_model_shape(self, index);
    PyObject *signature = core_dims(tensor, plait_tensor_dim_signature);
    PyObject *dtype = core_state_of(Py_TYPE(object))->dtypes[type];
    if (shape == NULL || signature == NULL) {
        Py_XDECREF(shape);
        Py_XDECREF(signature);
        return NULL;
    }
    return Py_BuildValue("(sOiNNy#y#i)", plait_tensor_name(tensor), dtype != NULL ? dtype : Py_None, (int)type, shape,
                         signature, bytes_of(quantization.scale), (Py_ssize_t)(quantization.count * sizeof(float)),
                         bytes_of(quantization.zero_point), (Py_ssize_t)(quantization.count * sizeof(int32_t)),
                         (int)quantization.dimension);
}

static PyObject *numbers(const struct plait_tensor *tensor, plait_sparsity_part part, size_t dimension)
{
    const size_t count = plait_tensor_sparsity(tensor, part, dimension, NULL, 0);
    int32_t *values = PyMem_Malloc((count + 1) * sizeof *values);
    if (values == NULL) return PyErr_NoMemory();
    (void)plait_tensor_sparsity(tensor, part, dimension, values, count);
    PyObject *list = list_of_ints(values, count);
    PyMem_Free(values);
    return list;
}

static PyObject *walked_dimension(const struct plait_tensor *tensor, size_t dimension)
{
    int32_t size = 0;
    if (plait_tensor_sparsity(tensor, PLAIT_SPARSITY_DENSE_SIZE, dimension, &size, 1) == 1) return PyLong_FromLong(size);
    return Py_BuildValue("(NN)", numbers(tensor, PLAIT_SPARSITY_SEGMENTS, dimension),
                         numbers(tensor, PLAIT_SPARSITY_INDICES, dimension));
}

PyObject *core_model_sparsity(PyObject *object, PyObject *number)
{
    const struct plait_tensor *tensor = core_model_tensor((struct core_model *)object, PyLong_AsSsize_t(number));
    if (tensor == NULL) return NULL;
    const size_t count = plait_tensor_sparsity(tensor, PLAIT_SPARSITY_ORDER, 0, NULL, 0);
    if (count == 0) Py_RETURN_NONE;
    PyObject *dimensions = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; dimensions != NULL && i < count; i++) {
        PyObject *item = walked_dimension(tensor, i);
        if (item == NULL || PyList_SetItem(dimensions, (Py_ssize_t)i, item) != 0) Py_CLEAR(dimensions);
    }
    if (dimensions == NULL) return NULL;
    return Py_BuildValue("(NNN)", numbers(tensor, PLAIT_SPARSITY_ORDER, 0), numbers(tensor, PLAIT_SPARSITY_BLOCKS, 0),
                         dimensions);
}

PyObject *core_model_operators(PyObject *object, PyObject *unused)
{
    const struct core_model *self = (struct core_model *)object;
    (void)unused;
    if (core_model_handle(self) == NULL) return NULL;
    const size_t count = plait_operator_count(self->handle);
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        struct plait_operator_info info;
        (void)plait_operator_at(self->handle, i, &info);
        PyObject *item = Py_BuildValue("(sNN)", info.name, list_of_ints(info.inputs, info.input_count),
                                       list_of_ints(info.outputs, info.output_count));
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) != 0) Py_CLEAR(list);
    }
    return list;
}

/* {name in the signature: tensor index} */
static PyObject *ends(const struct plait_model *signature, size_t count,
                      struct plait_tensor *(*at)(const struct plait_model *, size_t))
{
    PyObject *names = PyDict_New();
    for (size_t i = 0; names != NULL && i < count; i++) {
        const struct plait_tensor *tensor = at(signature, i);
        PyObject *index = PyLong_FromLong(plait_tensor_index(tensor));
        const char *name = plait_tensor_signature_name(tensor);
        if (index == NULL || PyDict_SetItemString(names, name != NULL ? name : "", index) != 0) Py_CLEAR(names);
        Py_XDECREF(index);
    }
    return names;
}

PyObject *core_model_signatures(PyObject *object, PyObject *unused)
{
    struct core_model *self = (struct core_model *)object;
    (void)unused;
    if (core_model_handle(self) == NULL) return NULL;
    const size_t count = plait_signature_count(self->handle);
    PyObject *all = PyDict_New();
    for (size_t i = 0; all != NULL && i < count; i++) {
        const char *key = plait_signature_key(self->handle, i);
        const struct plait_model *signature = plait_signature(self->handle, key);
        PyObject *item = Py_BuildValue("(NN)", ends(signature, plait_input_count(signature), plait_input),
                                       ends(signature, plait_output_count(signature), plait_output));
        if (item == NULL || PyDict_SetItemString(all, key, item) != 0) Py_CLEAR(all);
        Py_XDECREF(item);
    }
    return all;
}

PyObject *core_model_memory(PyObject *object, PyObject *unused)
{
    struct core_model *self = (struct core_model *)object;
    struct plait_memory m;
    (void)unused;
    if (core_model_handle(self) == NULL) return NULL;
    const plait_status status = plait_model_memory(self->handle, &m);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->engine->interpreter, status);
    return Py_BuildValue("{s:n,s:n,s:n,s:n,s:n,s:n,s:n}", "arena_bytes", (Py_ssize_t)m.arena_bytes, "arena_bound_bytes",
                         (Py_ssize_t)m.arena_bound_bytes, "arena_sum_bytes", (Py_ssize_t)m.arena_sum_bytes,
                         "constant_bytes", (Py_ssize_t)m.constant_bytes, "io_bytes", (Py_ssize_t)m.io_bytes,
                         "state_bytes", (Py_ssize_t)m.state_bytes, "sleeping_bytes", (Py_ssize_t)m.sleeping_bytes);
}

/* What was measured since the last call, or since measuring began: the first call begins it. */
PyObject *core_model_profile(PyObject *object, PyObject *unused)
{
    struct core_model *self = (struct core_model *)object;
    (void)unused;
    if (core_model_handle(self) == NULL) return NULL;
    const size_t count = plait_profile_count(self->handle);
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list != NULL && i < count; i++) {
        struct plait_profile_entry entry;
        (void)plait_profile_at(self->handle, i, &entry);
        PyObject *item = Py_BuildValue("(siKK)", entry.name, (int)entry.operator_index, (unsigned long long)entry.calls,
                                       (unsigned long long)entry.nanoseconds);
        if (item == NULL || PyList_SetItem(list, (Py_ssize_t)i, item) != 0) Py_CLEAR(list);
    }
    const plait_status status = plait_profile_enable(self->handle, true);
    if (status == PLAIT_OK || list == NULL) return list;
    Py_DECREF(list);
    return core_fail(Py_TYPE(object), self->engine->interpreter, status);
}
