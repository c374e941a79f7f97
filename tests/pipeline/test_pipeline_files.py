# SPDX-License-Identifier: Apache-2.0
"""Pipeline files: every field does what linking by hand does, and what is wrong is refused with its place."""
import json
import re
from pathlib import Path

import numpy as np
import pytest

import plait_c
import tiny
from plait_c import Interpreter, PlaitError

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests" / "models"
SCHEMA = json.loads((ROOT / "docs" / "pipeline.schema.json").read_text())
FEATURES, HEAD = "digits_features_int8.tflite", "digits_classifier_int8.tflite"
OWN_HEAD, FLOAT_HEAD = "digits_classifier_own_int8.tflite", "digits_classifier_fp32.tflite"
CHAIN = {"models": {"features": FEATURES, "head": HEAD}, "links": [{"from": "features", "to": "head"}]}
PIXELS = np.arange(64, dtype=np.int8).reshape(1, 8, 8, 1)


def text_of(pipeline):
    return pipeline if isinstance(pipeline, bytes) else json.dumps(pipeline, indent=1).encode()


def answers(pipeline, **inputs):
    """What the pipeline gives, by name."""
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(pipeline), MODELS)
        interpreter.allocate()
        for name, value in inputs.items():
            loaded.write(name, value)
        loaded.run()
        return {name: loaded.read(name) for name in loaded.outputs()}


def by_hand(models, links, **inputs):
    """The same models and links without a file: outputs of the last model."""
    with Interpreter() as interpreter:
        loaded = {name: interpreter.load(MODELS / path, name) for name, path in models.items()}
        for from_model, to_model, options in links:
            interpreter.link(from_model, "", to_model, "", **options)
        interpreter.allocate()
        for name, value in inputs.items():
            loaded[name].inputs()[0].write(value)
        last = loaded[list(models)[-1]]
        last.run()
        return last.outputs()[0].read()


def refused(pipeline, message, status=plait_c.INVALID_PIPELINE):
    """The message must match, and nothing stay loaded."""
    with Interpreter() as interpreter:
        before = interpreter.stats().memory_bytes
        with pytest.raises(PlaitError) as error:
            interpreter.pipeline(text_of(pipeline), MODELS)
        assert error.value.status == status, error.value
        assert re.match("pipeline:\\d+:\\d+: ", error.value.message), error.value
        assert re.search(message, error.value.message), error.value
        assert interpreter.model_count() == 0
        assert interpreter.stats().memory_bytes <= before + 4096  # lists of the interpreter keep their room


# ---- what it does ---------------------------------------------------------------------------------

def test_a_chain_is_the_chain_by_hand():
    wanted = by_hand(CHAIN["models"], [("features", "head", {})], features=PIXELS)
    assert answers(CHAIN, features=PIXELS)["head"].tobytes() == wanted.tobytes()
    named = CHAIN | {"inputs": {"x": "features"}, "outputs": {"y": "head", "f": {"from": "features"}}}
    found = answers(named, x=PIXELS)
    assert found["y"].tobytes() == wanted.tobytes()
    assert list(found) == ["y", "f"]
    assert found["f"].tobytes() == by_hand({"features": FEATURES}, [], features=PIXELS).tobytes()


def test_adapters():
    for head, fields, options in [(OWN_HEAD, {}, {}), (FLOAT_HEAD, {"cast": True}, {"cast": True}),
                                  (FLOAT_HEAD, {"scale": 0.1, "offset": -2}, {"has_scale": True, "scale": 0.1,
                                                                              "has_offset": True, "offset": -2})]:
        models = {"features": FEATURES, "head": head}
        wanted = by_hand(models, [("features", "head", options)], features=PIXELS)
        found = answers({"models": models, "links": [{"from": "features", "to": "head"} | fields]}, features=PIXELS)
        assert found["head"].tobytes() == wanted.tobytes(), fields


def test_reshape(tmp_path):
    for name, shape in ("a", [2, 3]), ("b", [3, 2]):
        (tmp_path / f"{name}.tflite").write_bytes(abs_model(shape))
    pipeline = {"models": {"a": "a.tflite", "b": "b.tflite"}, "links": [{"from": "a", "to": "b", "reshape": True}]}
    (tmp_path / "p.json").write_bytes(text_of(pipeline))
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(tmp_path / "p.json")
        interpreter.allocate()
        loaded.write("a", np.arange(6, dtype=np.float32) - 3)
        loaded.run()
        assert loaded.read("b").tolist() == [[3, 2], [1, 0], [1, 2]]


def abs_model(shape, dtype=np.float32):
    graph = tiny.Graph()
    x, y = (graph.tensor(dtype, shape, name=name) for name in "xy")
    graph.op("ABS", [x], [y])
    return graph.build([x], [y])


