/* SPDX-License-Identifier: Apache-2.0 */
/* What a link cuts out, as plait/crops.py gives it. */
#include "core.h"

/* (step, (size, ...)) */
static bool take_level(PyObject *object, struct plait_anchor_level *level)
{
    PyObject *sizes = NULL;
    if (!PyArg_ParseTuple(object, "dO!", &level->step, &PyTuple_Type, &sizes)) return false;
    level->size_count = (size_t)PyTuple_Size(sizes);
    if (level->size_count > PLAIT_MOST_ANCHOR_SIZES) {
        PyErr_Format(PyExc_ValueError, "a level of anchors has %zu sizes, which is more than %d", level->size_count,
                     PLAIT_MOST_ANCHOR_SIZES);
        return false;
    }
    for (size_t i = 0; i < level->size_count; i++) level->sizes[i] = PyFloat_AsDouble(PyTuple_GetItem(sizes, (Py_ssize_t)i));
    return PyErr_Occurred() == NULL;
}

static bool take_levels(PyObject *levels, struct plait_boxes *boxes)
{
    boxes->level_count = (size_t)PyTuple_Size(levels);
    if (boxes->level_count > PLAIT_MOST_ANCHOR_LEVELS) {
        PyErr_Format(PyExc_ValueError, "there are %zu levels of anchors, which is more than %d", boxes->level_count,
                     PLAIT_MOST_ANCHOR_LEVELS);
        return false;
    }
    for (size_t i = 0; i < boxes->level_count; i++)
        if (!take_level(PyTuple_GetItem(levels, (Py_ssize_t)i), &boxes->levels[i])) return false;
    return true;
}

/* Texts are the object's. */
bool core_take_crop(PyObject *object, struct plait_crop *crop)
{
    struct plait_boxes *boxes = &crop->boxes;
    PyObject *levels = NULL;
    int sigmoid = 0, x_first = 0, linear = 0;
    *crop = (struct plait_crop){0};
    plait_boxes_default(boxes);
    if (!PyTuple_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "a crop is a tuple");
        return false;
    }
    if (!PyArg_ParseTuple(object, "sssdippddiO!(ii)(dd)p", &crop->boxes_model, &boxes->boxes, &boxes->scores, &crop->margin,
                          &boxes->class_index, &sigmoid, &x_first, &boxes->least, &boxes->overlap, &boxes->most, &PyTuple_Type,
                          &levels, &boxes->picture[0], &boxes->picture[1], &boxes->variances[0], &boxes->variances[1], &linear))
        return false;
    boxes->sigmoid = sigmoid != 0;
    boxes->x_first = x_first != 0;
    boxes->linear = linear != 0;
    return take_levels(levels, boxes);
}
