# SPDX-License-Identifier: Apache-2.0
"""Three servers behind nginx, configured as deploy/nginx/plait.conf is, of which one after the other is killed, or ended, and
started again under load: every answer is right, and nobody notices."""
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import numpy as np
import pytest

import tiny
from fault_server import LONG, REQUEST, VALUES, wait_until
from plait_server import MODELS, ROOT, Server, binary_input

NGINX = next(filter(None, (shutil.which("nginx", path=path) for path in (
    ROOT / ".cache/nginx/usr/sbin", None, "/usr/sbin:/usr/local/sbin"))), None)
SECONDS, EVERY = (60, 5) if LONG else (8, 1)
NUMBERS = {"inputs": [{"name": "t0", "datatype": "INT32", "shape": [1], "data": [0]}]}
COUNT = 100_000


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Nginx:
    """The documented configuration, with other ports and places."""

    def __init__(self, folder, port, ports):
        text = (ROOT / "deploy/nginx/plait.conf").read_text()
        for old, new in zip(("8000", "8001", "8002", "8003"), (port, *ports)):
            assert f"127.0.0.1:{old}" in text
            text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
        self.access = folder / "access.log"
        (folder / "plait.conf").write_text(text.replace("/var/log/nginx/plait.log", str(self.access)))
        places = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user}daemon off;\nworker_processes 2;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{ worker_connections 512; }}\n"
            f"http {{\n{places}    include {folder}/plait.conf;\n}}\n")
        self.errors = folder / "error.log"
        self.port = port
        self.process = subprocess.Popen([NGINX, "-e", self.errors, "-p", folder, "-c", folder / "nginx.conf"])
        wait_until(self.is_there)

    def is_there(self):
        assert self.process.poll() is None, self.errors.read_text()
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0

    def asked_again(self):
        """How many requests went to another server when one had died with them."""
        return len(re.findall(r'upstream="[^"]*, ', self.access.read_text()))


class Client(Server):
    """Talks to what runs already."""

    def __init__(self, port):
        self.host, self.port = "127.0.0.1", port


def ask_until(done, client, wanted, answered, wrong):
    connection = None
    while not done.is_set():
        for model, document, binary in (("quick", REQUEST, VALUES.tobytes()), ("loop", NUMBERS, b"")):
            connection = connection or client.connect()
            try:
                answer = client.infer(model, document, binary, connection=connection, check=False)
            except OSError as error:
                wrong.append((time.monotonic(), model, repr(error)))
                connection = None
                continue
            if answer.status == 200 and wanted[model] == (answer.binary if binary else answer.json["outputs"]):
                answered.append(model)
            else:
                wrong.append((time.monotonic(), model, answer.status, answer.body[:200]))


@pytest.mark.skipif(NGINX is None, reason="nginx is not there (scripts/setup.sh: need_nginx)")
def test_one_of_three_is_killed(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "quick.tflite").write_bytes((MODELS / "dynamic_batch_fp32.tflite").read_bytes())
    (models / "loop.tflite").write_bytes(tiny.counting_loop(COUNT))
    port, *ports = free_ports(4)
    servers = [Server("--repository", models, "--port", number) for number in ports]
    nginx = Nginx(tmp_path, port, ports)
    try:
        client = Client(port)
        wanted = {"quick": servers[0].infer("quick", REQUEST, VALUES.tobytes()).binary,
                  "loop": servers[0].infer("loop", NUMBERS).json["outputs"]}
        assert wanted["loop"][0]["data"] == [COUNT]
        done, answered, wrong = threading.Event(), [], []
        threads = [threading.Thread(target=ask_until, args=[done, client, wanted, answered, wrong]) for _ in range(8)]
        for thread in threads:
            thread.start()
        began, turn = time.monotonic(), 0
        while time.monotonic() - began < SECONDS:
            place = turn % 3
            time.sleep(EVERY / 2)
            how = signal.SIGTERM if turn % 4 == 3 else signal.SIGKILL
            servers[place].process.send_signal(how)
            code = servers[place].process.wait(60)
            assert code == (0 if how == signal.SIGTERM else -signal.SIGKILL)
            time.sleep(EVERY / 2)
            servers[place] = Server("--repository", models, "--port", ports[place])
            turn += 1
        done.set()
        for thread in threads:
            thread.join(60)
        again = nginx.asked_again()
        print(f"{len(answered)} answers in {SECONDS} s, {turn} servers ended, {again} requests asked again, {len(wrong)} failed")
        assert wrong == [] and answered.count("quick") > 50 and answered.count("loop") > 50
        assert again > 0, "no request was in flight on a server that was killed: nothing was tested"
        assert client.get("/metrics", check=False).status == 404
    finally:
        done.set()
        nginx.end()
        for server in servers:
            server.__exit__(None)
