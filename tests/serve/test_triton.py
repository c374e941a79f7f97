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
