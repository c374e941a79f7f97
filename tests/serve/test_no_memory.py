# SPDX-License-Identifier: Apache-2.0
"""Every allocation of a request fails once, and then all from there on: the request is answered right, or 503, or not at
all; nothing is half, nothing leaks, and the next one has the right bits."""
import http.client
import json
import mmap
import struct
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

import tiny
from fault_server import LONG, VARIANTS
from plait_server import MODELS, Server, binary_input, check_answer
from served_models import CHAIN, identity

HERE = Path(__file__).parent
EVER = 2**40
TOGETHER = 4  # requests that are one run


class Allocations:
    """What fail_allocation.c reads: which allocations of the server fail."""

    def __init__(self, path):
        path.write_bytes(bytes(24))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 24)

    def fail(self, first, count):
        self.memory[:] = struct.pack("3q", 0, first, count)

    @property
    def seen(self):
        return struct.unpack("3q", self.memory)[0]


# Threads of AddressSanitizer cannot begin without memory: there, the connection is made before. ThreadSanitizer keeps malloc()
# to itself.
KEPT = "on a connection"


@pytest.fixture(scope="module", params=[(None, False), *((variant, True) for variant in VARIANTS if variant == "asan")],
                ids=lambda param: f"{param[0] or 'plain'}, {KEPT if param[1] else 'with its connection'}")
def failing(request, tmp_path_factory):
    """A server, and what makes its allocations fail."""
    folder = tmp_path_factory.mktemp("failing")
    library = folder / "fail_allocation.so"
    subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-fno-builtin", "-shared", "-fPIC", "-o", library,
                    HERE / "fail_allocation.c"], check=True)
    models = folder / "models"
    models.mkdir()
    for name in ("dynamic_batch_fp32", "digits_whole_int8"):
        (models / f"{name}.tflite").write_bytes((MODELS / f"{name}.tflite").read_bytes())
    (models / "same_BYTES.tflite").write_bytes(identity("S"))
    (models / "relu.tflite").write_bytes(tiny.relu(np.float32, [1, 4]))
    pipeline = {**CHAIN, "models": {name: str(MODELS / path) for name, path in CHAIN["models"].items()}}
    (models / "chain.json").write_text(json.dumps(pipeline))
    allocations = Allocations(folder / "plan")
    before = ["env", f"LD_PRELOAD={library}", f"PLAIT_FAIL={folder / 'plan'}",
              "ASAN_OPTIONS=detect_leaks=1:verify_asan_link_order=0"]
    variant, kept = request.param
    together = ["--batch", f"digits_whole_int8={TOGETHER}", "--batch-delay", "digits_whole_int8=30000"]
    with Server("--repository", models, *together, variant=variant, before=before) as server:
        yield server, allocations, kept
        allocations.fail(0, 0)


def infer(model, values, datatype, name, **parameters):
    document = {"id": "seven", "inputs": [binary_input(name, datatype, values)], "parameters": {"binary_data_output": True},
                **parameters}
    text = json.dumps(document).encode()
    return "POST", f"/v2/models/{model}/infer", text + values.tobytes(), {"Inference-Header-Content-Length": str(len(text))}


def batch(count):
    values = np.random.default_rng(count).standard_normal((count, 16, 16, 3)).astype(np.float32)
    return infer("dynamic_batch_fp32", values, "FP32", "input")


