# SPDX-License-Identifier: Apache-2.0
"""plait serve by the protocol: every request kind, all data types, what is refused, by hand and by Triton's client."""
import json
import re
import subprocess

import ml_dtypes
import numpy as np
import pytest
import tritonclient.http as triton
from ai_edge_litert import schema_py_generated as schema
from tritonclient.utils import InferenceServerException, serialize_byte_tensor

import plait_c
import tiny
from plait_server import MODELS, OPENAPI, Server, binary_input, program

TYPES = {"BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
         "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16,
         "BF16": ml_dtypes.bfloat16, "FP32": np.float32, "FP64": np.float64}
NO_JSON = ("FP16", "BF16")
CHAIN = {"models": {"features": "digits_features_int8.tflite", "head": "digits_classifier_int8.tflite"},
         "links": [{"from": "features", "to": "head"}], "inputs": {"image": "features"}, "outputs": {"scores": "head"}}


def values_of(datatype, shape=(2, 3)):
    """Extremes and small ones."""
    dtype = np.dtype(TYPES[datatype])
    if datatype == "BOOL":
        return np.array([1, 0, 0, 1, 1, 0], bool).reshape(shape)
    if dtype.kind in "iu":
        most = min(np.iinfo(dtype).max, 2**63 - 1)
        return np.array([np.iinfo(dtype).min, most, 0, 1, 2, 3], dtype).reshape(shape)
    return np.array([0.1, -2.5, 0, 1e-3, 65504 if datatype == "FP16" else 3e38, -1], dtype).reshape(shape)


def identity(dtype, shape=(2, 3)):
    """A model that gives back what it gets: a shape alone changes."""
    graph, options = tiny.Graph(), schema.ReshapeOptionsT()
    source = graph.tensor(dtype, shape, name="in")
    target = graph.tensor(dtype, shape[::-1], name="out")
    options = schema.ReshapeOptionsT()
    options.newShape = list(shape[::-1])
    graph.op("RESHAPE", [source, graph.tensor(np.int32, [2], data=shape[::-1])], [target], options)
    return graph.build([source], [target])


def adder():
    """Takes any number of elements, it says, and can add three."""
    graph = tiny.Graph()
    source = graph.tensor(np.float32, [3], name="x", signature=[-1])
    target = graph.tensor(np.float32, [3], name="y", signature=[-1])
    graph.op("ADD", [source, graph.tensor(np.float32, [3], data=[1, 2, 3])], [target], schema.AddOptionsT())
    return graph.build([source], [target])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny.TYPES.update({np.dtype(ml_dtypes.bfloat16): schema.TensorType.BFLOAT16,
                       np.dtype(np.float64): schema.TensorType.FLOAT64, np.dtype(np.uint16): schema.TensorType.UINT16})
    for name, dtype in {**TYPES, "BYTES": "S"}.items():
        (folder / f"same_{name}.tflite").write_bytes(identity(dtype))
    (folder / "adder.tflite").write_bytes(adder())
    pipeline = {**CHAIN, "models": {name: str(MODELS / path) for name, path in CHAIN["models"].items()}}
    (folder / "chain.json").write_text(json.dumps(pipeline))
    models = [MODELS / f"{name}.tflite" for name in ("digits_whole_int8", "dynamic_batch_fp32", "stateful_fp32",
                                                     "control_while_fp32", "signatures_fp32")]
    with Server("digits=" + str(models[0]), *models[1:], "--repository", folder) as running:
        yield running


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
    for path in ("/", "/v3", "/v2/models", "/v2/models/digits/nothing", "/v2/models/digits/versions/1/infer/x"):
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
        for _ in range(2):
            refused = add(4)
            assert refused.status == 400 and "adder" in refused.error


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


@pytest.mark.parametrize("name", ["digits_whole_int8", "control_while_fp32", "signatures_fp32"])
def test_bits_of_plait_run(server, name, tmp_path):
    served = "digits" if name == "digits_whole_int8" else name
    metadata = server.get(f"/v2/models/{served}").json
    inputs, arguments, binary = [], [], b""
    for number, tensor in enumerate(metadata["inputs"]):
        values = np.random.default_rng(number).integers(0, 9, tensor["shape"]).astype(TYPES[tensor["datatype"]])
        np.save(tmp_path / f"{number}.npy", values)
        arguments += ["--input", f"m.{tensor['name']}={tmp_path / f'{number}.npy'}"]
        inputs.append(binary_input(tensor["name"], tensor["datatype"], values))
        binary += values.tobytes()
    subprocess.run([program(), "run", f"m={MODELS / name}.tflite", *arguments, "--output-dir", tmp_path / "out"],
                   check=True, capture_output=True)
    answer = server.infer(served, {"inputs": inputs, "parameters": {"binary_data_output": True}}, binary)
    wanted = b""
    for tensor in metadata["outputs"]:
        found = list((tmp_path / "out").glob(f"m.{tensor['name'].replace('/', '_')}*.npy"))
        wanted += np.load(found[0]).tobytes()
    assert answer.binary == wanted


