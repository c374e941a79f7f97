# SPDX-License-Identifier: Apache-2.0
"""plait health: 0 where a server is ready, else 1 and why."""
import socket
import subprocess
import threading

import pytest

from plait_server import MODELS, Server, program


def health(*arguments):
    return subprocess.run([program(), "health", *map(str, arguments)], capture_output=True, text=True, timeout=30)


@pytest.fixture
def answers():
    """A server that answers with these bytes, then closes, or never with None: its port."""
    opened = []

    def start(data):
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)

        def serve():
            connection, _ = listener.accept()
            opened.append(connection)
            if data is not None:
                connection.recv(1000)
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]
    yield start
    for one in opened:
        one.close()


def test_ready():
    with Server(MODELS / "digits_whole_int8.tflite") as server:
        done = health("--port", server.port)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


@pytest.mark.parametrize("address", ["::1", "0.0.0.0"])
def test_other_addresses(address):
    with Server(MODELS / "digits_whole_int8.tflite", "--bind", "::1" if ":" in address else "127.0.0.1") as server:
        assert health("--port", server.port, "--bind", address).returncode == 0


@pytest.mark.parametrize("data, why", [
    (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "not ready: it answers 503"),
    (b"HTTP/1.1 2000 What\r\n\r\n", "Protocol error"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "Protocol error"),
    (b"", "Protocol error"),
    (None, "no answer in time"),
])
def test_not_ready(answers, data, why):
    done = health("--port", answers(data), "--seconds", "0.2" if data is None else "10")
    assert done.returncode == 1 and why in done.stderr, done.stderr


def test_nobody():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = health("--port", port)
    assert done.returncode == 1 and done.stderr == f"plait: health: 127.0.0.1, port {port}: Connection refused\n"


@pytest.mark.parametrize("arguments, why", [
    (["--bind", "localhost"], "--bind: localhost is no address; names are not looked up"),
    (["--port", "0"], "--port"), (["model.tflite"], "what is model.tflite?")])
def test_bad_use(arguments, why):
    done = health(*arguments)
    assert done.returncode == 1 and why in done.stderr
