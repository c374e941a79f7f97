# SPDX-License-Identifier: Apache-2.0
"""plait.Predictor, and what of plait.serve needs no Ray: the bits of single runs, in order, whatever runs at once."""
import asyncio
import json

import numpy as np
import pytest

from both import ROOT, plait
from plait import inference_json, serve
from plait_server import Server

MODELS = ROOT / "tests" / "models"
PIPELINE = {"models": {"features": "digits_features_int8.tflite", "head": "digits_classifier_int8.tflite"},
            "links": [{"from": "features", "to": "head"}], "inputs": {"image": "features"}, "outputs": {"scores": "head"}}


@pytest.fixture(params=["model", "pipeline"])
def source(request, tmp_path):
    if request.param == "model":
        return MODELS / "digits_whole_int8.tflite"
    path = tmp_path / "digits.json"
    path.write_text(json.dumps(PIPELINE | {"models": {name: str(MODELS / file) for name, file in PIPELINE["models"].items()}}))
    return path


def images(count):
    return np.random.default_rng(7).integers(-128, 128, (count, 1, 8, 8, 1)).astype(np.int8)


def expected(source, images):
    """One run after the other, by what is below."""
    if source.suffix == ".json":
        with plait.Pipeline(source) as pipeline:
            return [pipeline(image=image)["scores"] for image in images]
    with plait.Runtime() as runtime:
        model = runtime.load(source)
        return [model(image) for image in images]


@pytest.mark.parametrize("lanes", [1, 2])
def test_batches(source, lanes):
    pixels = images(40)
    predictor = plait.Predictor(source, lanes=lanes, waiting=8)
    [name], [output] = predictor.inputs, predictor.outputs
    wanted = expected(source, pixels)
    assert len({answer.tobytes() for answer in wanted}) > 1, "they can be told apart"
    answers = predictor.batch([{name: image} for image in pixels])
    assert [answer[output].tobytes() for answer in answers] == [answer.tobytes() for answer in wanted]
    assert predictor.predict({name: pixels[3]})[output].tobytes() == wanted[3].tobytes()
    assert predictor.predict({name: pixels[3, 0]})[output].tobytes() == wanted[3].tobytes(), "without the first dimension"
    columns = predictor({name: pixels[:, 0], "label": np.arange(40)})
    assert sorted(columns) == sorted([name, "label", output]) and (columns["label"] == np.arange(40)).all()
    assert columns[output].shape == (40, 10) and columns[output].tobytes() == b"".join(answer.tobytes() for answer in wanted)
    predictor.close()


def test_what_does_not_fit():
    predictor = plait.Predictor(MODELS / "digits_whole_int8.tflite")
    for values, error, words in [({}, KeyError, "takes input; found nothing"), ({"x": 1}, KeyError, "found x"),
                                 ({"input": np.zeros((1, 8, 8, 1))}, ValueError, "float64"),
                                 ({"input": np.zeros((9, 8, 1), np.int8)}, ValueError, r"\[9, 8, 1\]")]:
        with pytest.raises(error, match=words):
            predictor.predict(values)


def test_a_failure_is_its_own():
    """In a batch of several clients."""
    predictor = plait.Predictor(MODELS / "digits_whole_int8.tflite")
    pixels = images(3)
    items = [{"input": pixels[0]}, {"input": pixels[1].astype(float)}, {"input": pixels[2]}]
    answers = asyncio.run(serve.run_together(predictor, items))
    wanted = expected(MODELS / "digits_whole_int8.tflite", pixels)
    assert [answers[k][predictor.outputs[0]].tobytes() for k in (0, 2)] == [wanted[k].tobytes() for k in (0, 2)]
    assert isinstance(answers[1], ValueError)


def test_share_makes_its_folder(tmp_path):
    plait.Predictor(MODELS / "digits_whole_int8.tflite", share=tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_without_ray(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray.serve", None)
    with pytest.raises(ImportError, match=r"pip install 'plait\[ray\]'"):
        serve.deployment(MODELS / "digits_whole_int8.tflite")


def test_json_is_the_servers(source):
    """What plait serve answers to the same text."""
    with Server(f"digits={source}") as server:
        facts = server.get("/v2/models/digits").json
        document = {"inputs": [{"name": facts["inputs"][0]["name"], "datatype": "INT8", "shape": [1, 8, 8, 1],
                                "data": images(1).reshape(-1).tolist()}]}
        answer = server.post("/v2/models/digits/infer", document).json
    predictor = plait.Predictor(source)
    found = inference_json.written("digits", predictor.predict(inference_json.read(document)))
    assert found == {name: answer[name] for name in found}


@pytest.mark.parametrize("change, words", [
    ({"inputs": None}, "the request: it needs 'inputs'"), ({"name": 5}, "input 0: it needs 'name'"),
    ({"datatype": "FP16"}, "input 'x': datatype FP16 has no form"), ({"shape": [3]}, r"2 elements do not fit shape \[3\]"),
    ({"shape": [-1, -2]}, "do not fit"), ({"data": [1, [2]]}, "no array of numbers"), ({"data": [1, 300]}, "no INT8"),
    ({"data": [1, 0.5]}, "no INT8"), ({"data": "ab"}, "it needs 'data'"), ({"data": ["a", "b"]}, "no array of numbers")])
def test_bad_json(change, words):
    one = {"name": "x", "datatype": "INT8", "shape": [2], "data": [1, 2]}
    document = {"inputs": [one | change]} if "inputs" not in change else change
    with pytest.raises(ValueError, match=words):
        inference_json.read(document)


def test_json_of_all_types():
    for name, dtype in inference_json.TYPES.items():
        values = np.array([[0, 1], [1, 0]], dtype)
        written = inference_json.written("m", {"y": values})
        assert written["outputs"][0] == {"name": "y", "datatype": name, "shape": [2, 2], "data": values.reshape(-1).tolist()}
        [(_, found)] = inference_json.read({"inputs": written["outputs"]}).items()
        assert found.dtype == dtype and (found == values).all()
    assert inference_json.written("m", {"y": np.array([np.nan, 1], np.float32)})["outputs"][0]["data"] == [None, 1.0]
