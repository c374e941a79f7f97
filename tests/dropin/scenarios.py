# SPDX-License-Identifier: Apache-2.0
"""What programs do with TensorFlow Lite's C API, one function per group of its functions.

Each takes a library, the paths of models and `see`, which notes what came out: plait's library and TensorFlow Lite's own
must note the same. What TensorFlow Lite leaves undefined (NULL, wrong order) only plait is asked, with `l.ours`, and the
answer is stated here.
"""
import ctypes as C
import os
import platform
import re

import numpy as np

import capi
from capi import Affine, Context, IntArray, Node, Quantization, Registration, Tensor

OK, ERROR, DELEGATE_ERROR, UNRESOLVED, CANCELLED = 0, 1, 2, 7, 8
FLOAT32, INT32, STRING, INT8 = 1, 2, 5, 9
CUSTOM = 32


def path_of(paths, name):
    return os.fsencode(paths[name])


def ints(*values):
    return (C.c_int * len(values))(*values)


def at(kind, pointer):
    return C.cast(pointer, C.POINTER(kind)).contents


class SparseDimension(C.Structure):
    _fields_ = [("format", C.c_int), ("size", C.c_int), ("segments", C.c_void_p), ("indices", C.c_void_p)]


class Sparsity(C.Structure):
    _fields_ = [("order", C.c_void_p), ("map", C.c_void_p), ("dimensions", C.c_void_p), ("count", C.c_int)]


class VaList(C.Structure):
    """As x86-64 has it."""
    _fields_ = [("general", C.c_uint), ("floating", C.c_uint), ("overflow", C.c_void_p), ("registers", C.c_void_p)]


def va_list(text):
    """One argument, on the stack."""
    made = VaList(48, 304)
    made.words = (C.c_char_p * 1)(text)
    made.overflow = C.addressof(made.words)
    return made


class HeapFigures(C.Structure):
    """As mallinfo2() gives them."""
    _fields_ = [(name, C.c_size_t) for name in ("arena", "free_chunks", "fast_chunks", "mapped_blocks", "mapped",
                                                "unused", "fast_bytes", "used", "free", "top")]


def heap_bytes():
    """Bytes of malloc's that the process, and so both libraries, holds."""
    figures = C.CDLL(None).mallinfo2
    figures.restype = HeapFigures
    found = figures()
    return found.used + found.mapped