PIXELS = np.arange(64, dtype=np.int8).reshape(1, 8, 8, 1)
TEXTS = {"inputs": [{"name": "in", "datatype": "BYTES", "shape": [2, 3], "data": ["a", "", "\u00e4" * 30, "d", "e", "f"]}]}
FLOATS = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [[-1, 0.5, 1e30, 4]]}]}
BEST = {"outputs": [{"name": "scores", "parameters": {"classification": 3}}]}
# What is asked; what is asked before, so that it has something to do; whether every right answer is the same.
REQUESTS = {
    "metadata": (("GET", "/v2/models/digits_whole_int8"), None, True),
    "server": (("GET", "/v2"), None, True),
    "ready": (("GET", "/v2/models/chain/ready"), None, True),
    "health": (("GET", "/v2/health/ready"), None, True),
    "openapi": (("GET", "/v2/openapi.json"), None, True),
    "stats": (("GET", "/v2/models/stats"), None, False),
    "metrics": (("GET", "/metrics"), None, False),
    "index": (("POST", "/v2/repository/index", b'{"ready":true}'), None, True),
    "binary": (batch(1), batch(1), True),
    "another shape": (batch(3), batch(1), True),
    "json": (("POST", "/v2/models/relu/infer", json.dumps(FLOATS).encode()), None, True),
    "strings": (("POST", "/v2/models/same_BYTES/infer", json.dumps(TEXTS).encode()), None, True),
    "pipeline": (infer("chain", PIXELS, "INT8", "image"), None, True),
    "classification": (infer("chain", PIXELS, "INT8", "image", **BEST), None, True),
    "load": (("POST", "/v2/repository/models/relu/load", b"{}"), None, True),
    "unload": (("POST", "/v2/repository/models/relu/unload"), ("POST", "/v2/repository/models/relu/load"), True),
    "load a pipeline": (("POST", "/v2/repository/models/chain/load"), None, True),
}


def held_against(request, wanted, answer, is_same):
    method, path = request[:2]
    check_answer(method, path, answer)
    assert answer.status == wanted.status or (answer.status == 503 and "retry-after" in answer.headers), answer.body
    if answer.status == 200 and is_same:
        assert answer.body == wanted.body


def ask(server, request, connection):
    """The answer, None where the server only closed the connection."""
    try:
        return server.call(*request, connection=connection, check=False)
    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("name", REQUESTS)
def test_allocations_of_a_request(failing, name):
    server, allocations, kept = failing
    request, before, is_same = REQUESTS[name]

    def undisturbed():
        if before is not None:
            server.call(*before)
        return server.call(*request)
    undisturbed()
    wanted = undisturbed()
    assert wanted.status == 200, wanted.body
    refused = closed = 0
    for count in (1, EVER):
        first = 0
        while True:
            if before is not None:
                server.call(*before)
            connection = server.connect()
            if kept:
                server.call("GET", "/v2/health/live", connection=connection)
            allocations.fail(first, count)
            answer = ask(server, request, connection)
            seen = allocations.seen
            allocations.fail(0, 0)
            if answer is None:
                closed += 1
            else:
                held_against(request, wanted, answer, is_same)
                refused += answer.status == 503
            if first % 5 == 0 or count > 1:
                again = undisturbed()
                assert again.status == 200 and (again.body == wanted.body or not is_same)
            if seen <= first:
                break
            first += 1 if LONG or first < 12 else 11
    assert refused + closed > 0


def ask_together(server, requests, allocations, first, count):
    """The answers to all, on connections that are there already, and how many allocations there were."""
    connections = [server.connect() for _ in requests]
    for connection in connections:
        server.call("GET", "/v2/health/live", connection=connection)
    answers = [None] * len(requests)

    def work(index):
        answers[index] = ask(server, requests[index], connections[index])
    threads = [threading.Thread(target=work, args=[index]) for index in range(len(requests))]
    allocations.fail(first, count)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = allocations.seen
    allocations.fail(0, 0)
    return answers, seen


def test_allocations_of_a_batch(failing):
    """Requests that run as one: without memory for that they run alone, and whoever is refused is so alone."""
    server, allocations, _ = failing
    name = server.get("/v2/models/digits_whole_int8").json["inputs"][0]["name"]
    requests = [infer("digits_whole_int8", PIXELS + number, "INT8", name) for number in range(TOGETHER)]
    wanted = [server.call(*request) for request in requests]
    refused, batches = 0, []
    for count in (1, EVER):
        first, seen = 0, 1
        while first < seen:
            assert server.post("/v2/repository/models/digits_whole_int8/load").status == 200  # batches are to be planned again
            answers, seen = ask_together(server, requests, allocations, first, count)
            batches += server.get("/v2/models/digits_whole_int8/stats").json["model_stats"][0]["batch_stats"]
            for request, right, answer in zip(requests, wanted, answers):
                if answer is None:
                    refused += 1
                else:
                    held_against(request, right, answer, True)
                    refused += answer.status == 503
            assert [server.call(*request).body for request in requests] == [right.body for right in wanted]
            first += 1 if LONG else 31 if count == 1 else 61
    assert refused > 0 and max(batch["batch_size"] for batch in batches) > 1