def test_one_input_feeds_several_models():
    models = {"a": FEATURES, "b": FEATURES, "head": HEAD}
    pipeline = {"models": models, "links": [{"from": "b", "to": "head"}], "inputs": {"x": ["a", "b"]},
                "outputs": {"y": "head", "a": "a"}}
    found = answers(pipeline, x=PIXELS)
    assert found["y"].tobytes() == by_hand(CHAIN["models"], [("features", "head", {})], features=PIXELS).tobytes()
    assert found["a"].tobytes() == by_hand({"features": FEATURES}, [], features=PIXELS).tobytes()


def test_an_input_of_several_models_is_one_buffer():
    pipeline = {"models": {"a": FEATURES, "b": FEATURES, "c": FEATURES}, "inputs": {"x": ["a", "b", "c"]}}
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(pipeline), MODELS)
        assert loaded.inputs()["x"].target_count == 1
        assert [(link.from_model, link.to_model, link.options.from_input) for link in loaded.links()] == [
            (b"a", b"b", True), (b"a", b"c", True)]
        interpreter.allocate()
        together = interpreter.stats().constant_bytes
        loaded.write("x", PIXELS)
        loaded.run()
        wanted = by_hand({"features": FEATURES}, [], features=PIXELS).tobytes()
        assert [loaded.read(name).tobytes() for name in "abc"] == [wanted] * 3
    with interpreter_of(FEATURES) as interpreter:
        interpreter.allocate()
        assert interpreter.stats().constant_bytes == together


def test_an_input_of_models_that_cannot_share_it(tmp_path):
    """The second feeds the first; and one model has it twice."""
    graph = tiny.Graph()
    a, b, c = (graph.tensor(np.float32, [2], name=name) for name in "abc")
    graph.op("ADD", [a, b], [c])
    (tmp_path / "add.tflite").write_bytes(graph.build([a, b], [c]))
    pipeline = {"models": {"last": "add.tflite", "first": "add.tflite"}, "links": [{"from": "first", "to": "last.a"}],
                "inputs": {"x": ["last.b", "first.a", "first.b"]}, "outputs": {"y": "last"}}
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(pipeline), tmp_path)
        interpreter.allocate()
        loaded.write("x", np.float32([1, 5]))
        loaded.run()
        assert loaded.inputs()["x"].target_count == 3
        assert loaded.read("y").tolist() == [3, 15]


def test_models_of_one_path_are_read_once():
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of({"models": {"a": FEATURES, "b": FEATURES}}), MODELS)
        interpreter.allocate()
        assert len(loaded.models()) == 2
        assert interpreter.stats().constant_sum_bytes > 1.9 * interpreter.stats().constant_bytes


def test_model_options():
    model = {"file": FEATURES, "threads": 2, "keep_mapped": True}
    found = answers({"models": {"features": model}}, features=PIXELS)
    assert found["features"].tobytes() == by_hand({"features": FEATURES}, [], features=PIXELS).tobytes()
    model = {"file": "dynamic_batch_fp32.tflite", "shapes": {"#0": [5, 8]}}
    with Interpreter() as interpreter:
        with interpreter_of("dynamic_batch_fp32.tflite") as plain:
            shape = [5, *plain.model("m").inputs()[0].shape[1:]]
        model["shapes"]["#0"] = shape
        loaded = interpreter.pipeline(text_of({"models": {"m": model}}), MODELS)
        interpreter.allocate()
        assert list(interpreter.model("m").inputs()[0].shape) == shape
        assert [one.resized for one in loaded.models()] == [True]
    with Interpreter() as interpreter:
        interpreter.pipeline(text_of({"models": {"a": {"file": FEATURES, "class": 15}, "b": FEATURES}}), MODELS)
        assert [getattr(plait_c.api(), "class")(interpreter.model(name).handle) for name in ("a", "b")] == [15, 0]


def interpreter_of(path):
    interpreter = Interpreter()
    interpreter.load(MODELS / path, "m")
    return interpreter


def test_windows(tmp_path):
    """A stream into one model, and a window from it into another; as by hand."""
    (tmp_path / "rows.tflite").write_bytes(abs_model([4, 2]))
    (tmp_path / "late.tflite").write_bytes(abs_model([6, 2]))
    window = {"hop": 2, "axis": 0, "zeros": 1}
    pipeline = {"models": {"a": "rows.tflite", "b": "late.tflite"},
                "inputs": {"x": {"to": "a", "window": window, "scale": -2, "offset": 0.5}},
                "links": [{"from": "a", "to": "b", "window": {"hop": 4}}], "outputs": {"y": "b", "a": "a"}}
    rows = np.arange(40, dtype=np.float32).reshape(20, 2) - 17

    def stream(interpreter, push):
        found = []
        model = interpreter.model("b")
        model.on_run(lambda: found.append(model.outputs()[0].read().tobytes()))
        interpreter.allocate()
        for at in range(0, 20, 5):
            push(rows[at:at + 5])
        return found

    with Interpreter() as interpreter:
        for name, path in ("a", "rows"), ("b", "late"):
            interpreter.load(tmp_path / f"{path}.tflite", name)
        interpreter.link("a", "", "b", "", hop=4)
        interpreter.stream("a", "", hop=2, axis=0, zero_rows=1, has_scale=True, scale=-2, has_offset=True, offset=0.5)
        wanted = stream(interpreter, lambda part: interpreter.model("a").inputs()[0].push(part))
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(pipeline), tmp_path)
        assert loaded.inputs()["x"].is_stream
        found = stream(interpreter, lambda part: loaded.push("x", part))
        with pytest.raises(PlaitError, match="are pushed"):
            loaded.write("x", rows[:4])
    assert len(wanted) > 3 and found == wanted


