# SPDX-License-Identifier: Apache-2.0
"""Bad use of the C API: the answer is what plait.h says, and the interpreter works on as before."""
import ctypes as C
import os
import shutil
import signal
import threading

import numpy as np
import pytest

import plait_c
import programs
import tiny
from plait_c import Interpreter, PlaitError, api
from programs import OWN, refused

FEATURES, CLASSIFIER = OWN / "digits_features_int8.tflite", OWN / "digits_classifier_int8.tflite"
OTHER_SCALE, FLOATS = OWN / "digits_classifier_own_int8.tflite", OWN / "digits_classifier_fp32.tflite"
PIXELS = np.arange(64, dtype=np.int8).reshape(1, 8, 8, 1)


@pytest.fixture
def loaded():
    """An interpreter with the two halves of the digits model, linked and allocated."""
    with Interpreter() as interpreter:
        features, head = interpreter.load(FEATURES, "features"), interpreter.load(CLASSIFIER, "head")
        interpreter.link("features", "", "head", "")
        interpreter.allocate()
        yield interpreter, features, head


def answer(features, head):
    features.inputs()[0].write(PIXELS)
    head.run()
    return head.outputs()[0].read().tobytes()


def test_wrong_sizes(loaded):
    interpreter, features, head = loaded
    before = answer(features, head)
    for wrong in (PIXELS[:, :7], np.zeros(65, np.int8), np.zeros(0, np.int8)):
        refused(plait_c.INVALID_ARGUMENT, lambda: features.inputs()[0].write(wrong), "64")
    buffer = np.zeros(9, np.int8)
    assert api().tensor_read(head.outputs()[0].handle, buffer.ctypes.data, 9) == plait_c.INVALID_ARGUMENT
    for shape in ((1, -8, 8, 1), (1,) * 9):
        refused(plait_c.INVALID_ARGUMENT, lambda: features.resize(0, shape))
    refused(plait_c.NOT_FOUND, lambda: features.resize(1, (1, 8, 8, 1)))
    assert answer(features, head) == before


def test_a_shape_that_does_not_work_changes_nothing(loaded):
    interpreter, features, head = loaded
    before = answer(features, head)
    for shape in ((1, 5, 3, 1), (1, 8, 8), (1, 8, 8, 1, 1), ()):
        features.resize(0, shape)
        with pytest.raises(PlaitError):
            interpreter.allocate()
    features.resize(0, (1, 8, 8, 1))
    interpreter.allocate()
    assert answer(features, head) == before


def test_unknown_names(loaded):
    interpreter, features, head = loaded
    before = answer(features, head)
    refused(plait_c.NOT_FOUND, lambda: features.find_input("nobody"), "nobody", features.inputs()[0].name)
    refused(plait_c.NOT_FOUND, lambda: features.find_output("#7"))
    refused(plait_c.NOT_FOUND, lambda: interpreter.link("features", "", "nobody", ""), "nobody")
    refused(plait_c.NOT_FOUND, lambda: interpreter.link("features", "nothing", "head", ""), "nothing")
    assert api().find_model(interpreter.handle, b"nobody") is None
    assert api().signature(head.handle, b"nobody") is None
    for name in ("", "a b", "a.b", "features", "ä"):
        refused(plait_c.INVALID_ARGUMENT, lambda: interpreter.load(FEATURES, name))
    refused(plait_c.IO, lambda: interpreter.load("/nowhere/at/all.tflite", "lost"), "/nowhere/at/all.tflite")
    refused(plait_c.INVALID_MODEL, lambda: interpreter.load(b"TFL3 is not what this is", "text"))
    assert api().model_count(interpreter.handle) == 2
    assert answer(features, head) == before


