# SPDX-License-Identifier: Apache-2.0
"""Servers that are treated badly, for the tests of this folder: `start`, `models` and `wanted`, to be imported.

With the sanitizers' builds where they are there: PLAIT_SERVE names the variants (default: asan).
"""
import os
import socket
import time

import numpy as np
import pytest

import tiny
from plait_server import MODELS, ROOT, Server, binary_input

LONG = os.environ.get("PLAIT_LONG") == "1"
VARIANTS = [name for name in os.environ.get("PLAIT_SERVE", "asan").split() if (ROOT / "build" / name / "plait").exists()]
VALUES = np.random.default_rng(3).standard_normal((1, 16, 16, 3)).astype(np.float32)
REQUEST = {"inputs": [binary_input("input", "FP32", VALUES)], "parameters": {"binary_data_output": True}}
COUNT, ENDLESS = 2_000_000, 2_000_000_000
SLOW = {"inputs": [{"name": "t0", "datatype": "INT32", "shape": [1], "data": [0]}]}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A quick model, one that counts for about a second, and one that nobody waits for."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "quick.tflite").write_bytes((MODELS / "dynamic_batch_fp32.tflite").read_bytes())
    (folder / "slow.tflite").write_bytes(tiny.counting_loop(COUNT))
    (folder / "endless.tflite").write_bytes(tiny.counting_loop(ENDLESS))
    return folder


@pytest.fixture(params=VARIANTS or [None])
def start(request, models):
    """Starts a server of these models with options; it must end well."""
    def begin(*options):
        return Server("--repository", models, *options, variant=request.param)
    return begin


@pytest.fixture(scope="module")
def wanted(models):
    with Server(models / "quick.tflite") as server:
        return server.infer("quick", REQUEST, VALUES.tobytes()).binary


def is_well(server, wanted):
    answer = server.infer("quick", REQUEST, VALUES.tobytes())
    return answer.status == 200 and answer.binary == wanted


def metric(server, name):
    text = server.get("/metrics").body.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def wait_until(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def raw(server, data=b"", timeout=20, source=None):
    connected = socket.create_connection((server.host, server.port), timeout=timeout, source_address=source)
    connected.sendall(data)
    return connected


def rest(connected):
    """All that comes until the server closes."""
    found = b""
    try:
        while piece := connected.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    connected.close()
    return found


def head(length, path="/v2/models/quick/infer"):
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