@pytest.mark.parametrize("when, runs", [
    ({"threshold": 3}, [0, 1, 1, 0, 1]), ({"threshold": 3, "index": 1}, [0, 0, 1, 0, 0]), ({"best": 2}, [0, 0, 0, 0, 1]),
    ({"best": 0}, [1, 1, 0, 1, 0]), ({"every": 2}, [0, 1, 0, 1, 0]),
    ({"threshold": 4, "until": 2}, [0, 1, 1, 1, 1]), ({"threshold": 4, "until": 2, "index": 0}, [0, 1, 0, 0, 0]),
    ({"threshold": 5, "until": 2.5}, [0, 0, 1, 0, 0]), ({"threshold": -1}, [1] * 5), ({"threshold": 99}, [0] * 5)])
def test_conditions(when, runs, tmp_path):
    """What runs is what the condition says, and what does not keeps what it had; the same within a stream."""
    (tmp_path / "m.tflite").write_bytes(abs_model([3]))
    values = np.float32([[1, 0, 0], [4, 0, -2], [0, -5, 0], [2, 2, 2], [0, 0, 3]])
    pipeline = {"models": {"a": "m.tflite", "b": "m.tflite", "c": "m.tflite"}, "outputs": {"c": "c", "a": "a"},
                "links": [{"from": "a", "to": "b", "when": when}, {"from": "b", "to": "c"}]}
    stream = {"inputs": {"a": {"to": "a", "window": {"hop": 3}}}}
    for more in {}, stream:
        with Interpreter() as interpreter:
            loaded = interpreter.pipeline(text_of(pipeline | more), tmp_path)
            interpreter.allocate()
            counts, watched = {name: [] for name in "abc"}, {name: interpreter.model(name) for name in "abc"}
            for name in "abc":
                watched[name].on_run(lambda name=name: counts[name].append(1))
            last = np.zeros(3, np.float32)
            for k, value in enumerate(values):
                if more:
                    loaded.push("a", value)
                else:
                    loaded.write("a", value)
                    loaded.run()
                assert loaded.read("a").tolist() == abs(value).tolist()
                last = abs(value) if runs[k] else last
                assert [len(counts[name]) for name in "abc"] == [k + 1, sum(runs[:k + 1]), sum(runs[:k + 1])]
                if any(runs[:k + 1]):
                    assert loaded.read("c").tolist() == last.tolist()


def test_a_condition_that_held_begins_anew(tmp_path):
    """After a reset, and beside a second link of the same model."""
    (tmp_path / "m.tflite").write_bytes(abs_model([1]))
    when = {"threshold": 4, "until": 2}
    pipeline = {"models": {"a": "m.tflite", "b": "m.tflite"}, "links": [{"from": "a", "to": "b", "when": when}]}
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(pipeline), tmp_path)
        link = loaded.links()[0].options
        assert (link.when_least, link.when_has_until, link.when_until) == (4, True, 2)
        interpreter.allocate()
        ran, model = [], interpreter.model("b")
        model.on_run(lambda: ran.append(float(loaded.read("b")[0])))
        for value in 4, 3, None, 3, 5, 2, 1, 3:
            if value is None:
                model.reset()
                continue
            loaded.write("a", np.float32([value]))
            loaded.run()
        assert ran == [4, 3, 5, 2]


