# SPDX-License-Identifier: Apache-2.0
"""Outputs that are on or off: with hysteresis, by every way to run, as the runs leave them."""
import json
import re

import numpy as np
import pytest

import plait_c
import tiny
from plait_c import Interpreter, PlaitError


def abs_model(shape, kind=np.float32):
    graph = tiny.Graph()
    x, y = (graph.tensor(kind, shape, name=name) for name in "xy")
    graph.op("ABS", [x], [y])
    return graph.build([x], [y])


def expected(values, least, until):
    """[(on, changed, changes)]: a model of its own."""
    told, on, changes = [], False, 0
    for value in values:
        now = bool(value >= (until if on else least))
        changes += now != on
        told.append((now, now != on, changes))
        on = now
    return told


class Alarm:
    """A model of two elements behind which "y" has a threshold."""
    def __init__(self, folder, text=None, **threshold):
        (folder / "m.tflite").write_bytes(abs_model([2]))
        text = text or {"models": {"m": "m.tflite"}, "inputs": {"x": "m"}, "outputs": {"y": {"from": "m"} | threshold, "plain": "m"}}
        self.interpreter = Interpreter()
        self.pipeline = self.interpreter.pipeline(json.dumps(text).encode(), folder)
        self.interpreter.allocate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.interpreter.close()

    def after(self, *values, run=None):
        self.pipeline.write("x", np.float32(values))
        (run or self.pipeline.run)()
        return self.pipeline.state("y")


@pytest.mark.parametrize("seed", range(4))
def test_hysteresis(seed, tmp_path):
    values = np.random.default_rng(seed).uniform(0, 1, 60).astype(np.float32)
    for least, until in (0.7, 0.3), (0.5, 0.5), (0.2, -1):
        with Alarm(tmp_path, threshold=least, until=until) as alarm:
            assert alarm.pipeline.state("y") == (False, False, 0)
            assert [alarm.after(0, value) for value in values] == expected(values, least, until)
            alarm.after(0, 0.9)
            count = alarm.pipeline.state("y")[2]
            alarm.pipeline.state("y")  # to ask changes nothing
            assert alarm.pipeline.state("y")[2] == count


def test_one_element_and_what_it_is_said_to_be(tmp_path):
    with Alarm(tmp_path, threshold=3, index=1) as alarm:
        output, plain = (alarm.pipeline.outputs()[name] for name in ("y", "plain"))
        assert (output.has_threshold, output.threshold_index, output.threshold, output.until) == (True, 1, 3, 3)
        assert not plain.has_threshold
        assert [alarm.after(*values)[0] for values in ((9, 2), (0, -3), (9, np.nan))] == [False, True, False]
        with pytest.raises(PlaitError, match="output 'plain' has no 'threshold'"):
            alarm.pipeline.state("plain")
        with pytest.raises(PlaitError, match="there is no output 'z'; outputs: y, plain"):
            alarm.pipeline.state("z")
    with Alarm(tmp_path, threshold=3, until=2) as alarm:
        assert alarm.pipeline.outputs()["y"].threshold_index == -1


def test_every_way_to_run(tmp_path):
    """Invoked, run as a set, as a request; what sets variables back begins anew."""
    with Alarm(tmp_path, threshold=5, until=2) as alarm:
        model = alarm.interpreter.model("m")
        assert alarm.after(0, 6, run=model.invoke) == (True, True, 1)
        assert alarm.after(0, 3, run=model.run) == (True, False, 1)
        number = plait_c.C.c_uint64()
        options = plait_c.SubmitOptions()
        plait_c.api().submit_options_default(plait_c.C.byref(options))

        def submit():
            assert plait_c.api().pipeline_submit(alarm.pipeline.handle, plait_c.C.byref(options), plait_c.C.byref(number)) == 0
            assert plait_c.api().wait(alarm.interpreter.handle, number, -1, None) == 0
        assert alarm.after(0, 1, run=submit) == (False, True, 2)
        assert alarm.after(7, 0)[0]
        model.reset()
        assert alarm.pipeline.state("y") == (False, False, 0)
        assert alarm.after(0, 3) == (False, False, 0)


