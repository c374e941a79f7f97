# SPDX-License-Identifier: Apache-2.0
"""Names of classes, from a pipeline's file or from behind a model, and outputs that are boxes."""
import io
import json
import random
import shutil
import zipfile

import numpy as np
import pytest

import tiny
from plait_server import MODELS, Server, binary_input

DIGITS = MODELS / "digits_whole_int8.tflite"
WORDS = [f"digit {i}" for i in range(10)]


def archive(files, method=zipfile.ZIP_STORED, comment=b""):
    """The bytes of a model, and files behind it as TensorFlow Lite's metadata writer appends them."""
    whole = io.BytesIO(DIGITS.read_bytes())
    with zipfile.ZipFile(whole, "a", method) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
        packed.comment = comment
    return whole.getvalue()


def best(server, model, count=3, pixels=np.zeros((1, 8, 8, 1), np.int8)):
    metadata = server.get(f"/v2/models/{model}").json
    document = {"inputs": [binary_input(metadata["inputs"][0]["name"], "INT8", pixels)],
                "outputs": [{"name": metadata["outputs"][0]["name"], "parameters": {"classification": count}}]}
    return server.infer(model, document, pixels.tobytes()).json["outputs"][0]["data"]


def labels_of(server, model):
    details = {entry["name"]: entry for entry in server.get("/v2/models/details").json["models"]}
    return details[model]["outputs"][0].get("labels")


def test_names_from_behind_a_model(tmp_path):
    text = "\n".join(WORDS) + "\n"
    kinds = {"plain": {}, "named": {"labels.txt": text}, "second": {"vocab.txt": "a\nb\n", "labels.txt": text},
             "other": {"labels.txt": text + "one more\n"}, "data": {"labels.bin": text}}
    for name, files in kinds.items():
        (tmp_path / f"{name}.tflite").write_bytes(archive(files) if files else DIGITS.read_bytes())
    (tmp_path / "commented.tflite").write_bytes(archive({"labels.txt": text}, comment=b"c" * 60000))
    (tmp_path / "packed.tflite").write_bytes(archive({"labels.txt": text}, zipfile.ZIP_DEFLATED))
    (tmp_path / "odd.tflite").write_bytes(archive({"labels.txt": text.encode() + b"\xff"}))
    with Server("--repository", tmp_path) as server:
        plain = best(server, "plain")
        assert all(entry.count(":") == 1 for entry in plain)
        for name in ("named", "second", "commented"):
            assert best(server, name) == [f"{entry}:digit {entry.split(':')[1]}" for entry in plain], name
            assert labels_of(server, name) == 10
        for name in ("plain", "other", "data", "packed", "odd"):
            assert best(server, name) == plain and labels_of(server, name) is None, name


def test_broken_archives_do_no_harm(tmp_path):
    whole, chance = archive({"labels.txt": "\n".join(WORDS)}), random.Random(7)
    model = len(DIGITS.read_bytes())
    for number in range(150):
        broken = bytearray(whole[:len(whole) - chance.choice([0, 0, 1, 22, 40])])
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(model, len(broken))] = chance.choice([0, 1, 127, 128, 255])
        (tmp_path / f"m{number}.tflite").write_bytes(broken)
    with Server("--repository", tmp_path) as server:
        assert all(entry["state"] == "READY" for entry in server.post("/v2/repository/index").json)
        assert len(server.get("/v2/models/details").json["models"]) == 150


@pytest.mark.parametrize("text, names", [
    (b"zero\r\none \n\ntwo\n\n\n", ["zero", "one", "", "two"]), (b"0 nought\n1: one\n2:two", ["nought", "one", "two"]),
    ("nul\u00e9".encode(), ["nul\u00e9"])])
def test_names_of_a_pipeline(tmp_path, text, names):
    shutil.copy(DIGITS, tmp_path / "digits.tflite")
    (tmp_path / "words.txt").write_bytes(text)
    (tmp_path / "line.json").write_text(json.dumps(
        {"models": {"digits": "digits.tflite"}, "outputs": {"digit": {"from": "digits", "top": 2, "labels": "words.txt"}}}))
    with Server(tmp_path / "line.json") as server:
        found = dict(entry.split(":", 1)[1].split(":", 1) for entry in best(server, "line", 10) if entry.count(":") == 2)
        assert found == {str(i): name for i, name in enumerate(names)}
        assert labels_of(server, "line") == len(names)