def test_whole(tmp_path):
    """The same answers, without memory for what links carry; which then cannot be an output, and no model runs alone."""
    whole = CHAIN | {"whole": True, "inputs": {"x": "features"}, "outputs": {"y": "head"}}
    wanted = answers(whole | {"whole": False}, x=PIXELS)["y"]
    assert answers(whole, x=PIXELS)["y"].tobytes() == wanted.tobytes()
    bytes_of = {}
    for kind in False, True:
        with Interpreter() as interpreter:
            interpreter.pipeline(text_of(whole | {"whole": kind}), MODELS)
            interpreter.allocate()
            bytes_of[kind] = interpreter.stats().io_bytes
            if kind:
                with pytest.raises(PlaitError, match="runs as a whole"):
                    interpreter.model("head").invoke()
    assert bytes_of[True] < bytes_of[False]
    refused(whole | {"outputs": {"y": "head", "f": "features"}}, "7:8|'features' is taken by a link, and of a pipeline")
    (tmp_path / "m.tflite").write_bytes(abs_model([2]))
    flow = {"models": {"a": "m.tflite", "b": "m.tflite"}, "links": [{"from": "a", "to": "b", "when": {"threshold": 3}}],
            "whole": True}
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(flow), tmp_path)
        interpreter.allocate()
        for value, now in ([5, 1], [5, 1]), ([0, 0], [5, 1]), ([-3, -4], [3, 4]):
            loaded.write("a", np.float32(value))
            loaded.run()
            assert loaded.read("b").tolist() == now


def test_conditions_look_at_values_and_other_outputs(tmp_path):
    """Quantized scores, and a condition on what is not linked."""
    scores = answers(CHAIN, features=PIXELS)["head"].reshape(-1)
    best = int(scores.argmax())
    for element, runs in (best, 1), ((best + 1) % 10, 0):
        for when in {"best": element}, {"threshold": (int(scores[best]) + 128) / 256, "index": element}:
            (tmp_path / "ten.tflite").write_bytes(abs_model([1, 10]))
            pipeline = CHAIN | {"models": CHAIN["models"] | {"next": str(tmp_path / "ten.tflite")}}
            pipeline["links"] = [*CHAIN["links"], {"from": "head", "to": "next", "when": when}]
            with Interpreter() as interpreter:
                loaded = interpreter.pipeline(text_of(pipeline), MODELS)
                interpreter.allocate()
                ran, model = [], interpreter.model("next")
                model.on_run(lambda: ran.append(1))
                loaded.write("features", PIXELS)
                loaded.run()
                assert len(ran) == runs, when
    graph = tiny.Graph()
    x, y, z = (graph.tensor(np.float32, [2], name=name) for name in ("x", "value", "flag"))
    graph.op("ABS", [x], [y])
    graph.op("NEG", [x], [z], tiny.schema.NegOptionsT())
    (tmp_path / "two.tflite").write_bytes(graph.build([x], [y, z]))
    (tmp_path / "m.tflite").write_bytes(abs_model([2]))
    pipeline = {"models": {"a": "two.tflite", "b": "m.tflite"},
                "links": [{"from": "a.value", "to": "b", "when": {"threshold": 2, "output": "flag"}}]}
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(pipeline), tmp_path)
        interpreter.allocate()
        ran, model = [], interpreter.model("b")
        model.on_run(lambda: ran.append(loaded.read("b").tolist()))
        for value in [5, 5], [0, -3], [1, 1]:
            loaded.write("a", np.float32(value))
            loaded.run()
        assert ran == [[0, 3]]


def test_an_input_is_there_whether_its_first_model_runs_or_not(tmp_path):
    graph = tiny.Graph()
    a, b, c = (graph.tensor(np.float32, [2], name=name) for name in "abc")
    graph.op("ADD", [a, b], [c])
    (tmp_path / "add.tflite").write_bytes(graph.build([a, b], [c]))
    (tmp_path / "m.tflite").write_bytes(abs_model([2]))
    pipeline = {"models": {"first": "m.tflite", "b": "add.tflite", "c": "m.tflite"},
                "links": [{"from": "first", "to": "b.a", "when": {"threshold": 99}}],
                "inputs": {"x": ["b.b", "c"], "f": "first"}, "outputs": {"c": "c", "b": "b"}}
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(pipeline), tmp_path)
        assert len(loaded.links()) == 2
        interpreter.allocate()
        for value, sums in ([-1, -2], [0, 0]), ([5, 99], [10, 198]), ([1, 1], [10, 198]):
            loaded.write("x", np.float32(value))
            loaded.write("f", np.float32(value))
            loaded.run()
            assert loaded.read("c").tolist() == [abs(k) for k in value]
            assert loaded.read("b").tolist() == sums or sums == [0, 0]


@pytest.mark.parametrize("zeros, hop", [(8, 2), (40, 3), (41, 4), (0, 5), (64, 7)])
def test_rows_of_zeros_run_a_producer_again_and_again(zeros, hop, tmp_path):
    """What a window has not taken yet of a run before is not lost when its producer runs at once again."""
    (tmp_path / "a.tflite").write_bytes(abs_model([4]))
    (tmp_path / "b.tflite").write_bytes(abs_model([9]))
    pipeline = {"models": {"a": "a.tflite", "b": "b.tflite"}, "inputs": {"x": {"to": "a", "window": {"hop": 4, "zeros": zeros}}},
                "links": [{"from": "a", "to": "b", "window": {"hop": hop}}]}
    values = np.arange(1, 41, dtype=np.float32)
    rows = np.concatenate([np.zeros(zeros, np.float32), values])
    rows = rows[:len(rows) // 4 * 4]
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(pipeline), tmp_path)
        interpreter.allocate()
        found, model = [], interpreter.model("b")
        model.on_run(lambda: found.append(loaded.read("b").tolist()))
        loaded.push("x", values)
    assert found == [rows[end - 9:end].tolist() for end in range(9, len(rows) + 1, hop)]


