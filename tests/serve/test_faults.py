# SPDX-License-Identifier: Apache-2.0
"""What clients do to a server: too much, too slowly, half, nonsense, all at once. Others' answers stay right, nothing leaks.

With the sanitizers' builds where they are there: PLAIT_SERVE names the variants (default: asan).
"""
import json
import os
import random
import signal
import socket
import threading
import time

import numpy as np
import pytest

import tiny
from conftest import LONG
from plait_server import MODELS, ROOT, Server, binary_input

VARIANTS = [name for name in os.environ.get("PLAIT_SERVE", "asan").split() if (ROOT / "build" / name / "plait").exists()]
VALUES = np.random.default_rng(3).standard_normal((1, 16, 16, 3)).astype(np.float32)
REQUEST = {"inputs": [binary_input("input", "FP32", VALUES)], "parameters": {"binary_data_output": True}}
COUNT = 2_000_000
SLOW = {"inputs": [{"name": "t0", "datatype": "INT32", "shape": [1], "data": [0]}]}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A quick model, one that counts for about a second, and one that nobody waits for."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "quick.tflite").write_bytes((MODELS / "dynamic_batch_fp32.tflite").read_bytes())
    (folder / "slow.tflite").write_bytes(tiny.counting_loop(COUNT))
    (folder / "endless.tflite").write_bytes(tiny.counting_loop(1000 * COUNT))
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


def raw(server, data=b"", timeout=20):
    connected = socket.create_connection((server.host, server.port), timeout=timeout)
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


def test_too_large(start, wanted):
    with start("--body-limit", 100000, "--json-limit", 5000) as server:
        assert server.post("/v2/models/quick/infer", b"x" * 100001).status == 413
        assert b" 413 " in rest(raw(server, head(10**30)))
        assert b" 413 " in rest(raw(server, head(2**40)))
        assert server.post("/v2/models/quick/infer", b" " * 6000).status == 413
        assert server.post("/v2/repository/index", b" " * 6000).status == 413
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        chunked = raw(server, b"POST /v2/repository/index HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 2
                      + b"0\r\n\r\n")
        assert b" 413 " in chunked.recv(1000)
        chunked.close()
        assert server.infer("quick", {"id": "a" * 4000, **REQUEST}, VALUES.tobytes()).status == 200
        assert is_well(server, wanted)
        wait_until(lambda: metric(server, "plait_body_bytes") == 0)


def test_all_bodies_together(start, wanted):
    with start("--bodies-limit", 100000) as server:
        waiting = [raw(server, head(60000) + b"x" * 59000) for _ in range(1)]
        wait_until(lambda: metric(server, "plait_body_bytes") == 59000)
        refused = server.post("/v2/models/quick/infer", b"x" * 50000)
        assert refused.status == 503 and refused.headers["retry-after"] == "1"
        for connected in waiting:
            connected.close()
        wait_until(lambda: metric(server, "plait_body_bytes") == 0)
        assert is_well(server, wanted)


