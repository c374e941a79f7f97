# SPDX-License-Identifier: Apache-2.0
"""Requests by chance: right ones with the answer they must get, and hostile ones of every kind."""
import copy
import json

import numpy as np

from plait_server import binary_input

SHAPES = {"quick": ("input", "FP32", np.float32, (-1, 16, 16, 3)), "digits": (None, "INT8", np.int8, (1, 8, 8, 1)),
          "chain": ("image", "INT8", np.int8, (1, 8, 8, 1)), "loop": ("t0", "INT32", np.int32, (1,)),
          "moving": ("x", "FP32", np.float32, (3,))}


class Question:
    """A request of a model, with the bytes of all its outputs, as a server gave them that nobody disturbed."""

    def __init__(self, model, name, datatype, values):
        self.model, self.name, self.datatype, self.values = model, name, datatype, values
        self.wanted = None

    def ask(self, server, binary, connection=None, identifier="", check=False):
        if binary:
            given, data = binary_input(self.name, self.datatype, self.values), self.values.tobytes()
        else:
            given, data = {"name": self.name, "datatype": self.datatype, "shape": list(self.values.shape),
                           "data": self.values.ravel().tolist()}, b""
        document = {"id": identifier, "inputs": [given], "parameters": {"binary_data_output": True}}
        return server.infer(self.model, document, data, connection=connection, check=check)


def make_questions(server, rng):
    """Several of each model, answered once."""
    made = []
    for model, (name, datatype, dtype, shape) in SHAPES.items():
        name = name or server.get(f"/v2/models/{model}").json["inputs"][0]["name"]
        for _ in range(6):
            dims = [rng.randrange(1, 5) if size < 0 else size for size in shape]
            made.append(Question(model, name, datatype, np.array([rng.randrange(-99, 99) for _ in range(np.prod(dims))],
                                                                 dtype).reshape(dims)))
            made[-1].wanted = made[-1].ask(server, True, check=True).binary
    return made


def wrong_document(question, rng):
    """What is nearly right, with what is binary of it."""
    document = {"id": "x", "inputs": [binary_input(question.name, question.datatype, question.values)],
                "outputs": [{"name": rng.choice(["logits", "y", "scores", ""]), "parameters": {"binary_data": rng.random() < 0.5,
                                                                                             "classification": rng.choice([1, 0, 2**40, -1, "x"])}}]}
    place = rng.choice([document, document["inputs"][0], document["inputs"][0]["parameters"], document["outputs"][0]])
    key = rng.choice(list(place) or ["x"])
    place[key] = rng.choice([None, 1, -1, 2**31, 2**63 - 1, 0.5, True, "x", "x" * 3000, [], {}, [[]], [{}], [-1], [2**31] * 9,
                             [0, 16, 16, 3], copy.deepcopy(document)])
    return document


def scratch(text, rng):
    """A few of its bytes are others."""
    text = bytearray(text)
    for _ in range(rng.choice([0, 0, 1, 3, 30])):
        text[rng.randrange(len(text))] = rng.randrange(256)
    return bytes(text)


def hostile_inference(question, rng):
    """Wrong fields, wrong bytes, and lengths that are not those of what comes."""
    text = scratch(json.dumps(wrong_document(question, rng)).encode(), rng)
    data = question.values.tobytes()
    body = text + data[:rng.choice([0, 1, len(data), len(data)])] + b"x" * rng.choice([0, 0, 0, 7])
    length = rng.choice([len(text)] * 3 + [0, 1, len(text) - 1, len(text) + 1, len(body) + 1, 2**31, 2**64, -1, "x", ""])
    claimed = rng.choice([len(body)] * 6 + [len(body) + 1, len(body) + 5000, max(0, len(body) - 9), 2**31, 2**63, 10**30, -1, "x"])
    head = (f"POST /v2/models/{question.model}/infer HTTP/1.1\r\nHost: x\r\nContent-Length: {claimed}\r\n"
            f"Inference-Header-Content-Length: {length}\r\n\r\n")
    return head.encode() + body


def hostile_chunks(question, rng):
    """A body in pieces whose sizes are true or not."""
    data = json.dumps(wrong_document(question, rng)).encode() + question.values.tobytes()
    pieces = [f"POST /v2/models/{question.model}/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()]
    while data and len(pieces) < 20:
        size = rng.randrange(1, 400)
        claimed = rng.choice([min(size, len(data))] * 20 + [0, 1, size + 1, 2**40])
        pieces.append(f"{claimed:x}\r\n".encode() + data[:size] + b"\r\n")
        data = data[size:]
    return b"".join(pieces) + rng.choice([b"0\r\n\r\n", b"", b"-1\r\n\r\n", b"zz\r\n"])


def hostile_head(_, rng):
    """Heads that are too long, have bytes of all kinds, or are none."""
    method = rng.choice([b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"PRI * HTTP/2.0", b"", bytes(rng.randrange(256) for _ in range(5))])
    path = rng.choice([b"/", b"/v2", b"/metrics", b"/v2/models/stats", b"/v2/models/quick", b"/v2/models/" + b"%ff" * rng.randrange(300),
                       b"/v2/models/quick/infer", b"/v2/../../etc/passwd", b"/v2/models/..%2f..%2fx/ready", b"*", b"/v2/openapi.json",
                       b"/v2/repository/index", b"/v2/repository/models/%00/load", b"http://x/v2"])
    version = rng.choice([b"HTTP/1.1"] * 5 + [b"HTTP/1.0", b"HTTP/9.9", b"", b"http/1.1"])
    fields = [rng.choice([b"Host: x", b"Host: x", b"X: " + b"y" * rng.choice([1, 100, 40000]), b"Content-Length: 3", b"Expect: 100-continue",
                          b"Content-Encoding: gzip", b"Connection: upgrade", b": ", b"\0", b"Authorization: Bearer " + bytes(rng.randrange(1, 256) for _ in range(9)),
                          b"Transfer-Encoding: gzip"]) for _ in range(rng.randrange(5))]
    return method + b" " + path + b" " + version + b"\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def hostile_bytes(_, rng):
    return bytes(rng.randrange(256) for _ in range(rng.choice([0, 1, 100, 3000])))


def hostile(questions, rng):
    """One of them, sometimes only its beginning, sometimes with another behind it."""
    make = rng.choice([hostile_inference] * 4 + [hostile_chunks, hostile_head, hostile_head, hostile_bytes])
    data = make(rng.choice(questions), rng)
    if rng.random() < 0.15:
        data = data[:rng.randrange(len(data) + 1)]
    if rng.random() < 0.1:
        data += hostile_head(None, rng)
    return data