def test_what_it_says_of_pictures_sound_and_results():
    pipeline = CHAIN | {"inputs": {"p": {"to": "features", "picture": {"resize": "nearest", "mean": 1, "std": 2},
                                         "sound": {"rate": 8000}}},
                        "outputs": {"best": {"from": "head", "top": 3, "labels": "sub/labels.txt"}}}
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(pipeline), MODELS)
        one, best = loaded.inputs()["p"], loaded.outputs()["best"]
        assert (one.is_picture, one.nearest, one.mean, one.deviation, one.sound_rate) == (True, True, 1, 2, 8000)
        assert (best.top, best.labels.decode()) == (3, f"{MODELS}/sub/labels.txt")
        assert one.target_count == 1 and not one.is_stream


def test_head_of_the_file():
    answers({"$schema": "x", "version": 1, "description": "d"} | CHAIN, features=PIXELS)


def test_default_names():
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of({"models": {"m": "stateful_fp32.tflite", "d": "detector_int8.tflite"}}), MODELS)
        count = {name: (len(interpreter.model(name).inputs()), len(interpreter.model(name).outputs())) for name in "md"}
        assert len(loaded.inputs()) == count["m"][0] + count["d"][0]
        assert len(loaded.outputs()) == count["m"][1] + count["d"][1]
        for name in (*loaded.inputs(), *loaded.outputs()):
            assert re.fullmatch(r"[md](\..+)?", name)


# ---- what it refuses ------------------------------------------------------------------------------

def objects():
    """(what messages call it, its definition, a pipeline with `more` in such an object)"""
    defs = SCHEMA["$defs"]
    yield "a pipeline", SCHEMA, lambda more: CHAIN | more
    yield "a model", defs["model"], lambda more: {"models": {"m": {"file": FEATURES} | more}}
    yield "a link", defs["link"], lambda more: CHAIN | {"links": [{"from": "features", "to": "head"} | more]}
    yield "a window", defs["window"], lambda more: CHAIN | {"links": [{"from": "features", "to": "head",
                                                                       "window": {"hop": 1} | more}]}
    yield "a condition", defs["when"], lambda more: CHAIN | {"links": [{"from": "features", "to": "head", "when": more}]}
    detector = {"models": {"d": "detector_int8.tflite"}}
    boxes = {"from": "d", "scores": "d"}
    anchors = {"picture": [8, 8], "levels": [{"step": 8, "sizes": [8]}]}
    yield "boxes", defs["boxes"], lambda more: detector | {"boxes": {"b": boxes | more}}
    yield "anchors", defs["anchors"], lambda more: detector | {"boxes": {"b": boxes | {"anchors": anchors | more}}}
    yield "a level of anchors", defs["level"], lambda more: detector | {
        "boxes": {"b": boxes | {"anchors": anchors | {"levels": [anchors["levels"][0] | more]}}}}
    yield "a crop", defs["crop"], lambda more: CHAIN | {"links": [{"from": "features", "to": "head", "crop": more}]}
    yield "an input", defs["input"], lambda more: CHAIN | {"inputs": {"x": {"to": "features"} | more}}
    yield "a picture", defs["picture"], lambda more: CHAIN | {"inputs": {"x": {"to": "features", "picture": more}}}
    yield "a sound", defs["sound"], lambda more: CHAIN | {"inputs": {"x": {"to": "features", "sound": {"rate": 1} | more}}}
    yield "an output", defs["output"], lambda more: CHAIN | {"outputs": {"y": {"from": "head"} | more}}


@pytest.mark.parametrize("of, definition, make", list(objects()), ids=lambda one: one if isinstance(one, str) else "")
def test_fields_are_those_of_the_schema(of, definition, make):
    known = ", ".join(definition["properties"])
    refused(make({"widnow": 1}), f"unknown field 'widnow' of {of}; known: {re.escape(known)}$")
    for name, field in definition["properties"].items():
        if field == {"$ref": "#/$defs/targets"}:
            continue
        refused(make({name: []} if name != "links" else {name: 1}), f"'{re.escape(name)}' of {of} must be ")