# ---- what is refused ------------------------------------------------------------------------------------------------------

GOOD = {"name": "in", "datatype": "INT32", "shape": [2, 3], "data": [1, 2, 3, 4, 5, 6]}
WRONG_INPUTS = {
    "has no input other": {"name": "other"}, "datatype FP32 where the model has INT32": {"datatype": "FP32"},
    "datatype FP7, which there is not": {"datatype": "FP7"}, "shape [3,2] where the model has [2,3]": {"shape": [3, 2]},
    "shape [2,3,1]": {"shape": [2, 3, 1]}, "shape [-2,-3]": {"shape": [-2, -3]}, "shape [2.0,3]": {"shape": [2.0, 3]},
    "5 elements where its shape has 6": {"data": [1, 2, 3, 4, 5]},
    "7 elements where its shape has 6": {"data": [1, 2, 3, 4, 5, 6, 7]},
    "not nested as its shape": {"data": [[1, 2], [3, 4], [5, 6]]}, "element 5 is not a value of INT32": {
        "data": [1, 2, 3, 4, 5, 6.5]}, "element 0 is not a value": {"data": [2**31, 2, 3, 4, 5, 6]},
    "element 1 is not a value": {"data": [1, "2", 3, 4, 5, 6]}, "data is not an array": {"data": 7},
    "both data and binary_data_size": {"parameters": {"binary_data_size": 24}},
    "binary_data_size is not a whole number": {"parameters": {"binary_data_size": "24"}},
    "parameters is not an object": {"parameters": []}, "an input has no name": {"name": None},
}


@pytest.mark.parametrize("message", WRONG_INPUTS)
def test_wrong_inputs(server, message):
    wrong = {**GOOD, **WRONG_INPUTS[message]}
    if wrong["name"] is None:
        del wrong["name"]
    answer = server.infer("same_INT32", {"inputs": [wrong]})
    assert answer.status == 400 and message in answer.error
    assert server.infer("same_INT32", {"inputs": [GOOD]}).status == 200


WRONG_REQUESTS = {
    "inputs: one is not an object": {"inputs": [3]}, "inputs is not an array": {"inputs": {}}, "has no inputs": {},
    "input in is not given": {"inputs": []}, "it is given twice": {"inputs": [GOOD, GOOD]},
    "has no output other; it has out": {"inputs": [GOOD], "outputs": [{"name": "other"}]},
    "an output has no name": {"inputs": [GOOD], "outputs": [{}]},
    "it is asked for twice": {"inputs": [GOOD], "outputs": [{"name": "out"}, {"name": "out"}]},
    "binary_data is not true or false": {"inputs": [GOOD], "outputs": [{"name": "out", "parameters": {"binary_data": 1}}]},
    "classification is less than 1": {"inputs": [GOOD], "outputs": [{"name": "out", "parameters": {"classification": 0}}]},
    "timeout is negative": {"inputs": [GOOD], "parameters": {"timeout": -1}}, "id is not a string": {"id": 3},
}