def test_heads(start, wanted):
    with start() as server:
        assert b" 431 " in rest(raw(server, b"GET /v2 HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 40000 + b"\r\n\r\n"))
        for nonsense in (b"\0" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"POST /v2 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                         b"GET /v2 HTTP/9.9\r\n\r\n", b"\x16\x03\x01" + os.urandom(200), b"GET /v2 HTTP/1.1\r\n\r\n"):
            connected = raw(server, nonsense)
            connected.shutdown(socket.SHUT_WR)
            assert b" 200 " not in rest(connected)
        assert b'"live":true' in rest(raw(server, b"GET /v2/health/live HTTP/1.0\r\n\r\n"))
        both = rest(raw(server, b"GET /v2 HTTP/1.1\r\nHost: x\r\n\r\nGET /v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        assert both.count(b" 200 ") == 2
        assert is_well(server, wanted)


def test_truncated(start, wanted):
    with start() as server:
        body = json.dumps(REQUEST).encode() + VALUES.tobytes()
        for length in (0, 1, 100, len(body) - 1):
            raw(server, head(len(body)) + body[:length]).close()
            raw(server, head(len(body))[:length % 60]).close()
        wait_until(lambda: metric(server, "plait_connections ") <= 1)
        assert metric(server, "plait_body_bytes") == 0 and is_well(server, wanted)


def test_slow(start, wanted):
    with start("--idle-seconds", 1, "--transfer-seconds", 1.5) as server:
        slow_heads = [raw(server) for _ in range(3)]
        silent = [raw(server) for _ in range(3)]
        bodies = [raw(server, head(1000)) for _ in range(3)]
        began = time.monotonic()
        while time.monotonic() - began < 5:
            for connected in slow_heads + bodies:
                try:
                    connected.sendall(b"G")
                except OSError:
                    pass
            if metric(server, "plait_connections_cut_total") >= 9:
                break
            time.sleep(0.2)
        assert 1 <= time.monotonic() - began < 4
        assert all(rest(connected) == b"" for connected in slow_heads + silent + bodies)
        assert is_well(server, wanted)


def test_an_answer_that_is_not_taken(start, wanted):
    with start("--transfer-seconds", 1) as server:
        wide = np.zeros((3000, 16, 16, 3), np.float32)
        document = {"inputs": [binary_input("input", "FP32", wide)]}
        text = json.dumps(document).encode()
        data = (f"POST /v2/models/quick/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text) + wide.nbytes}\r\n"
                f"Inference-Header-Content-Length: {len(text)}\r\n\r\n").encode() + text + wide.tobytes()
        connected = socket.socket()
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connected.connect((server.host, server.port))
        connected.sendall(data)
        for _ in range(3):
            connected.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        wait_until(lambda: metric(server, "plait_connections_cut_total") == 1)
        connected.close()
        assert is_well(server, wanted)


def test_idle_connections(start, wanted):
    with start() as server:
        count = 2000 if LONG else 200
        idle = [raw(server) for _ in range(count)]
        wait_until(lambda: metric(server, "plait_connections ") > count)
        assert is_well(server, wanted)
        for connected in idle:
            connected.close()
        wait_until(lambda: metric(server, "plait_connections ") <= 1)


def test_no_more_connections_than_are_allowed(start, wanted):
    with start("--connections", 4, "--idle-seconds", 1) as server:
        idle = [raw(server) for _ in range(12)]
        assert all(rest(connected) == b"" for connected in idle)
        time.sleep(0.2)  # until their threads have ended
        assert is_well(server, wanted)


def test_queue(start, wanted):
    with start("--queue", 1) as server:
        answers = []

        def ask(**parameters):
            answers.append(server.infer("slow", {**SLOW, "parameters": parameters}).status)

        running = threading.Thread(target=ask)
        running.start()
        wait_until(lambda: metric(server, "plait_body_bytes") > 0)
        time.sleep(0.05)
        late = server.infer("slow", {**SLOW, "parameters": {"timeout": 1000}})
        assert late.status == 503 and "timeout" in late.error
        body = json.dumps(SLOW).encode()
        gone = raw(server, head(len(body), "/v2/models/slow/infer") + body)
        wait_until(lambda: metric(server, 'plait_queue_requests{model="slow"') == 1)
        full = server.infer("slow", SLOW)
        assert full.status == 429 and full.headers["retry-after"] == "1"
        assert is_well(server, wanted)  # another model is not held up
        gone.close()
        wait_until(lambda: metric(server, 'plait_request_errors_total{model="slow",version="1",reason="gone"') == 1)
        running.join()
        assert answers == [200]
        for reason in ("late", "busy"):
            assert metric(server, f'plait_request_errors_total{{model="slow",version="1",reason="{reason}"') == 1


def ask_and_leave(server, model):
    """Sends a request, waits until the model has it, and gives the connection."""
    body = json.dumps(SLOW).encode()
    connected = raw(server, head(len(body), f"/v2/models/{model}/infer") + body)
    wait_until(lambda: metric(server, "plait_body_bytes") == len(body))
    time.sleep(0.1)
    return connected


def test_a_run_ends_when_its_client_has_gone(start, wanted):
    with start("--runs", 2) as server:
        def gone():
            return metric(server, 'plait_request_errors_total{model="endless",version="1",reason="gone"')
        running = ask_and_leave(server, "endless")
        body = json.dumps(SLOW).encode()
        waiting = raw(server, head(len(body), "/v2/models/endless/infer") + body)
        wait_until(lambda: metric(server, 'plait_queue_requests{model="endless"') == 1)
        waiting.close()
        wait_until(lambda: gone() == 1)
        running.close()
        wait_until(lambda: gone() == 2)
        assert is_well(server, wanted)


def test_what_does_not_end_is_cut_off(start):
    with start("--drain-seconds", 0.2) as server:
        connected = ask_and_leave(server, "endless")
        server.process.send_signal(signal.SIGTERM)
        assert b" 503 " in rest(connected)
        server.wait_for('event="cut off" requests=1')


def test_classes(start, wanted):
    """An urgent model does not wait for the end of another one, although only one of a class may run."""
    with start("--runs", 1, "--class", "quick=5") as server:
        connected = ask_and_leave(server, "endless")
        assert is_well(server, wanted) and is_well(server, wanted)
        assert metric(server, 'plait_request_errors_total{model="endless"') == 0
        connected.close()


def test_end_under_load(start, wanted):
    wrong, answered, slow = [], [0], []

    def ask(server):
        try:
            connection = server.connect()
            while True:
                answer = server.infer("quick", REQUEST, VALUES.tobytes(), connection=connection)
                if answer.binary != wanted:
                    wrong.append(answer.body)
                answered[0] += 1
                if answer.headers.get("connection") == "close":
                    return
        except OSError:
            pass
        except Exception as error:  # half an answer
            wrong.append(error)

    with start() as server:
        threads = [threading.Thread(target=ask, args=[server]) for _ in range(8)]
        threads.append(threading.Thread(target=lambda: slow.append(server.infer("slow", SLOW).status)))
        for thread in threads:
            thread.start()
        wait_until(lambda: answered[0] > 20 and metric(server, "plait_requests_total") > 20)
        server.process.send_signal(signal.SIGTERM)
        for thread in threads:
            thread.join(60)
        assert server.process.wait(30) == 0
    assert wrong == [] and slow == [200]


def random_request(rng):
    """A request that is nearly right, or not at all."""
    document = json.loads(json.dumps(REQUEST))
    document["outputs"] = [{"name": "logits", "parameters": {"binary_data": rng.random() < 0.5}}]
    pick = rng.randrange(8)
    if pick == 0:
        document["inputs"][0]["shape"] = [rng.choice([0, 1, 2, 7, 2**31, -1, "1", None]), 16, 16, 3]
    elif pick == 1:
        document["inputs"][0]["parameters"] = {"binary_data_size": rng.choice([0, 1, VALUES.nbytes, 2**63 - 1, None, "x"])}
    elif pick == 2:
        document[rng.choice(["id", "inputs", "outputs", "parameters"])] = rng.choice([None, 1, "x", [], {}, [[]], [{}]])
    body = bytearray(json.dumps(document).encode())
    length = len(body)
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        body[rng.randrange(length)] = rng.randrange(256)
    body += VALUES.tobytes()[:rng.choice([0, 100, VALUES.nbytes])]
    headers = f"Inference-Header-Content-Length: {rng.choice([length, length, length, 0, length + 1, 'x', -1])}\r\n"
    claimed = len(body) + rng.choice([0, 0, 0, 0, 1, -1, 5000])
    data = f"POST /v2/models/quick/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {claimed}\r\n{headers}\r\n".encode() + body
    if pick == 7:
        data = rng.choice([b"GET /metrics", b"GET /v2/models/stats", b"POST /v2/repository/models/quick/load",
                           b"POST /v2/repository/models/quick/unload", b"POST /v2/repository/index"])
        data += b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    return data[:rng.randrange(len(data))] if rng.random() < 0.1 else data


def test_random_clients(start, wanted):
    """Any bytes, from several clients at once, with models loaded and unloaded meanwhile: no 5xx but what says when to come again."""
    seconds, found = (600, []) if LONG else (4, [])

    def ask(server, seed):
        rng = random.Random(seed)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                connected = raw(server, random_request(rng), timeout=0.3 + rng.random())
                answer = connected.recv(65536)
                connected.close()
            except OSError:
                continue
            if b" 500 " in answer[:20] or (b" 503 " in answer[:20] and b"Retry-After" not in answer):
                found.append(answer)

    with start("--log", "requests") as server:
        threads = [threading.Thread(target=ask, args=[server, seed]) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.post("/v2/repository/models/quick/load").status == 200
        assert found == [] and is_well(server, wanted)


def test_no_memory_for_a_request(models, wanted):
    with Server(models / "quick.tflite", "--body-limit", 2**30, "--json-limit", 2**30, "--bodies-limit", 2**30,
                before=["prlimit", f"--as={400 << 20}"]) as server:
        wide = np.zeros((1, 16, 16, 3), np.float32)
        size = 300 << 20
        answer = rest(raw(server, head(size).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b" " * size))
        assert b" 503 " in answer and b"out of memory" in answer
        assert wide.nbytes and is_well(server, wanted)