@pytest.mark.parametrize("pipeline, message", [
    ({}, "1:1: a pipeline needs 'models'"),
    ([], "1:1: a pipeline must be an object, found a list"),
    ({"models": {}}, "'models' must be an object with at least one model, found an object"),
    ({"models": {"m": 1}}, r"3:8: a model must be the path of a \.tflite file, or an object with 'file', found 1"),
    ({"models": {"m": {}}}, "a model needs 'file'"),
    ({"models": {"m": ""}}, "a model must be the path"),
    (CHAIN | {"version": 2}, "'version' of a pipeline must be a whole number from 1 to 1, found 2"),
    (CHAIN | {"links": [{"to": "head"}]}, "a link needs 'from'"),
    (CHAIN | {"links": [{"from": "features"}]}, "a link needs 'to'"),
    (CHAIN | {"inputs": {"x": {}}}, "an input needs 'to'"),
    (CHAIN | {"inputs": {"x": {"to": "features", "sound": {}}}}, "a sound needs 'rate'"),
    (CHAIN | {"outputs": {"x": {}}}, "an output needs 'from' or 'boxes'"),
    (CHAIN | {"links": [{"from": "features", "to": "tail"}]}, "there is no model 'tail'; models: features, head"),
    (CHAIN | {"links": CHAIN["links"] * 2}, "'head' is fed already"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "window": {"hop": 1.5}}]},
     "'hop' of a window must be a whole number from 1 to 2147483647, found 1.5"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "window": {"axis": 0}}]}, "a window needs 'hop'"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "when": {}}]}, "one of 'threshold', 'best' and 'every'"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "when": {"best": 1, "every": 2}}]}, "one of 'threshold', 'best'"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "when": {"best": 1, "index": 2}}]}, "'index' of a condition is for"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "when": {"every": 1, "until": 2}}]}, "'until' of a condition is for"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "scale": 1e39}]}, "'scale' of a link must be a number from"),
    (CHAIN | {"inputs": {}}, "neither an input nor a link feeds features"),
    (CHAIN | {"inputs": {"x": ["features", "features"]}}, "'features' is fed already"),
    (CHAIN | {"inputs": {"x": "head"}}, "'head' is fed already"),
    (CHAIN | {"inputs": {"x": []}}, "what an input feeds must be at least one"),
    (CHAIN | {"inputs": {"x": 5}}, "what an input feeds must be a text"),
    (CHAIN | {"inputs": {"a b": "features"}}, "'a b' is no name"),
    (CHAIN | {"inputs": {"x": {"to": "features", "scale": 1}}}, "'scale' of an input is for the rows of a window"),
    (CHAIN | {"inputs": {"x": {"to": "features", "picture": {"std": 0}}}}, "'std' of a picture must be a number that divides"),
    (CHAIN | {"inputs": {"x": {"to": "features", "picture": {"resize": "best"}}}}, '"bilinear" or "nearest", found "best"'),
    ({"models": {"a": FEATURES, "b": HEAD}, "inputs": {"x": ["a", "b"]}}, "another type, shape or quantization"),
    (CHAIN | {"outputs": {"y": 5}}, "an output must be a text"),
    (CHAIN | {"outputs": {"": "head"}}, "'' is no name"),
    (b'{"models": {"m": "a", "m": "b"}}', "1:23: 'm' is there already, in line 1"),
    (b'{"models": {"m": "a"},}', "1:23: found '}'"),
])
def test_refused_by_place(pipeline, message):
    refused(pipeline, message)


@pytest.mark.parametrize("pipeline, status, message", [
    (CHAIN | {"links": [{"from": "features", "to": "head.other"}]}, plait_c.NOT_FOUND, "model 'head': .*other"),
    ({"models": {"m": "missing.tflite"}}, plait_c.IO, "cannot open"),
    ({"models": {"m": "/dev/zero"}}, plait_c.IO, "not a regular file"),
    ({"models": {"m": "README.md"}}, plait_c.INVALID_MODEL, "3:8: .*README.md"),
    ({"models": {"m/n": FEATURES}}, plait_c.INVALID_ARGUMENT, "no model name"),
    ({"models": {"f": FEATURES, "h": FLOAT_HEAD}, "links": [{"from": "f", "to": "h", "window": {"hop": 1, "axis": 5}}]},
     plait_c.MISMATCH, "window needs an axis"),
    ({"models": {"m": {"file": FEATURES, "shapes": {"nothing": [1]}}}}, plait_c.NOT_FOUND, "nothing"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "when": {"best": 64}}]}, plait_c.MISMATCH, "element 64 .* has 64"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "when": {"best": 1, "output": "x"}}]}, plait_c.NOT_FOUND, "'x'"),
    (CHAIN | {"links": [{"from": "features", "to": "head", "when": {"every": 2}, "window": {"hop": 1, "axis": 1}}]},
     plait_c.MISMATCH, "no windows"),
])
def test_refused_by_those_below(pipeline, status, message):
    refused(pipeline, message, status)


