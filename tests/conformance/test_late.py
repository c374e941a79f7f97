# SPDX-License-Identifier: Apache-2.0
"""Operators whose shapes depend on data: chains of them, loops that grow, strings, and what holds while they run."""
import threading
import time

import numpy as np
import pytest
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema

import compare
import late_models
import oracle
import plait_c
import tiny

rng = np.random.default_rng(7)


def reference(data, calls):
    """LiteRT's outputs of each call, in order, on one interpreter."""
    interpreter = oracle.open_reference(data)
    answers = []
    for arrays in calls:
        for detail, array in zip(interpreter.get_input_details(), arrays, strict=True):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        answers.append([interpreter.get_tensor(d["index"]).copy() for d in interpreter.get_output_details()])
    return answers


def check(data, calls):
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "late")
        interpreter.allocate()
        for arrays, expected in zip(calls, reference(data, calls), strict=True):
            for k, (a, b) in enumerate(zip(model(arrays), expected, strict=True)):
                assert compare.difference(a, b) is None, (k, a, b)


def chain_call(first, last):
    x = rng.normal(size=(9, 6)).astype(np.float32)
    return [x, np.array([first, 0], np.int32), np.array([last, 6], np.int32)]


def test_a_chain_of_late_operators():
    check(late_models.chain(), [chain_call(*rows) for rows in [(0, 3), (0, 3), (2, 9), (5, 6), (0, 9), (1, 2)]])


def test_an_output_has_a_shape_once_it_is_computed():
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(late_models.chain(), "late")
        interpreter.allocate()
        output = model.outputs()[0]
        assert (output.shape, output.bytes, plait_c.api().tensor_data(output.handle)) == ((1, 4), 0, None)
        with pytest.raises(plait_c.PlaitError, match="no bytes yet"):
            output.read()
        model(chain_call(2, 5))
        assert (output.shape, output.bytes) == ((3, 4), 48)
        clone = model.clone("other")
        interpreter.allocate()
        assert clone.outputs()[0].bytes == 0 and output.bytes == 48
        status = plait_c.api().bind(output.handle, 64, 48)
        assert status == plait_c.INVALID_ARGUMENT


def test_nothing_is_allocated_while_shapes_stay():
    """Nor while they go up and down within what there was."""
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(late_models.chain(), "late")
        interpreter.allocate()
        for rows in [(0, 9), (0, 3), (0, 9)]:
            model(chain_call(*rows))
        before = interpreter.stats().allocations
        for rows in [(0, 9), (0, 9), (0, 3), (1, 4), (2, 3), (0, 9)]:
            model(chain_call(*rows))
        assert interpreter.stats().allocations == before


