# SPDX-License-Identifier: Apache-2.0
"""Runs that are asked for: plait.Runtime's Model.submit(), classes and timing."""
import asyncio
import concurrent.futures
import gc
import threading
import time

import numpy as np
import pytest

from both import plait
from test_runtime import WHOLE, expected, picture


def test_results_are_those_of_calls():
    with plait.Runtime(lanes=2) as runtime:
        models = [runtime.load(WHOLE, f"m{k}") for k in range(3)]
        requests = [(seed, models[seed % 3].submit(picture(seed))) for seed in range(12)]
        for seed, request in requests:
            assert np.array_equal(request.result(20), expected(seed))
            assert 0 < request.submitted <= request.started <= request.ended <= time.monotonic()
            assert request.deadline == 0 and request.exception() is None


def test_inputs_as_they_are():
    with plait.Runtime() as runtime:
        model = runtime.load(WHOLE)
        model.set(0, picture(3))
        assert np.array_equal(model.submit().result(20), expected(3))


def test_in_coroutines():
    async def all_of_them(model):
        return await asyncio.gather(*(model.submit(picture(seed), deadline=60) for seed in range(5)))

    with plait.Runtime() as runtime:
        for seed, answer in enumerate(asyncio.run(all_of_them(runtime.load(WHOLE)))):
            assert np.array_equal(answer, expected(seed))


def held(runtime):
    """A model that runs until the event is set, on the only thread for requests: its answer is not over before."""
    inside, release, model = threading.Event(), threading.Event(), runtime.load(WHOLE, "held")

    def hold(_):
        if threading.current_thread() is threading.main_thread():
            return  # it had ended before it was told whom to call
        inside.set()
        assert release.wait(20)
    for _ in range(100):
        model.submit(picture()).add_done_callback(hold)
        if inside.wait(0.1):
            break
    return inside, release


def test_late_surplus_and_cancelled():
    with plait.Runtime() as runtime:
        inside, release = held(runtime)
        model = runtime.load(WHOLE, "model")
        model.set_queue(2)
        runtime.allocate()
        if not inside.wait(20):
            release.set()
            pytest.fail("nothing ran")
        late = model.submit(picture(), deadline=-1, late="drop")
        first, second = model.submit(picture(1), surplus="drop"), None
        with pytest.raises(plait.Error, match="2 requests wait already") as raised:
            model.submit(picture(2))
        assert raised.value.status == 8
        second = model.submit(picture(2), surplus="drop")  # the oldest, which is late anyway, gives way
        assert first.cancel() and not late.cancel()
        release.set()
        with pytest.raises(plait.Error, match="newer request"):
            late.result(20)
        with pytest.raises(concurrent.futures.CancelledError):
            first.result(20)
        assert np.array_equal(second.result(20), expected(2)) and not second.cancel()
        with pytest.raises(plait.Error, match="deadline passed") as raised:
            model.submit(picture(), deadline=-1, late="drop").result(20)
        assert raised.value.status == 13


def test_unloaded_while_it_waits():
    with plait.Runtime() as runtime:
        inside, release = held(runtime)
        model = runtime.load(WHOLE, "model")
        runtime.allocate()
        assert inside.wait(20)
        request = model.submit(picture())
        runtime.unload("model")
        assert request.cancelled()
        release.set()


def test_what_does_not_fit():
    with plait.Runtime() as runtime:
        model = runtime.load(WHOLE)
        with pytest.raises(ValueError, match="takes int8"):
            model.submit(picture().astype(np.float32))
        with pytest.raises(ValueError, match="late is 'no'"):
            model.submit(picture(), late="no")
        with pytest.raises(plait.Error, match="expected 0 to 15"):
            model.set_class(16)


def test_timing_and_class():
    with plait.Runtime() as runtime:
        low, high = runtime.load(WHOLE, "low"), runtime.load(WHOLE, "high")
        high.set_class(4)
        assert high.timing["own_runs"] == 0 and high.timing["class"] == 4
        for _ in range(20):
            low.submit(picture()).result(20)
            high.submit(picture()).result(20)
        timing = high.timing
        assert 0 < timing["own"] <= timing["own_worst"] and timing["blocking"] == low.timing["longest_part"] > 0
        assert timing["longest_wait"] == timing["own_worst"] + timing["blocking"] + 2 * timing["switching"] + timing["waking"]


def test_the_machine_is_in_the_longest_wait():
    with plait.Runtime() as runtime:
        model = runtime.load(WHOLE)
        model.submit(picture()).result(20)
        before, machine = model.timing, runtime.measure_machine(0.05)
        assert 0 < machine["usual"] <= machine["longest"] and machine["milliseconds"] > 0
        assert model.timing["longest_wait"] == before["longest_wait"] + machine["usual"]
        with pytest.raises(plait.Error):
            runtime.measure_machine(61)


def test_a_runtime_goes_while_requests_wait():
    runtime = plait.Runtime()
    model = runtime.load(WHOLE)
    requests = [model.submit(picture(seed)) for seed in range(8)]
    del model, runtime
    gc.collect()
    for request in requests:
        assert request.exception(20) is None if not request.cancelled() else True


def test_pipelines():
    text = {"models": {"whole": str(WHOLE)}, "inputs": {"picture": "whole"}, "outputs": {"scores": "whole"}}
    with plait.Pipeline(text) as pipeline:
        requests = [pipeline.submit(picture=picture(seed), deadline=30) for seed in range(4)]
        for seed, request in enumerate(requests):
            assert list(request.result(20)) == ["scores"] and np.array_equal(request.result()["scores"], expected(seed))
        with pytest.raises(ValueError, match="surplus is 'keep'"):
            pipeline.submit(picture=picture(), surplus="keep")