def test_what_is_no_file(tmp_path):
    with Interpreter() as interpreter:
        for path, message in (tmp_path, "not a regular file"), (tmp_path / "none.json", "cannot open"):
            with pytest.raises(PlaitError, match=message):
                interpreter.pipeline(path)
        (tmp_path / "empty.json").write_bytes(b"")
        with pytest.raises(PlaitError, match=r"empty\.json:1:1: the file ends"):
            interpreter.pipeline(tmp_path / "empty.json")


# ---- its life -------------------------------------------------------------------------------------

def test_models_go_with_the_pipeline():
    with Interpreter() as interpreter:
        other = interpreter.load(MODELS / HEAD, "other")
        loaded = interpreter.pipeline(text_of(CHAIN), MODELS)
        with pytest.raises(PlaitError, match="'features' belongs to a pipeline"):
            interpreter.model("features").unload()
        with pytest.raises(PlaitError, match="there is a model 'features' already"):
            interpreter.pipeline(text_of(CHAIN), MODELS)
        assert interpreter.model_count() == 3
        interpreter.link("features", "", "other", "")
        with pytest.raises(PlaitError, match="'other', which is not of the pipeline"):
            loaded.unload()
        other.unload()
        loaded.unload()
        assert interpreter.model_count() == 0
        loaded = interpreter.pipeline(text_of(CHAIN), MODELS)  # the names are free again
        interpreter.allocate()
        loaded.write("features", PIXELS)
        loaded.run()


def test_several_pipelines_and_close():
    with Interpreter() as interpreter:
        first = interpreter.pipeline(text_of(CHAIN), MODELS)
        second = interpreter.pipeline(text_of({"models": {"a": FEATURES, "b": HEAD}}), MODELS)
        interpreter.allocate()
        first.unload()
        second.write("a", PIXELS)
        second.run()


def test_unknown_names_in_use():
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of(CHAIN), MODELS)
        interpreter.allocate()
        for call in (lambda: loaded.write("x", PIXELS), lambda: loaded.push("x", PIXELS)):
            with pytest.raises(PlaitError, match="there is no input 'x'; inputs: features"):
                call()
        with pytest.raises(PlaitError, match="there is no output 'x'; outputs: head"):
            loaded.read("x")
        with pytest.raises(PlaitError, match="is no window"):
            loaded.push("features", PIXELS)
        with pytest.raises(PlaitError, match="pipeline: input 'features': "):
            loaded.write("features", PIXELS[:, :4])


# ---- examples -------------------------------------------------------------------------------------

EXAMPLES = sorted((ROOT / "examples" / "pipelines").glob("*/pipeline.json"))


def rebuilt(models, sounds):
    """What a pipeline of these anomaly detectors gives for a sound each, and what each gives by itself."""
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(text_of({"models": {name: str(path) for name, path in models.items()}}))
        interpreter.allocate()
        for name, sound in zip(models, sounds):
            loaded.write(name, sound)
        loaded.run()
        together, stats = {name: loaded.read(name) for name in models}, interpreter.stats()
    for (name, path), sound in zip(models.items(), sounds):
        with Interpreter() as interpreter:
            alone = interpreter.load(path, "alone")
            interpreter.allocate()
            assert together[name].tobytes() == alone([sound])[0].tobytes(), name
            assert stats.arena_bytes == interpreter.stats().arena_bytes
    return together, stats


def test_sixteen_anomaly_detectors():
    """Each of the example's machines is as if it were alone, weights of one kind are there once, and the arena is one; a sound of
    its own kind is less unusual to a machine than one of another."""
    folder = ROOT / "examples" / "pipelines" / "anomaly"
    models = {name: folder / path for name, path in json.loads((folder / "pipeline.json").read_text())["models"].items()}
    recorded = np.load(ROOT / "examples" / "machines.npy")
    assert len(models) == 16 and len(set(models.values())) == 4
    scales, constants = {}, 0
    for name, path in models.items():
        with interpreter_of(path) as interpreter:
            interpreter.allocate()
            scales[name] = [(scale[0], zero[0]) for tensor in (interpreter.model("m").inputs()[0], interpreter.model("m").outputs()[0])
                            for scale, zero, _ in [tensor.quantization()]]
            constants = interpreter.stats().constant_bytes

    def quantized(name, sound):
        (scale, zero), _ = scales[name]
        return np.clip(np.round(sound / scale) + zero, -128, 127).astype(np.int8)[None]

    far = {}
    for kind in range(4):
        found, stats = rebuilt(models, [quantized(name, recorded[kind, k % 10]) for k, name in enumerate(models)])
        assert stats.constant_bytes <= 4.2 * constants and stats.constant_sum_bytes >= 15 * constants
        for k, name in enumerate(models):
            scale, zero = scales[name][1]
            real = (found[name][0].astype(float) - zero) * scale
            far.setdefault((k % 4, kind), []).append(float(np.mean((real - recorded[kind, k % 10]) ** 2)))
    for k in range(4):
        assert all(max(far[k, k]) < min(far[k, other]) for other in range(4) if other != k), k


