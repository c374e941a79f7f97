/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline: what a pipeline file describes. Its models are handles that end with it. */
#include "core.h"

PyObject *core_engine_load_pipeline(PyObject *object, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"path", "text", "folder", NULL};
    struct core_engine *engine = (struct core_engine *)object;
    PyObject *path = NULL, *folder = NULL;
    Py_buffer text = {0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O&z*O&", names, PyUnicode_FSConverter, &path, &text,
                                     PyUnicode_FSConverter, &folder))
        return NULL;
    struct core_pipeline *self =
        (struct core_pipeline *)PyType_GenericAlloc(core_state_of(Py_TYPE(object))->pipeline, 0);
    const char *path_text = path != NULL ? PyBytes_AsString(path) : NULL;
    const char *folder_text = folder != NULL ? PyBytes_AsString(folder) : NULL;
    plait_status status = PLAIT_OUT_OF_MEMORY;
    if (self != NULL) {
        self->engine = (struct core_engine *)Py_NewRef(object);
        Py_BEGIN_ALLOW_THREADS
        if (path_text != NULL) status = plait_pipeline_load(engine->interpreter, path_text, NULL, &self->handle);
        else
            status = plait_pipeline_load_buffer(engine->interpreter, text.buf, (size_t)text.len, folder_text, NULL,
                                                &self->handle);
        Py_END_ALLOW_THREADS
    }
    Py_XDECREF(path);
    Py_XDECREF(folder);
    if (text.obj != NULL) PyBuffer_Release(&text);
    if (status == PLAIT_OK) return (PyObject *)self;
    Py_XDECREF((PyObject *)self);
    return core_fail(Py_TYPE(object), engine->interpreter, status);
}

static void destroy(PyObject *object)
{
    struct core_pipeline *self = (struct core_pipeline *)object;
    PyTypeObject *type = Py_TYPE(object);
    plait_pipeline_unload(self->handle);
    Py_XDECREF((PyObject *)self->engine);
    PyObject_Free(object);
    Py_DECREF(type);
}

static PyObject *unload(PyObject *object, PyObject *unused)
{
    struct core_pipeline *self = (struct core_pipeline *)object;
    (void)unused;
    if (self->handle == NULL) Py_RETURN_NONE;
    plait_status status = PLAIT_OK;
    struct plait_pipeline *handle = self->handle;
    Py_BEGIN_ALLOW_THREADS /* requests that wait are answered */
    status = plait_pipeline_unload(handle);
    Py_END_ALLOW_THREADS
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->engine->interpreter, status);
    self->handle = NULL;
    Py_RETURN_NONE;
}

/* Appends and takes the reference of item, which may be NULL. Returns the list, or NULL. */
static PyObject *append(PyObject *list, PyObject *item)
{
    if (item == NULL || PyList_Append(list, item) != 0) Py_CLEAR(list);
    Py_XDECREF(item);
    return list;
}

static PyObject *models(PyObject *object, PyObject *unused)
{
    struct core_pipeline *self = (struct core_pipeline *)object;
    struct plait_pipeline_model model;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (size_t i = 0; list != NULL && plait_pipeline_model_at(self->handle, i, &model) == PLAIT_OK; i++)
        list = append(list, core_model_wrap(self->engine, object, model.model));
    return list;
}

/* (number of the model, index of the tensor) */
static PyObject *place(const struct core_pipeline *self, const struct plait_tensor *tensor)
{
    struct plait_pipeline_model found;
    const int32_t index = plait_tensor_index(tensor);
    for (size_t i = 0; plait_pipeline_model_at(self->handle, i, &found) == PLAIT_OK; i++)
        if (plait_tensor_at(found.model, (size_t)index) == tensor) return Py_BuildValue("(ni)", (Py_ssize_t)i, index);
    return PyErr_Format(PyExc_SystemError, "a tensor of no model");
}

static PyObject *told_input(const struct core_pipeline *self, const struct plait_pipeline_input *input)
{
    PyObject *targets = PyList_New(0);
    for (size_t i = 0; targets != NULL && i < input->target_count; i++) targets = append(targets, place(self, input->targets[i]));
    if (targets == NULL) return NULL;
    PyObject *stream = PyBool_FromLong(input->is_stream);
    PyObject *picture = input->is_picture
                            ? Py_BuildValue("(sdd)", input->nearest ? "nearest" : "bilinear", input->mean, input->deviation)
                            : Py_NewRef(Py_None);
    return Py_BuildValue("(sNNNi)", input->name, targets, stream, picture, input->sound_rate);
}

