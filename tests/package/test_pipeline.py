# SPDX-License-Identifier: Apache-2.0
"""plait.Pipeline: named inputs and outputs, streams with results by call or pull, pictures as the command line has them; and
windows of plait.Runtime."""
import gc
import json
import subprocess
import weakref

import numpy as np
import pytest

import both
import crop_scenes
import tiny
from both import plait

ROOT = both.ROOT
MODELS = ROOT / "tests" / "models"
DIGITS = ROOT / "tests" / "cli" / "files" / "digits.json"
CHAIN = {"models": {"features": "digits_features_int8.tflite", "head": "digits_classifier_int8.tflite"},
         "links": [{"from": "features", "to": "head"}], "inputs": {"x": "features"}, "outputs": {"y": "head"}}
PIXELS = np.arange(64, dtype=np.int8).reshape(1, 8, 8, 1)


def abs_model(shape):
    graph = tiny.Graph()
    x, y = (graph.tensor(np.float32, shape, name=name) for name in "xy")
    graph.op("ABS", [x], [y])
    return graph.build([x], [y])


@pytest.fixture
def streams(tmp_path):
    """Rows of two elements: pushed into "a", whose rows "b" and "c" have windows over."""
    for name, rows in ("a", 4), ("b", 6), ("c", 5):
        (tmp_path / f"{name}.tflite").write_bytes(abs_model([rows, 2]))
    return {"models": {name: f"{name}.tflite" for name in "abc"},
            "inputs": {"x": {"to": "a", "window": {"hop": 4, "axis": 0}, "scale": -2}},
            "links": [{"from": "a", "to": "b", "window": {"hop": 2}}, {"from": "a", "to": "c", "window": {"hop": 1, "zeros": 1}}],
            "outputs": {"b": "b", "c": "c"}}, tmp_path


def by_hand(pixels):
    with plait.Runtime() as runtime:
        for name, path in CHAIN["models"].items():
            runtime.load(MODELS / path, name)
        runtime.link("features", "head")
        runtime["features"].set(0, pixels)
        runtime["features"].run()
        return runtime["head"].get()


def test_called_by_name():
    with plait.Pipeline(CHAIN, folder=MODELS) as pipeline:
        for seed in range(3):
            pixels = PIXELS + np.int8(seed)
            assert pipeline(x=pixels)["y"].tobytes() == by_hand(pixels).tobytes()
        assert list(pipeline.models) == ["features", "head"]
        assert pipeline.inputs["x"]["shape"] == (1, 8, 8, 1) and not pipeline.inputs["x"]["stream"]
        assert pipeline.outputs["y"]["dtype"] == np.int8
        assert "x: int8[1, 8, 8, 1]" in repr(pipeline)


def test_one_input_feeds_several_models():
    two = {"models": {"a": CHAIN["models"]["features"], "b": CHAIN["models"]["features"]}, "inputs": {"x": ["a", "b"]}}
    with plait.Pipeline(json.dumps(two).encode(), folder=MODELS) as pipeline:
        found = pipeline(x=PIXELS)
        assert found["a"].tobytes() == found["b"].tobytes() and found["a"].any()


@pytest.mark.parametrize("name", ["3", "7"])
def test_pictures_and_labels_are_the_command_lines(name, tmp_path):
    program = ROOT / "out" / "bin" / "plait"
    path = tmp_path / "big.bmp"
    picture = write_bmp(path, int(name))
    settings = {"resize": "nearest" if name == "3" else "bilinear"}
    pipeline = {"models": {"trunk": str(ROOT / "examples/pipelines/three_heads/trunk_int8.tflite")},
                "inputs": {"p": {"to": "trunk", "picture": settings}}, "outputs": {"f": "trunk"}}
    (tmp_path / "p.json").write_text(json.dumps(pipeline))
    subprocess.run([program, "run", tmp_path / "p.json", "--input", f"p={path}", "--output", f"f={tmp_path}/f.npy"], check=True,
                   capture_output=True)
    with plait.Pipeline(tmp_path / "p.json") as loaded:
        found = loaded(p=picture)["f"]
    assert found.tobytes() == np.load(tmp_path / "f.npy").tobytes()