def test_sixteen_anomaly_detectors_of_shared():
    """Sixteen files, of which none is like another, with LiteRT's outputs beside them."""
    paths = sorted((ROOT.parent / "shared" / "zoo" / "multi").glob("anomaly_*_int8.tflite"))
    if not paths:
        pytest.skip("needs ../shared")
    assert len(paths) == 16
    kept = [np.load(path.with_suffix(".npz")) for path in paths]
    found, _ = rebuilt({path.stem: path for path in paths}, [one["in_0"] for one in kept])
    for path, one in zip(paths, kept):
        assert found[path.stem].tobytes() == one["ref_0"].tobytes(), path


def test_three_heads_are_the_trunk_and_each_head():
    folder = ROOT / "examples" / "pipelines" / "three_heads"
    picture = np.random.default_rng(1).integers(-128, 128, (1, 160, 160, 3), np.int8)
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(folder / "pipeline.json")
        interpreter.allocate()
        loaded.write("picture", picture)
        loaded.run()
        found = {name: loaded.read(name).tobytes() for name in loaded.outputs()}
    with Interpreter() as interpreter:
        trunk, *heads = (interpreter.load(folder / f"{name}_int8.tflite", name) for name in ("trunk", "head_a", "head_b", "head_c"))
        interpreter.allocate()
        features = trunk([picture])
        assert found == {name: head(features)[0].tobytes() for name, head in zip(("class", "boxes", "kind"), heads)}


@pytest.mark.parametrize("name, scores", [("yes", [-128, -128, 127, -128]), ("no", [-128, -114, -128, 114]),
                                          ("noise", [120, -125, -126, -125]), ("silence", [-42, -68, -68, -78])])
def test_micro_speech_hears_what_it_should(name, scores):
    shared = ROOT.parent / "shared"
    if not shared.exists():
        pytest.skip("needs ../shared")
    samples = np.frombuffer((shared / "data" / f"{name}_1000ms.wav").read_bytes()[44:], np.int16)
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline(ROOT / "examples" / "pipelines" / "micro_speech" / "pipeline.json")
        interpreter.allocate()
        for at in range(0, len(samples), 700):
            loaded.push("sound", samples[at:at + 700])
        assert loaded.read("word").reshape(-1).tolist() == scores


def wave_samples(path):
    import wave
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def test_wake_words_are_heard_as_by_hand():
    """The example with the models of the package, against the same models and links by hand; and what it hears."""
    package = pytest.importorskip("pyopen_wakeword")
    sound = ROOT.parent / "shared" / "data" / "wakewords" / "alexa__en-gb.wav"
    if not sound.exists():
        pytest.skip("needs ../shared")
    samples = wave_samples(sound)
    folder = Path(package.__file__).parent / "models"
    words = ["alexa", "hey_jarvis", "hey_mycroft", "hey_rhasspy", "okay_nabu"]

    def hear(interpreter, models, push):
        scores = {word: [] for word in words}
        for word, head in zip(words, models):
            head.on_run(lambda word=word, head=head: scores[word].append(float(head.outputs()[0].read().reshape(-1)[0])))
        for at in range(0, len(samples), 1280):
            push(samples[at:at + 1280])
        return scores

    with Interpreter() as interpreter:
        mel, embedding, *heads = (interpreter.load(folder / f"{name}.tflite", name)
                                  for name in ("melspectrogram", "embedding_model", *words))
        mel.resize(0, [1, 1760])
        embedding.resize(0, [1, 76, 32, 1])
        interpreter.stream("melspectrogram", "", hop=1280, axis=1, zero_rows=128000)
        interpreter.link("melspectrogram", "", "embedding_model", "", hop=8, axis=1, has_scale=True, scale=0.1,
                         has_offset=True, offset=2.0)
        for word in words:
            interpreter.link("embedding_model", "", word, "", hop=1, axis=1)
        interpreter.allocate()
        wanted = hear(interpreter, heads, lambda part: mel.inputs()[0].push(part.astype(np.float32)))
    with Interpreter() as interpreter:
        loaded = interpreter.pipeline((ROOT / "examples" / "pipelines" / "wake_words" / "pipeline.json").read_bytes(), folder)
        interpreter.allocate()
        found = hear(interpreter, [interpreter.model(word) for word in words],
                     lambda part: loaded.push("sound", part.astype(np.float32) / 32768))
    assert found == wanted
    assert max(found["alexa"]) > 0.9995 and all(max(found[word]) < 0.5 for word in words[1:])


def test_examples_have_a_readme():
    assert len(EXAMPLES) >= 2
    for path in EXAMPLES:
        assert (path.parent / "README.md").exists()
        assert json.loads(path.read_text())["$schema"] == "../../../docs/pipeline.schema.json"