@pytest.mark.parametrize("text, message", [(None, "No such file"), (b"", "no labels"), (b"\xff\n", "not UTF-8"), (b"a\0b\n", "not UTF-8")])
def test_names_that_are_none(tmp_path, text, message):
    folder = tmp_path / "models"
    folder.mkdir()
    if text is not None:
        (tmp_path / "words.txt").write_bytes(text)
    (folder / "line.json").write_text(json.dumps(
        {"models": {"digits": str(DIGITS)}, "outputs": {"digit": {"from": "digits", "labels": str(tmp_path / "words.txt")}}}))
    with Server(DIGITS, "--repository", folder) as server:
        entry = next(entry for entry in server.post("/v2/repository/index").json if entry["name"] == "line")
        assert entry["state"] == "UNAVAILABLE" and message in entry["reason"] and "words.txt" in entry["reason"]


def test_a_name_that_is_no_utf8_is_its_number(tmp_path):
    graph = tiny.Graph()
    source, target = graph.tensor(np.float32, [3], name="in"), graph.tensor(np.float32, [3], name="out")
    graph.op("ABS", [source], [target], None)
    (tmp_path / "odd.tflite").write_bytes(graph.build([source], [target]).replace(b"out", b"o\xfft"))
    with Server(tmp_path / "odd.tflite") as server:
        assert server.get("/v2/models/odd").json["outputs"][0]["name"] == "#0"


def test_open_shapes_of_a_pipeline(tmp_path):
    graph = tiny.Graph()
    source, target = (graph.tensor(np.float32, [1, 2], name=name, signature=[-1, 2]) for name in ("x", "y"))
    graph.op("ABS", [source], [target], None)
    (tmp_path / "abs.tflite").write_bytes(graph.build([source], [target]))
    (tmp_path / "two.json").write_text(json.dumps({"models": {"a": "abs.tflite", "b": "abs.tflite"}, "links": [{"from": "a", "to": "b"}],
                                                   "inputs": {"x": "a"}, "outputs": {"y": "b"}}))
    with Server(tmp_path / "two.json") as server:
        assert server.get("/v2/models/two").json["inputs"][0]["shape"] == [-1, 2]
        for rows in (3, 1, 5, 5):
            values = np.arange(2 * rows, dtype=np.float32).reshape(rows, 2) - 3
            answer = server.infer("two", {"inputs": [binary_input("x", "FP32", values)]}, values.tobytes())
            assert answer.json["outputs"][0]["shape"] == [rows, 2] and answer.json["outputs"][0]["data"] == np.abs(values).ravel().tolist()
        wrong = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [0, 0, 0]}]}
        assert "shape [1,3] where the model has [-1,2]" in server.infer("two", wrong).error


def test_boxes(tmp_path):
    graph = tiny.Graph()
    boxes, scores = graph.tensor(np.float32, [1, 3, 4], name="boxes"), graph.tensor(np.float32, [1, 3, 1], name="scores")
    found, sure = graph.tensor(np.float32, [1, 3, 4], name="found"), graph.tensor(np.float32, [1, 3, 1], name="sure")
    for source, target in ((boxes, found), (scores, sure)):
        graph.op("ABS", [source], [target], None)
    (tmp_path / "detector.tflite").write_bytes(graph.build([boxes, scores], [found, sure]))
    (tmp_path / "faces.json").write_text(json.dumps({
        "models": {"detector": "detector.tflite"}, "inputs": {"boxes": "detector.boxes", "scores": "detector.scores"},
        "boxes": {"faces": {"from": "detector.found", "scores": "detector.sure", "threshold": 0.5}},
        "outputs": {"faces": {"boxes": "faces"}, "sure": "detector.sure"}}))
    corners = np.array([[[0, 0, 0.5, 0.5], [0.5, 0.25, 1, 0.875], [0, 0, 0.5, 0.5625]]], np.float32)
    with Server(tmp_path / "faces.json") as server:
        assert server.get("/v2/models/faces").json["outputs"][0] == {"name": "faces", "datatype": "FP32", "shape": [-1, 6]}
        assert server.get("/v2/models/details").json["models"][0]["outputs"][0]["boxes"] is True

        def ask(*sure, **parameters):
            values = np.array(sure, np.float32).reshape(1, 3, 1)
            document = {"inputs": [binary_input("boxes", "FP32", corners), binary_input("scores", "FP32", values)],
                        "outputs": [{"name": "faces", "parameters": parameters}]}
            return server.infer("faces", document, corners.tobytes() + values.tobytes())

        answer = ask(0.75, 0.875, 0.625).json["outputs"][0]
        assert answer["shape"] == [2, 6]
        assert answer["data"] == [0.5, 0.25, 1, 0.875, 0.875, 1, 0, 0, 0.5, 0.5, 0.75, 0]
        binary = ask(0.75, 0.875, 0.625, binary_data=True)
        assert np.frombuffer(binary.binary, np.float32).tolist() == answer["data"]
        none = ask(0.25, 0.25, 0.25).json["outputs"][0]
        assert none["shape"] == [0, 6] and none["data"] == []