def test_linked_models_and_streams(tmp_path):
    """Each hop decides, and a callback of on_run() sees what its own run made of it."""
    for name, shape in ("a", [2]), ("b", [3]):
        (tmp_path / f"{name}.tflite").write_bytes(abs_model(shape))
    text = {"models": {"a": "a.tflite", "b": "b.tflite"}, "links": [{"from": "a", "to": "b", "window": {"hop": 1}}],
            "inputs": {"x": {"to": "a", "window": {"hop": 2}}},
            "outputs": {"y": {"from": "b", "threshold": 4, "until": 2, "index": 2}, "a": {"from": "a", "threshold": 4}}}
    values = np.random.default_rng(3).integers(0, 6, 90).astype(np.float32)
    with Alarm(tmp_path, text=text) as alarm:
        told, model = [], alarm.interpreter.model("b")
        model.on_run(lambda: told.append((float(model.outputs()[0].read()[2]), alarm.pipeline.state("y"))))
        for at in range(0, 90, 7):
            alarm.pipeline.push("x", values[at:at + 7])
        assert [state for _, state in told] == expected(values[2:], 4, 2) and [value for value, _ in told] == values[2:].tolist()
        assert alarm.pipeline.state("a")[0] == (max(values[-2:]) >= 4)


def test_a_model_that_waits_leaves_it(tmp_path):
    """Where a condition keeps the model from running, its output is as its last run left it."""
    (tmp_path / "m.tflite").write_bytes(abs_model([2]))
    text = {"models": {"a": "m.tflite", "b": "m.tflite"}, "links": [{"from": "a", "to": "b", "when": {"threshold": 4}}],
            "inputs": {"x": "a"}, "outputs": {"y": {"from": "b", "threshold": 6}}}
    with Alarm(tmp_path, text=text) as alarm:
        assert [alarm.after(0, value) for value in (7, 1, 5, 1)] == [(True, True, 1), (True, True, 1), (False, True, 2), (False, True, 2)]


def test_another_file_in_its_place(tmp_path):
    """It goes on with that; one that it cannot be of is refused."""
    graph = tiny.Graph()
    x, y = (graph.tensor(np.float32, [2], name=name) for name in "xy")
    graph.op("NEG", [x], [y], tiny.schema.NegOptionsT())
    (tmp_path / "neg.tflite").write_bytes(graph.build([x], [y]))
    (tmp_path / "one.tflite").write_bytes(abs_model([1]))
    with Alarm(tmp_path, threshold=5, until=2, index=1) as alarm:
        model = alarm.interpreter.model("m")
        assert alarm.after(0, 6)[0]
        model.replace(tmp_path / "neg.tflite")
        assert alarm.after(0, 6) == (False, True, 2) and alarm.after(0, -6) == (True, True, 3)
        with pytest.raises(PlaitError, match="threshold of output 'y' of model 'm': .*element 1 of output 'y', which has 1"):
            model.replace(tmp_path / "one.tflite")
        assert alarm.after(0, -3) == (True, False, 3)


@pytest.mark.parametrize("more, message", [
    ({"until": 1}, "'until' of an output is for 'threshold', which is missing"),
    ({"index": 1}, "'index' of an output is for 'threshold', which is missing"),
    ({"threshold": 1, "until": 2}, "begins to hold at 1 cannot end at 2"),
    ({"threshold": 1, "index": 2}, "looks at element 2 of output 'y', which has 2"),
    ({"threshold": "1"}, "'threshold' of an output must be a number"),
    ({"threshold": 1, "index": -1}, "'index' of an output must be a whole number from 0"),
])
def test_refused(more, message, tmp_path):
    with pytest.raises(PlaitError) as error, Alarm(tmp_path, **more):
        pass
    assert re.match(r"pipeline:1:\d+: ", error.value.message) and re.search(message, error.value.message), error.value


def test_boxes_have_none(tmp_path):
    graph = tiny.Graph()
    ends = []
    for k, shape in enumerate(([1, 3, 4], [1, 3, 1])):
        x, y = (graph.tensor(np.float32, shape, name=f"{name}{k}") for name in "xy")
        graph.op("ABS", [x], [y])
        ends.append((x, y))
    (tmp_path / "d.tflite").write_bytes(graph.build(*zip(*ends)))
    text = {"models": {"d": "d.tflite"}, "boxes": {"b": {"from": "d.y0", "scores": "d.y1"}},
            "outputs": {"y": {"boxes": "b", "threshold": 1}}}
    with Interpreter() as interpreter, pytest.raises(PlaitError, match="'threshold' of an output has no meaning beside 'boxes'"):
        interpreter.pipeline(json.dumps(text).encode(), tmp_path)