static PyObject *inputs(PyObject *object, PyObject *unused)
{
    const struct core_pipeline *self = (struct core_pipeline *)object;
    struct plait_pipeline_input input;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (size_t i = 0; list != NULL && plait_pipeline_input_at(self->handle, i, &input) == PLAIT_OK; i++)
        list = append(list, told_input(self, &input));
    return list;
}

static PyObject *outputs(PyObject *object, PyObject *unused)
{
    const struct core_pipeline *self = (struct core_pipeline *)object;
    struct plait_pipeline_output output;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (size_t i = 0; list != NULL && plait_pipeline_output_at(self->handle, i, &output) == PLAIT_OK; i++) {
        PyObject *labels = output.labels != NULL ? PyUnicode_DecodeFSDefault(output.labels) : Py_NewRef(Py_None);
        PyObject *at = labels != NULL ? place(self, output.tensor) : NULL;
        if (at == NULL) Py_XDECREF(labels);
        PyObject *threshold = output.has_threshold
                                  ? Py_BuildValue("(ddi)", output.threshold, output.until, output.threshold_index)
                                  : Py_NewRef(Py_None);
        list = append(list, at != NULL ? Py_BuildValue("(sNiNNN)", output.name, at, output.top, labels,
                                                       PyBool_FromLong(output.has_boxes), threshold)
                                       : NULL);
    }
    return list;
}

/* boxes(output): those that its model's last run gave */
static PyObject *boxes(PyObject *object, PyObject *number)
{
    const struct core_pipeline *self = (struct core_pipeline *)object;
    const Py_ssize_t index = PyLong_AsSsize_t(number);
    struct plait_pipeline_output output;
    size_t count = 0;
    if (PyErr_Occurred()) return NULL;
    if (index < 0 || plait_pipeline_output_at(self->handle, (size_t)index, &output) != PLAIT_OK || !output.has_boxes)
        return PyErr_Format(PyExc_ValueError, "output %zd is no boxes", index);
    struct plait_box found[PLAIT_MOST_BOXES];
    const plait_status status = plait_find_boxes(output.model, &output.boxes, found, PLAIT_MOST_BOXES, &count);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->engine->interpreter, status);
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < count; i++) list = append(list, core_box(&found[i]));
    return list;
}

/* state(output name): (on, changed in the last run, changes) */
static PyObject *state(PyObject *object, PyObject *name)
{
    const struct core_pipeline *self = (struct core_pipeline *)object;
    struct plait_output_state found = {0};
    const char *text = PyUnicode_AsUTF8AndSize(name, NULL);
    if (text == NULL) return NULL;
    const plait_status status = plait_pipeline_state(self->handle, text, &found);
    if (status != PLAIT_OK) return core_fail(Py_TYPE(object), self->engine->interpreter, status);
    return Py_BuildValue("(NNK)", PyBool_FromLong(found.on), PyBool_FromLong(found.changed),
                         (unsigned long long)found.changes);
}

static PyObject *run(PyObject *object, PyObject *unused)
{
    struct core_pipeline *self = (struct core_pipeline *)object;
    plait_status status = PLAIT_OK;
    (void)unused;
    if (self->handle == NULL) return PyErr_Format(core_state_of(Py_TYPE(object))->error, "the pipeline was unloaded");
    Py_BEGIN_ALLOW_THREADS
    status = plait_pipeline_run(self->handle);
    Py_END_ALLOW_THREADS
    return core_engine_finish(self->engine, status);
}

static PyMethodDef methods[] = {
    {"models", models, METH_NOARGS, "Its models, in the order of the file."},
    {"inputs", inputs, METH_NOARGS,
     "[(name, [(model number, tensor index)], is stream, (resize, mean, std) or None, samples a second or 0)]"},
    {"outputs", outputs, METH_NOARGS,
     "[(name, (model number, tensor index), top or 0, path of labels or None, is boxes, (threshold, until, index) or None)]"},
    {"state", state, METH_O, "state(output): (on, changed in the last run, changes) of one with a threshold"},
    {"boxes", boxes, METH_O, "boxes(output): [(top, left, bottom, right, score, index)]"},
    {"submit", core_pipeline_submit, METH_VARARGS,
     "submit(callback, inputs, outputs, whole, deadline, drop_late, drop_surplus) -> number"},
    {"run", run, METH_NOARGS, "Runs every linked set of its models."},
    {"unload", unload, METH_NOARGS, "Takes its models away now, whoever still has this object or one of them."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, destroy}, {Py_tp_methods, methods}, {Py_tp_doc, "A pipeline file, loaded into an Engine."}, {0, NULL},
};

PyType_Spec core_pipeline_spec = {"plait._core.Pipeline", sizeof(struct core_pipeline), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