def test_clones_at_once():
    data, failures = late_models.chain(), []
    calls = [chain_call(first, last) for first in range(4) for last in range(first + 1, 9)]
    expected = reference(data, calls)
    with plait_c.Interpreter(lanes=2) as interpreter:
        model = interpreter.load(data, "late")
        models = [model, model.clone("other")]
        interpreter.allocate()

        def run(own, offset):
            for k in range(300):
                at = (k * 7 + offset) % len(calls)
                for a, b in zip(own(calls[at]), expected[at], strict=True):
                    if compare.difference(a, b):
                        failures.append((at, a, b))

        threads = [threading.Thread(target=run, args=(own, k)) for k, own in enumerate(models)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


def test_a_loop_that_grows():
    y = rng.normal(size=(1, 2)).astype(np.float32)
    check(late_models.growing_loop(), [[np.array([n], np.int32), y] for n in (3, 3, 0, 17, 1)])


def test_a_loop_that_swaps():
    """By hand: LiteRT copies variables one after the other."""
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(late_models.swapping_loop(), "swap")
        interpreter.allocate()
        for turns in (0, 1, 2, 5, 5, 3):
            a, b = np.array([1, 2], np.float32), np.array([3], np.float32)
            _, ours_a, ours_b = model([np.array([turns], np.int32), a, b])
            for _ in range(turns):
                a, b = b, np.concatenate([a, a])
            assert ours_a.tolist() == a.tolist() and ours_b.tolist() == b.tolist()


def test_loops_in_branches_in_loops():
    y = rng.normal(size=(1, 2)).astype(np.float32)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(late_models.nested_loop(), "nested")
        interpreter.allocate()
        for turns in (0, 1, 3, 5, 2, 5):
            rows = 1 + sum(k for k in range(3, turns + 1))
            assert model([np.array([turns], np.int32), y])[1].shape == (rows, 2)
    check(late_models.nested_loop(), [[np.array([n], np.int32), y] for n in (2, 5, 0, 5)])


def test_loops_in_loops_in_loops():
    """A body is planned again where it changes shapes, and so are all bodies in it: few levels are planned, more than
    anybody can plan are an error and not a wait."""
    y = rng.normal(size=(1, 2)).astype(np.float32)
    for levels in (1, 2, 5, 14):
        check(late_models.deep_loops(levels), [[np.array([n], np.int32), y] for n in (3, 0, 1)])
    with plait_c.Interpreter() as interpreter:
        interpreter.load(late_models.deep_loops(12, 50_000), "deep")
        start = time.monotonic()
        with pytest.raises(plait_c.PlaitError, match="too often"):
            interpreter.allocate()
        assert time.monotonic() - start < 60


def test_branches_of_different_shapes():
    x = rng.normal(size=3).astype(np.float32)
    check(late_models.branches(), [[np.array([flag]), x] for flag in (True, False, False, True)])


TEXTS = [[b"a", b"bc", b"", b"bc"], ["grün".encode(), b"x" * 1000, b"y", b"z"], [b"", b"", b"", b""]]


def test_strings():
    check(late_models.strings(), [[np.array(texts, object), np.array([k], np.int32)]
                                  for texts in TEXTS for k in range(4)])


def test_strings_by_the_c_functions():
    api = plait_c.api()
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(late_models.strings(), "strings")
        interpreter.allocate()
        texts, index = model.inputs()
        with pytest.raises(plait_c.PlaitError, match="has no value yet"):
            model.invoke()
        for bad in (b"", b"\0\0\0", plait_c.pack_strings([b"a"] * 3), plait_c.pack_strings([b"a"] * 4)[:-1]):
            with pytest.raises(plait_c.PlaitError):
                texts.write(np.frombuffer(bad, np.uint8))
        array = (plait_c.C.c_char_p * 4)(b"one", b"two", b"three", b"two")
        interpreter.check(api.tensor_write_strings(texts.handle, array, None, 4))
        index.write(np.array([1], np.int32))
        model.invoke()
        square, picked, equal = (tensor.read() for tensor in model.outputs())
        assert square.tolist() == [[b"one", b"two"], [b"three", b"two"]] and picked.tolist() == [b"two"]
        assert equal.tolist() == [[False, True], [False, True]]
        text, length = plait_c.C.c_void_p(), plait_c.C.c_size_t()
        interpreter.check(api.tensor_string(model.outputs()[0].handle, 2, plait_c.C.byref(text),
                                            plait_c.C.byref(length)))
        assert plait_c.C.string_at(text.value, length.value) == b"three"
        assert api.tensor_string(model.outputs()[0].handle, 4, plait_c.C.byref(text), plait_c.C.byref(length)) == \
            plait_c.NOT_FOUND
        assert api.tensor_write_strings(index.handle, array, None, 4) == plait_c.INVALID_ARGUMENT


def test_hostile_offsets_in_constants():
    """The file's strings are checked before anything reads them."""
    for at, value in ((0, -1), (0, 1 << 30), (1, -8), (2, 1 << 20), (4, 0)):
        buffer = bytearray(plait_c.pack_strings([b"a", b"bc", b"d"]))
        buffer[4 * at:4 * at + 4] = np.int32(value).tobytes()
        graph = tiny.Graph()
        constant, index = graph.tensor("S", [3], data=bytes(buffer)), graph.tensor(np.int32, [1])
        picked = graph.tensor("S", [1])
        graph.op("GATHER", [constant, index], [picked], schema.GatherOptionsT(), version=5)
        with plait_c.Interpreter() as interpreter:
            with pytest.raises(plait_c.PlaitError):
                model = interpreter.load(graph.build([index], [picked]), "hostile")
                interpreter.allocate()
                model([np.array([0], np.int32)])


def test_linked_models():
    """A consumer takes what its producer made, whatever its shape; before that it says so."""
    graph = tiny.Graph()
    x, y = graph.tensor(np.float32, [1, 4]), graph.tensor(np.float32, [1, 4])
    graph.op("NEG", [x], [y], schema.NegOptionsT())
    negative = graph.build([x], [y])
    for whole in (False, True):
        with plait_c.Interpreter() as interpreter:
            first, second = interpreter.load(late_models.chain(), "first"), interpreter.load(negative, "second")
            interpreter.link("first", "positive", "second", "")
            interpreter.check(plait_c.api().set_whole(first.handle, whole))
            interpreter.allocate()
            if not whole:
                with pytest.raises(plait_c.PlaitError, match="no value yet"):
                    second.invoke()
            for rows in ((0, 3), (2, 9), (4, 5)):
                call = chain_call(*rows)
                for tensor, array in zip(first.inputs(), call):
                    tensor.write(array)
                second.run()
                ours = second.outputs()[0].read()
                assert compare.difference(ours, -reference(late_models.chain(), [call])[0][0]) is None
            if not whole:
                second.invoke()
                assert compare.difference(second.outputs()[0].read(), ours) is None


@pytest.mark.parametrize("make, calls", [(late_models.chain, [chain_call(0, 2), chain_call(1, 9)]),
                                         (late_models.growing_loop,
                                          [[np.array([5], np.int32), np.ones((1, 2), np.float32)]])])
def test_failing_allocations(make, calls):
    """The n-th allocation fails, for every n: a clean error, and the next attempt gives the right answer."""
    data, state = make(), {"left": -1}
    expected = reference(data, calls)
    system = plait_c.C.CDLL(None)
    system.aligned_alloc.restype, system.aligned_alloc.argtypes = plait_c.C.c_void_p, [plait_c.C.c_size_t] * 2
    system.free.argtypes = [plait_c.C.c_void_p]

    @plait_c.ALLOCATE
    def allocate(_user, pointer, _old, new, alignment):
        if new == 0:
            system.free(pointer)
            return None
        state["left"] -= 1
        return None if state["left"] == -1 else system.aligned_alloc(alignment, (new + alignment - 1) // alignment * alignment)

    failures, n = 0, 0
    with plait_c.Interpreter(allocate=allocate) as interpreter:
        while True:
            model = interpreter.load(data, "late")
            interpreter.allocate()
            state["left"], n = n, n + 1
            try:
                for arrays in calls:
                    model(arrays)
            except plait_c.PlaitError as error:
                assert error.status == plait_c.OUT_OF_MEMORY
                failures += 1
            failed, state["left"] = state["left"] < 0, -1
            for arrays, answer in zip(calls, expected):
                for a, b in zip(model(arrays), answer, strict=True):
                    assert compare.difference(a, b) is None
            model.unload()
            if not failed:
                break
    assert failures > 5


def test_resizing_between_late_runs():
    graph = tiny.Graph()
    x, shape = graph.tensor(np.float32, [2, 3], signature=[-1, 3]), graph.tensor(np.int32, [2])
    y = graph.tensor(np.float32, [3, 2])
    graph.op("RESHAPE", [x, shape], [y], schema.ReshapeOptionsT())
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(graph.build([x, shape], [y]), "late")
        for rows in (2, 4, 1, 4):
            model.resize(0, [rows, 3])
            interpreter.allocate()
            array = rng.normal(size=(rows, 3)).astype(np.float32)
            for wanted in ([3, rows], [rows * 3, 1], [1, -1]):
                assert model([array, np.array(wanted, np.int32)])[0].tolist() == array.reshape(wanted).tolist()
        with pytest.raises(plait_c.PlaitError, match="RESHAPE"):
            model([array, np.array([5, 5], np.int32)])
        assert model([array, np.array([6, 2], np.int32)])[0].shape == (6, 2)


def test_litert_runs_all_of_these():
    """What is compared above is no refusal on both sides."""
    for data in (late_models.chain(), late_models.growing_loop(), late_models.branches(), late_models.strings()):
        litert.Interpreter(model_content=data).allocate_tensors()
