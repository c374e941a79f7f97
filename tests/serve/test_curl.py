# SPDX-License-Identifier: Apache-2.0
"""plait serve as curl sees it: what documentation shows and shells do."""
import json
import shutil
import subprocess

import numpy as np
import pytest

from plait_server import binary_input
from served_models import server  # noqa: F401

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
VALUES = np.arange(6, dtype=np.int32).reshape(2, 3)
GIVEN = {"inputs": [{"name": "in", "datatype": "INT32", "shape": [2, 3], "data": VALUES.tolist()}]}


def curl(server, path, *arguments):
    """The status and the body."""
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}", *arguments,
                           server.url + path], capture_output=True)
    assert done.returncode == 0, done.stderr
    body, status = done.stdout.rsplit(b"\n", 1)
    return int(status), body


def infer(server, *arguments):
    return curl(server, "/v2/models/same_INT32/infer", *arguments)


def test_curl_looks_around(server):
    for path in ("/v2/health/live", "/v2/health/ready", "/v2", "/v2/models/digits", "/v2/models/digits/ready", "/v2/models/digits/stats",
                 "/v2/models/stats", "/v2/openapi.json", "/v2/models/digits/versions/1"):
        status, body = curl(server, path)
        assert status == 200 and json.loads(body)
    assert b"plait_requests_total" in curl(server, "/metrics")[1]
    status, body = curl(server, "/v2/models/digits", "--head")
    assert status == 200 and b"application/json" in body
    assert len(json.loads(curl(server, "/v2/repository/index", "--request", "POST")[1])) > 10
    for change in ("unload", "load"):
        assert curl(server, f"/v2/repository/models/same_INT16/{change}", "--data", "{}") == (200, b"{}")


@pytest.mark.parametrize("options", [[], ["--http1.0"], ["--http2"], ["--header", "Transfer-Encoding: chunked"],
                                     ["--header", "Expect: 100-continue"], ["--header", "Content-Type: application/json"],
                                     ["--compressed"]], ids=lambda options: " ".join(options) or "plain")
def test_curl_infers(server, options):
    status, body = infer(server, *options, "--data", json.dumps(GIVEN))
    assert status == 200 and json.loads(body)["outputs"][0]["data"] == VALUES.ravel().tolist()


def test_curl_sends_and_takes_a_file(server, tmp_path):
    text = json.dumps({"inputs": [binary_input("in", "INT32", VALUES)], "parameters": {"binary_data_output": True}}).encode()
    (tmp_path / "request").write_bytes(text + VALUES.tobytes())
    length = ["--header", f"Inference-Header-Content-Length: {len(text)}"]
    status, _ = infer(server, *length, "--data-binary", f"@{tmp_path / 'request'}", "--output", tmp_path / "answer",
                      "--dump-header", tmp_path / "head")
    assert status == 200
    head = dict(line.split(": ", 1) for line in (tmp_path / "head").read_text().splitlines()[1:] if line)
    assert (tmp_path / "answer").read_bytes()[int(head["Inference-Header-Content-Length"]):] == VALUES.tobytes()


def test_curl_is_refused(server):
    assert infer(server, "--data", "{")[0] == 400
    assert infer(server)[0] == 405
    assert infer(server, "--data", json.dumps(GIVEN), "--header", "Content-Encoding: gzip")[0] == 415
    assert infer(server, "--form", f"request={json.dumps(GIVEN)}")[0] == 400
    assert infer(server, "--upload-file", __file__)[0] == 405
    assert curl(server, "/v2/models/nobody")[0] == 404
    assert curl(server, "/v2/%2e%2e/etc/passwd", "--path-as-is")[0] == 404
    assert infer(server, "--data", json.dumps(GIVEN), "--header", f"X: {'y' * 40000}")[0] == 431
