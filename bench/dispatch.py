#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an invocation and an operator cost beyond their arithmetic.

    bench/dispatch [--threads N,...]

Models of tiny operators that are made on the spot: one, and chains of many; the difference over the number of operators
is what one more takes. The same through TensorFlow Lite's C API. The WHILE loops count an iteration as one.
"""
import argparse
import ctypes
import os
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("python", "dropin")]

import capi  # noqa: E402
import measured  # noqa: E402
import plait_c  # noqa: E402
import tiny  # noqa: E402
from ai_edge_litert import schema_py_generated as schema  # noqa: E402

CHAIN, CALLS, SECONDS = 256, 200, 0.25


def chain(count, step, dtype, shape, quantization=None):
    """count operators, each made by step(graph, input, output) on tensors of this kind."""
    graph = tiny.Graph()
    first = last = graph.tensor(dtype, shape, quantization)
    for _ in range(count):
        made = graph.tensor(dtype, shape, quantization)
        step(graph, last, made)
        last = made
    return graph.build([first], [last])


def add(graph, source, target):
    graph.op("ADD", [source, source], [target], schema.AddOptionsT())


def logistic(graph, source, target):
    graph.op("LOGISTIC", [source], [target])


def dense(graph, source, target):
    weights = graph.tensor(np.int8, [8, 8], (0.5, 0), data=np.eye(8, dtype=np.int8))
    bias = graph.tensor(np.int32, [8], (0.25, 0), data=np.zeros(8, np.int32))
    graph.op("FULLY_CONNECTED", [source, weights, bias], [target], schema.FullyConnectedOptionsT())


KINDS = {
    "ADD float32 [4]": lambda count: chain(count, add, np.float32, [1, 4]),
    "ADD int8 [4]": lambda count: chain(count, add, np.int8, [1, 4], (0.5, 0)),
    "LOGISTIC float32 [4]": lambda count: chain(count, logistic, np.float32, [1, 4]),
    "FULLY_CONNECTED int8 8x8": lambda count: chain(count, dense, np.int8, [1, 8], (0.5, 0)),
    "WHILE, an iteration": tiny.counting_loop,
}


class Compat:
    """The same file through TensorFlow Lite's C API."""
    called = "TfLiteInterpreterInvoke"

    def __init__(self, data, threads):
        self.library, self.data = capi.Library(plait_c.library_path()), data
        self.handle = self.library.open(data, SetNumThreads=(threads,))
        self.invoke = self.library.TfLiteInterpreterInvoke

    def close(self):
        self.library.TfLiteInterpreterDelete(self.handle)


class Native:
    called = "plait_invoke"

    def __init__(self, data, threads):
        self.interpreter = plait_c.Interpreter(threads=threads)
        self.model = self.interpreter.load(data, "model")
        self.interpreter.allocate()
        self.handle, self.invoke = self.model.handle, plait_c.api().invoke

    def close(self):
        self.interpreter.close()


def time_of(interface, data, threads):
    opened = interface(data, threads)
    found = measured.library().fastest_call(measured.pointer(opened.invoke), ctypes.c_void_p(opened.handle), CALLS,
                                            ctypes.c_double(SECONDS))
    opened.close()
    if found < 0:
        raise RuntimeError("cannot invoke")
    return found


def main():
    parser = argparse.ArgumentParser(prog="bench/dispatch", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2])
    arguments = parser.parse_args()
    print("| operator | threads | interface | one, ns | each further, ns |\n|---|---|---|---|---|")
    for name, make in KINDS.items():
        for threads in arguments.threads:
            for interface in (Native, Compat):
                one, many = (time_of(interface, make(count), threads) for count in (1, CHAIN))
                print(f"| {name} | {threads} | {interface.called} | {one:.0f} | {(many - one) / (CHAIN - 1):.0f} |", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
