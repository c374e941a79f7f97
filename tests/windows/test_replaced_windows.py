# SPDX-License-Identifier: Apache-2.0
"""A model whose input is a window gets another file, or one before it does: its own rows begin anew, those of others stay,
and what does not fit is refused with everything as it was, rows included."""
import numpy as np
import pytest

import plait_c
import tiny
from plait_c import Interpreter, PlaitError


def plus(constant, rows, row):
    """y = x + constant, over a window."""
    graph = tiny.Graph()
    x, y = (graph.tensor(np.float32, (rows, row), name=name) for name in "xy")
    graph.op("ADD", [x, graph.tensor(np.float32, (1,), data=[constant])], [y], tiny.schema.AddOptionsT())
    return graph.build([x], [y])


def convolution(seed, rows=40):
    """Of three rows each: with a window, all but the last one of its output stays as it was."""
    random = np.random.default_rng(seed)
    graph = tiny.Graph()
    x, y = graph.tensor(np.float32, [1, rows, 1, 16]), graph.tensor(np.float32, [1, rows - 2, 1, 16])
    w = graph.tensor(np.float32, [16, 3, 1, 16], data=random.normal(size=(16, 3, 1, 16)).astype(np.float32))
    b = graph.tensor(np.float32, [16], data=random.normal(size=16).astype(np.float32))
    options = tiny.schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor = 1, 1, 1, 1, 1
    graph.op("CONV_2D", [x, w, b], [y], options, 3)
    return graph.build([x], [y])


def alone(source, value):
    with Interpreter() as interpreter:
        model = interpreter.load(source, "alone")
        interpreter.allocate()
        return model([value])[0]


def rows_of(first, count, row=2):
    return np.arange(first * row, (first + count) * row, dtype=np.float32).reshape(count, row)


@pytest.fixture
def interpreter():
    with Interpreter() as opened:
        yield opened


def watch(model):
    """What it gave each time it ran."""
    seen = []
    model.on_run(lambda: seen.append(model.outputs()[0].read()))
    return seen


def same(seen, wanted):
    assert len(seen) == len(wanted)
    for one, other in zip(seen, wanted):
        assert np.array_equal(one, other), (one, other)


def test_pushed_rows_begin_anew(interpreter):
    model = interpreter.load(plus(1, 4, 2), "model")
    interpreter.stream("model", "", hop=2)
    interpreter.allocate()
    seen = watch(model)
    model.inputs()[0].push(rows_of(0, 7))
    same(seen, [rows_of(0, 4) + 1, rows_of(2, 4) + 1])
    model.replace(plus(10, 4, 2))
    model.inputs()[0].push(rows_of(10, 3))
    same(seen[2:], [])  # of the old one's rows none counts
    model.inputs()[0].push(rows_of(13, 3))
    same(seen[2:], [rows_of(10, 4) + 10, rows_of(12, 4) + 10])


def test_a_window_of_another_size(interpreter):
    """It is the consumer's: another file may have another one, of rows that come as before."""
    model = interpreter.load(plus(1, 4, 2), "model")
    interpreter.stream("model", "", hop=1)
    interpreter.allocate()
    seen = watch(model)
    model.inputs()[0].push(rows_of(0, 4))
    model.replace(plus(2, 3, 2))
    assert model.inputs()[0].shape == (3, 2)
    model.inputs()[0].push(rows_of(0, 4))
    same(seen, [rows_of(0, 4) + 1, rows_of(0, 3) + 2, rows_of(1, 3) + 2])


def test_what_was_computed_of_rows_begins_anew(interpreter):
    """Bits of whole windows, though the old one had kept rows of its outputs."""
    rows = np.random.default_rng(3).normal(size=(130, 16)).astype(np.float32)
    model = interpreter.load(convolution(1), "model")
    interpreter.stream("model", "", hop=1, axis=1)
    interpreter.allocate()
    seen, wanted = watch(model), []
    for file in range(3):
        if file > 0:
            model.replace(convolution(1 + file))
        assert model.reuse(0) == (1, 38, None)
        some = rows[file * 43:file * 43 + 43]
        model.inputs()[0].push(some)
        wanted += [alone(convolution(1 + file), some[at:at + 40].reshape(1, 40, 1, 16)) for at in range(4)]
    same(seen, wanted)