def test_links_that_do_not_fit(loaded):
    interpreter, features, head = loaded
    before = answer(features, head)
    refused(plait_c.MISMATCH, lambda: interpreter.link("features", "", "head", ""), "features", "head")  # fed already
    interpreter.load(FLOATS, "floats")
    detector = interpreter.load(OWN / "detector_int8.tflite", "detector")
    refused(plait_c.MISMATCH, lambda: interpreter.link("features", "", "detector", ""), "features", "detector")
    detector.unload()
    for name in ("east", "west"):
        interpreter.load(OWN / "control_if_fp32.tflite", name)
    interpreter.link("east", "", "west", "")
    refused(plait_c.MISMATCH, lambda: interpreter.link("west", "", "east", ""), "west", "east")  # a ring
    refused(plait_c.MISMATCH, lambda: interpreter.link("west", "", "west", ""), "west")
    interpreter.link("features", "", "floats", "")  # int8 to float: DEQUANTIZE, never refused
    interpreter.allocate()
    assert answer(features, head) == before


def test_an_adapter_between_scales_is_quantize():
    """features -> a classifier with another input scale: as LiteRT's QUANTIZE between the two."""
    with Interpreter() as interpreter:
        features, head = interpreter.load(FEATURES, "features"), interpreter.load(OTHER_SCALE, "head")
        interpreter.link("features", "", "head", "")
        interpreter.allocate()
        features.inputs()[0].write(PIXELS)
        head.run()
        between, linked = features.outputs()[0], head.outputs()[0].read()
        raw = between.read().astype(np.float32)
        (scale,), (zero,), _ = between.quantization()
        (wanted_scale,), (wanted_zero,), _ = head.inputs()[0].quantization()
        real = (raw - zero) * np.float64(scale)
    with Interpreter() as interpreter:
        alone = interpreter.load(OTHER_SCALE, "head")
        interpreter.allocate()
        requantized = np.clip(np.round(real / np.float64(wanted_scale)) + wanted_zero, -128, 127).astype(np.int8)
        assert alone([requantized])[0].tobytes() == linked.tobytes()


def test_feeding_a_linked_input(loaded):
    interpreter, features, head = loaded
    before = answer(features, head)
    refused(plait_c.INVALID_ARGUMENT, lambda: head.inputs()[0].write(np.zeros(head.inputs()[0].shape, np.int8)))
    buffer = np.zeros(1024, np.int8)
    assert api().bind(head.inputs()[0].handle, buffer.ctypes.data, buffer.nbytes) == plait_c.INVALID_ARGUMENT
    head.invoke()  # on what its producer last gave
    assert head.outputs()[0].read().tobytes() == before
    assert api().unlink(interpreter.handle, b"head", b"") == plait_c.OK
    interpreter.allocate()
    head.inputs()[0].write(np.zeros(head.inputs()[0].shape, np.int8))
    head.invoke()


def test_before_allocate():
    with Interpreter() as interpreter:
        model = interpreter.load(CLASSIFIER, "head")
        refused(plait_c.NOT_ALLOCATED, model.invoke)
        refused(plait_c.NOT_ALLOCATED, model.run)
        refused(plait_c.NOT_ALLOCATED, lambda: model.inputs()[0].write(np.zeros(model.inputs()[0].shape, np.int8)))
        assert api().tensor_data(model.inputs()[0].handle) is None
        interpreter.allocate()
        first = model([np.ones(model.inputs()[0].shape, np.int8)])
        model.resize(0, (2, 64))
        refused(plait_c.NOT_ALLOCATED, model.invoke)
        interpreter.allocate()
        again = model([np.ones((2, 64), np.int8)])
        assert again[0][0].tobytes() == again[0][1].tobytes() == first[0][0].tobytes()