def write_bmp(path, seed):
    """A picture of noise, 24 bits a pixel."""
    height, width = 97, 211
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    rows = np.zeros((height, (3 * width + 3) // 4 * 4), np.uint8)
    rows[:, :3 * width] = picture[::-1, :, ::-1].reshape(height, -1)
    head = b"BM" + np.array([54 + rows.size, 0, 54, 40, width, height], np.int32).tobytes()
    path.write_bytes(head + np.array([1, 24], np.int16).tobytes() + np.zeros(6, np.int32).tobytes() + rows.tobytes())
    return picture


def test_float_pictures(tmp_path):
    (tmp_path / "m.tflite").write_bytes(abs_model([1, 4, 4, 3]))
    model = {"models": {"m": "m.tflite"}, "inputs": {"p": {"to": "m", "picture": {"mean": 10, "std": 2}}}}
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    with plait.Pipeline(model, folder=tmp_path) as pipeline:
        assert np.array_equal(pipeline(p=picture)["m"][0], abs(picture.astype(np.float32) - 10) / 2)
        with pytest.raises(ValueError, match=r"a picture is uint8 \[height,width,3\]"):
            pipeline.set("p", picture[:, :, 0])


def test_what_fails_leaves_nothing():
    with plait.Runtime() as runtime:
        with pytest.raises(plait.Error, match="cannot open"):
            plait.Pipeline(CHAIN, folder="nowhere", runtime=runtime)
        assert len(runtime) == 0
        runtime.load(MODELS / CHAIN["models"]["head"], "head")


@pytest.mark.parametrize("text, labels", [("0 a\n1 b b\n2:c\n\n", ["a", "b b", "c"]), ("0\n1\n2\n", ["0", "1", "2"]),
                                          ("0 a\n2 b\n1 c\n", ["0 a", "2 b", "1 c"])])
def test_labels(text, labels, tmp_path):
    (tmp_path / "m.tflite").write_bytes(abs_model([3]))
    (tmp_path / "l.txt").write_text(text)
    model = {"models": {"m": "m.tflite"}, "outputs": {"y": {"from": "m", "labels": "l.txt"}}}
    with plait.Pipeline(model, folder=tmp_path) as pipeline:
        pipeline(m=np.float32([3, 2, 1]))
        assert [label for label, *_ in pipeline.best("y")] == labels


def test_best_has_labels_and_scores():
    with plait.Pipeline(DIGITS) as pipeline:
        found = pipeline(picture=np.zeros((8, 8), np.uint8))
        best = pipeline.best("digit")
        assert len(best) == 2
        raw, details = found["digit"].reshape(-1), pipeline.outputs["digit"]
        label, score, index = best[0]
        assert index == raw.argmax() and label == str(index)
        assert score == (int(raw[index]) - details["zero_points"][0]) * float(details["scales"][0])
        assert pipeline.best("digit", top=3, value=found["digit"])[:2] == best
        assert pipeline.best("features")[0][0] is None


def test_streams_by_pull_and_by_call(streams):
    pipeline, folder = streams
    rows = np.arange(48, dtype=np.float32).reshape(24, 2)
    wanted = 2 * rows
    with plait.Pipeline(pipeline, folder=folder) as stream:
        assert stream.inputs["x"]["stream"]
        found = [results for at in range(0, 24, 5) for results in stream.push("x", rows[at:at + 5])]
        assert all(len(results) == 1 for results in found)
        b, c = ([results[name] for results in found if name in results] for name in "bc")
        assert [one.tolist() for one in b] == [wanted[at:at + 6].tolist() for at in range(0, 19, 2)]
        assert [one.tolist() for one in c] == ([[[0, 0], *wanted[:4].tolist()]] +
                                               [wanted[at:at + 5].tolist() for at in range(20)])
        called = []
        stream.reset()
        stream.on_result(called.append)
        assert [stream.push("x", rows[at:at + 7]) for at in range(0, 24, 7)] == [[]] * 4
        assert [sorted(one) for one in called] and len(called) == len(found)
        stream.on_result(None)
        stream.reset()
        assert len(stream.push("x", rows)) == len(found)


def test_thresholds(streams):
    """Results say of each run whether such an output is on, and what changed; state() says it of the last one."""
    pipeline, folder = streams
    pipeline["outputs"] = {"b": {"from": "b", "threshold": 7, "until": 3}, "c": "c"}
    rows = np.repeat(np.float32([0, 4, 2, 1, 3, 3, 1, 0, 0, 0, 0, 4]), 4).reshape(24, 2)
    with plait.Pipeline(pipeline, folder=folder) as stream:
        assert stream.outputs["b"]["threshold"] == (7, 3, -1) and stream.outputs["c"]["threshold"] is None
        found = stream.push("x", rows)
        assert all(("states" in results) == ("b" in results) for results in found)
        on, changes = False, 0
        states = [results for results in found if "b" in results]
        for results in states:
            now = bool((results["b"] >= (3 if on else 7)).any())
            changes += now != on
            assert results["states"] == {"b": {"on": now, "changed": now != on, "changes": changes}}
            on = now
        assert changes == 3 and stream.state("b") == states[-1]["states"]["b"]
        stream.reset()
        assert stream.state("b") == {"on": False, "changed": False, "changes": 0}
        with pytest.raises(ValueError, match="output 'c' has no threshold"):
            stream.state("c")
        with pytest.raises(KeyError, match="there is no output 'd'"):
            stream.state("d")
    chain = CHAIN | {"outputs": {"y": {"from": "head", "threshold": -1}}}
    with plait.Pipeline(chain, folder=MODELS) as pipeline:
        assert pipeline(x=PIXELS)["states"] == {"y": {"on": True, "changed": True, "changes": 1}}


def test_what_a_callback_raises_is_raised(streams):
    pipeline, folder = streams

    def refuse(_):
        raise LookupError("not this one")
    with plait.Pipeline(pipeline, folder=folder) as stream:
        stream.on_result(refuse)
        with pytest.raises(LookupError, match="not this one"):
            stream.push("x", np.ones((24, 2), np.float32))
        stream.on_result(None)
        stream.reset()
        assert stream.push("x", np.ones((8, 2), np.float32))


def test_refusals(streams):
    pipeline, folder = streams
    with plait.Pipeline(pipeline, folder=folder) as stream:
        with pytest.raises(ValueError, match="are pushed"):
            stream.set("x", np.ones((4, 2), np.float32))
        with pytest.raises(ValueError, match="takes rows of float32, found float64"):
            stream.push("x", np.ones((4, 2)))
        with pytest.raises(plait.Error, match="a row has 8 bytes"):
            stream.push("x", np.ones(3, np.float32))
        with pytest.raises(KeyError, match="there is no input 'y'; inputs: x"):
            stream.push("y", 1)
        with pytest.raises(plait.Error, match="belongs to a pipeline"):
            stream.runtime.unload("a")
    with pytest.raises(plait.Error, match=r"pipeline:1:\d+: unknown field 'model' of a pipeline; known: "):
        plait.Pipeline({"model": {}})
    with pytest.raises(plait.Error, match="unloaded"):
        stream.push("x", np.ones((4, 2), np.float32))


def test_it_goes_when_nobody_has_it(streams):
    pipeline, folder = streams
    stream = plait.Pipeline(pipeline, folder=folder)
    stream.on_result(lambda results, stream=stream: stream)  # a ring
    stream.push("x", np.ones((8, 2), np.float32))
    gone = weakref.ref(stream.models["a"])
    engine = weakref.ref(stream.runtime)
    del stream
    gc.collect()
    assert gone() is None and engine() is None


def test_pipelines_share_a_runtime():
    with plait.Runtime() as runtime:
        first = plait.Pipeline(CHAIN, folder=MODELS, runtime=runtime)
        with pytest.raises(plait.Error, match="there is a model 'features' already"):
            plait.Pipeline(CHAIN, folder=MODELS, runtime=runtime)
        wanted = first(x=PIXELS)["y"].tobytes()
        first.close()
        assert len(runtime) == 0
        assert plait.Pipeline(CHAIN, folder=MODELS, runtime=runtime)(x=PIXELS)["y"].tobytes() == wanted


def test_windows_of_a_runtime(streams):
    _, folder = streams
    rows = np.arange(24, dtype=np.float32).reshape(12, 2)
    with plait.Runtime() as runtime:
        a, b = (runtime.load(folder / f"{name}.tflite") for name in "ab")
        runtime.stream("a", hop=4, scale=-1)
        runtime.link("a", "b", hop=2, axis=0)
        found = []
        b.on_run(lambda: found.append(b.get().tolist()))
        a.push("x", rows)
        assert found == [rows[at:at + 6].tolist() for at in range(0, 7, 2)]
        assert b.reuse(0) == (2, 6, None)
        runtime.unlink("b")
        runtime.unlink("a")
        a.set(0, rows[:4])
        a.invoke()
        assert a.get().tolist() == rows[:4].tolist()
        assert a.reuse(0) is None


def test_boxes(tmp_path):
    """Boxes as an output, and a model that runs for each of them."""
    for name, shapes in ("camera", [[1, 8, 8, 1]]), ("detector", [[1, 3, 4], [1, 3, 1]]), ("second", [[1, 2, 2, 1]]):
        (tmp_path / f"{name}.tflite").write_bytes(crop_scenes.copies(shapes))
    text = {"models": {name: f"{name}.tflite" for name in ("camera", "detector", "second")},
            "boxes": {"found": {"from": "detector.y0", "scores": "detector.y1"}},
            "links": [{"from": "camera", "to": "second", "crop": {"boxes": "found"}}],
            "inputs": {"picture": "camera", "boxes": "detector.x0", "scores": "detector.x1"},
            "outputs": {"found": {"boxes": "found"}, "part": "second"}}
    picture = np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1)
    corners = np.float32([[[0, 0, 0.25, 0.25], [0.5, 0.25, 0.75, 0.5], [0, 0, 1, 1]]])
    with plait.Pipeline(text, folder=tmp_path) as pipeline:
        runs = pipeline.runs(picture=picture, boxes=corners, scores=np.float32([[[0.7], [0.9], [0.2]]]))
        parts = [one for one in runs if "part" in one]
        assert len(runs) == 3 and [one["index"] for one in runs[0]["found"]] == [1, 0]
        assert [one["box"]["index"] for one in parts] == [1, 0] and "box" not in runs[0]
        assert parts[0]["box"] == {"top": 0.5, "left": 0.25, "bottom": 0.75, "right": 0.5, "score": float(np.float32(0.9)), "index": 1}
        assert parts[0]["part"].tobytes() == picture[:, 4:6, 2:4].tobytes() and parts[1]["part"].tobytes() == picture[:, :2, :2].tobytes()
        last = pipeline(picture=picture)
        assert last["part"].tobytes() == parts[1]["part"].tobytes() and last["found"] == runs[0]["found"]
        results = []
        pipeline.on_result(results.append)
        pipeline.run()
        assert len(results) == 3
        assert len(pipeline.runs(scores=np.zeros((1, 3, 1), np.float32))) == 1 and len(results) == 3
        with pytest.raises(ValueError, match="is boxes"):
            pipeline.best("found")
    with plait.Pipeline(CHAIN, folder=MODELS) as pipeline:
        assert [one["y"].tobytes() for one in pipeline.runs(x=PIXELS)] == [by_hand(PIXELS).tobytes()]


@pytest.mark.parametrize("name", crop_scenes.SCENES)
def test_crops_of_a_runtime(name, tmp_path):
    """A link by hand, in the words of the file."""
    scene = crop_scenes.Scene(tmp_path, name)
    with plait.Pipeline(scene.pipeline, folder=tmp_path) as pipeline:
        wanted = [one["y"].tobytes() for one in pipeline.runs(**scene.fed) if "y" in one]
    with plait.Runtime() as runtime:
        for model in crop_scenes.MODELS:
            runtime.load(tmp_path / f"{model}.tflite")
        runtime.link("camera", "second", crop={"boxes": scene.boxes, "margin": 0.25})
        runtime["camera"].set(0, scene.fed["camera"])
        for number, end in enumerate(("boxes", "scores")):
            runtime["detector"].set(number, scene.fed[end])
        found, second = [], runtime["second"]
        second.on_run(lambda: found.append(second.get().tobytes()))
        second.run()
    assert found == wanted and len(wanted) >= 2


@pytest.mark.parametrize("crop, kind, message", [
    ({}, ValueError, "a crop needs 'boxes'"), ([], TypeError, "a crop must be a dictionary, found list"),
    ({"boxes": {"from": "a"}}, ValueError, "boxes needs 'scores'"),
    ({"boxes": {"from": "a.x", "scores": "b.y"}}, ValueError, "must come from the model of the boxes, 'a', found 'b'"),
    ({"boxes": {"from": "a", "scores": "a", "most": 0}}, plait.Error, "no model 'a'"),
    ({"boxes": crop_scenes.CORNERS | {"size": 1}}, ValueError, "unknown field 'size' of boxes; known: from, scores, class"),
    ({"boxes": crop_scenes.CORNERS | {"order": "zz"}}, ValueError, "'order' of boxes must be 'xy' or 'yx', found 'zz'"),
    ({"boxes": crop_scenes.CORNERS | {"most": 0}}, plait.Error, "1 to 1000 of them are found"),
    ({"boxes": crop_scenes.CORNERS | {"anchors": {"picture": [8, 8], "levels": []}}}, ValueError, "'levels' of anchors"),
    ({"boxes": crop_scenes.CORNERS | {"anchors": {"picture": [8, 8], "levels": [{"step": 1, "sizes": [1] * 9}]}}}, ValueError,
     "has 9 sizes, which is more than 8"),
    ({"boxes": crop_scenes.CORNERS | {"anchors": {"picture": [8, 8], "levels": [{"step": 1, "sizes": [1]}] * 9}}}, ValueError,
     "9 levels of anchors, which is more than 8"),
    ({"boxes": crop_scenes.CORNERS, "margin": 99}, plait.Error, "margin"),
])
def test_crops_that_cannot_be(crop, kind, message, tmp_path):
    crop_scenes.Scene(tmp_path, "corners")
    with plait.Runtime() as runtime:
        for model in crop_scenes.MODELS:
            runtime.load(tmp_path / f"{model}.tflite")
        with pytest.raises(kind, match=message):
            runtime.link("camera", "second", crop=crop)
