# SPDX-License-Identifier: Apache-2.0
"""Random networks over random windows: what is computed by reusing rows has the bits of computing every window whole.

    python tests/windows/streamed.py [--seed N] [--count N] [--show] [--stop]

The exit code is 1 if a bit differs; --stop ends there."""
import argparse
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]
import plait_c  # noqa: E402
import tiny  # noqa: E402
from random_network import FLOAT, Network  # noqa: E402


def whole_windows(network, rows, hop):
    """The outputs for every window, each computed by itself."""
    size = network.shape[network.window_axis]
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(network.file, "model")
        interpreter.allocate()
        return [model([network.window(rows[end - size:end])]) for end in range(size, len(rows) + 1, hop)]


class Streamed:
    """The network with its window pushed, or linked from a model that gives `given` rows at a time."""

    def __init__(self, network, hop, zeros, given):
        self.network, self.given, self.found = network, given, []
        self.interpreter = plait_c.Interpreter(threads=1 + network.integer(0, 1))
        self.model = self.interpreter.load(network.file, "model")
        options = {"hop": hop, "axis": network.window_axis, "zero_rows": zeros}
        if given:
            quantization = None if network.dtype == FLOAT else network.values[0][2]
            shape = [given, int(np.prod(network.shape)) // network.shape[network.window_axis]]
            self.producer = self.interpreter.load(same(network.dtype, shape, quantization), "producer")
            self.interpreter.link("producer", "", "model", "", **options)
        else:
            self.interpreter.stream("model", "", **options)
        self.interpreter.allocate()
        self.model.on_run(lambda: self.found.append([output.read() for output in self.model.outputs()]))

    def feed(self, rows):
        if not self.given:
            at = 0
            while at < len(rows):
                count = self.network.integer(1, 9)
                self.model.inputs()[0].push(rows[at:at + count])
                at += count
            return
        for at in range(0, len(rows), self.given):
            self.producer.inputs()[0].write(rows[at:at + self.given].reshape(self.producer.inputs()[0].shape))
            self.producer.run()

    def reused(self):
        found = [self.model.reuse(k) for k in range(len(self.model.operators()))]
        return sum(1 for one in found if one is not None and one[0] > 0)


def same(dtype, shape, quantization):
    """A model whose output is its input."""
    graph = tiny.Graph()
    x, y = (graph.tensor(dtype, shape, quantization, name=name) for name in "xy")
    to = graph.tensor(np.int32, [2], data=np.int32(shape))
    graph.op("RESHAPE", [x, to], [y], tiny.schema.ReshapeOptionsT())
    return graph.build([x], [y])


def check(seed, show=False):
    """What is wrong, None if nothing is; and how many operators were reused."""
    network = Network(seed)
    size = network.shape[network.window_axis]
    hop = network.one([1, 1, 2, 2, 4, 8, network.integer(1, size), network.integer(size, size + 3)])
    zeros = network.one([0, 0, network.integer(1, 2 * size)])
    given = network.one([0, network.integer(1, 12)])
    count = 2 * size + 5 * hop + 3
    if given:
        count -= count % given
    rows = network.rows(count)
    zero = 0 if network.dtype == FLOAT else network.values[0][2][1]
    before = np.full([zeros, *rows.shape[1:]], zero, rows.dtype)
    wanted = whole_windows(network, np.concatenate([before, rows]), hop)
    streamed = Streamed(network, hop, zeros, given)
    with streamed.interpreter:
        reused = streamed.reused()
        for turn in range(2):
            streamed.found.clear()
            streamed.feed(rows)
            if show:
                print(f"seed {seed}: {network.dtype} {network.shape} axis {network.window_axis} hop {hop} zeros {zeros} "
                      f"given {given}: {len(wanted)} windows, {reused} operators reused")
                for k, op in enumerate(streamed.model.operators()):
                    print("   ", op.name.decode(), streamed.model.reuse(k))
            if len(streamed.found) != len(wanted):
                return f"seed {seed}: {len(streamed.found)} windows, expected {len(wanted)}", reused
            for window, (a, b) in enumerate(zip(streamed.found, wanted)):
                for output, (x, y) in enumerate(zip(a, b, strict=True)):
                    if x.tobytes() != y.tobytes():
                        return f"seed {seed}: turn {turn}, window {window}, output {output} differs", reused
            streamed.model.reset()
    return None, reused


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--stop", action="store_true")
    arguments = parser.parse_args()
    wrong = reused = 0
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        problem, count = check(seed, arguments.show)
        reused += count
        if problem:
            wrong += 1
            print(problem)
            if arguments.stop:
                return 1
    print(f"{arguments.count} networks, {reused} operators reused, {wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
