# SPDX-License-Identifier: Apache-2.0
"""Whether periodic models are in time, as the public API says it; tests/unit/test_response_time.c checks the analysis."""
import ctypes as C
import os
import time

import numpy as np
import pytest

import plait_c
from models import OWN

MS = 1_000_000


@pytest.fixture
def interpreter():
    with plait_c.Interpreter() as opened:
        opened.urgent = opened.load(OWN / "digits_whole_int8.tflite", "urgent")
        opened.slow = opened.load(OWN / "detector_int8.tflite", "slow")
        opened.check(plait_c.api().set_class(opened.urgent.handle, 2))
        opened.allocate()
        yield opened


def timing(model):
    found = plait_c.Timing()
    assert plait_c.api().get_timing(model.handle, C.byref(found)) == plait_c.OK
    return found


def check(interpreter, *periodic):
    """(status, whether all are in time, a response each) for (model, period, deadline)."""
    given = (plait_c.Periodic * len(periodic))(*(plait_c.Periodic(model and model.handle, period, deadline)
                                                 for model, period, deadline in periodic))
    responses, all_in_time = (plait_c.Response * len(periodic))(), C.c_bool()
    status = plait_c.api().check_deadlines(interpreter.handle, given, len(periodic), responses, C.byref(all_in_time))
    return status, all_in_time.value, list(responses)


def test_what_is_counted_with_is_what_was_measured(interpreter):
    for _ in range(300):
        interpreter.urgent.invoke()
        interpreter.slow.invoke()
    urgent, slow = timing(interpreter.urgent), timing(interpreter.slow)
    assert (urgent.class_number, slow.class_number) == (2, 0)
    assert urgent.blocking == slow.longest_part > 0 and slow.blocking == 0
    switches = 2 * max(urgent.switching, slow.switching)
    status, in_time, (first, second) = check(interpreter, (interpreter.urgent, 5000 * MS, 0), (interpreter.slow, 5000 * MS, 0))
    assert status == plait_c.OK and in_time and first.in_time and second.in_time
    assert (first.own, first.blocked, first.higher, first.same) == (urgent.own_worst + switches, slow.longest_part, 0, 0)
    assert first.system == second.system == urgent.waking + urgent.machine
    assert first.longest == first.own + first.blocked + first.system
    assert (second.own, second.blocked, second.higher) == (slow.own_worst + switches, 0, first.own)
    assert second.longest == second.own + first.own + second.system
    # In less time than it takes it is not done.
    status, in_time, (first, second) = check(interpreter, (interpreter.urgent, 5000 * MS, first.own - 1),
                                             (interpreter.slow, 5000 * MS, 0))
    assert status == plait_c.OK and not in_time and not first.in_time and second.in_time


def test_what_the_machine_takes_is_counted_with(interpreter):
    machine = plait_c.Machine()
    before = timing(interpreter.urgent) if interpreter.urgent.invoke() is None else None
    assert before.machine == 0
    interpreter.check(plait_c.api().measure_machine(interpreter.handle, 100 * MS, C.byref(machine)))
    after = timing(interpreter.urgent)
    assert after.machine == machine.usual > 0 and machine.usual <= machine.longest
    assert 10 <= machine.milliseconds <= 51 * os.cpu_count()
    assert after.longest_wait == before.longest_wait + machine.usual
    status, in_time, (response,) = check(interpreter, (interpreter.urgent, 5000 * MS, 0))
    assert status == plait_c.OK and response.system == after.waking + machine.usual
    for duration in (0, 61_000 * MS):
        assert plait_c.api().measure_machine(interpreter.handle, duration, None) == plait_c.INVALID_ARGUMENT


def ask(interpreter, model):
    number, answer = C.c_uint64(), plait_c.Answer()
    interpreter.check(plait_c.api().submit(model.handle, None, C.byref(number)))
    interpreter.check(plait_c.api().wait(interpreter.handle, number, -1, C.byref(answer)))
    return answer


def test_none_of_what_was_measured_took_longer(interpreter):
    """After pauses, in which processors and caches go to others: everything is counted with at its longest."""
    answers = []
    for k in range(100):
        time.sleep(0.0001 * (k % 8))
        answers.append(ask(interpreter, interpreter.urgent))
    found = timing(interpreter.urgent)
    assert found.own_runs >= 100  # every request, however short
    assert found.waking >= max(answer.started - answer.submitted for answer in answers[1:])
    assert found.own_worst + found.switching >= max(answer.ended - answer.started for answer in answers[1:])


@pytest.mark.parametrize("name", ["control_while_fp32", "control_nested_fp32"])
def test_what_control_flow_runs_is_several_parts(name):
    """A loop is waited for by a part of its body, not as a whole."""
    shares = []
    for _ in range(5):
        with plait_c.Interpreter() as opened:
            model = opened.load(OWN / f"{name}.tflite", "model")
            opened.allocate()
            for tensor in model.inputs():
                tensor.write(np.full(tensor.shape, 5, tensor.dtype))
            model.invoke()
            shares.append(timing(model).longest_part / timing(model).own)
    assert 0 < min(shares) < 0.4, shares


def test_times_are_those_of_the_program_that_runs(interpreter):
    """With another file under its name the lower class has parts of another length, and the higher one waits for these."""
    for _ in range(50):
        interpreter.slow.invoke()
    before = timing(interpreter.urgent).blocking
    interpreter.check(plait_c.api().replace(interpreter.slow.handle, str(OWN / "digits_features_int8.tflite").encode(), None))
    assert timing(interpreter.slow).own_runs == 0
    for _ in range(50):
        interpreter.slow.invoke()
    assert 0 < timing(interpreter.urgent).blocking == timing(interpreter.slow).longest_part != before
    # A part that the system held up counts for some hundred runs.
    for _ in range(40 * 600):
        if timing(interpreter.slow).longest_part < before:
            break
        interpreter.slow.invoke()
    assert 0 < timing(interpreter.urgent).blocking == timing(interpreter.slow).longest_part < before


def test_more_than_there_is_time_for_is_not_promised(interpreter):
    interpreter.urgent.invoke()
    interpreter.slow.invoke()
    own = timing(interpreter.slow).own_worst
    assert check(interpreter, (interpreter.slow, own // 2, 0))[:2] == (plait_c.OK, False)
    assert check(interpreter)[:2] == (plait_c.OK, True)


@pytest.mark.parametrize("period, deadline", [(0, 0), (MS, 2 * MS), (25 * 3600 * 1000 * MS, 0)])
def test_periods_that_cannot_be(interpreter, period, deadline):
    interpreter.urgent.invoke()
    assert check(interpreter, (interpreter.urgent, period, deadline))[0] == plait_c.INVALID_ARGUMENT
    assert b"urgent" in plait_c.api().last_error(interpreter.handle)


def test_models_that_cannot_be(interpreter):
    assert check(interpreter, (None, MS, MS))[0] == plait_c.INVALID_ARGUMENT
    assert check(interpreter, (interpreter.slow, MS, MS))[0] == plait_c.INVALID_ARGUMENT
    assert b"never ran" in plait_c.api().last_error(interpreter.handle)
    with plait_c.Interpreter() as other:
        assert check(other, (interpreter.slow, MS, MS))[0] == plait_c.INVALID_ARGUMENT
    interpreter.load(OWN / "detector_int8.tflite", "new")
    assert check(interpreter, (interpreter.model("new"), MS, MS))[0] == plait_c.NOT_ALLOCATED