def caught_busy(interpreter, calls):
    """Starts an invocation in a thread and makes these calls until each has said BUSY; False if it ended before."""
    model = interpreter.load(tiny.counting_loop(2_000_000), "long")
    interpreter.allocate()
    model.inputs()[0].write(np.int32([0]))
    thread = threading.Thread(target=api().invoke, args=(model.handle,))
    thread.start()
    seen = []
    for call in calls:
        while thread.is_alive() and len(seen) < calls.index(call) + 1:
            status = call(model.handle)
            if status == plait_c.BUSY:
                seen.append(call)
            elif status == plait_c.OK and call is api().unload:
                thread.join()
                return False
    thread.join()
    assert model.outputs()[0].read() == 2_000_000
    model.unload()
    return len(seen) == len(calls)


def test_a_running_model_is_busy():
    with Interpreter() as interpreter:
        other = interpreter.load(CLASSIFIER, "head")
        for calls in ([api().invoke, api().run, api().unload], [api().reset_variables]):
            assert any(caught_busy(interpreter, calls) for _ in range(30)), "the model was never seen busy"
        other([np.ones(other.inputs()[0].shape, np.int8)])


def test_another_model_runs_meanwhile():
    with Interpreter(lanes=2) as interpreter:
        first, second = interpreter.load(OWN / "detector_int8.tflite", "first"), interpreter.load(CLASSIFIER, "second")
        interpreter.allocate()
        expected = second([np.ones((1, 64), np.int8)])[0].tobytes()
        stop = threading.Event()

        def invoke():
            while not stop.is_set():
                first.invoke()

        thread = threading.Thread(target=invoke)
        thread.start()
        answers = {second([np.ones((1, 64), np.int8)])[0].tobytes() for _ in range(50)}
        stop.set()
        thread.join()
        assert answers == {expected}


# Functions that return an int that is no status.
NUMBERS = ("class", "tensor_index", "tensor_type", "tensor_rank", "tensor_dim", "tensor_dim_signature")
# Where plait.h gives NULL a meaning.
ALLOWED = {("open", 0), ("close", 0), ("load_file", 1), ("load_file", 3), ("load_file", 4), ("load_buffer", 4),
           ("load_buffer", 5), ("find_input", 1), ("find_output", 1), ("link", 2), ("link", 4), ("link", 5),
           ("unlink", 2), ("bind", 1), ("on_run", 2), ("trace", 2), ("pipeline_load", 2), ("pipeline_load_buffer", 3),
           ("pipeline_load_buffer", 4), ("watch", 1), ("submit", 1), ("submit", 2), ("pipeline_submit", 1),
           ("pipeline_submit", 2), ("wait", 3), ("replace", 2), ("replace_buffer", 3),
           ("measure_machine", 2)}
POINTERS = [(name, position) for name, (_, arguments) in plait_c.FUNCTIONS.items()
            for position, kind in enumerate(arguments)
            if (kind in (C.c_void_p, C.c_char_p) or hasattr(kind, "contents"))
            and (name, position) not in ALLOWED and name != "open"]


def valid_arguments(name, interpreter, model, keep):
    """Arguments with which the function does its work on the classifier."""
    tensor = api().input(model.handle, 0)
    handles = {"last_error": interpreter.handle, "model_count": interpreter.handle, "model_at": interpreter.handle,
               "find_model": interpreter.handle, "allocate": interpreter.handle, "get_stats": interpreter.handle,
               "load_file": interpreter.handle, "load_buffer": interpreter.handle, "link": interpreter.handle,
               "unlink": interpreter.handle, "stream": interpreter.handle, "push": tensor, "trace": interpreter.handle,
               "pipeline_load": interpreter.handle, "pipeline_load_buffer": interpreter.handle}
    handles.update({name: interpreter.handle for name in ("wait", "cancel", "event_fd", "dispatch", "watch",
                                                         "check_deadlines", "measure_machine")})
    if name.startswith("pipeline_") and name not in handles:
        text = b'{"models": {"of_pipeline": "%s"}}' % os.fsencode(FEATURES)
        handles[name] = interpreter.pipeline(text).handle
        interpreter.allocate()
    values = []
    for kind in plait_c.FUNCTIONS[name][1]:
        if hasattr(kind, "contents"):
            if kind._type_ is C.c_int32:
                keep.append((C.c_int32 * 4)(1, 64))
            else:
                keep.append(kind._type_())
            values.append(keep[-1])
        elif kind is C.c_void_p:
            if not values:
                values.append(handles.get(name, tensor if name.startswith("tensor_") and name not in
                                          ("tensor_count", "tensor_at") or name == "bind" else model.handle))
            else:
                keep.append(C.create_string_buffer(4096))
                values.append(C.addressof(keep[-1]))
        elif kind is C.c_char_p:
            values.append(b"head")
        elif kind is C.c_bool:
            values.append(False)
        elif kind in (plait_c.ON_RUN, plait_c.ON_EVENT):
            values.append(kind())
        else:
            values.append(1 if name == "check_deadlines" else 64 if kind is C.c_size_t and len(values) == 2 else 0)
    return values


