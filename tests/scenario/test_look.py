# SPDX-License-Identifier: Apache-2.0
"""What a program can see of a run: the arena of each model, and a trace of what ran, which takes no memory."""
import threading

import numpy as np
import pytest

import plait_c
from models import OWN

MODELS = ["detector_int8", "digits_whole_int8", "control_while_fp32", "stateful_fp32"]


@pytest.mark.parametrize("name", MODELS)
def test_arena_is_of_the_plan(name):
    """All of the model's arena is some piece's, and no step is behind the last."""
    with plait_c.Interpreter(cpu=b"c") as interpreter:
        model = interpreter.load(OWN / f"{name}.tflite", name)
        assert model.arena() == []
        interpreter.allocate()
        pieces, bytes_needed = model.arena(), model.memory().arena_bytes
        assert plait_c.api().profile_enable(model.handle, True) == plait_c.OK
        steps = plait_c.api().profile_count(model.handle)
        assert bytes_needed - 64 < max((piece.offset + piece.bytes for piece in pieces), default=0) <= bytes_needed
        assert all(piece.first_step <= piece.last_step < steps and piece.bytes > 0 for piece in pieces)
        assert [piece.first_step for piece in pieces] == sorted(piece.first_step for piece in pieces)


@pytest.mark.parametrize("threads", [1, 2])
def test_trace(threads):
    events, runs = [], []
    with plait_c.Interpreter(threads=threads) as interpreter:
        model = interpreter.load(OWN / "detector_int8.tflite", "detector")
        interpreter.allocate()
        inputs = [np.ones(tensor.shape, tensor.dtype) for tensor in model.inputs()]
        expected = [array.tobytes() for array in model(inputs)]
        names = [operator.name.decode() for operator in model.operators()]
        before = interpreter.stats().allocations
        interpreter.trace(lambda event: events.append(
            (event.name.decode(), event.operator_index, event.step, event.is_part, event.begin_nanoseconds,
             event.end_nanoseconds, threading.get_native_id())) if event.kind == 0 else runs.append(event.kind))
        assert [array.tobytes() for array in model(inputs)] == expected
        assert interpreter.stats().allocations == before
        seen = len(events)
        interpreter.trace(None)
        model.invoke()
        assert len(events) == seen
    assert runs == [2]
    whole = [event for event in events if not event[3]]
    assert [event[2] for event in whole] == list(range(len(whole)))
    assert all(names[index] == name for name, index, *_ in whole)
    assert all(one[5] <= other[4] for one, other in zip(whole, whole[1:], strict=False))
    assert {event[6] for event in whole} == {threading.get_native_id()}
    if threads == 1:
        assert len(whole) == len(events)
