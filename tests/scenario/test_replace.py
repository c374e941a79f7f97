# SPDX-License-Identifier: Apache-2.0
"""A model gets another file: what goes on, what begins anew, and what is refused with the old file as it was."""
import numpy as np
import pytest

import plait_c
import tiny
from plait_c import Interpreter, PlaitError
from programs import OWN, refused

X = np.arange(4, dtype=np.float32).reshape(1, 4)


def add(constant, shape=(1, 4), names=("x", "y"), signature=None):
    """y = x + constant"""
    graph = tiny.Graph()
    x, y = (graph.tensor(np.float32, shape, name=name, signature=signature) for name in names)
    value = graph.tensor(np.float32, (1,), data=[constant], name="value")
    graph.op("ADD", [x, value], [y], tiny.schema.AddOptionsT())
    return graph.build([x], [y])


def pair(order, added):
    """sum = a + b, difference = a - b, plus a constant that tells files apart; ends in this order."""
    graph = tiny.Graph()
    spare = graph.tensor(np.float32, (1, 4), data=[added] * 4)
    a, b, c = (graph.tensor(np.float32, (1, 4), name=name) for name in ("a", "b", "more"))
    total, difference = (graph.tensor(np.float32, (1, 4), name=name) for name in ("sum", "difference"))
    graph.op("ADD", [a, spare], [c], tiny.schema.AddOptionsT())
    graph.op("ADD", [c, b], [total], tiny.schema.AddOptionsT())
    graph.op("SUB", [c, b], [difference], tiny.schema.SubOptionsT())
    return graph.build([a, b][::order], [total, difference][::order])


@pytest.fixture
def interpreter():
    with Interpreter() as opened:
        yield opened


def test_the_next_run_is_on_the_new_file_and_memory_stays(interpreter):
    model = interpreter.load(add(1), "model")
    interpreter.allocate()
    x, y = model.inputs()[0], model.outputs()[0]
    x.write(X)
    places = [plait_c.api().tensor_data(t.handle) for t in (x, y)]
    model.invoke()
    model.replace(add(10))
    assert [plait_c.api().tensor_data(t.handle) for t in (x, y)] == places
    assert np.array_equal(y.read(), X + 1), "an output keeps what it was until its model runs again"
    model.invoke()
    assert np.array_equal(y.read(), X + 10), "and an input what it was fed"
    assert model.inputs()[0].handle == x.handle and model.outputs()[0].handle == y.handle


def test_handles_go_by_name(interpreter):
    model = interpreter.load(pair(1, 0), "model")
    interpreter.allocate()
    ends = {t.name: t for t in model.inputs() + model.outputs()}
    ends["a"].write(X + 5)
    ends["b"].write(X)
    model.replace(pair(-1, 100))
    model.invoke()
    assert np.array_equal(ends["sum"].read(), 2 * X + 105) and np.array_equal(ends["difference"].read(), X * 0 + 105)
    assert [t.name for t in model.inputs()] == ["b", "a"] and model.inputs()[1].handle == ends["a"].handle


def test_handles_go_by_place_where_names_differ(interpreter):
    model = interpreter.load(add(1), "model")
    interpreter.allocate()
    x, y = model.inputs()[0], model.outputs()[0]
    model.replace(add(2, names=("other", "names")))
    x.write(X)
    model.invoke()
    assert np.array_equal(y.read(), X + 2) and x.name == "other"


def test_more_and_fewer_inputs(interpreter):
    """Handles that end are given out again: no memory for each time."""
    model = interpreter.load(add(1), "model")
    interpreter.allocate()
    x = model.inputs()[0]
    counts = []
    for turn in range(6):
        model.replace(pair(1, 0))
        a, b = model.inputs()
        assert a.handle == x.handle and b.handle != x.handle
        a.write(X)
        b.write(2 * X)
        model.invoke()
        assert np.array_equal(model.outputs()[0].read(), 3 * X)
        model.replace(add(1))
        counts.append(interpreter.stats().memory_bytes)
        assert [t.handle for t in model.inputs()] == [x.handle]
    assert len(set(counts[1:])) == 1, counts


def test_another_shape_is_another_memory(interpreter):
    model = interpreter.load(add(1), "model")
    interpreter.allocate()
    x, y = model.inputs()[0], model.outputs()[0]
    model.replace(add(1, (2, 8)))
    assert x.shape == (2, 8) and x.bytes == 64
    x.write(np.ones((2, 8), np.float32))
    model.invoke()
    assert np.array_equal(y.read(), np.full((2, 8), 2, np.float32))


def test_shapes_that_were_asked_for(interpreter):
    model = interpreter.load(add(1, signature=(-1, 4)), "model")
    model.resize(0, (3, 4))
    interpreter.allocate()
    model.replace(add(2, signature=(-1, 4)))
    assert model.inputs()[0].shape == (3, 4)
    model.inputs()[0].write(np.zeros((3, 4), np.float32))
    model.invoke()
    assert np.array_equal(model.outputs()[0].read(), np.full((3, 4), 2, np.float32))


