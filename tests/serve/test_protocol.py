# SPDX-License-Identifier: Apache-2.0
"""plait serve by the protocol: every request kind and all data types."""
import json
import re

import numpy as np
import pytest
from tritonclient.utils import serialize_byte_tensor

import plait_c
from plait_server import MODELS, OPENAPI, binary_input
from served_models import CHAIN, NO_JSON, TYPES, server, values_of  # noqa: F401

# ---- the server and its models ----------------------------------------------------------------------------------------


def test_health_and_metadata(server):
    assert server.get("/v2/health/live").json == {"live": True}
    assert server.get("/v2/health/ready").json == {"ready": True}
    assert "binary_tensor_data" in server.get("/v2").json["extensions"]
    assert server.get("/v2/openapi.json").json == OPENAPI
    metadata = server.get("/v2/models/digits").json
    assert metadata["versions"] == ["1"] and metadata["inputs"][0]["datatype"] == "INT8"
    assert metadata["inputs"][0]["quantization"]["scale"]
    assert server.get("/v2/models/digits/versions/1").json == metadata
    assert server.get("/v2/models/digits/ready").status == 200
    assert server.get("/v2/models/digits/versions/1/ready").status == 200
    assert server.get("/v2/models/dynamic_batch_fp32").json["inputs"][0]["shape"][0] == -1
    assert server.call("HEAD", "/v2/health/live").body == b""


def test_what_is_not_there(server):
    for path in ("/v3", "/page", "/v2/models", "/v2/models/digits/nothing", "/v2/models/digits/versions/1/infer/x"):
        assert server.get(path).status == 404
    for path in ("/v2/models/nobody", "/v2/models/nobody/ready", "/v2/models/digits/versions/7/stats",
                 "/v2/models/" + "x" * 600):
        assert server.get(path).status == 404
    assert server.get("/v2/models/digits/infer").status == 405
    refused = server.post("/v2")
    assert refused.status == 405 and refused.headers["allow"] == "GET, HEAD"
    assert server.post("/v2/models/nobody/infer", {}).status == 404