@pytest.mark.parametrize("name,position", POINTERS, ids=lambda value: str(value))
def test_null(name, position, loaded):
    interpreter, features, head = loaded
    before, keep = answer(features, head), []
    values = valid_arguments(name, interpreter, head, keep)
    values[position] = None
    result = getattr(api(), name)(*values)
    if plait_c.FUNCTIONS[name][0] is C.c_int and name not in NUMBERS:
        assert result == plait_c.INVALID_ARGUMENT, plait_c.STATUS[result]
    else:
        assert not result or (name == "tensor_index" and result == -1)
    assert answer(features, head) == before


def test_null_where_it_means_something():
    assert api().open(None, None) == plait_c.INVALID_ARGUMENT
    api().close(None)
    handle = C.c_void_p()
    assert api().open(None, C.byref(handle)) == plait_c.OK
    assert api().load_file(handle, None, os.fsencode(FEATURES), None, None) == plait_c.OK
    assert api().find_model(handle, b"digits_features_int8")
    api().close(handle)


def test_options_that_make_no_sense():
    for options in ({"threads": -1}, {"threads": 0}, {"lanes": 0}, {"lanes": -3}, {"struct_bytes": 0},
                    {"cpu": "nothing-of-this-name"}):
        with pytest.raises(PlaitError) as error:
            Interpreter(**options)
        assert error.value.status == plait_c.INVALID_ARGUMENT, options
    with Interpreter(memory_limit_bytes=20000) as interpreter:
        with pytest.raises(PlaitError) as error:
            interpreter.load(FEATURES, "features")
            interpreter.allocate()
        assert error.value.status == plait_c.OUT_OF_MEMORY


def test_fork_after_use():
    """The child has no workers of the parent's; it works all the same."""
    with Interpreter(threads=2) as interpreter:
        model = interpreter.load(OWN / "detector_int8.tflite", "detector")
        interpreter.allocate()
        inputs = [np.ones(t.shape, t.dtype) for t in model.inputs()]
        expected = [a.tobytes() for a in model(inputs)]
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            right = False
            try:
                right = [a.tobytes() for a in model(inputs)] == expected
                other = interpreter.load(CLASSIFIER, "in_child")
                interpreter.allocate()
                other([np.ones(other.inputs()[0].shape, np.int8)])
                interpreter.close()
            finally:
                os._exit(0 if right else 1)
        status = os.waitpid(child, 0)[1]
        assert status == 0, f"the child ended with {status:#x}"
        assert [a.tobytes() for a in model(inputs)] == expected


@pytest.mark.parametrize("variant", programs.variants())
def test_fork_while_others_work(variant):
    if variant == "asan":
        pytest.skip("AddressSanitizer's own allocator stays locked in a child")
    programs.run("forks", variant, [CLASSIFIER, OWN / "detector_int8.tflite"], "--count", 2000 if programs.LONG else 100)