def test_bound_memory_stays_bound(interpreter):
    model = interpreter.load(add(1), "model")
    interpreter.allocate()
    room = np.zeros(32, np.float32)
    at = room[(-room.ctypes.data % 64) // 4:][:4]
    interpreter.check(plait_c.api().bind(model.outputs()[0].handle, at.ctypes.data, at.nbytes))
    model.inputs()[0].write(X)
    model.replace(add(3))
    model.invoke()
    assert np.array_equal(at, X[0] + 3)


def test_links_go_on(interpreter):
    first, second = interpreter.load(add(1), "first"), interpreter.load(add(10), "second")
    interpreter.link("first", "", "second", "")
    interpreter.allocate()
    x, y = first.inputs()[0], second.outputs()[0]
    for model, constant, expected in ((first, 2, 12), (second, 20, 22), (second, 30, 32), (first, 3, 33)):
        model.replace(add(constant, names=("in", "out")))
        x.write(X)
        second.run()
        assert np.array_equal(y.read(), X + expected)
        refused(plait_c.INVALID_ARGUMENT, lambda: second.inputs()[0].write(X), "linked")


def test_a_link_that_does_not_fit(interpreter):
    first, second = interpreter.load(add(1), "first"), interpreter.load(add(10), "second")
    interpreter.link("first", "", "second", "")
    interpreter.allocate()
    before = interpreter.stats().memory_bytes
    for model in (first, second):
        refused(plait_c.MISMATCH, lambda: model.replace(add(1, (2, 8))), "first", "second", "[2,8]")
    refused(plait_c.MISMATCH, lambda: first.replace(tiny.relu(np.int32, (1, 4))), "first", "second")
    assert interpreter.stats().memory_bytes == before
    first.inputs()[0].write(X)
    second.run()
    assert np.array_equal(second.outputs()[0].read(), X + 11)


def unknown():
    graph = tiny.Graph()
    x, y = (graph.tensor(np.float32, (1, 4), name=name) for name in ("x", "y"))
    graph.custom("Nobody", [x], [y])
    return graph.build([x], [y])


@pytest.mark.parametrize("status, source, words", [
    (plait_c.INVALID_MODEL, add(2)[:300], []), (plait_c.INVALID_MODEL, b"", []), (plait_c.UNSUPPORTED, unknown(), ["Nobody"]),
    (plait_c.IO, OWN / "nothing.tflite", ["nothing.tflite"]),
    # it loads, and cannot be planned
    (plait_c.UNSUPPORTED, tiny.relu(np.complex64, (1, 4)), ["RELU"])], ids=str)
def test_the_old_file_stays(interpreter, status, source, words):
    model = interpreter.load(add(1), "model")
    interpreter.allocate()
    before = interpreter.stats().memory_bytes
    refused(status, lambda: model.replace(source), *words)
    assert interpreter.stats().memory_bytes == before
    assert np.array_equal(model([X])[0], X + 1)


def test_what_was_not_allocated_waits_for_allocate(interpreter):
    model = interpreter.load(add(1), "model")
    model.replace(add(2))
    refused(plait_c.NOT_ALLOCATED, model.invoke)
    interpreter.allocate()
    assert np.array_equal(model([X])[0], X + 2)


def test_signatures_by_key(interpreter):
    model = interpreter.load(OWN / "signatures_fp32.tflite", "model")
    interpreter.allocate()
    keys = [plait_c.api().signature_key(model.handle, k).decode() for k in range(plait_c.api().signature_count(model.handle))]
    signatures = {key: model.signature(key) for key in keys}
    model.replace(OWN / "signatures_fp32.tflite")
    for key in keys:
        assert model.signature(key).handle == signatures[key].handle
        inputs = [np.zeros(t.shape, t.dtype) for t in signatures[key].inputs()]
        fresh = Interpreter()
        other = fresh.load(OWN / "signatures_fp32.tflite", "model")
        fresh.allocate()
        for mine, others in zip(signatures[key](inputs), other.signature(key)(inputs), strict=True):
            assert np.array_equal(mine, others)
        fresh.close()


def test_clones_and_others_keep_their_file(interpreter):
    model = interpreter.load(add(1), "model")
    clone = model.clone("clone")
    interpreter.allocate()
    model.replace(add(5))
    assert np.array_equal(clone([X])[0], X + 1) and np.array_equal(model([X])[0], X + 5)
    second = model.clone("second")
    interpreter.allocate()
    assert np.array_equal(second([X])[0], X + 5)


def within(memory_bytes):
    """An interpreter in so much memory of ours, with a model; what it gives, and the memory."""
    room = np.zeros(memory_bytes + 64, np.uint8)
    at = room[-room.ctypes.data % 64:]
    interpreter = Interpreter(memory=at.ctypes.data, memory_bytes=memory_bytes)
    model = interpreter.load(add(1), "model")
    interpreter.allocate()
    return interpreter, model, room


def test_the_callers_memory_tells_what_it_takes():
    whole = OWN / "digits_whole_int8.tflite"
    interpreter, model, _room = within(40_000)
    with interpreter:
        with pytest.raises(PlaitError) as error:
            model.replace(whole)
        assert np.array_equal(model([X])[0], X + 1)
        needed = int(error.value.message.split("must have ")[1].split()[0])
    interpreter, model, _room = within(needed)
    with interpreter:
        model.replace(whole)
    interpreter, model, _room = within(needed - 64)
    with interpreter:
        refused(plait_c.OUT_OF_MEMORY, lambda: model.replace(whole), f"must have {needed} bytes")
        assert np.array_equal(model([X])[0], X + 1)