def grows(function, times=1000):
    """Whether calling it so often takes memory each time that never comes back."""
    for _ in range(times // 10):
        function()
    before = heap_bytes()
    for _ in range(times):
        function()
    return heap_bytes() - before > 16 * times


class Run:
    """A model and an interpreter of it, with what options say."""

    def __init__(self, l, path, options=None):
        self.l = l
        self.model = l.TfLiteModelCreateFromFile(os.fsencode(path))
        assert self.model, path
        self.ip = l.TfLiteInterpreterCreate(self.model, options)
        assert self.ip, path

    def input(self, index=0):
        return self.l.TfLiteInterpreterGetInputTensor(self.ip, index)

    def output(self, index=0):
        return self.l.TfLiteInterpreterGetOutputTensor(self.ip, index)

    def allocate(self):
        return self.l.TfLiteInterpreterAllocateTensors(self.ip)

    def invoke(self):
        return self.l.TfLiteInterpreterInvoke(self.ip)

    def resize(self, *dims, index=0):
        return self.l.TfLiteInterpreterResizeInputTensor(self.ip, index, ints(*dims), len(dims))

    def feed(self, array, index=0):
        array = np.ascontiguousarray(array)
        return self.l.TfLiteTensorCopyFromBuffer(self.input(index), array.ctypes.data, array.nbytes)

    def read(self, dtype=np.float32, index=0):
        tensor = self.output(index)
        made = np.empty(self.l.TfLiteTensorByteSize(tensor) // np.dtype(dtype).itemsize, dtype)
        assert self.l.TfLiteTensorCopyToBuffer(tensor, made.ctypes.data, made.nbytes) == OK
        return made.tolist()

    def delete(self):
        self.l.TfLiteInterpreterDelete(self.ip)
        self.l.TfLiteModelDelete(self.model)


def describe(tensor, placed=True):
    """All fields of a TfLiteTensor that are no addresses. Where data is depends on who plans."""
    of = at(Tensor, tensor)
    quantization = None
    if of.quantization.type == 1:
        affine = at(Affine, of.quantization.params)
        quantization = (affine.scale.contents.data[:affine.scale.contents.size], affine.zero_point.contents.list(),
                        affine.dimension)
    return (of.type, of.dims.contents.list(), of.bytes, of.name, of.params.scale, of.params.zero_point,
            of.allocation_type, of.is_variable, of.buffer_handle, of.data_is_stale, quantization,
            bool(of.data) if placed else None, of.dims_signature.contents.list() if of.dims_signature else None)


# ---- versions and arrays


def versions(l, paths, see):
    see(l.TfLiteSchemaVersion(), *(bool(re.match(rb"\d+\.\d+\.\d+", text)) for text in
                                   (l.TfLiteVersion(), l.TfLiteExtensionApisVersion())))
    see([l.TfLiteTypeGetName(number) for number in range(19)], l.TfLiteTypeGetName(1000))


def int_arrays(l, paths, see):
    see([l.TfLiteIntArrayGetSizeInBytes(size) for size in (0, 1, 7)], l.TfLiteIntArrayCreate(-1))
    a, empty = l.TfLiteIntArrayCreate(3), l.TfLiteIntArrayCreate(0)
    at(IntArray, a).data[0:3] = [5, 6, 7]
    b = l.TfLiteIntArrayCopy(a)
    see(at(IntArray, b).list(), at(IntArray, empty).size, l.TfLiteIntArrayCopy(None), a != b)
    see(l.TfLiteIntArrayEqual(a, b), l.TfLiteIntArrayEqual(a, empty), l.TfLiteIntArrayEqual(None, None),
        l.TfLiteIntArrayEqual(a, None), l.TfLiteIntArrayEqual(None, b))
    see(l.TfLiteIntArrayEqualsArray(a, 3, ints(5, 6, 7)), l.TfLiteIntArrayEqualsArray(a, 3, ints(5, 6, 8)),
        l.TfLiteIntArrayEqualsArray(a, 2, ints(5, 6)), l.TfLiteIntArrayEqualsArray(None, 0, None),
        l.TfLiteIntArrayEqualsArray(None, 1, ints(1)))
    for array in (a, b, empty, None):
        l.TfLiteIntArrayFree(array)

    def make_and_free():
        array = l.TfLiteIntArrayCreate(2000)
        C.memset(array + 4, 1, 8000)
        l.TfLiteIntArrayFree(array)
    see(grows(make_and_free))


def float_arrays(l, paths, see):
    see([l.TfLiteFloatArrayGetSizeInBytes(size) for size in (0, 1, 7)], l.TfLiteFloatArrayCreate(-1))
    a = l.TfLiteFloatArrayCreate(2)
    at(capi.FloatArray, a).data[0:2] = [0.5, 2]
    b = l.TfLiteFloatArrayCopy(a)
    see(at(capi.FloatArray, b).size, at(capi.FloatArray, b).data[:2], l.TfLiteFloatArrayCopy(None), a != b)
    for array in (a, b, None):
        l.TfLiteFloatArrayFree(array)

    def make_and_free():
        array = l.TfLiteFloatArrayCreate(2000)
        C.memset(array + 4, 1, 8000)
        l.TfLiteFloatArrayFree(array)
    see(grows(make_and_free))


# ---- models


def collect(l):
    """A reporter, and what it was told."""
    told = []

    def report(user, text, args):
        line = C.create_string_buffer(1000)
        C.CDLL(None).vsnprintf(line, C.c_size_t(1000), C.c_char_p(text), C.c_void_p(args))
        told.append((user, line.value))
    return l.keep(capi.REPORT, report), told


def models(l, paths, see):
    reporter, told = collect(l)
    content = paths["digits_classifier_fp32"].read_bytes()
    buffer = C.create_string_buffer(content, len(content))
    made = [l.TfLiteModelCreateFromFile(path_of(paths, "affine")), l.TfLiteModelCreate(buffer, len(content)),
            l.TfLiteModelCreateFromFileWithErrorReporter(path_of(paths, "affine"), reporter, None),
            l.TfLiteModelCreateWithErrorReporter(buffer, len(content), reporter, None)]
    see([bool(model) for model in made], list(told))
    for model in made:
        ip = l.TfLiteInterpreterCreate(model, None)
        see(bool(ip), l.TfLiteInterpreterGetInputTensorCount(ip))
        l.TfLiteInterpreterDelete(ip)
        l.TfLiteModelDelete(model)
    see(l.TfLiteModelCreateFromFile(b"/nowhere"), l.TfLiteModelCreate(buffer, 100), l.TfLiteModelCreate(b"", 0))
    see(l.TfLiteModelCreateFromFileWithErrorReporter(b"/nowhere", reporter, 7), told[0][0] if told else None)
    see(l.TfLiteModelCreateWithErrorReporter(buffer, 100, reporter, 8), told[-1][0] if told else None, len(told) >= 2)
    if l.ours:
        assert not l.TfLiteModelCreateFromFile(None) and not l.TfLiteModelCreate(None, 5)
        l.TfLiteModelDelete(None)
        assert not grows(lambda: l.TfLiteModelDelete(l.TfLiteModelCreateFromFile(path_of(paths, "affine"))))


# ---- interpreters and tensors


def one_run(l, paths, see):
    run = Run(l, paths["digits_classifier_fp32"])
    see(l.TfLiteInterpreterGetInputTensorCount(run.ip), l.TfLiteInterpreterGetOutputTensorCount(run.ip))
    see(describe(run.input()), describe(run.output(), placed=False))
    see(run.invoke(), "before allocate")
    see(run.allocate(), describe(run.input()), describe(run.output()))
    x = np.random.default_rng(1).standard_normal(at(Tensor, run.input()).bytes // 4).astype(np.float32)
    see(run.feed(x), run.feed(x[:-1]), run.feed(np.append(x, x)))
    see(run.invoke(), [round(value, 5) for value in run.read()], run.allocate(), run.invoke())
    for tensor in (run.input(), run.output()):
        see(l.TfLiteTensorType(tensor), l.TfLiteTensorNumDims(tensor), l.TfLiteTensorByteSize(tensor),
            [l.TfLiteTensorDim(tensor, i) for i in range(l.TfLiteTensorNumDims(tensor))], l.TfLiteTensorName(tensor),
            l.TfLiteTensorData(tensor) == at(Tensor, tensor).data, bool(l.TfLiteTensorData(tensor)))
    y = np.empty(4, np.float32)
    see(l.TfLiteTensorCopyToBuffer(run.output(), y.ctypes.data, 3), l.TfLiteTensorCopyToBuffer(run.output(), None, 1))
    run.delete()


def what_was_handed_out_stays(l, paths, see):
    """Pointers and bytes, while models and options are deleted and other interpreters come, run and go."""
    model = l.TfLiteModelCreateFromFile(path_of(paths, "digits_classifier_fp32"))
    chosen = l.options(SetNumThreads=(2,))
    first = l.TfLiteInterpreterCreate(model, chosen)
    l.TfLiteInterpreterOptionsDelete(chosen)
    l.TfLiteModelDelete(model)
    see(l.TfLiteInterpreterAllocateTensors(first))
    tensors = l.TfLiteInterpreterGetInputTensor(first, 0), l.TfLiteInterpreterGetOutputTensor(first, 0)
    places = [l.TfLiteTensorData(tensor) for tensor in tensors]
    values = np.linspace(-1, 1, l.TfLiteTensorByteSize(tensors[0]) // 4).astype(np.float32)
    C.memmove(places[0], values.ctypes.data, values.nbytes)
    see(l.TfLiteInterpreterInvoke(first))
    answer = C.string_at(places[1], l.TfLiteTensorByteSize(tensors[1]))
    for other in ("dynamic_batch_fp32", "signatures_fp32", "digits_classifier_fp32"):
        run = Run(l, paths[other])
        shape = at(Tensor, run.input()).dims.contents.list()
        see(run.allocate(), run.invoke(), run.resize(*shape), run.allocate(), run.invoke())
        run.delete()
        see([l.TfLiteTensorData(tensor) for tensor in tensors] == places,
            C.string_at(places[0], values.nbytes) == values.tobytes(), C.string_at(places[1], len(answer)) == answer)
    see((l.TfLiteInterpreterGetInputTensor(first, 0), l.TfLiteInterpreterGetOutputTensor(first, 0)) == tensors)
    see(l.TfLiteInterpreterAllocateTensors(first), l.TfLiteInterpreterInvoke(first),
        [l.TfLiteTensorData(tensor) for tensor in tensors] == places, C.string_at(places[1], len(answer)) == answer)
    l.TfLiteInterpreterDelete(first)


def numbers_of_tensors(l, paths, see):
    run = Run(l, paths["digits_classifier_fp32"])
    for count, indices, index in (
            (l.TfLiteInterpreterGetInputTensorCount, l.TfLiteInterpreterInputTensorIndices,
             l.TfLiteInterpreterGetInputTensorIndex),
            (l.TfLiteInterpreterGetOutputTensorCount, l.TfLiteInterpreterOutputTensorIndices,
             l.TfLiteInterpreterGetOutputTensorIndex)):
        listed = C.cast(indices(run.ip), C.POINTER(C.c_int))[:count(run.ip)]
        see(listed, [index(run.ip, i) for i in range(count(run.ip))])
    first = l.TfLiteInterpreterGetInputTensorIndex(run.ip, 0)
    see(l.TfLiteInterpreterGetTensor(run.ip, first) == run.input(), run.allocate())
    see([describe(l.TfLiteInterpreterGetTensor(run.ip, i), placed=False) for i in range(4)])
    see(l.TfLiteInterpreterEnsureTensorDataIsReadable(run.ip, first))
    if l.ours:
        assert not l.TfLiteInterpreterGetTensor(run.ip, -1) and not l.TfLiteInterpreterGetTensor(run.ip, 1000)
        assert not run.input(-1) and not run.input(1) and not run.output(1)
        assert l.TfLiteInterpreterGetInputTensorIndex(run.ip, 9) == -1
        assert l.TfLiteInterpreterGetOutputTensorIndex(run.ip, -1) == -1
        assert l.TfLiteInterpreterEnsureTensorDataIsReadable(run.ip, 1000) == ERROR
    run.delete()


def quantization(l, paths, see):
    run = Run(l, paths["quantized"])
    see([describe(l.TfLiteInterpreterGetTensor(run.ip, i), placed=False) for i in range(4)], run.allocate())
    for i in range(4):
        params = l.TfLiteTensorQuantizationParams(l.TfLiteInterpreterGetTensor(run.ip, i))
        see(params.scale, params.zero_point)
        see(l.TfLiteOpaqueTensorGetQuantization(l.TfLiteInterpreterGetTensor(run.ip, i)).type)
    if l.ours:
        assert at(IntArray, l.TfLiteTensorGetDimsSignature(run.input())).list() == [-1, 3]
        assert at(IntArray, l.TfLiteTensorGetDimsSignature(l.TfLiteInterpreterGetTensor(run.ip, 1))).list() == [2, 3]
    see(run.feed(np.array([4, -5, 6], np.int8)), run.invoke(), run.read(np.int8))
    see(run.resize(4, 3), describe(run.input()), run.invoke(), run.allocate(), describe(run.input()),
        describe(run.output()), run.feed(np.arange(12, dtype=np.int8)), run.invoke(), run.read(np.int8))
    see(run.resize(4, 3), run.invoke(), run.resize(4, 5))
    if l.ours:  # 20 numbers are no rows of 3; TensorFlow Lite divides and forgets the rest
        assert run.allocate() == ERROR and run.invoke() == ERROR
    run.delete()


def wrong_calls(l, paths, see):
    """NULL and what is out of range: TensorFlow Lite does not say, plait refuses."""
    if not l.ours:
        return
    assert not l.TfLiteInterpreterCreate(None, None) and not l.TfLiteInterpreterCreateWithSelectedOps(None, None)
    l.TfLiteInterpreterDelete(None)
    for name in ("AllocateTensors", "Invoke", "ResetVariableTensors", "Cancel"):
        assert getattr(l, "TfLiteInterpreter" + name)(None) == ERROR, name
    for name in ("GetInputTensorCount", "GetOutputTensorCount", "GetVariableTensorCount", "GetSignatureCount"):
        assert getattr(l, "TfLiteInterpreter" + name)(None) == 0, name
    for name in ("GetInputTensor", "GetOutputTensor", "GetTensor", "GetVariableTensor", "GetSignatureKey"):
        assert getattr(l, "TfLiteInterpreter" + name)(None, 0) is None, name
    for name in ("GetInputTensorIndex", "GetOutputTensorIndex"):
        assert getattr(l, "TfLiteInterpreter" + name)(None, 0) == -1, name
    assert l.TfLiteInterpreterInputTensorIndices(None) is None
    assert l.TfLiteInterpreterOutputTensorIndices(None) is None
    assert l.TfLiteInterpreterResizeInputTensor(None, 0, ints(1), 1) == ERROR
    assert l.TfLiteInterpreterEnsureTensorDataIsReadable(None, 0) == ERROR
    assert l.TfLiteTensorType(None) == 0 and l.TfLiteTensorNumDims(None) == -1 and l.TfLiteTensorDim(None, 0) == 0
    assert l.TfLiteTensorByteSize(None) == 0 and l.TfLiteTensorData(None) is None
    assert l.TfLiteTensorName(None) is None and l.TfLiteTensorQuantizationParams(None).scale == 0
    assert l.TfLiteTensorCopyFromBuffer(None, b"1", 1) == l.TfLiteTensorCopyToBuffer(None, b"1", 1) == ERROR
    run = Run(l, paths["digits_classifier_fp32"])
    bytes_ = at(Tensor, run.input()).bytes
    assert l.TfLiteTensorCopyFromBuffer(run.input(), b"x" * bytes_, bytes_) == ERROR  # nothing is allocated
    assert run.resize(1, -1, 8, 1) == ERROR and run.resize(1, index=3) == ERROR
    assert l.TfLiteInterpreterResizeInputTensor(run.ip, 0, None, 2) == ERROR
    assert l.TfLiteInterpreterResizeInputTensor(run.ip, 0, ints(*[1] * 9), 9) == ERROR
    assert run.allocate() == OK and run.invoke() == OK
    assert l.TfLiteTensorCopyFromBuffer(run.input(), None, bytes_) == ERROR
    assert l.TfLiteTensorDim(run.input(), 17) == 0 and l.TfLiteTensorDim(run.input(), -1) == 0
    weights = next(t for t in (l.TfLiteInterpreterGetTensor(run.ip, i) for i in range(20)) if at(Tensor, t).allocation_type == 1)
    content = b"x" * at(Tensor, weights).bytes
    assert l.TfLiteTensorCopyFromBuffer(weights, content, len(content)) == ERROR  # a constant
    run.delete()


# ---- options


def options(l, paths, see):
    reporter, told = collect(l)
    made = l.options(SetNumThreads=(2,), SetErrorReporter=(reporter, 5), SetUseNNAPI=(False,),
                     SetEnableDelegateFallback=(False,), SetTelemetryProfiler=(None,))
    see(l.TfLiteInterpreterOptionsEnableCancellation(made, True))
    copied = l.TfLiteInterpreterOptionsCopy(made)
    l.TfLiteInterpreterOptionsDelete(made)
    run = Run(l, paths["digits_classifier_fp32"], copied)
    l.TfLiteInterpreterOptionsDelete(copied)
    see(run.invoke(), len(told) > 0, all(user == 5 for user, _ in told))  # the reporter came along
    see(run.allocate(), run.invoke(), l.TfLiteInterpreterCancel(run.ip), run.invoke())
    run.delete()
    run = Run(l, paths["digits_classifier_fp32"])
    see(l.TfLiteInterpreterCancel(run.ip))  # nobody allowed it
    run.delete()
    if l.ours:
        assert l.TfLiteInterpreterOptionsEnableCancellation(None, True) == ERROR
        assert l.TfLiteInterpreterOptionsCopy(None) is None
        l.TfLiteInterpreterOptionsDelete(None)
        l.TfLiteInterpreterOptionsSetNumThreads(None, 1)
        l.TfLiteInterpreterOptionsSetErrorReporter(None, None, None)
        assert not grows(lambda: l.TfLiteInterpreterOptionsDelete(l.TfLiteInterpreterOptionsCreate()))
        made = l.options(SetNumThreads=(2,))
        run = Run(l, paths["affine"], made)  # the number of threads is what operators of a program's own are told
        l.TfLiteInterpreterOptionsDelete(made)
        run.delete()


def threads_are_told(l, paths, see):
    """An operator of the program's own finds the number of threads in its context."""
    found = []
    own = Own(l, prepare=lambda context, node: found.append(C.c_int.from_address(context + 72).value) or 1)
    made = own.options()
    l.TfLiteInterpreterOptionsSetNumThreads(made, 3)
    run = Run(l, paths["affine"], made)
    see(run.allocate(), found)
    run.delete()
    own.delete()


def cancelling(l, paths, see):
    """From within: an operator of the program's own cancels the run it is in."""
    runs = []
    own = Own(l, invoke=lambda context, node: l.TfLiteInterpreterCancel(runs[0].ip))
    made = own.options()
    l.TfLiteInterpreterOptionsEnableCancellation(made, True)
    runs.append(Run(l, paths["affine"], made))
    see(runs[0].allocate(), runs[0].feed(np.ones(4, np.float32)), runs[0].invoke())
    runs[0].delete()
    own.delete()


# ---- variables, the caller's memory


def variables(l, paths, see):
    run = Run(l, paths["rnn"])
    see(l.TfLiteInterpreterGetVariableTensorCount(run.ip), run.allocate())
    state = l.TfLiteInterpreterGetVariableTensor(run.ip, 0)
    see(describe(state), l.TfLiteOpaqueTensorIsVariable(state), l.TfLiteOpaqueTensorIsVariable(run.input()))
    answers = []
    for i in range(4):
        if i == 3:
            see(l.TfLiteInterpreterResetVariableTensors(run.ip))
        see(run.feed(np.array([1, -1], np.float32)), run.invoke())
        answers.append([round(value, 5) for value in run.read()])
    see(answers, answers[0] != answers[1], answers[0] == answers[3])
    if l.ours:
        assert l.TfLiteInterpreterGetVariableTensor(run.ip, 1) is None
        assert l.TfLiteInterpreterGetVariableTensor(run.ip, -1) is None
    run.delete()


def custom_allocations(l, paths, see):
    set_memory = l.TfLiteInterpreterSetCustomAllocationForTensor
    run = Run(l, paths["digits_classifier_fp32"])
    size = at(Tensor, run.input()).bytes
    memory = C.create_string_buffer(size + 128)
    aligned = (C.addressof(memory) + 63) // 64 * 64
    index = l.TfLiteInterpreterGetInputTensorIndex(run.ip, 0)
    see(set_memory(run.ip, index, None, 0), set_memory(run.ip, index, C.byref(capi.Allocation(None, size)), 0),
        set_memory(run.ip, index, C.byref(capi.Allocation(aligned + 4, size)), 0))
    see(set_memory(run.ip, index, C.byref(capi.Allocation(aligned, size)), 0), run.allocate())
    see(at(Tensor, run.input()).data == aligned, at(Tensor, run.input()).allocation_type)
    values = np.linspace(0, 1, size // 4).astype(np.float32)
    C.memmove(aligned, values.ctypes.data, size)
    see(run.invoke(), [round(value, 5) for value in run.read()])
    see(set_memory(run.ip, index, C.byref(capi.Allocation(aligned, size - 4)), 0), run.allocate())
    see(set_memory(run.ip, index, C.byref(capi.Allocation(aligned, size)), 0), run.allocate(), run.invoke())
    if l.ours:
        assert set_memory(None, index, C.byref(capi.Allocation(aligned, size)), 0) == ERROR
        assert set_memory(run.ip, 1000, C.byref(capi.Allocation(aligned, size)), 0) == ERROR
    run.delete()


# ---- signatures


def signatures(l, paths, see):
    run = Run(l, paths["signatures_fp32"])
    keys = [l.TfLiteInterpreterGetSignatureKey(run.ip, i) for i in range(l.TfLiteInterpreterGetSignatureCount(run.ip))]
    see(keys, l.TfLiteInterpreterGetSignatureKey(run.ip, 99), l.TfLiteInterpreterGetSignatureKey(run.ip, -1))
    see(l.TfLiteInterpreterGetSignatureRunner(run.ip, b"nothing"))
    for key in keys:
        runner = l.TfLiteInterpreterGetSignatureRunner(run.ip, key)
        inputs = [l.TfLiteSignatureRunnerGetInputName(runner, i)
                  for i in range(l.TfLiteSignatureRunnerGetInputCount(runner))]
        outputs = [l.TfLiteSignatureRunnerGetOutputName(runner, i)
                   for i in range(l.TfLiteSignatureRunnerGetOutputCount(runner))]
        see(key, inputs, outputs, l.TfLiteSignatureRunnerGetInputName(runner, 50),
            l.TfLiteSignatureRunnerGetOutputName(runner, -1), l.TfLiteSignatureRunnerInvoke(runner))
        see(l.TfLiteSignatureRunnerAllocateTensors(runner), l.TfLiteSignatureRunnerGetInputTensor(runner, b"nothing"),
            l.TfLiteSignatureRunnerGetOutputTensor(runner, b"nothing"), l.TfLiteSignatureRunnerCancel(runner))
        for name in inputs:
            tensor = l.TfLiteSignatureRunnerGetInputTensor(runner, name)
            see(describe(tensor))
            values = np.linspace(-1, 1, at(Tensor, tensor).bytes // 4).astype(np.float32)
            l.TfLiteTensorCopyFromBuffer(tensor, values.ctypes.data, values.nbytes)
            dims = at(Tensor, tensor).dims.contents.list()
            see(l.TfLiteSignatureRunnerResizeInputTensor(runner, name, ints(*dims), len(dims)),
                l.TfLiteSignatureRunnerResizeInputTensor(runner, name, ints(*dims, 1), len(dims) + 1),
                l.TfLiteSignatureRunnerResizeInputTensor(runner, name, ints(*dims[:-1], 77), len(dims)))
        see(l.TfLiteSignatureRunnerInvoke(runner))
        for name in outputs:
            tensor = l.TfLiteSignatureRunnerGetOutputTensor(runner, name)
            values = np.empty(at(Tensor, tensor).bytes // 4, np.float32)
            see(describe(tensor), l.TfLiteTensorCopyToBuffer(tensor, values.ctypes.data, values.nbytes),
                np.round(values, 4).tolist()[:20])
        l.TfLiteSignatureRunnerDelete(runner)
    if l.ours:
        assert l.TfLiteInterpreterGetSignatureRunner(None, b"x") is None
        assert l.TfLiteInterpreterGetSignatureRunner(run.ip, None) is None
        for name in ("AllocateTensors", "Invoke", "Cancel"):
            assert getattr(l, "TfLiteSignatureRunner" + name)(None) == ERROR
        assert l.TfLiteSignatureRunnerGetInputCount(None) == l.TfLiteSignatureRunnerGetOutputCount(None) == 0
        assert l.TfLiteSignatureRunnerGetInputTensor(None, b"x") is None
        assert l.TfLiteSignatureRunnerGetOutputTensor(None, b"x") is None
        assert l.TfLiteSignatureRunnerGetInputName(None, 0) is None
        assert l.TfLiteSignatureRunnerGetOutputName(None, 0) is None
        assert l.TfLiteSignatureRunnerResizeInputTensor(None, b"x", ints(1), 1) == ERROR
        l.TfLiteSignatureRunnerDelete(None)
        assert not grows(lambda: l.TfLiteSignatureRunnerDelete(l.TfLiteInterpreterGetSignatureRunner(run.ip, keys[0])))
    run.delete()


def signatures_by_themselves(l, paths, see):
    """One that cannot be planned is no concern of the others."""
    run = Run(l, paths["one_good_signature"])
    good, bad = (l.TfLiteInterpreterGetSignatureRunner(run.ip, key) for key in (b"good", b"bad"))
    for _ in range(2):
        see(run.allocate(), run.feed(np.float32([[-1, 2]])), run.invoke(), run.read())
        see(l.TfLiteSignatureRunnerAllocateTensors(bad) == OK, l.TfLiteSignatureRunnerInvoke(bad) == OK)
        see(l.TfLiteSignatureRunnerAllocateTensors(good), l.TfLiteSignatureRunnerInvoke(good), run.read())
        see(run.resize(1, 2))
    for runner in (good, bad):
        l.TfLiteSignatureRunnerDelete(runner)
    run.delete()


def open_dimensions(l, paths, see):
    run = Run(l, paths["dynamic_batch_fp32"])
    if l.TfLiteInterpreterGetSignatureCount(run.ip) > 0:
        runner = l.TfLiteInterpreterGetSignatureRunner(run.ip, l.TfLiteInterpreterGetSignatureKey(run.ip, 0))
        name = l.TfLiteSignatureRunnerGetInputName(runner, 0)
        tensor = l.TfLiteSignatureRunnerGetInputTensor(runner, name)
        dims = at(Tensor, tensor).dims.contents.list()
        see(l.TfLiteSignatureRunnerResizeInputTensor(runner, name, ints(3, *dims[1:]), len(dims)),
            l.TfLiteSignatureRunnerInvoke(runner), l.TfLiteSignatureRunnerAllocateTensors(runner),
            at(Tensor, tensor).dims.contents.list())
        l.TfLiteSignatureRunnerDelete(runner)
    run.delete()


# ---- operators of the program's own


class Own:
    """The operator Affine as a TfLiteOperator or a TfLiteRegistration, with callbacks given here."""

    def __init__(self, l, name=b"Affine", version=3, **callbacks):
        self.l, self.name = l, name
        self.log = []
        self.op = l.TfLiteOperatorCreate(CUSTOM, name, version)
        default = {"init": lambda context, buffer, length: self.log.append(("init", length)) or 77,
                   "free": lambda context, data: self.log.append(("free", data)), "prepare": self.prepare,
                   "invoke": self.invoke}
        default.update(callbacks)
        kinds = {"init": capi.INIT, "free": capi.FREE, "prepare": capi.RUN, "invoke": capi.RUN}
        self.callbacks = {key: l.keep(kinds[key], function) for key, function in default.items()}
        for key, callback in self.callbacks.items():
            getattr(l, "TfLiteOperatorSet" + key.capitalize())(self.op, callback)

    def prepare(self, context, node):
        self.log.append(("prepare", self.l.TfLiteOpaqueNodeGetUserData(node)))
        x = self.l.TfLiteOpaqueNodeGetInput(context, node, 0)
        size = self.l.TfLiteIntArrayCreate(self.l.TfLiteOpaqueTensorNumDims(x))
        for i in range(at(IntArray, size).size):
            at(IntArray, size).data[i] = self.l.TfLiteOpaqueTensorDim(x, i)
        return self.l.TfLiteOpaqueContextResizeTensor(context, self.l.TfLiteOpaqueNodeGetOutput(context, node, 0), size)

    def invoke(self, context, node):
        x = self.l.TfLiteOpaqueNodeGetInput(context, node, 0)
        y = self.l.TfLiteOpaqueNodeGetOutput(context, node, 0)
        values = np.empty(self.l.TfLiteOpaqueTensorByteSize(x) // 4, np.float32)
        status = self.l.TfLiteOpaqueTensorCopyToBuffer(x, values.ctypes.data, values.nbytes)
        values = values * 2 + 1
        return status or self.l.TfLiteOpaqueTensorCopyFromBuffer(y, values.ctypes.data, values.nbytes)

    def registration(self):
        made = Registration()
        for key, callback in self.callbacks.items():
            setattr(made, key, C.cast(callback, {"init": capi.INIT, "free": capi.FREE}.get(key, capi.RUN)))
        self.l.kept.append(made)
        return made

    def options(self):
        return self.l.options(AddOperator=(self.op,))

    def delete(self):
        self.l.TfLiteOperatorDelete(self.op)


def own_operator(l, paths, see):
    run = Run(l, paths["affine"])
    see(run.allocate(), run.invoke())  # nobody knows Affine
    run.delete()
    own = Own(l)
    see(l.TfLiteOperatorGetCustomName(own.op), l.TfLiteOperatorGetVersion(own.op), l.TfLiteOperatorGetVersion(None),
        l.TfLiteOperatorGetBuiltInCode(own.op), l.TfLiteOperatorGetUserData(own.op), l.TfLiteOperatorGetUserData(None))
    made = own.options()
    run = Run(l, paths["affine"], made)
    l.TfLiteInterpreterOptionsDelete(made)
    x = np.array([1, -2, 3, -4], np.float32)
    see(own.log, run.allocate(), run.feed(x), run.invoke(), run.read(), own.log)
    see(run.resize(2, 4), run.allocate(), run.feed(np.append(x, x)), run.invoke(), run.read())
    run.delete()
    see([entry for entry in own.log if entry[0] in ("init", "free")])
    own.delete()
    if l.ours:
        for name in ("Init", "Free", "Prepare", "Invoke", "AsyncKernel"):
            getattr(l, "TfLiteOperatorSet" + name)(None, None)
            assert getattr(l, f"TfLiteOperatorSet{name}WithData")(None, None) == ERROR
        l.TfLiteOperatorDelete(None)
        l.TfLiteOperatorSetInplaceOperator(None, 0)
        assert not grows(lambda: l.TfLiteOperatorDelete(l.TfLiteOperatorCreate(CUSTOM, b"x", 1)))


def own_operator_with_data(l, paths, see):
    log = []
    own = Own(l)
    op = l.TfLiteOperatorCreateWithData(CUSTOM, b"Affine", 3, 1234)
    see(l.TfLiteOperatorGetUserData(op))

    def note(name, function):
        return lambda user, *arguments: log.append((name, user)) or function(*arguments)

    for name, kind, function in (("Init", capi.INIT_WITH, lambda context, buffer, length: length),
                                 ("Free", capi.FREE_WITH, lambda context, data: None),
                                 ("Prepare", capi.RUN_WITH, own.prepare), ("Invoke", capi.RUN_WITH, own.invoke)):
        see(getattr(l, f"TfLiteOperatorSet{name}WithData")(op, l.keep(kind, note(name, function))))
    see(l.TfLiteOperatorSetAsyncKernelWithData(op, None))
    l.TfLiteOperatorSetAsyncKernel(op, None)
    l.TfLiteOperatorSetInplaceOperator(op, 0)
    made = l.options(AddOperator=(op,))
    run = Run(l, paths["affine"], made)
    see(run.allocate(), run.feed(np.ones(4, np.float32)), run.invoke(), run.read())
    run.delete()
    see(log)
    l.TfLiteOperatorDelete(op)
    own.delete()


def old_names(l, paths, see):
    """TfLiteRegistrationExternal, which TfLiteOperator was before. The library to compare with has no such names."""
    if not l.ours:
        return
    own = Own(l)
    op = l.TfLiteRegistrationExternalCreate(CUSTOM, b"Affine", 3)
    for name, callback in own.callbacks.items():
        getattr(l, "TfLiteRegistrationExternalSet" + name.capitalize())(op, callback)
    assert l.TfLiteRegistrationExternalGetBuiltInCode(op) == CUSTOM
    assert l.TfLiteRegistrationExternalGetCustomName(op) == b"Affine"
    assert l.TfLiteRegistrationExternalGetVersion(op) == 3
    l.TfLiteRegistrationExternalSetInplaceOperator(op, 0)
    made = l.options(AddRegistrationExternal=(op,))
    run = Run(l, paths["affine"], made)
    assert run.allocate() == OK and run.feed(np.ones(4, np.float32)) == OK and run.invoke() == OK
    assert run.read() == [3] * 4
    run.delete()
    assert [entry[0] for entry in own.log] == ["init", "prepare", "free"]
    l.TfLiteRegistrationExternalDelete(op)
    assert not grows(lambda: l.TfLiteRegistrationExternalDelete(l.TfLiteRegistrationExternalCreate(CUSTOM, b"x", 1)))
    own.delete()


def registrations(l, paths, see):
    """The ways to bring a TfLiteRegistration."""
    own = Own(l)
    registration = own.registration()
    address = C.addressof(registration)
    l.kept.append(registration)

    def find_custom(user, name, version):
        return address if (user, name, version) == (9, b"Affine", 3) else None

    external = l.keep(capi.FIND_CUSTOM, lambda user, name, version: own.op if name == b"Affine" else None)
    relu = Registration()
    relu.builtin_code = 19
    custom = l.keep(capi.FIND_CUSTOM, find_custom)
    no_builtin = l.keep(capi.FIND_BUILTIN, lambda user, op, version: None)
    ways = {"AddCustomOp": (b"Affine", C.byref(registration), 1, 3)}
    for name, arguments in ways.items():
        made = l.options(**{name: arguments})
        run = Run(l, paths["affine"], made)
        see(name, run.allocate(), run.feed(np.ones(4, np.float32)), run.invoke(), run.read())
        run.delete()
    # RELU is not found: no interpreter.
    model = l.TfLiteModelCreateFromFile(path_of(paths, "affine"))
    for name, arguments in (("SetOpResolver", (no_builtin, custom, 9)), ("SetOpResolverV1", (no_builtin, custom, 9)),
                            ("SetOpResolverV2", (no_builtin, custom, 9)), ("SetOpResolverV3", (no_builtin, custom, 9)),
                            ("SetOpResolverExternal", (no_builtin, external, 9)),
                            ("SetOpResolverExternalWithFallback", (no_builtin, external, no_builtin, custom, 9))):
        made = l.options(**{name: arguments})
        see(name, l.TfLiteInterpreterCreate(model, made))
        l.TfLiteInterpreterOptionsDelete(made)
    see(l.TfLiteInterpreterCreateWithSelectedOps(model, l.TfLiteInterpreterOptionsCreate()))
    if l.ours:  # a registration without callbacks is plait's own operator
        l.kept.append(relu)
        builtin = l.keep(capi.FIND_BUILTIN, lambda user, op, version: C.addressof(relu) if op == 19 else None)
        for name, arguments in (("SetOpResolver", (builtin, custom, 9)), ("SetOpResolverV1", (builtin, custom, 9)),
                                ("SetOpResolverV2", (builtin, custom, 9)), ("SetOpResolverV3", (builtin, custom, 9)),
                                ("SetOpResolverExternalWithFallback", (None, external, builtin, None, 9))):
            made = l.options(**{name: arguments})
            run = Run(l, paths["affine"], made)
            assert run.allocate() == OK and run.feed(np.ones(4, np.float32)) == OK, name
            assert run.invoke() == OK and run.read() == [3] * 4, name
            run.delete()
        selected = l.options(AddCustomOp=(b"Affine", C.byref(registration), 1, 3),
                             AddBuiltinOp=(19, C.byref(relu), 1, 3))
        made = l.TfLiteInterpreterCreateWithSelectedOps(model, selected)
        assert made and l.TfLiteInterpreterAllocateTensors(made) == OK
        l.TfLiteInterpreterDelete(made)
    l.TfLiteModelDelete(model)


def failing_operator(l, paths, see):
    for name in ("prepare", "invoke"):
        reporter, told = collect(l)
        own = Own(l, **{name: lambda context, node:
                        l.TfLiteOpaqueContextReportError(context, b"my own words") or ERROR})
        made = own.options()
        l.TfLiteInterpreterOptionsSetErrorReporter(made, reporter, None)
        run = Run(l, paths["affine"], made)
        see(name, run.allocate(), run.invoke())
        see([text for _, text in told].count(b"my own words"))
        run.delete()
        own.delete()


def asked_in_callbacks(l, paths, see):
    """Everything that callbacks can ask about nodes, tensors and contexts."""
    own = Own(l)

    def prepare(context, node):
        items, count = C.c_void_p(), C.c_int()

        def listed(function, of):
            status = function(of, C.byref(items), C.byref(count))
            return status, C.cast(items, C.POINTER(C.c_int))[:count.value] if count.value else []

        see(listed(l.TfLiteOpaqueNodeInputs, node), listed(l.TfLiteOpaqueNodeOutputs, node),
            listed(l.TfLiteOpaqueNodeTemporaries, node), l.TfLiteOpaqueNodeNumberOfInputs(node),
            l.TfLiteOpaqueNodeNumberOfOutputs(node), l.TfLiteOpaqueNodeGetInputTensorIndex(node, 0),
            l.TfLiteOpaqueNodeGetOutputTensorIndex(node, 0), l.TfLiteOpaqueNodeGetInputTensorIndex(node, 3),
            l.TfLiteOpaqueNodeGetOutputTensorIndex(node, -1), l.TfLiteOpaqueNodeGetBuiltinData(node),
            l.TfLiteOpaqueNodeGetUserData(node))
        size = C.c_int()
        see(l.TfLiteOpaqueNodeGetCustomInitialData(node, C.byref(items), C.byref(size)),
            C.string_at(items.value, size.value))
        see(listed(l.TfLiteOpaqueContextGetInputs, context), listed(l.TfLiteOpaqueContextGetOutputs, context),
            listed(l.TfLiteOpaqueContextGetVariables, context), l.TfLiteOpaqueContextGetNumNodes(context),
            l.TfLiteOpaqueContextGetNumTensors(context), l.TfLiteOpaqueContextGetName(context) is not None)
        bytes_ = C.c_size_t()
        see([(l.TfLiteOpaqueContextGetSizeOfType(context, kind, C.byref(bytes_)), bytes_.value)
             for kind in (FLOAT32, INT8, 8, 4)], l.TfLiteOpaqueContextGetSizeOfType(context, STRING, C.byref(bytes_)))
        x = l.TfLiteOpaqueContextGetOpaqueTensor(context, l.TfLiteOpaqueNodeGetInputTensorIndex(node, 0))
        see(x == l.TfLiteOpaqueNodeGetInput(context, node, 0))
        look_at(x)
        pointer = C.c_void_p()
        see(l.TfLiteOpaqueContextGetExecutionPlan(context, C.byref(pointer)),
            l.TfLiteOpaqueContextGetNodeAndRegistration(context, 0, C.byref(pointer), C.byref(pointer)))
        if l.ours:  # what only delegates may ask
            assert l.TfLiteOpaqueContextReplaceNodeSubsetsWithDelegateKernels(context, None, None, None) == ERROR
            assert l.TfLiteOpaqueContextMarkSubgraphAsDelegationSkippable(context, 0) == ERROR
            refused = C.c_void_p()
            number = C.c_int64()
            assert l.TfLiteOpaqueContextAcquireSubgraphContext(context, 0, C.byref(refused)) == ERROR
            assert l.TfLiteOpaqueContextReleaseSubgraphContext(context, 0) == ERROR
            for name, wanted in ((b"min_runtime_version", b"2.3.0\0\0\0"), (b"twice", b"\0second"), (b"empty", None), (b"x", None)):
                status = l.TfLiteOpaqueContextGetMetadata(context, name, C.byref(refused), C.byref(bytes_))
                assert (status == ERROR) == (wanted is None) and bytes_.value == len(wanted or b"")
                assert wanted is None or C.string_at(refused.value, bytes_.value) == wanted
            assert l.TfLiteOpaqueContextGetMetadata(context, None, C.byref(refused), C.byref(bytes_)) == ERROR
            assert l.TfLiteOpaqueContextGetNodeInitDataMmapInfo(context, node, C.byref(count), C.byref(number),
                                                                C.byref(number)) == ERROR
            assert l.TfLiteOpaqueNodeGetInput(context, node, 5) is None
            assert l.TfLiteOpaqueContextGetOpaqueTensor(context, 500) is None
        return own.prepare(context, node)

    def look_at(x):
        count, length = C.c_int32(), C.c_int32()
        see(l.TfLiteOpaqueTensorType(x), l.TfLiteOpaqueTensorNumDims(x), l.TfLiteOpaqueTensorDim(x, 1),
            l.TfLiteOpaqueTensorGetNumDimsSignature(x, C.byref(count)), count.value,
            l.TfLiteOpaqueTensorGetDimSignature(x, 1, C.byref(length)), length.value,
            l.TfLiteOpaqueTensorIsVariable(x), l.TfLiteOpaqueTensorByteSize(x), l.TfLiteOpaqueTensorName(x),
            l.TfLiteOpaqueTensorGetAllocationType(x), l.TfLiteOpaqueTensorGetAllocationStrategy(x),
            l.TfLiteOpaqueTensorGetBufferAddressStability(x), l.TfLiteOpaqueTensorGetDataStability(x),
            l.TfLiteOpaqueTensorGetDataKnownStep(x), l.TfLiteOpaqueTensorGetShapeKnownStep(x),
            l.TfLiteOpaqueTensorGetQuantization(x).type, l.TfLiteOpaqueTensorGetQuantizationParams(x).scale)

    def invoke(context, node):
        x = l.TfLiteOpaqueNodeGetInput(context, node, 0)
        see(bool(l.TfLiteOpaqueTensorData(x)), l.TfLiteOpaqueTensorData(None))
        if platform.machine() == "x86_64":
            l.TfLiteOpaqueContextReportErrorVa(context, b"the word %s", C.byref(va_list(b"seven")))
        return own.invoke(context, node)

    asked = Own(l, prepare=prepare, invoke=invoke)
    reporter, told = collect(l)
    made = asked.options()
    l.TfLiteInterpreterOptionsSetErrorReporter(made, reporter, None)
    run = Run(l, paths["affine"], made)
    see(run.allocate(), run.feed(np.ones(4, np.float32)), run.invoke(), run.read())
    see(b"the word seven" in [text for _, text in told])
    assert not l.ours or len(told) >= 6  # five refusals, and what the operator said itself
    run.delete()
    asked.delete()
    own.delete()
    if l.ours:
        without_anything(l)


def without_anything(l):
    """NULL for contexts, nodes and tensors."""
    pointer, number = C.c_void_p(), C.c_int()
    for name in ("NumberOfInputs", "NumberOfOutputs"):
        assert getattr(l, "TfLiteOpaqueNode" + name)(None) == 0
    for name in ("Inputs", "Outputs", "Temporaries", "GetCustomInitialData"):
        assert getattr(l, "TfLiteOpaqueNode" + name)(None, C.byref(pointer), C.byref(number)) == ERROR, name
    for name in ("GetInputTensorIndex", "GetOutputTensorIndex"):
        assert getattr(l, "TfLiteOpaqueNode" + name)(None, 0) == -1
    assert l.TfLiteOpaqueNodeSetTemporaries(None, None, 0) == ERROR
    assert l.TfLiteOpaqueNodeGetUserData(None) is None and l.TfLiteOpaqueNodeGetBuiltinData(None) is None
    assert l.TfLiteOpaqueNodeGetInput(None, None, 0) is None and l.TfLiteOpaqueNodeGetOutput(None, None, 0) is None
    for name in ("GetInputs", "GetOutputs", "GetVariables"):
        assert getattr(l, "TfLiteOpaqueContext" + name)(None, C.byref(pointer), C.byref(number)) == ERROR, name
    for name in ("GetNumNodes", "GetNumTensors"):
        assert getattr(l, "TfLiteOpaqueContext" + name)(None) == 0
    assert l.TfLiteOpaqueContextGetName(None) is None and l.TfLiteOpaqueContextGetOpaqueTensor(None, 0) is None
    assert l.TfLiteOpaqueContextResizeTensor(None, None, l.TfLiteIntArrayCreate(1)) == ERROR
    assert l.TfLiteOpaqueContextAddTensor(None, None, None) == ERROR
    assert l.TfLiteOpaqueContextGetExecutionPlan(None, None) == ERROR
    assert l.TfLiteOpaqueContextGetNodeAndRegistration(None, 0, None, None) == ERROR
    assert l.TfLiteOpaqueContextReplaceNodeSubsetsWithDelegateKernels(None, None, None, None) == ERROR
    assert l.TfLiteOpaqueContextAcquireSubgraphContext(None, 0, None) == ERROR
    assert l.TfLiteOpaqueContextReleaseSubgraphContext(None, 0) == ERROR
    assert l.TfLiteOpaqueContextMarkSubgraphAsDelegationSkippable(None, 0) == ERROR
    assert l.TfLiteOpaqueContextGetSizeOfType(None, 1, None) == ERROR
    assert l.TfLiteOpaqueContextGetMetadata(None, b"x", None, None) == ERROR
    assert l.TfLiteOpaqueContextGetNodeInitDataMmapInfo(None, None, None, None, None) == ERROR
    l.TfLiteOpaqueContextReportError(None, b"x")
    for name in ("Type", "Dim", "ByteSize", "IsVariable", "GetAllocationType"):
        arguments = (None, 0) if name == "Dim" else (None,)
        assert getattr(l, "TfLiteOpaqueTensor" + name)(*arguments) == 0, name
    assert l.TfLiteOpaqueTensorNumDims(None) == -1 and l.TfLiteOpaqueTensorName(None) is None
    assert l.TfLiteOpaqueTensorGetNumDimsSignature(None, C.byref(number)) == ERROR
    assert l.TfLiteOpaqueTensorGetDimSignature(None, 0, C.byref(number)) == ERROR
    assert l.TfLiteOpaqueTensorCopyFromBuffer(None, b"x", 1) == l.TfLiteOpaqueTensorCopyToBuffer(None, b"x", 1) == ERROR
    assert l.TfLiteOpaqueTensorGetQuantization(None).type == 0
    assert l.TfLiteOpaqueTensorWriteString(None, b"x", 1) == ERROR
    assert l.TfLiteOpaqueTensorGetStringCount(None) == -1
    l.TfLiteOpaqueTensorSetAllocationTypeToDynamic(None)


def temporaries(l, paths, see):
    """Tensors that an operator adds."""
    own = Own(l)
    noted = {}

    def builder(kind, allocation, data=None):
        made = l.TfLiteOpaqueTensorBuilderCreate()
        quantization = Quantization(0, None)
        chained = [l.TfLiteOpaqueTensorBuilderSetType(made, kind), l.TfLiteOpaqueTensorBuilderSetData(made, data),
                   l.TfLiteOpaqueTensorBuilderSetAllocationType(made, allocation),
                   l.TfLiteOpaqueTensorBuilderSetQuantizationParams(made, capi.Params(0.5, 3)),
                   l.TfLiteOpaqueTensorBuilderSetQuantization(made, quantization)]
        see([address == made for address in chained])
        return made

    def prepare(context, node):
        if "index" not in noted:
            index = C.c_int(-1)
            right, wrong, no_data = builder(FLOAT32, 2), builder(FLOAT32, 1), builder(FLOAT32, 4)
            before = l.TfLiteOpaqueContextGetNumTensors(context)
            see(l.TfLiteOpaqueContextAddTensor(context, right, C.byref(index)), index.value == before,
                l.TfLiteOpaqueContextAddTensor(context, wrong, None),
                l.TfLiteOpaqueContextAddTensor(context, no_data, None),
                l.TfLiteOpaqueContextGetNumTensors(context) - before)
            for made in (right, wrong, no_data):
                l.TfLiteOpaqueTensorBuilderDelete(made)
            noted["index"] = index.value
            see(l.TfLiteOpaqueNodeSetTemporaries(node, ints(index.value), 1), l.TfLiteOpaqueNodeSetTemporaries(node, None, -1))
        tensor = l.TfLiteOpaqueContextGetOpaqueTensor(context, noted["index"])
        params = l.TfLiteOpaqueTensorGetQuantizationParams(tensor)
        see(l.TfLiteOpaqueTensorType(tensor), params.scale, params.zero_point,
            l.TfLiteOpaqueTensorGetAllocationType(tensor))
        size = l.TfLiteIntArrayCreate(1)
        at(IntArray, size).data[0] = 100
        see(l.TfLiteOpaqueContextResizeTensor(context, tensor, size), l.TfLiteOpaqueTensorByteSize(tensor))
        return own.prepare(context, node)

    def invoke(context, node):
        items, count = C.c_void_p(), C.c_int()
        see(l.TfLiteOpaqueNodeTemporaries(node, C.byref(items), C.byref(count)), count.value)
        tensor = l.TfLiteOpaqueContextGetOpaqueTensor(context, noted["index"])
        data = l.TfLiteOpaqueTensorData(tensor)
        see(bool(data))
        C.memset(data, 1, 400)
        return own.invoke(context, node)

    added = Own(l, prepare=prepare, invoke=invoke)
    run = Run(l, paths["affine"], added.options())
    see(run.allocate(), run.feed(np.ones(4, np.float32)), run.invoke(), run.read(), run.resize(2, 4), run.allocate(),
        run.invoke())
    run.delete()
    added.delete()
    own.delete()
    if l.ours:
        l.TfLiteOpaqueTensorBuilderDelete(None)
        assert l.TfLiteOpaqueTensorBuilderSetType(None, 1) is None
        assert not grows(lambda: l.TfLiteOpaqueTensorBuilderDelete(l.TfLiteOpaqueTensorBuilderCreate()))


def dynamic_outputs(l, paths, see):
    """An output whose shape an operator decides while running."""
    def prepare(context, node):
        y = l.TfLiteOpaqueNodeGetOutput(context, node, 0)
        l.TfLiteOpaqueTensorSetAllocationTypeToDynamic(y)
        see(l.TfLiteOpaqueTensorGetAllocationType(y))
        return OK

    def invoke(context, node):
        x = l.TfLiteOpaqueNodeGetInput(context, node, 0)
        y = l.TfLiteOpaqueNodeGetOutput(context, node, 0)
        size = l.TfLiteIntArrayCreate(1)
        at(IntArray, size).data[0] = count = C.c_int.from_address(l.TfLiteOpaqueTensorData(x)).value
        status = l.TfLiteOpaqueContextResizeTensor(context, y, size)
        ones = np.ones(count, np.float32)
        return status or l.TfLiteOpaqueTensorCopyFromBuffer(y, ones.ctypes.data, ones.nbytes)

    own = Own(l, b"Ones", 1, prepare=prepare, invoke=invoke)
    run = Run(l, paths["ones"], own.options())
    see(run.allocate())
    for count in (3, 1, 500, 2):
        see(run.feed(np.array([count], np.int32)), run.invoke(), at(Tensor, run.output()).dims.contents.list(),
            run.read())
    run.delete()
    own.delete()


def strings(l, paths, see):
    def invoke(context, node):
        x = l.TfLiteOpaqueNodeGetInput(context, node, 0)
        text, length = C.c_void_p(), C.c_int()
        words = []
        for i in range(l.TfLiteOpaqueTensorGetStringCount(x)):
            see(l.TfLiteOpaqueTensorGetString(x, i, C.byref(text), C.byref(length)))
            words.append(C.string_at(text.value, length.value) * 2)
        see(words)
        return l.TfLiteOpaqueTensorWriteStrings(l.TfLiteOpaqueNodeGetOutput(context, node, 0),
                                                (C.c_char_p * len(words))(*words), len(words), ints(*map(len, words)))

    own = Own(l, b"Twice", 1, prepare=lambda context, node: OK, invoke=invoke)
    run = Run(l, paths["words"], own.options())
    see(run.allocate())
    for words in ([b"one", b""], [b"a", b"b\0c", b"d"], [b"alone"]):
        if len(words) == 1:
            see(l.TfLiteOpaqueTensorWriteString(run.input(), words[0], len(words[0])))
        else:
            see(l.TfLiteOpaqueTensorWriteStrings(run.input(), (C.c_char_p * len(words))(*words), len(words),
                                                 ints(*map(len, words))))
        see(l.TfLiteOpaqueTensorGetStringCount(run.input()), at(Tensor, run.input()).dims.contents.list(),
            l.TfLiteTensorByteSize(run.input()), run.invoke(), l.TfLiteOpaqueTensorGetStringCount(run.output()),
            C.string_at(l.TfLiteTensorData(run.output()), l.TfLiteTensorByteSize(run.output())))
    if l.ours:
        text, length = C.c_void_p(), C.c_int()
        for index in (-1, 1):
            assert l.TfLiteOpaqueTensorGetString(run.output(), index, C.byref(text), C.byref(length)) == ERROR
        assert l.TfLiteOpaqueTensorGetString(run.output(), 0, None, None) == ERROR
        assert l.TfLiteOpaqueTensorWriteStrings(run.input(), None, 1, ints(1)) == ERROR
        assert l.TfLiteOpaqueTensorWriteStrings(run.input(), (C.c_char_p * 1)(b"x"), 1, ints(-1)) == ERROR
    run.delete()
    own.delete()


def own_nodes(l, paths, see):
    """The structs TfLiteContext and TfLiteNode as operators see them."""
    def prepare(context, node):
        of, within = at(Node, node), at(Context, context)
        x, y = of.inputs.contents.data[0], of.outputs.contents.data[0]
        see(of.inputs.contents.list(), of.outputs.contents.list(), of.temporaries.contents.list(), of.user_data,
            C.string_at(of.custom_initial_data, of.custom_initial_data_size), within.tensors_size)
        see([describe(C.addressof(within.tensors[i]), placed=False) for i in (x, y)])
        first = C.c_int(-1)
        see(within.AddTensors(context, 2, C.byref(first)), first.value == within.tensors_size - 2)
        within = at(Context, context)
        size = l.TfLiteIntArrayCopy(C.addressof(within.tensors[x].dims.contents))
        return within.ResizeTensor(context, C.addressof(within.tensors[y]), size)

    def invoke(context, node):
        of, within = at(Node, node), at(Context, context)
        x, y = within.tensors[of.inputs.contents.data[0]], within.tensors[of.outputs.contents.data[0]]
        for i in range(4):
            value = C.c_float.from_address(x.data + 4 * i).value
            C.c_float.from_address(y.data + 4 * i).value = value * 3
        return OK

    own = Own(l, prepare=prepare, invoke=invoke)
    run = Run(l, paths["affine"], l.options(AddCustomOp=(b"Affine", C.byref(own.registration()), 1, 3)))
    see(run.allocate(), run.feed(np.array([1, 2, 3, -4], np.float32)), run.invoke(), run.read())
    run.delete()
    own.delete()


# ---- tensors of a program's own


def own_tensors(l, paths, see):
    def made(allocation, size):
        tensor = Tensor()
        dims = l.TfLiteIntArrayCreate(1)
        at(IntArray, dims).data[0] = size
        l.TfLiteTensorReset(FLOAT32, b"mine", dims, capi.Params(0.5, 1), None, 4 * size, allocation, None, True,
                            C.byref(tensor))
        return tensor

    a, b, arena = made(4, 3), made(4, 3), made(2, 3)
    see(describe(C.addressof(a)), describe(C.addressof(arena)))
    for tensor in (a, b):
        see(l.TfLiteTensorRealloc(12, C.byref(tensor)), bool(tensor.data), tensor.bytes)
        C.memmove(tensor.data, np.arange(3, dtype=np.float32).ctypes.data, 12)
    see(l.TfLiteTensorRealloc(12, C.byref(arena)), bool(arena.data))  # its memory is others' business
    see(l.TfLiteTensorResizeMaybeCopy(4000, C.byref(a), True), C.string_at(a.data, 12) == C.string_at(b.data, 12),
        l.TfLiteTensorResizeMaybeCopy(8, C.byref(a), False), a.bytes)
    see(l.TfLiteTensorCopy(C.byref(a), C.byref(b)), l.TfLiteTensorCopy(None, C.byref(b)))
    l.TfLiteTensorRealloc(12, C.byref(a))
    C.memset(a.data, 7, 12)
    see(l.TfLiteTensorCopy(C.byref(a), C.byref(b)), C.string_at(b.data, 12), l.TfLiteTensorCopy(C.byref(a), None),
        l.TfLiteTensorCopy(C.byref(a), C.byref(a)))
    for kind in (0, 1, 2, 3, 4, 6, 7):  # 5 became another strategy in newer versions
        a.allocation_type, kept = kind, a.allocation_type
        see([getattr(l, "TfLiteTensorGet" + name)(C.byref(a)) for name in
             ("AllocationStrategy", "BufferAddressStability", "DataStability", "DataKnownStep", "ShapeKnownStep")])
        a.allocation_type = kept
    l.TfLiteTensorDataFree(C.byref(a))
    see(a.data)
    for tensor in (a, b, arena):
        l.TfLiteTensorFree(C.byref(tensor))
        see(tensor.data, bool(tensor.dims), tensor.quantization.type)
    quantization = Quantization(0, None)
    l.TfLiteQuantizationFree(C.byref(quantization))
    see(quantization.type)

    def block(pointers):
        """Memory of the library's, as large as a struct of so many pointers."""
        made = l.TfLiteIntArrayCreate(2 * pointers)
        C.memset(made, 0, 8 * pointers + 4)
        return made

    def quantize_and_free():
        params = block(3)
        of = at(Affine, params)
        of.scale = C.cast(l.TfLiteFloatArrayCreate(300), C.POINTER(capi.FloatArray))
        of.zero_point = C.cast(l.TfLiteIntArrayCreate(300), C.POINTER(IntArray))
        made = Quantization(1, params)
        l.TfLiteQuantizationFree(C.byref(made))
        return made.type, made.params
    see(quantize_and_free(), grows(quantize_and_free))

    def sparsify_and_free():
        made, metadata = block(4), block(3)
        dimension = at(SparseDimension, metadata)
        dimension.format, dimension.segments = 1, l.TfLiteIntArrayCreate(300)
        dimension.indices = l.TfLiteIntArrayCreate(300)
        of = at(Sparsity, made)
        of.order, of.map, of.dimensions, of.count = l.TfLiteIntArrayCreate(2), l.TfLiteIntArrayCreate(0), metadata, 1
        l.TfLiteSparsityFree(made)
    see(grows(sparsify_and_free))
    l.TfLiteSparsityFree(None)
    if l.ours:
        l.TfLiteTensorFree(None)
        l.TfLiteTensorDataFree(None)
        l.TfLiteQuantizationFree(None)
        assert l.TfLiteTensorRealloc(1, None) == l.TfLiteTensorResizeMaybeCopy(1, None, True) == ERROR
        assert l.TfLiteTensorGetDimsSignature(None) is None
        l.TfLiteTensorReset(FLOAT32, b"", None, capi.Params(0, 0), None, 0, 0, None, False, None)
        for name in ("AllocationStrategy", "BufferAddressStability", "DataStability", "DataKnownStep", "ShapeKnownStep"):
            assert getattr(l, "TfLiteTensorGet" + name)(None) == 0


# ---- delegates


def delegates(l, paths, see):
    defaults = l.TfLiteXNNPackDelegateOptionsDefault()
    see(defaults.num_threads, defaults.flags & 3, bool(defaults.cache), bool(defaults.path))
    made = l.TfLiteXNNPackDelegateCreate(None)
    see(bool(made), l.TfLiteXNNPackDelegateGetFlags(made) & 3,
        at(capi.XnnpackOptions, l.TfLiteXNNPackDelegateGetOptions(made)).flags & 3)
    see(l.TfLiteXNNPackDelegateGetThreadPool(made))
    model = l.TfLiteModelCreateFromFile(path_of(paths, "digits_classifier_fp32"))
    chosen = l.options(AddDelegate=(made,))
    ip = l.TfLiteInterpreterCreate(model, chosen)
    see(bool(ip), l.TfLiteInterpreterAllocateTensors(ip), l.TfLiteInterpreterInvoke(ip))
    l.TfLiteInterpreterDelete(ip)
    l.TfLiteXNNPackDelegateDelete(made)
    cache = l.TfLiteXNNPackDelegateWeightsCacheCreateWithSize(1000)
    other = l.TfLiteXNNPackDelegateWeightsCacheCreate()
    see(bool(cache), bool(other), l.TfLiteXNNPackDelegateWeightsCacheFinalizeSoft(cache),
        l.TfLiteXNNPackDelegateWeightsCacheFinalizeHard(other))
    l.TfLiteXNNPackDelegateWeightsCacheDelete(cache)
    l.TfLiteXNNPackDelegateWeightsCacheDelete(other)
    nnapi = l.TfLiteNnapiDelegateOptionsDefault()
    see(nnapi.preference, nnapi.no_cpu, nnapi.fp16, nnapi.partitions, nnapi.accelerator)
    empty = l.TfLiteDelegateCreate()
    see(empty.data, empty.prepare, empty.flags, empty.builder)
    builder = capi.DelegateBuilder(data=99)
    opaque = l.TfLiteOpaqueDelegateCreate(C.byref(builder))
    see(bool(opaque), l.TfLiteOpaqueDelegateGetData(opaque), l.TfLiteOpaqueDelegateCreate(None),
        l.TfLiteOpaqueDelegateGetData(None))
    if l.ours:
        wrong_delegates(l, model, opaque)
    l.TfLiteOpaqueDelegateDelete(opaque)
    l.TfLiteOpaqueDelegateDelete(None)
    l.TfLiteModelDelete(model)


def wrong_delegates(l, model, opaque):
    ip = l.TfLiteInterpreterCreate(model, None)
    assert l.TfLiteInterpreterModifyGraphWithDelegate(ip, opaque) == DELEGATE_ERROR
    assert l.TfLiteInterpreterModifyGraphWithDelegate(None, opaque) == ERROR
    assert l.TfLiteInterpreterAllocateTensors(ip) == OK  # as it was
    assert not l.TfLiteInterpreterCreate(model, l.options(AddDelegate=(opaque,)))
    assert not l.TfLiteInterpreterCreate(model, l.options(AddDelegate=(None,)))
    xnnpack = l.TfLiteXNNPackDelegateCreateWithThreadpool(None, None)
    assert xnnpack and l.TfLiteInterpreterModifyGraphWithDelegate(ip, xnnpack) == OK
    assert l.TfLiteXNNPackDelegateGetOptions(opaque) is None and l.TfLiteXNNPackDelegateGetFlags(None) == 0
    tensor = l.TfLiteInterpreterGetInputTensor(ip, 0)
    handle, delegate = C.c_int(5), C.c_void_p(5)
    assert l.TfLiteInterpreterSetBufferHandle(ip, tensor, 1, xnnpack) == ERROR
    assert l.TfLiteInterpreterGetBufferHandle(ip, 0, C.byref(handle), C.byref(delegate)) == OK
    assert handle.value == -1 and delegate.value is None
    assert l.TfLiteInterpreterGetBufferHandle(ip, 1000, C.byref(handle), C.byref(delegate)) == ERROR
    assert l.TfLiteInterpreterGetBufferHandle(None, 0, None, None) == ERROR
    l.TfLiteSetAllowBufferHandleOutput(ip, True)
    l.TfLiteXNNPackDelegateDelete(xnnpack)
    l.TfLiteXNNPackDelegateDelete(None)
    l.TfLiteXNNPackDelegateWeightsCacheDelete(None)
    assert not l.TfLiteXNNPackDelegateWeightsCacheFinalizeSoft(None)
    assert not l.TfLiteXNNPackDelegateWeightsCacheFinalizeHard(None)
    assert l.TfLiteNnapiDelegateCreate(None) is None
    l.TfLiteNnapiDelegateDelete(None)
    l.TfLiteInterpreterDelete(ip)
    for create, delete in ((lambda: l.TfLiteXNNPackDelegateCreate(None), l.TfLiteXNNPackDelegateDelete),
                           (l.TfLiteXNNPackDelegateWeightsCacheCreate, l.TfLiteXNNPackDelegateWeightsCacheDelete),
                           (lambda: l.TfLiteOpaqueDelegateCreate(C.byref(capi.DelegateBuilder())),
                            l.TfLiteOpaqueDelegateDelete)):
        assert not grows(lambda: delete(create()))


def boxes(l, paths, see):
    for name in ("BackendBuffer", "Synchronization"):
        create, delete, put, get = (getattr(l, f"TfLite{name}{verb}") for verb in ("Create", "Delete", "SetPtr", "GetPtr"))
        box = create()
        see(bool(box), get(box))
        put(box, 123)
        see(get(box))
        delete(box)
        if l.ours:
            delete(None)
            put(None, 5)
            assert get(None) is None
            assert not grows(lambda: delete(create()))


# ---- beyond TensorFlow Lite's


def beyond(l, paths, see):
    if not l.ours:
        return
    class PlaitNode(C.Structure):
        _fields_ = [("name", C.c_char_p), ("builtin_code", C.c_int32), ("is_custom", C.c_bool), ("version", C.c_int32),
                    ("inputs", C.POINTER(C.c_int)), ("input_count", C.c_int32), ("outputs", C.POINTER(C.c_int)),
                    ("output_count", C.c_int32)]
    run = Run(l, paths["affine"], Own(l).options())
    node = PlaitNode()
    assert l.TfLitePlaitInterpreterNodeCount(run.ip, 0) == 2
    assert l.TfLitePlaitInterpreterNode(run.ip, 0, 0, C.byref(node)) == OK
    assert (node.name, node.is_custom, node.version, node.inputs[:1], node.output_count) == (b"Affine", True, 3, [0], 1)
    assert l.TfLitePlaitInterpreterNode(run.ip, 0, 2, C.byref(node)) == ERROR
    assert l.TfLitePlaitInterpreterNode(run.ip, 1, 0, C.byref(node)) == ERROR
    assert l.TfLitePlaitInterpreterNodeCount(None, 0) == l.TfLitePlaitInterpreterTensorCount(None, 0) == 0
    assert l.TfLitePlaitInterpreterTensorCount(run.ip, 0) == 3 and l.TfLitePlaitInterpreterSubgraphCount(run.ip) == 1
    assert l.TfLitePlaitInterpreterSubgraphCount(None) == 0 and not l.TfLitePlaitInterpreterTensor(None, 0, 0)
    assert l.TfLitePlaitInterpreterTensor(run.ip, 0, 0) == run.input()
    assert not l.TfLitePlaitInterpreterTensor(run.ip, 5, 0)
    assert l.TfLitePlaitInterpreterSetNumThreads(run.ip, 2) == OK
    assert l.TfLitePlaitInterpreterSetNumThreads(run.ip, -2) == ERROR
    data, size = C.c_void_p(), C.c_size_t()
    found = []
    while name := l.TfLitePlaitModelMetadata(run.model, len(found), C.byref(data), C.byref(size)):
        found.append((name, data.value and C.string_at(data.value, size.value)))
    assert found == [(b"min_runtime_version", b"2.3.0\0\0\0"), (b"twice", b"first"), (b"twice", b"\0second"), (b"empty", None)]
    assert l.TfLitePlaitModelMetadata(run.model, -1, C.byref(data), C.byref(size)) is None
    assert l.TfLitePlaitModelMetadata(None, 0, C.byref(data), C.byref(size)) is None
    assert l.TfLitePlaitModelMetadata(run.model, 0, None, C.byref(size)) is None
    run.delete()
    run = Run(l, paths["digits_classifier_fp32"])
    asked = []
    ask = C.CFUNCTYPE(C.c_bool, C.c_void_p)(lambda user: asked.append(user) or len(asked) == 2)
    assert run.allocate() == OK
    l.TfLitePlaitInterpreterSetCancellationFunction(run.ip, 7, ask)
    assert run.invoke() == ERROR and asked == [7, 7]
    l.TfLitePlaitInterpreterSetCancellationFunction(run.ip, None, None)
    l.TfLitePlaitInterpreterSetCancellationFunction(None, None, ask)
    assert run.invoke() == OK and asked == [7, 7]
    run.delete()
    run = Run(l, paths["signatures_fp32"])
    runner = l.TfLiteInterpreterGetSignatureRunner(run.ip, l.TfLiteInterpreterGetSignatureKey(run.ip, 1))
    subgraph = l.TfLitePlaitSignatureRunnerSubgraph(runner)
    assert subgraph >= 0 and l.TfLitePlaitSignatureRunnerSubgraph(None) == -1
    name = l.TfLiteSignatureRunnerGetInputName(runner, 0)
    index = l.TfLitePlaitSignatureRunnerTensorIndex(runner, False, 0)
    tensor = l.TfLiteSignatureRunnerGetInputTensor(runner, name)
    assert l.TfLitePlaitInterpreterTensor(run.ip, subgraph, index) == tensor
    assert l.TfLitePlaitSignatureRunnerTensorIndex(runner, True, 90) == -1
    assert l.TfLitePlaitSignatureRunnerTensorIndex(None, True, 0) == -1
    dims = at(Tensor, tensor).dims.contents.list()
    assert l.TfLitePlaitSignatureRunnerResizeInput(runner, name, ints(*dims), len(dims)) == OK
    assert l.TfLitePlaitSignatureRunnerResizeInput(runner, b"nothing", ints(*dims), len(dims)) == ERROR
    assert l.TfLitePlaitModelDescription(run.model) is not None and l.TfLitePlaitModelDescription(None) == b""
    l.TfLiteSignatureRunnerDelete(runner)
    run.delete()
    made = l.options()
    l.TfLitePlaitOptionsSetPreserveAllTensors(made, True)
    l.TfLitePlaitOptionsSetPreserveAllTensors(None, True)
    run = Run(l, paths["digits_classifier_fp32"], made)
    assert run.allocate() == OK and run.invoke() == OK
    for i in range(l.TfLitePlaitInterpreterTensorCount(run.ip, 0)):
        assert l.TfLiteTensorData(l.TfLiteInterpreterGetTensor(run.ip, i))
    run.delete()


ALL = [versions, int_arrays, float_arrays, models, one_run, what_was_handed_out_stays, numbers_of_tensors,
       quantization, wrong_calls, options, threads_are_told, cancelling, variables, custom_allocations, signatures,
       signatures_by_themselves, open_dimensions, own_operator, own_operator_with_data, old_names, registrations,
       failing_operator, asked_in_callbacks, temporaries, dynamic_outputs, strings, own_nodes, own_tensors, delegates,
       boxes, beyond]
