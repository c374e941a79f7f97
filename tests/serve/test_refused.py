# SPDX-License-Identifier: Apache-2.0
"""Requests that plait serve refuses: each for its own reason, and those that are right go on."""
import numpy as np
import pytest

from plait_server import binary_input
from served_models import TYPES, server  # noqa: F401

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


@pytest.mark.parametrize("site, status", [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)])
def test_pages_of_other_origins(server, site, status):
    """They cannot read answers, but a browser sends what they ask for."""
    headers = {"Sec-Fetch-Site": site}
    for path, body in (("/v2/models/same_INT32/infer", {"inputs": [GOOD]}), ("/v2/repository/index", {})):
        answer = server.post(path, body, headers=headers)
        assert answer.status == status and (status == 200 or "another origin" in answer.error)
    assert server.call("GET", "/v2", headers=headers).status == 200
