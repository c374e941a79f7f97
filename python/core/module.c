/* SPDX-License-Identifier: Apache-2.0 */
/* The module itself: its types, its exception, what it needs of NumPy. */
#include "core.h"

#include <limits.h>
#include <string.h>

struct core_state *core_state_of(PyTypeObject *type)
{
    return PyType_GetModuleState(type);
}

PyObject *core_fail(PyTypeObject *type, const struct plait_interpreter *interpreter, plait_status status)
{
    const struct core_state *state = core_state_of(type);
    const char *text = interpreter != NULL ? plait_last_error(interpreter) : "";
    if (status == PLAIT_OUT_OF_MEMORY && text[0] == '\0') return PyErr_NoMemory();
    if (text[0] == '\0') text = plait_status_text(status);
    /* It quotes names out of files, and may be cut within a character. */
    PyObject *message = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    PyObject *error = message != NULL ? PyObject_CallFunctionObjArgs(state->error, message, NULL) : NULL;
    Py_XDECREF(message);
    PyObject *number = PyLong_FromLong((long)status);
    if (error != NULL && number != NULL && PyObject_SetAttrString(error, "status", number) == 0)
        PyErr_SetObject(state->error, error);
    Py_XDECREF(error);
    Py_XDECREF(number);
    return NULL;
}

/* NumPy's int64 is long where that has 64 bits. */
#if LONG_MAX > INT32_MAX
#define INT64_FORMAT  "l"
#define UINT64_FORMAT "L"
#else
#define INT64_FORMAT  "q"
#define UINT64_FORMAT "Q"
#endif

static const struct {
    plait_type type;
    const char *name;   /* of NumPy's type */
    const char *format; /* of the buffer protocol */
    size_t bytes;
} types[] = {
    {PLAIT_FLOAT32, "float32", "f", 4},   {PLAIT_INT32, "int32", "i", 4},      {PLAIT_UINT8, "uint8", "B", 1},
    {PLAIT_INT64, "int64", INT64_FORMAT, 8},       {PLAIT_STRING, "bytes_", NULL, 1},   {PLAIT_BOOL, "bool", "?", 1},
    {PLAIT_INT16, "int16", "h", 2},       {PLAIT_COMPLEX64, "complex64", "Zf", 8}, {PLAIT_INT8, "int8", "b", 1},
    {PLAIT_FLOAT16, "float16", "e", 2},   {PLAIT_FLOAT64, "float64", "d", 8},  {PLAIT_COMPLEX128, "complex128", "Zd", 16},
    {PLAIT_UINT64, "uint64", UINT64_FORMAT, 8},     {PLAIT_RESOURCE, "uint8", "B", 1},   {PLAIT_UINT32, "uint32", "I", 4},
    {PLAIT_UINT16, "uint16", "H", 2},     {PLAIT_INT4, "int8", NULL, 1},       {PLAIT_BFLOAT16, "uint16", "H", 2},
    {PLAIT_INT2, "int8", NULL, 1},        {PLAIT_UINT4, "uint8", NULL, 1},
};
enum { TYPES = sizeof types / sizeof types[0] };

const char *core_format(plait_type type)
{
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].type == type) return types[i].format;
    return NULL;
}

size_t core_item_bytes(plait_type type)
{
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].type == type) return types[i].bytes;
    return 1;
}

/* numpy.asarray and a numpy.dtype for each type. */
static int find_numpy(struct core_state *state)
{
    PyObject *numpy = PyImport_ImportModule("numpy");
    if (numpy == NULL) return -1;
    state->asarray = PyObject_GetAttrString(numpy, "asarray");
    int result = state->asarray == NULL ? -1 : 0;
    for (size_t i = 0; result == 0 && i < TYPES; i++) {
        PyObject *dtype = PyObject_CallMethod(numpy, "dtype", "s", types[i].type == PLAIT_STRING ? "S" : types[i].name);
        if (dtype == NULL) result = -1;
        state->dtypes[types[i].type] = dtype;
    }
    Py_DECREF(numpy);
    return result;
}

static int add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **type)
{
    *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return *type == NULL ? -1 : PyModule_AddType(module, *type);
}

static int execute(PyObject *module)
{
    struct core_state *state = PyModule_GetState(module);
    state->error = PyErr_NewExceptionWithDoc(
        "plait.Error", "What plait refuses: str() says which model, operator or tensor, and what to do; status is the "
                       "number of plait_status.", PyExc_RuntimeError, NULL);
    if (state->error == NULL || PyModule_AddObjectRef(module, "Error", state->error) != 0) return -1;
    if (find_numpy(state) != 0 || add_type(module, &core_engine_spec, &state->engine) != 0 ||
        add_type(module, &core_model_spec, &state->model) != 0 ||
        add_type(module, &core_pipeline_spec, &state->pipeline) != 0 || add_type(module, &core_view_spec, &state->view) != 0)
        return -1;
    return PyModule_AddStringConstant(module, "version", plait_version());
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    struct core_state *state = PyModule_GetState(module);
    Py_VISIT(state->error);
    Py_VISIT(state->asarray);
    Py_VISIT((PyObject *)state->engine);
    Py_VISIT((PyObject *)state->model);
    Py_VISIT((PyObject *)state->pipeline);
    Py_VISIT((PyObject *)state->view);
    return 0;
}

static int clear(PyObject *module)
{
    struct core_state *state = PyModule_GetState(module);
    Py_CLEAR(state->error);
    Py_CLEAR(state->asarray);
    Py_CLEAR(state->engine);
    Py_CLEAR(state->model);
    Py_CLEAR(state->pipeline);
    Py_CLEAR(state->view);
    for (size_t i = 0; i < sizeof state->dtypes / sizeof state->dtypes[0]; i++) Py_CLEAR(state->dtypes[i]);
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "plait._core",
    .m_doc = "The C API of plait as Python objects. Use plait.Interpreter, plait.Runtime and plait.ModelManager.",
    .m_size = sizeof(struct core_state),
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
};

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&definition);
}
