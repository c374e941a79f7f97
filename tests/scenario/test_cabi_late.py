# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite's C API where shapes depend on data: outputs that get their shape, strings, and loops that are
stopped."""
import ctypes as C
import threading
import time

import numpy as np
import pytest

import late_models
import plait_c

CANCELLED = 8


@pytest.fixture(scope="module")
def api():
    path = plait_c.library_path()
    if path is None:
        pytest.skip("no libplait.so: run scripts/build")
    dll = C.CDLL(str(path))
    pointer, text = C.c_void_p, C.c_char_p
    for name, (result, arguments) in {
            "ModelCreate": (pointer, [text, C.c_size_t]), "ModelDelete": (None, [pointer]),
            "InterpreterCreate": (pointer, [pointer, pointer]), "InterpreterDelete": (None, [pointer]),
            "InterpreterOptionsCreate": (pointer, []), "InterpreterOptionsDelete": (None, [pointer]),
            "InterpreterOptionsEnableCancellation": (C.c_int, [pointer, C.c_bool]),
            "InterpreterAllocateTensors": (C.c_int, [pointer]), "InterpreterInvoke": (C.c_int, [pointer]),
            "InterpreterCancel": (C.c_int, [pointer]),
            "InterpreterGetInputTensor": (pointer, [pointer, C.c_int]),
            "InterpreterGetOutputTensor": (pointer, [pointer, C.c_int]),
            "TensorCopyFromBuffer": (C.c_int, [pointer, pointer, C.c_size_t]),
            "TensorNumDims": (C.c_int, [pointer]), "TensorDim": (C.c_int, [pointer, C.c_int]),
            "TensorByteSize": (C.c_size_t, [pointer]), "TensorData": (pointer, [pointer]),
            "OpaqueTensorGetStringCount": (C.c_int, [pointer]),
            "OpaqueTensorGetString": (C.c_int, [pointer, C.c_int, C.POINTER(C.c_char_p), C.POINTER(C.c_int)]),
            "OpaqueTensorWriteStrings": (C.c_int, [pointer, C.POINTER(text), C.c_int, C.POINTER(C.c_int)])}.items():
        function = getattr(dll, "TfLite" + name)
        function.restype, function.argtypes = result, arguments
    return dll


class Interpreter:
    def __init__(self, api, data, cancellable=False):
        self.api, self.data = api, data
        self.model = api.TfLiteModelCreate(data, len(data))
        options = api.TfLiteInterpreterOptionsCreate()
        assert api.TfLiteInterpreterOptionsEnableCancellation(options, cancellable) == 0
        self.handle = api.TfLiteInterpreterCreate(self.model, options)
        api.TfLiteInterpreterOptionsDelete(options)
        assert api.TfLiteInterpreterAllocateTensors(self.handle) == 0

    def input(self, index):
        return self.api.TfLiteInterpreterGetInputTensor(self.handle, index)

    def output(self, index):
        return self.api.TfLiteInterpreterGetOutputTensor(self.handle, index)

    def shape(self, tensor):
        return [self.api.TfLiteTensorDim(tensor, k) for k in range(self.api.TfLiteTensorNumDims(tensor))]

    def write(self, index, array):
        assert self.api.TfLiteTensorCopyFromBuffer(self.input(index), array.ctypes.data, array.nbytes) == 0

    def write_strings(self, index, texts):
        lengths = (C.c_int * len(texts))(*map(len, texts))
        assert self.api.TfLiteOpaqueTensorWriteStrings(self.input(index), (C.c_char_p * len(texts))(*texts),
                                                       len(texts), lengths) == 0

    def strings(self, tensor):
        found = []
        for k in range(self.api.TfLiteOpaqueTensorGetStringCount(tensor)):
            text, length = C.c_char_p(), C.c_int()
            assert self.api.TfLiteOpaqueTensorGetString(tensor, k, C.byref(text), C.byref(length)) == 0
            found.append(C.string_at(text, length.value))
        return found

    def close(self):
        self.api.TfLiteInterpreterDelete(self.handle)
        self.api.TfLiteModelDelete(self.model)


def test_outputs_get_their_shape(api):
    interpreter = Interpreter(api, late_models.growing_loop())
    output = interpreter.output(1)
    assert interpreter.shape(output) == [1, 2] and api.TfLiteTensorByteSize(output) == 0
    assert api.TfLiteTensorData(output) is None
    for turns in (3, 0, 5):
        interpreter.write(0, np.array([turns], np.int32))
        interpreter.write(1, np.array([[1, 2]], np.float32))
        assert api.TfLiteInterpreterInvoke(interpreter.handle) == 0
        assert interpreter.shape(output) == [turns + 1, 2]
        values = C.cast(api.TfLiteTensorData(output), C.POINTER(C.c_float * (2 * turns + 2))).contents
        assert list(values) == [2, 4] * (turns + 1)
    interpreter.close()


def test_strings_in_and_out(api):
    interpreter = Interpreter(api, late_models.strings())
    assert api.TfLiteInterpreterInvoke(interpreter.handle) != 0  # nothing was written
    for texts in ([b"one", b"two", b"three", b"two"], [b"", b"x" * 100, b"", b""]):
        interpreter.write_strings(0, texts)
        interpreter.write(1, np.array([1], np.int32))
        for _ in range(2):
            assert api.TfLiteInterpreterInvoke(interpreter.handle) == 0
            assert interpreter.strings(interpreter.output(0)) == texts
            assert interpreter.shape(interpreter.output(0)) == [2, 2]
            assert interpreter.strings(interpreter.output(1)) == texts[1:2]
    interpreter.write_strings(0, [b"too", b"few"])
    assert api.TfLiteInterpreterInvoke(interpreter.handle) != 0
    interpreter.close()


def test_an_endless_loop_is_stopped(api):
    interpreter = Interpreter(api, late_models.endless_loop(), cancellable=True)
    interpreter.write(0, np.array([1], np.float32))
    for _ in range(2):
        answer = []
        thread = threading.Thread(target=lambda: answer.append(api.TfLiteInterpreterInvoke(interpreter.handle)))
        thread.start()
        until = time.monotonic() + 30
        while thread.is_alive() and time.monotonic() < until:
            assert api.TfLiteInterpreterCancel(interpreter.handle) == 0
            time.sleep(0.01)
        assert answer == [CANCELLED]
    interpreter.close()