@pytest.mark.parametrize("harm", ["overwrite", "truncate", "delete"])
def test_a_file_that_changes_after_allocate(tmp_path, harm):
    """Contract 4.4: no byte of the file is read through a mapping later; a child takes the blow if one is."""
    path = tmp_path / "model.tflite"
    shutil.copy(OWN / "dynamic_batch_fp32.tflite", path)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        right = False
        try:
            with Interpreter() as interpreter:
                model = interpreter.load(path, "model")
                interpreter.allocate()
                inputs = [np.ones(t.shape, t.dtype) for t in model.inputs()]
                expected = [a.tobytes() for a in model(inputs)]
                size = path.stat().st_size
                if harm == "overwrite":
                    with open(path, "r+b") as file:
                        file.write(b"\xff" * size)
                elif harm == "truncate":
                    os.truncate(path, 0)
                else:
                    path.unlink()
                right = [a.tobytes() for a in model(inputs)] == expected
                model.resize(0, (2,) + inputs[0].shape[1:])
                interpreter.allocate()
                twice = model([np.ones((2,) + inputs[0].shape[1:], np.float32)])
                right = right and twice[0][:1].tobytes() == expected[0]
                right = right and model.clone("clone") is not None
                interpreter.allocate()
        finally:
            os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_the_callers_memory_alone():
    """See memory.c for the exact size and for malloc; here: the same through options, and a limit."""
    with Interpreter() as interpreter:
        model = interpreter.load(CLASSIFIER, "head")
        interpreter.allocate()
        expected = model([np.ones((1, 64), np.int8)])[0].tobytes()
    buffer = np.zeros(1 << 22, np.uint8)
    with Interpreter(memory=buffer.ctypes.data, memory_bytes=buffer.nbytes) as interpreter:
        model = interpreter.load(CLASSIFIER, "head")
        interpreter.allocate()
        assert model([np.ones((1, 64), np.int8)])[0].tobytes() == expected
        assert interpreter.stats().memory_bytes <= buffer.nbytes
    with pytest.raises(PlaitError) as error:
        Interpreter(memory=buffer.ctypes.data, memory_bytes=16)
    assert error.value.status == plait_c.OUT_OF_MEMORY


def test_bound_tensors():
    """plait_bind: the caller's memory is read and written in place."""
    with Interpreter() as interpreter:
        model = interpreter.load(CLASSIFIER, "head")
        interpreter.allocate()
        expected = model([np.ones((1, 64), np.int8)])[0].tobytes()
        memory = np.zeros(4096, np.int8)
        start = -memory.ctypes.data % 64
        source, target = memory[start:start + 64], memory[start + 1024:start + 1024 + len(expected)]
        assert api().bind(model.inputs()[0].handle, source.ctypes.data, 64) == plait_c.OK
        assert api().bind(model.outputs()[0].handle, target.ctypes.data, target.nbytes) == plait_c.OK
        source[:] = 1
        model.invoke()
        assert target.tobytes() == expected
        assert api().bind(model.inputs()[0].handle, source.ctypes.data, 63) == plait_c.INVALID_ARGUMENT
        assert api().bind(model.inputs()[0].handle, source.ctypes.data + 1, 64) == plait_c.INVALID_ARGUMENT
        assert api().bind(model.outputs()[0].handle, None, 0) == plait_c.OK
        model.invoke()
        assert model.outputs()[0].read().tobytes() == expected


def test_every_thread_has_its_own_message():
    """Forty threads fail, and each reads what its own call said when all have."""
    with plait_c.Interpreter() as interpreter:
        barrier, texts = threading.Barrier(40), {}

        def fail(number):
            assert api().load_file(interpreter.handle, None, b"nowhere%d.tflite" % number, None, None) == plait_c.IO
            barrier.wait(30)
            texts[number] = api().last_error(interpreter.handle)

        threads = [threading.Thread(target=fail, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(b"nowhere%d.tflite" % number in texts[number] for number in range(40))