def linked(interpreter):
    """A producer of a row each time, a window of three of them."""
    producer, consumer = interpreter.load(plus(0, 1, 2), "producer"), interpreter.load(plus(1, 3, 2), "consumer")
    interpreter.link("producer", "", "consumer", "", hop=1)
    interpreter.allocate()
    return producer, consumer, watch(consumer)


def run(producer, first, count):
    for at in range(first, first + count):
        producer.inputs()[0].write(rows_of(at, 1))
        producer.run()


def test_the_consumer_of_a_link_begins_anew(interpreter):
    producer, consumer, seen = linked(interpreter)
    run(producer, 0, 4)
    consumer.replace(plus(10, 3, 2))
    run(producer, 4, 4)
    same(seen, [rows_of(0, 3) + 1, rows_of(1, 3) + 1, rows_of(4, 3) + 10, rows_of(5, 3) + 10])


def weighed(order, constant):
    """y = x * more + constant; inputs in this order."""
    graph = tiny.Graph()
    value = graph.tensor(np.float32, (1,), data=[constant])
    ends = [graph.tensor(np.float32, (3, 2), name=name) for name in ("x", "more")[::order]]
    x, more = ends[::order]
    product, y = graph.tensor(np.float32, (3, 2)), graph.tensor(np.float32, (3, 2), name="y")
    graph.op("MUL", [x, more], [product], tiny.schema.MulOptionsT())
    graph.op("ADD", [product, value], [y], tiny.schema.AddOptionsT())
    return graph.build(ends, [y])


def test_a_window_goes_by_name(interpreter):
    producer, consumer = interpreter.load(plus(0, 1, 2), "producer"), interpreter.load(weighed(1, 1), "consumer")
    interpreter.link("producer", "", "consumer", "x", hop=1)
    interpreter.allocate()
    seen = watch(consumer)
    consumer.inputs()[1].write(np.full((3, 2), 2, np.float32))
    run(producer, 0, 3)
    consumer.replace(weighed(-1, 5))
    assert [one.name for one in consumer.inputs()] == ["more", "x"]
    run(producer, 0, 3)
    same(seen, [rows_of(0, 3) * 2 + 1, rows_of(0, 3) * 2 + 5])


def test_rows_that_came_stay_when_their_producer_goes(interpreter):
    producer, _consumer, seen = linked(interpreter)
    run(producer, 0, 4)
    producer.replace(plus(100, 1, 2))
    run(producer, 4, 2)
    mixed = [np.concatenate([rows_of(2, 2), rows_of(4, 1) + 100]), np.concatenate([rows_of(3, 1), rows_of(4, 2) + 100])]
    same(seen, [rows_of(0, 3) + 1, rows_of(1, 3) + 1] + [one + 1 for one in mixed])


@pytest.mark.parametrize("who, source, words", [
    ("producer", plus(5, 1, 3), ["no sequence of rows", "producer"]), ("consumer", plus(5, 3, 3), ["no sequence of rows", "consumer"]),
    ("consumer", tiny.relu(np.int32, (3, 2)), ["producer", "consumer"]), ("consumer", tiny.relu(np.float32, ()), ["axis"])], ids=str)
def test_what_does_not_fit_leaves_the_rows(interpreter, who, source, words):
    producer, consumer, seen = linked(interpreter)
    run(producer, 0, 2)
    before = interpreter.stats().memory_bytes
    with pytest.raises(PlaitError) as error:
        {"producer": producer, "consumer": consumer}[who].replace(source)
    for word in words:
        assert word in str(error.value), str(error.value)
    assert error.value.status in (plait_c.MISMATCH, plait_c.INVALID_ARGUMENT)
    assert interpreter.stats().memory_bytes == before
    run(producer, 2, 2)
    same(seen, [rows_of(0, 3) + 1, rows_of(1, 3) + 1])


def test_a_stream_that_does_not_fit_leaves_the_rows(interpreter):
    model = interpreter.load(plus(1, 4, 2), "model")
    interpreter.stream("model", "", hop=1, axis=1)  # columns
    interpreter.allocate()
    seen = watch(model)
    model.inputs()[0].push(np.float32([1, 2, 3, 4]))
    with pytest.raises(PlaitError, match="axis"):
        model.replace(tiny.relu(np.float32, (4,)))
    model.inputs()[0].push(np.float32([5, 6, 7, 8]))
    same(seen, [np.float32([[1, 5], [2, 6], [3, 7], [4, 8]]) + 1])
