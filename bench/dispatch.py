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
sys.path[:0] = [str(ROOT / "tests" / "python")]

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

    def __init__(self, library, data, threads):
        self.library, self.data = library, data
        for name in ("ModelCreate", "InterpreterOptionsCreate", "InterpreterCreate"):
            getattr(library, "TfLite" + name).restype = ctypes.c_void_p
        self.model = ctypes.c_void_p(library.TfLiteModelCreate(data, ctypes.c_size_t(len(data))))
        options = ctypes.c_void_p(library.TfLiteInterpreterOptionsCreate())
        library.TfLiteInterpreterOptionsSetNumThreads(options, threads)
        self.handle = ctypes.c_void_p(library.TfLiteInterpreterCreate(self.model, options))
        if library.TfLiteInterpreterAllocateTensors(self.handle) != 0:
            raise RuntimeError("cannot allocate")
        self.invoke = library.TfLiteInterpreterInvoke

    def close(self):
        self.library.TfLiteInterpreterDelete(self.handle)


class Native:
    def __init__(self, library, data, threads):
        self.interpreter = plait_c.Interpreter(threads=threads)
        self.model = self.interpreter.load(data, "model")
        self.interpreter.allocate()
        self.handle, self.invoke = self.model.handle, library.plait_invoke

    def close(self):
        self.interpreter.close()


def time_of(measure, interface, library, data, threads):
    opened = interface(library, data, threads)
    pointer = ctypes.cast(opened.invoke, ctypes.c_void_p)
    handle = ctypes.c_void_p(getattr(opened.handle, "value", opened.handle))
    found = measure.fastest_call(pointer, handle, CALLS, ctypes.c_double(SECONDS))
    opened.close()
    if found < 0:
        raise RuntimeError("cannot invoke")
    return found


def main():
    parser = argparse.ArgumentParser(prog="bench/dispatch", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2])
    arguments = parser.parse_args()
    library = ctypes.CDLL(str(plait_c.library_path()))
    measure = ctypes.CDLL(str(ROOT / ".cache" / "dispatch.so"))
    measure.fastest_call.restype = ctypes.c_double
    print("| operator | threads | interface | one, ns | each further, ns |\n|---|---|---|---|---|")
    for name, make in KINDS.items():
        for threads in arguments.threads:
            for interface in (Native, Compat):
                one = time_of(measure, interface, library, make(1), threads)
                many = time_of(measure, interface, library, make(CHAIN), threads)
                called = "plait_invoke" if interface is Native else "TfLiteInterpreterInvoke"
                print(f"| {name} | {threads} | {called} | {one:.0f} | {(many - one) / (CHAIN - 1):.0f} |", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
