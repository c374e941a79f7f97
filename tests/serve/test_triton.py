# SPDX-License-Identifier: Apache-2.0
"""plait serve as Triton's own client sees it."""
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from served_models import NO_JSON, TYPES, server, values_of  # noqa: F401

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
    given = triton.InferInput("in", [2, 3], "FP32")
    given.set_data_from_numpy(np.zeros((2, 3), np.float32))
    with pytest.raises(InferenceServerException, match="datatype FP32 where the model has INT32"):
        client.infer("same_INT32", [given])
    with pytest.raises(InferenceServerException, match="has no output other"):
        client.infer("same_FP32", [given], outputs=[triton.InferRequestedOutput("other")])
    for call in (lambda: client.infer("nobody", [given]), lambda: client.infer("same_FP32", [given], model_version="7"),
                 lambda: client.get_model_metadata("nobody"), lambda: client.get_inference_statistics("digits", "9")):
        with pytest.raises(InferenceServerException, match="is not loaded"):
            call()
    for call in (client.get_system_shared_memory_status, client.get_trace_settings, lambda: client.get_model_config("digits")):
        with pytest.raises(InferenceServerException, match="there is nothing at"):
            call()


def test_triton_loads_and_unloads(client):
    def state():
        return {item["name"]: item["state"] for item in client.get_model_repository_index()}["same_INT8"]
    client.unload_model("same_INT8")
    assert state() == "UNAVAILABLE" and not client.is_model_ready("same_INT8")
    client.load_model("same_INT8")
    assert state() == "READY" and client.is_model_ready("same_INT8", "1")
    with pytest.raises(InferenceServerException, match="there is no model nobody"):
        client.load_model("nobody")
    with pytest.raises(InferenceServerException, match="parameter config is not supported"):
        client.load_model("same_INT8", config="{}")


def test_triton_batches(client):
    def infer(values):
        given = triton.InferInput("input", list(values.shape), "FP32")
        given.set_data_from_numpy(values)
        return client.async_infer("dynamic_batch_fp32", [given], model_version="1", timeout=10_000_000)
    values = np.random.default_rng(1).random((6, 16, 16, 3), np.float32)
    parts = [values[:1], values[1:4], values[4:6], values]
    *found, whole = [asked.get_result().as_numpy("logits") for asked in [infer(part) for part in parts]]
    assert whole.shape == (6, 10) and whole.tobytes() == np.concatenate(found).tobytes()
    before = client.get_inference_statistics("dynamic_batch_fp32", "1")["model_stats"][0]["inference_count"]
    infer(values).get_result()
    assert client.get_inference_statistics("dynamic_batch_fp32")["model_stats"][0]["inference_count"] > before
    assert {item["name"] for item in client.get_inference_statistics()["model_stats"]} > {"digits", "chain"}


def test_triton_classifies(client):
    given = triton.InferInput("in", [2, 3], "FP32")
    given.set_data_from_numpy(np.array([[1, 5, 3], [4, 2, 6]], np.float32))
    best = triton.InferRequestedOutput("out", class_count=1)
    assert client.infer("same_FP32", [given], outputs=[best]).as_numpy("out").ravel().tolist() == [
        b"5.000000:1", b"4.000000:1", b"6.000000:1"]
