# SPDX-License-Identifier: Apache-2.0
"""Eight clients at once, with requests that are right and hostile ones by turns, while a model is loaded, unloaded, replaced and
broken: what is right gets the right bits, what is not an answer that is described, and nothing is left when they have gone.

Under AddressSanitizer, and under ThreadSanitizer where scripts/test says so; ten minutes each in scripts/test-long."""
import json
import random
import socket
import struct
import threading
import time

import pytest

import tiny
from fault_server import LONG, VARIANTS, metric, wait_until
from plait_server import MODELS, Server
from random_requests import hostile, make_questions
from served_models import CHAIN
from test_repository import scaled

SECONDS = 600 if LONG else 10
CLIENTS = 8
DESCRIBED = {200, 400, 401, 404, 405, 413, 414, 415, 417, 429, 431, 501, 503, 505}


class Clients:
    """What all of them share: the server, what is right, and what was found."""

    def __init__(self, server, folder, questions):
        self.server, self.folder, self.questions = server, folder, questions
        self.still = [question for question in questions if question.model != "moving"]
        self.end = time.monotonic() + SECONDS
        self.wrong, self.counts = [], {"right": 0, "hostile": 0, "answered": 0, "changes": 0, "moving": 0}
        self.lock = threading.Lock()

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def complain(self, *what):
        with self.lock:
            self.wrong.append(what)

    def work(self, number):
        rng, connection = random.Random(number), None
        while time.monotonic() < self.end and len(self.wrong) < 10:
            try:
                if rng.random() < 0.5:
                    connection = connection or self.server.connect()
                    self.ask(rng.choice(self.questions), rng, connection)
                    if rng.random() < 0.05:
                        connection.close()
                        connection = None
                elif number == 0 and rng.random() < 0.2:
                    self.change(rng)
                else:
                    self.attack(hostile(self.still, rng), rng)
            except Exception as error:  # of any kind: nothing of it may happen
                self.complain(repr(error))
                connection = None
        if connection is not None:
            connection.close()

    def ask(self, question, rng, connection):
        answer = question.ask(self.server, rng.random() < 0.7, connection, f"{rng.random()}")
        if question.model == "moving":
            self.count("moving")
            if answer.status == 404:
                return
            three_times = [struct.pack("3f", *(factor * question.values).tolist()) for factor in (2, 3)]
            if answer.status != 200 or answer.binary not in three_times:
                self.complain("moving", answer.status, answer.body[:300])
            return
        self.count("right")
        if answer.status != 200 or answer.binary != question.wanted:
            self.complain(question.model, answer.status, answer.body[:300])

    def change(self, rng):
        """Another file under a model, a broken one, or none at all."""
        path = self.folder / "moving.tflite"
        new = self.folder / ".new"
        new.write_bytes(rng.choice([scaled(2), scaled(3), scaled(2)[:rng.randrange(900)], b""]))
        new.replace(path)
        answer = self.server.post(f"/v2/repository/models/moving/{rng.choice(['load', 'load', 'unload'])}")
        self.count("changes")
        if answer.status not in (200, 400):
            self.complain("change", answer.status, answer.body)

    def attack(self, data, rng):
        """Sends it at once, in pieces or slowly, and listens, hangs up, or resets."""
        self.count("hostile")
        with socket.create_connection((self.server.host, self.server.port), timeout=10) as connected:
            try:
                while data and rng.random() < 0.3:
                    size = rng.randrange(1, len(data) + 1)
                    connected.sendall(data[:size])
                    data = data[size:]
                    time.sleep(rng.random() * 0.01)
                connected.sendall(data)
                if rng.random() < 0.2:
                    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                if rng.random() < 0.5:
                    connected.shutdown(socket.SHUT_WR)
                connected.settimeout(rng.choice([0.05, 0.3]))
                self.judge(connected.recv(65536))
            except OSError:  # it was closed or reset, or says nothing
                pass

    def judge(self, answer):
        if not answer:
            return
        self.count("answered")
        status = answer.split(b" ", 2)[1:2]
        if not answer.startswith(b"HTTP/1.") or not status[0].isdigit() or int(status[0]) not in DESCRIBED | {100}:
            self.complain("an answer that is not described", answer[:500])
        elif status[0] == b"503" and b"Retry-After" not in answer:
            self.complain("503 for good", answer[:500])


@pytest.mark.parametrize("variant", VARIANTS or [None])
def test_random_clients(tmp_path, variant):
    (tmp_path / "moving.tflite").write_bytes(scaled(2))
    (tmp_path / "loop.tflite").write_bytes(tiny.counting_loop(300))
    for name, file in (("quick", "dynamic_batch_fp32"), ("digits", "digits_whole_int8")):
        (tmp_path / f"{name}.tflite").write_bytes((MODELS / f"{file}.tflite").read_bytes())
    pipeline = {**CHAIN, "models": {name: str(MODELS / path) for name, path in CHAIN["models"].items()}}
    (tmp_path / "chain.json").write_text(json.dumps(pipeline))
    options = ["--repository", tmp_path, "--idle-seconds", 20, "--transfer-seconds", 3, "--watch", 0.3, "--body-limit", 2**20,
               "--batch", "digits=8", "--batch-delay", "digits=300"]
    with Server("--repository", tmp_path) as undisturbed:
        questions = make_questions(undisturbed, random.Random(1))
    with Server(*options, "--log", "requests", variant=variant) as server:
        clients = Clients(server, tmp_path, questions)
        threads = [threading.Thread(target=clients.work, args=[number]) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"{variant}: {clients.counts} in {SECONDS} s, {len(clients.wrong)} wrong")
        assert clients.wrong == []
        assert min(clients.counts.values()) > SECONDS / 5
        batches = server.get("/v2/models/digits/stats").json["model_stats"][0]["batch_stats"]
        assert max(batch["batch_size"] for batch in batches) > 1
        wait_until(lambda: metric(server, "plait_connections ") <= 1)
        assert metric(server, "plait_body_bytes") == 0 and metric(server, "plait_queue_requests") == 0
