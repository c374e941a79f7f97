# SPDX-License-Identifier: Apache-2.0
"""Dense layers on windows, whose sums begin before all rows are there: the bits are those of each window by itself."""
import os

import numpy as np
import pytest

import plait_c
import streamed
import tiny

COUNT = 400 if os.environ.get("PLAIT_LONG") else 60
FEW, MANY = 100, 20000  # weights: too few for it to be worth anything, and enough


class Head:
    """[1, rows, size] under a dense layer that is all of the window, with or without something between."""

    def __init__(self, random, least_weights=MANY):
        self.rows, self.size = int(random.integers(2, 24)), int(random.integers(1, 100))
        self.depth = self.rows * self.size
        outputs = max(1, -(-least_weights // self.depth) + int(random.integers(0, 40)))
        graph, shape = tiny.Graph(), [1, self.rows, self.size]
        x, y = graph.tensor(np.float32, shape), graph.tensor(np.float32, [1, outputs])
        self.before = before = int(random.integers(0, 3))
        source = x
        if before == 1:
            source = graph.tensor(np.float32, [1, self.depth])
            to = graph.tensor(np.int32, [2], data=np.int32([1, self.depth]))
            graph.op("RESHAPE", [x, to], [source], tiny.schema.ReshapeOptionsT())
        elif before == 2:
            source = graph.tensor(np.float32, shape)
            graph.op("RELU", [x], [source])
        weights, bias = (graph.tensor(np.float32, of, data=random.standard_normal(of).astype(np.float32))
                         for of in ([outputs, self.depth], [outputs]))
        options = tiny.schema.FullyConnectedOptionsT()
        options.fusedActivationFunction = int(random.integers(0, 2))
        inputs = [source, weights, bias] if random.integers(0, 2) else [source, weights]
        graph.op("FULLY_CONNECTED", inputs, [y], options)
        self.outputs, self.file = outputs, graph.build([x], [y])

    def windows(self, rows, hop):
        """What each gives by itself."""
        with plait_c.Interpreter() as interpreter:
            model = interpreter.load(self.file, "model")
            interpreter.allocate()
            return [model([rows[None, end - self.rows:end]])[0].tobytes() for end in range(self.rows, len(rows) + 1, hop)]


class Stream:
    def __init__(self, head, hop, threads=1):
        self.head, self.found, self.interpreter = head, [], plait_c.Interpreter(threads=threads)
        self.model = self.interpreter.load(head.file, "model")
        self.begin(hop)

    def begin(self, hop):
        self.interpreter.stream("model", "", hop=hop, axis=1)
        self.interpreter.allocate()
        self.model.on_run(lambda: self.found.append(self.model.outputs()[0].read().tobytes()))

    def change(self, hop):
        self.interpreter.check(plait_c.api().unlink(self.interpreter.handle, b"model", b""))
        self.begin(hop)

    def feed(self, rows):
        self.found.clear()
        self.model.inputs()[0].push(np.ascontiguousarray(rows))
        return list(self.found)


def rows_of(random, head, count, special=False):
    rows = random.standard_normal([count, head.size]).astype(np.float32)
    if special:
        for value in (np.nan, np.inf, -np.inf, -0.0, 1e-42):
            rows[random.integers(0, count), random.integers(0, head.size)] = value
        rows[random.integers(0, count)] = -0.0
    return rows


def test_random_heads():
    ahead = 0
    for seed in range(COUNT):
        random = np.random.default_rng(seed)
        head = Head(random)
        hop = int(random.choice([1, 1, 2, 3, max(1, head.rows // 2), head.rows - 1]))
        rows = rows_of(random, head, 2 * head.rows + 9 * hop, special=seed % 3 == 0)
        stream = Stream(head, hop, 1 + seed % 2)
        with stream.interpreter:
            # The input once more, and the sums of up to three windows.
            ahead += stream.model.memory().state_bytes > 4 * (2 * head.depth + head.outputs)
            for _ in range(2):
                stream.model.reset()
                assert stream.feed(rows) == head.windows(rows, hop), seed
                stream.model.reset()
    assert ahead > COUNT * 0.8


def test_another_window_is_no_continuation():
    """In the middle of sums that were begun: a reset and other rows, a new link and other rows, another hop and rows that are
    all alike."""
    for seed in range(8):
        random = np.random.default_rng(seed)
        head = Head(random)
        hops = (1, 2) if seed % 2 else (2, 1)
        alike = np.ones([3 * head.rows, head.size], np.float32)
        stream = Stream(head, hops[0])
        with stream.interpreter:
            for extra in range(4):
                stream.feed(rows_of(random, head, head.rows + extra * hops[0]))
                begin_anew = stream.model.reset if extra % 2 else lambda: stream.change(hops[0])
                begin_anew()
                rows = rows_of(random, head, 2 * head.rows)
                assert stream.feed(rows) == head.windows(rows, hops[0]), (seed, extra)
                stream.model.reset()
                stream.feed(alike[:head.rows + extra * hops[0]])
                stream.change(hops[1])
                assert set(stream.feed(alike)) == set(head.windows(alike[:head.rows], 1)), (seed, extra)
                stream.change(hops[0])
                stream.model.reset()


def test_few_weights_do_without():
    random = np.random.default_rng(3)
    head = Head(random, FEW)
    while head.depth * head.outputs > 16 * 1024:
        head = Head(random, FEW)
    stream = Stream(head, 1)
    with stream.interpreter:
        rows = rows_of(random, head, 3 * head.rows)
        assert stream.feed(rows) == head.windows(rows, 1)
        assert stream.model.memory().state_bytes < 4 * (2 * head.depth + head.size) + 3 * 64
