# SPDX-License-Identifier: Apache-2.0
"""plait serve for tests: a process of its own, requests by hand, and each answer held against the OpenAPI description.

The program is $PLAIT_PROGRAM, else the first that is built; a variant (asan, tsan) is that build's.
"""
import http.client
import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests" / "models"
OPENAPI = json.loads((ROOT / "server" / "openapi.json").read_text())


def program(variant=None):
    places = [ROOT / "out/bin/plait", ROOT / "build/release/plait", ROOT / "build/dev/plait"]
    if variant:
        places = [ROOT / "build" / variant / "plait"]
    elif "PLAIT_PROGRAM" in os.environ:
        places = [Path(os.environ["PLAIT_PROGRAM"])]
    for place in places:
        if place.exists():
            return place.resolve()
    pytest.skip("the program is not built")


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        length = self.headers.get("inference-header-content-length")
        return json.loads(self.body[:int(length)] if length else self.body)

    @property
    def binary(self):
        return self.body[int(self.headers["inference-header-content-length"]):]

    @property
    def error(self):
        return self.json["error"]


def described(method, path):
    """The description of an operation, None where the path or the method is none of it."""
    method = "GET" if method == "HEAD" else method
    fixed = [name for name in OPENAPI["paths"] if "{" not in name]
    for name in fixed + [name for name in OPENAPI["paths"] if "{" in name]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", name) + "/?", path):
            return OPENAPI["paths"][name].get(method.lower())
    return None


def resolve(item):
    while "$ref" in item:
        target = OPENAPI
        for part in item["$ref"].split("/")[1:]:
            target = target[part]
        item = target
    return item


def check_answer(method, path, answer):
    """The answer is one that the description has: its status, headers, content type and body."""
    operation = described(method, path.split("?")[0])
    if operation is None:
        assert answer.status in (401, 404, 405, 413, 415), (method, path, answer.status, answer.body)
        schema = OPENAPI["components"]["schemas"]["Error"]
    else:
        assert str(answer.status) in operation["responses"], f"{method} {path}: {answer.status} is not described"
        response = resolve(operation["responses"][str(answer.status)])
        if "content" not in response:
            assert answer.body == b"" and all(name.lower() in answer.headers for name in response.get("headers", {}))
            return
        kind = answer.headers["content-type"].split(";")[0]
        assert kind in response["content"], f"{method} {path}: {kind} is not described"
        for name in response.get("headers", {}):
            needed = name != "Inference-Header-Content-Length" or kind == "application/octet-stream"
            assert (name.lower() in answer.headers) == needed or answer.status == 503, (path, name)
        schema = response["content"][kind]["schema"]
        if kind == "application/octet-stream":
            schema = OPENAPI["components"]["schemas"]["InferResponse"]
        elif kind != "application/json":
            return
    if method != "HEAD":
        jsonschema.validate(answer.json, {**schema, "components": OPENAPI["components"]})


class Server:
    """with Server(path, "--port", ...) as server: server.get("/v2"); `before` goes before the program,
    `command` is started in the place of its serve on a free port."""

    def __init__(self, *arguments, variant=None, wait=True, before=(), command=None):
        options = {"ASAN_OPTIONS": "detect_leaks=1", "TSAN_OPTIONS": "halt_on_error=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
        command = [*before, *(command or (program(variant), "serve", "--port", "0")), *map(str, arguments)]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **options}, stderr=subprocess.PIPE, text=True)
        self.log, self.url, self.lines = [], None, threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if wait:
            self.wait_for("event=ready|\"event\":\"ready\"")
            self.url = re.search(r"https?://[^\s\"]+", self.log[-1])[0]
            self.host, port = re.fullmatch(r"https?://(.*):(\d+)", self.url).groups()
            self.port = int(port)

    def _read(self):
        for line in self.process.stderr:
            with self.lines:
                self.log.append(line.rstrip("\n"))
                self.lines.notify_all()
        with self.lines:
            self.log.append("end of log")
            self.lines.notify_all()

    def wait_for(self, pattern, seconds=30, count=1):
        """The line of the log that has the pattern, for the count-th time."""
        def found():
            lines = [line for line in self.log if re.search(pattern, line)]
            return lines[count - 1] if len(lines) >= count else None
        with self.lines:
            assert self.lines.wait_for(lambda: found() or "end of log" in self.log, seconds), self.log
        assert found(), "\n".join(self.log)
        return found()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.reader.join(10)
        self.process.stderr.close()
        said = [line for line in self.log if "event=answered" not in line and "event=microhttpd" not in line]
        print("\n".join(said[-100:]))  # pytest shows it where a test fails
        assert kind is not None or code == 0, f"exit code {code}"

    def connect(self, timeout=30):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def call(self, method, path, body=None, headers=None, connection=None, check=True):
        connection = connection or self.connect()
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        if check:
            check_answer(method, path, answer)
        return answer

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def infer(self, model, document, binary=b"", **options):
        """A request with what is binary behind its JSON."""
        body = json.dumps(document).encode()
        headers = dict(options.pop("headers", {}))
        if binary:
            headers.setdefault("Inference-Header-Content-Length", str(len(body)))
        return self.post(f"/v2/models/{model}/infer", body + binary, headers=headers, **options)


def binary_input(name, datatype, array):
    return {"name": name, "datatype": datatype, "shape": list(array.shape),
            "parameters": {"binary_data_size": array.nbytes}}
