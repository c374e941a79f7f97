# SPDX-License-Identifier: Apache-2.0
"""What clients do to a server: too much, too slowly, half, nonsense. Others' answers stay right, nothing leaks."""
import http.client
import json
import os
import signal
import socket
import time

import numpy as np
import pytest

from fault_server import LONG, REQUEST, VALUES, head, is_well, metric, models, raw, rest, start, wait_until, wanted  # noqa: F401
from plait_server import Server, binary_input


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


def test_who_sends_on_and_on_is_cut_off(start, wanted):
    with start("--body-limit", 100000) as server:
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        connected = raw(server, b"POST /v2/repository/index HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                connected.sendall(chunk)
        connected.close()
        assert is_well(server, wanted)


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


WHOLE_HEAD = b"GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n"


def vanish(connected):
    """Its end is gone, and the server hears nothing of it: no FIN, no RST. True where that is allowed."""
    tcp_repair = 19
    try:
        connected.setsockopt(socket.IPPROTO_TCP, tcp_repair, 1)
    except PermissionError:
        return False
    connected.close()
    return True


def answered(server, **options):
    """A connection on which a request was answered, all of it."""
    connected = raw(server, WHOLE_HEAD, **options)
    response = http.client.HTTPResponse(connected)
    response.begin()
    response.read()
    return connected


def test_half_closed(start, wanted):
    """A client that says it sends no more, and listens: it gets its answer; in the middle of a request, it is over."""
    with start() as server:
        text = json.dumps(REQUEST).encode()
        whole = head(len(text) + VALUES.nbytes).replace(b"\r\n\r\n", b"\r\nInference-Header-Content-Length: %d\r\n\r\n" % len(text))
        whole += text + VALUES.tobytes()
        for length in (len(whole), len(whole) - 1, len(whole) // 2, 20):
            connected = raw(server, whole[:length])
            connected.shutdown(socket.SHUT_WR)
            answer = rest(connected)
            assert answer.endswith(wanted) if length == len(whole) else b" 200 " not in answer
        wait_until(lambda: metric(server, "plait_connections ") <= 1)
        assert is_well(server, wanted)


def test_half_open(start, wanted):
    """Clients that are there no more, in all phases: nothing of them is kept beyond the limits.

    Where an answer was still to come, the system refuses it in the name of the one that is gone: that mostly ends at once. So
    would a connection whose client's port another connection gets, hence an address of their own."""
    source = ("127.0.0.2", 0)
    with start("--idle-seconds", 3, "--transfer-seconds", 3) as server:
        gone = [raw(server, data, source=source) for data in (b"", b"GET /v2", head(1000), head(1000) + b"x" * 999)
                for _ in range(4)]
        gone += [answered(server, source=source) for _ in range(4)]
        wait_until(lambda: metric(server, "plait_body_bytes") == 4 * 999)
        server.process.send_signal(signal.SIGSTOP)
        unanswered = [raw(server, WHOLE_HEAD, source=source) for _ in range(4)]
        if not all([vanish(connected) for connected in gone + unanswered]):
            server.process.send_signal(signal.SIGCONT)
            pytest.skip("connections that vanish need root")
        server.process.send_signal(signal.SIGCONT)
        assert is_well(server, wanted)
        wait_until(lambda: metric(server, "plait_connections ") <= 1)
        assert metric(server, "plait_body_bytes") == 0
        assert len(gone) <= metric(server, "plait_connections_cut_total") <= len(gone + unanswered)
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


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_no_more_files(models, wanted):
    """More connections than the process may have files: those that have one are served, and all are closed again."""
    with Server("--repository", models, before=["prlimit", "--nofile=100:100"]) as server:
        assert is_well(server, wanted)
        before = open_files(server)
        many = [raw(server) for _ in range(300)]
        wait_until(lambda: open_files(server) > 60)
        for connected in many:
            connected.close()
        wait_until(lambda: open_files(server) <= before + 1)
        assert is_well(server, wanted)
        assert server.post("/v2/repository/models/quick/load").status == 200 and is_well(server, wanted)


def test_no_memory_for_a_request(models, wanted):
    with Server(models / "quick.tflite", "--body-limit", 2**30, "--json-limit", 2**30, "--bodies-limit", 2**30,
                before=["prlimit", f"--as={400 << 20}"]) as server:
        wide = np.zeros((1, 16, 16, 3), np.float32)
        size = 300 << 20
        answer = rest(raw(server, head(size).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b" " * size))
        assert b" 503 " in answer and b"out of memory" in answer
        assert wide.nbytes and is_well(server, wanted)