def test_statistics_and_metrics(server):
    pixels = np.zeros((1, 8, 8, 1), np.int8)
    document = {"inputs": [binary_input(server.get("/v2/models/digits").json["inputs"][0]["name"], "INT8", pixels)]}
    before = server.get("/v2/models/digits/stats").json["model_stats"][0]["inference_stats"]
    assert server.infer("digits", document, pixels.tobytes()).status == 200
    assert server.infer("digits", {"inputs": []}).status == 400
    after = server.get("/v2/models/digits/versions/1/stats").json["model_stats"][0]
    for kind in ("success", "fail"):
        assert after["inference_stats"][kind]["count"] == before[kind]["count"] + 1
    assert after["inference_stats"]["compute_infer"]["ns"] > before["compute_infer"]["ns"]
    assert len(server.get("/v2/models/stats").json["model_stats"]) > 10
    text = server.get("/metrics").body.decode()
    count = after["inference_stats"]["success"]["count"]
    assert f'plait_requests_total{{model="digits",version="1"}} {count}\n' in text
    assert f'plait_request_duration_seconds_bucket{{model="digits",version="1",le="+Inf"}} {count}\n' in text
    buckets = re.findall(r'plait_request_duration_seconds_bucket{model="digits",version="1",le="(.*)"} (\d+)', text)
    counts = [int(number) for _, number in buckets]
    assert counts == sorted(counts) and counts[-2] == count and len(counts) == 17
    assert 'reason="invalid"} 1\n' in text and 'plait_memory_bytes{kind="constants"}' in text
    names = [line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    assert all(line.startswith("#") or line.startswith(tuple(names)) for line in text.splitlines())


# ---- inference ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("datatype", TYPES)
def test_binary_of_every_type(server, datatype):
    values = values_of(datatype)
    document = {"id": "seven", "inputs": [binary_input("in", datatype, values)],
                "parameters": {"binary_data_output": True}}
    answer = server.infer(f"same_{datatype}", document, values.tobytes())
    assert answer.status == 200 and answer.json["id"] == "seven"
    assert answer.json["outputs"] == [{"name": "out", "datatype": datatype, "shape": [3, 2],
                                       "parameters": {"binary_data_size": values.nbytes}}]
    assert answer.binary == values.tobytes()


@pytest.mark.parametrize("datatype", TYPES)
@pytest.mark.parametrize("nested", [False, True])
def test_json_of_every_type(server, datatype, nested):
    values = values_of(datatype)
    data = values.astype(np.float64).tolist() if datatype in NO_JSON else values.tolist()
    data = data if nested else sum(data, [])
    document = {"inputs": [{"name": "in", "datatype": datatype, "shape": [2, 3], "data": data}]}
    answer = server.infer(f"same_{datatype}", document)
    if datatype in NO_JSON:
        assert answer.status == 400 and "binary data" in answer.error
        return
    assert answer.status == 200, answer.body
    found = np.array(answer.json["outputs"][0]["data"], values.dtype)
    assert found.tobytes() == values.tobytes()


def test_strings(server):
    texts = ["", "back\\slash", "tab\tquote\"", "zero\0inside", "\u00e4\u20ac\U0001f600", "x" * 300]
    document = {"inputs": [{"name": "in", "datatype": "BYTES", "shape": [2, 3], "data": texts}]}
    assert server.infer("same_BYTES", document).json["outputs"][0]["data"] == texts
    raw = np.array([b"\xff\xfe", b"", b"a\0b", b"1", b"22", b"333"], object).reshape(2, 3)
    packed = serialize_byte_tensor(raw).item()
    document = {"inputs": [{"name": "in", "datatype": "BYTES", "shape": [2, 3],
                            "parameters": {"binary_data_size": len(packed)}}],
                "outputs": [{"name": "out", "parameters": {"binary_data": True}}]}
    assert server.infer("same_BYTES", document, packed).binary == packed
    document["outputs"] = [{"name": "out"}]
    refused = server.infer("same_BYTES", document, packed)
    assert refused.status == 400 and "not UTF-8" in refused.error


def test_uint64_beyond_json(server):
    values = np.array([2**64 - 1, 2**63, 0, 1, 2, 3], np.uint64).reshape(2, 3)
    answer = server.infer("same_UINT64", {"inputs": [binary_input("in", "UINT64", values)]}, values.tobytes())
    assert answer.json["outputs"][0]["data"] == values.ravel().tolist()


def test_what_is_no_number(server):
    values = np.array([np.nan, np.inf, -np.inf, 1, 2, 3], np.float32).reshape(2, 3)
    answer = server.infer("same_FP32", {"inputs": [binary_input("in", "FP32", values)]}, values.tobytes())
    assert answer.json["outputs"][0]["data"] == [None, None, None, 1, 2, 3]


def test_batches(server):
    for batch in (1, 3, 2, 3, 1):
        sample = np.random.default_rng(batch).random((batch, 16, 16, 3), np.float32)
        document = {"inputs": [binary_input("input", "FP32", sample)], "parameters": {"binary_data_output": True}}
        answer = server.infer("dynamic_batch_fp32", document, sample.tobytes())
        assert answer.json["outputs"][0]["shape"] == [batch, 10]
        with plait_c.Interpreter() as interpreter:
            model = interpreter.load(MODELS / "dynamic_batch_fp32.tflite", "model")
            model.resize(0, sample.shape)
            interpreter.allocate()
            model.inputs()[0].write(sample)
            model.invoke()
            assert answer.binary == model.outputs()[0].read().tobytes()


def test_no_elements(server):
    empty = {"name": "input", "datatype": "FP32", "shape": [0, 16, 16, 3], "data": []}
    assert server.infer("dynamic_batch_fp32", {"inputs": [empty]}).json["outputs"][0]["shape"] == [0, 10]
    huge = {**empty, "shape": [2**31 - 1, 16, 16, 3], "data": [1]}
    assert server.infer("dynamic_batch_fp32", {"inputs": [huge]}).status == 400


def test_a_shape_that_is_refused_leaves_the_model_as_it_was(server):
    def add(count):
        return server.infer("adder", {"inputs": [{"name": "x", "datatype": "FP32", "shape": [count], "data": [1] * count}]})
    for _ in range(2):
        assert add(3).json["outputs"][0]["data"] == [2, 3, 4]
        refused = [add(4) for _ in range(2)]
        for answer in refused:  # the same again: not that it is not allocated, or runs with other shapes
            assert answer.status == 400 and "operator 0 (ADD)" in answer.error and "[4]" in answer.error


def test_pipelines_are_models(server):
    pixels = np.arange(64, dtype=np.int8).reshape(1, 8, 8, 1)
    metadata = server.get("/v2/models/chain").json
    assert metadata["platform"] == "plait_pipeline" and metadata["inputs"][0]["name"] == "image"
    answer = server.infer("chain", {"inputs": [binary_input("image", "INT8", pixels)],
                                    "outputs": [{"name": "scores", "parameters": {"binary_data": True}}]}, pixels.tobytes())
    with plait_c.Interpreter() as interpreter:
        pipeline = interpreter.pipeline(json.dumps(CHAIN).encode(), MODELS)
        interpreter.allocate()
        pipeline.write("image", pixels)
        pipeline.run()
        assert answer.binary == pipeline.read("scores").tobytes()


def test_classification(server):
    values = np.array([3, 9, 9, -1, np.nan, 2], np.float32).reshape(2, 3)
    document = {"inputs": [binary_input("in", "FP32", values)],
                "outputs": [{"name": "out", "parameters": {"classification": 2}}]}
    answer = server.infer("same_FP32", document, values.tobytes())
    assert answer.json["outputs"] == [{"name": "out", "datatype": "BYTES", "shape": [3, 2], "data": [
        "9.000000:1", "3.000000:0", "9.000000:0", "-1.000000:1", "2.000000:1", "nan:0"]}]