@pytest.mark.parametrize("message", WRONG_REQUESTS)
def test_wrong_requests(server, message):
    answer = server.infer("same_INT32", WRONG_REQUESTS[message])
    assert answer.status == 400 and message in answer.error


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{} x", b"[" * 5000, b'{"a": 1e999}'])
def test_what_is_not_json(server, body):
    for path in ("/v2/models/digits/infer", "/v2/repository/index", "/v2/repository/models/digits/load"):
        answer = server.post(path, body)
        assert answer.status == 400 or (body == b"" and "infer" not in path), (path, answer.body)


LEFT = "binary_data_size is {}, and 24 bytes are left of the body"
HEADER = "Inference-Header-Content-Length is '{}', and the body has"


@pytest.mark.parametrize("size, length, extra, message", [
    (24, 1000, b"", HEADER.format(1000)), (24, "x", b"", HEADER.format("x")), (24, "-5", b"", HEADER.format(-5)),
    (24, "+5", b"", HEADER.format("+5")), (24, 2**70, b"", HEADER.format(2**70)), (24, None, b"more", "4 bytes are left of the body"),
    (23, None, b"", "binary_data_size is 23, and its shape has 24 bytes of INT32"), (25, None, b"", LEFT.format(25)),
    (25, None, b"x", "binary_data_size is 25, and its shape has 24 bytes of INT32"),
    (-1, None, b"", "binary_data_size is negative"), (2**62, None, b"", LEFT.format(2**62))])
def test_wrong_binary_lengths(server, size, length, extra, message):
    values = np.arange(6, dtype=np.int32).reshape(2, 3)
    entry = {**binary_input("in", "INT32", values), "parameters": {"binary_data_size": size}}
    headers = {} if length is None else {"Inference-Header-Content-Length": str(length)}
    answer = server.infer("same_INT32", {"inputs": [entry]}, values.tobytes() + extra, headers=headers)
    assert answer.status == 400 and message in answer.error


@pytest.mark.parametrize("packed, message", [
    (b"\5\0\0\0abc", "7 bytes cannot hold 6 strings"), (b"\xff\xff\xff\xff" * 6, "string 0 has 4294967295 bytes where 20 are left"),
    (b"\1\0\0\0a" * 5, "5 strings and 0 bytes more"), (b"\1\0\0\0a" * 7, "6 strings and 5 bytes more"),
    (b"\0" * 20 + b"\1\0\0\0", "string 5 has 1 bytes where 0 are left"), (b"\0" * 23, "23 bytes cannot hold")])
def test_wrong_binary_strings(server, packed, message):
    entry = {"name": "in", "datatype": "BYTES", "shape": [2, 3], "parameters": {"binary_data_size": len(packed)}}
    answer = server.infer("same_BYTES", {"inputs": [entry]}, packed)
    assert answer.status == 400 and message in answer.error


@pytest.mark.parametrize("datatype", [name for name, dtype in TYPES.items() if np.dtype(dtype).kind in "iub"])
def test_values_beyond_the_type(server, datatype):
    limits = np.iinfo(TYPES[datatype]) if datatype != "BOOL" else np.iinfo(np.uint8)
    most = 1 if datatype == "BOOL" else limits.max
    for value in (int(limits.min) - 1, int(most) + 1, 0.5, "1", None):
        data = [0, value, 0, 0, 0, 0]
        answer = server.infer(f"same_{datatype}", {"inputs": [{**GOOD, "datatype": datatype, "data": data}]})
        assert answer.status == 400 and ("element 1 is not a value of" in answer.error or "not JSON: too big" in answer.error)
    answer = server.infer("same_FP32", {"inputs": [{**GOOD, "datatype": "FP32", "data": [0, 1e39, 0, 0, 0, 0]}]})
    assert answer.status == 400 and "element 1 is not a value of FP32" in answer.error


# ---- Triton's client --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(f"{server.host}:{server.port}") as connected:
        yield connected


def test_triton_looks_around(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("digits", "1")
    assert not client.is_model_ready("nobody")
    assert client.get_server_metadata()["name"] == "plait"
    assert client.get_model_metadata("digits")["name"] == "digits"
    assert client.get_inference_statistics("digits")["model_stats"][0]["name"] == "digits"
    assert {"name": "chain", "version": "1", "state": "READY", "reason": ""} in client.get_model_repository_index()


@pytest.mark.parametrize("datatype", [*TYPES, "BYTES"])
@pytest.mark.parametrize("binary", [True, False])
def test_triton_infers(client, datatype, binary):
    if datatype == "BYTES":
        values = np.array([b"a", b"", b"ccc", b"d", b"e", b"f"], object).reshape(2, 3)
    else:
        values = values_of(datatype)
    if datatype in NO_JSON and not binary:
        return  # the client has no JSON for them either
    given = triton.InferInput("in", [2, 3], datatype)
    given.set_data_from_numpy(values, binary_data=binary)
    wanted = triton.InferRequestedOutput("out", binary_data=binary)
    found = client.infer(f"same_{datatype}", [given], outputs=[wanted], request_id="a").as_numpy("out")
    assert found.shape == (3, 2)
    if datatype == "BYTES" and not binary:
        values = np.array([text.decode() for text in values.ravel()], object)
    assert np.array_equal(np.asarray(found).ravel(), values.ravel())


def test_triton_is_refused(client):
    given = triton.InferInput("in", [1], "INT32")
    given.set_data_from_numpy(np.zeros(1, np.int32))
    with pytest.raises(InferenceServerException, match=r"shape \[1\] where the model has \[2,3\]"):
        client.infer("same_INT32", [given])
    with pytest.raises(InferenceServerException, match="encoding gzip"):
        client.infer("same_INT32", [given], request_compression_algorithm="gzip")
