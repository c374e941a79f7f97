#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a call costs besides computing: set_tensor, invoke and get_tensor of a tiny model, through TensorFlow Lite's
Python and C APIs, plait beside LiteRT and TensorFlow Lite's own C library.

    .cache/venv/bin/python bench/overhead.py [--seconds S]

All take turns in one process; each number is the fastest of its turns, in nanoseconds per call, and the ratio is the
median over the turns of the other's time to plait's. Needs the package in .cache/package (scripts/test unpacks it), and
for the C API out/lib and the wheel pyopen-wakeword, which brings TensorFlow Lite's library.
"""
import argparse
import ctypes
import functools
import importlib
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("python", "dropin")] + [str(ROOT / ".cache" / "package")]

import numpy as np  # noqa: E402
from ai_edge_litert import interpreter as litert  # noqa: E402

import capi  # noqa: E402
import measured  # noqa: E402
import tiny  # noqa: E402
import turns  # noqa: E402

plait = importlib.import_module("plait")
KINDS = {"XNNPACK": litert.OpResolverType.AUTO, "reference": litert.OpResolverType.BUILTIN_REF}


def steps_of(interpreter):
    """What is timed of an interpreter, by name."""
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    source, result = detail["index"], interpreter.get_output_details()[0]["index"]
    value = np.ones(detail["shape"], detail["dtype"])

    def set_tensor(count):
        for _ in range(count):
            interpreter.set_tensor(source, value)

    def invoke(count):
        for _ in range(count):
            interpreter.invoke()

    def get_tensor(count):
        for _ in range(count):
            interpreter.get_tensor(result)

    def all_three(count):
        for _ in range(count):
            interpreter.set_tensor(source, value)
            interpreter.invoke()
            interpreter.get_tensor(result)
    return {"set_tensor": set_tensor, "invoke": invoke, "get_tensor": get_tensor, "all three": all_three}


def take_turns(calls, seconds, count=2000):
    """{name: [nanoseconds per call of each turn]}"""
    times = turns.in_process([functools.partial(call, count) for call in calls.values()], seconds)
    return {name: [1e9 * taken / count for taken in found] for name, found in zip(calls, times)}


def report(what, times, rivals):
    ratios = (statistics.median(a / b for a, b in zip(times[rival], times["plait"])) for rival in rivals)
    print(f"{what:<24}" + "".join(f"{name} {min(found):>7.0f} ns   " for name, found in times.items()) + "ratio " +
          ", ".join(f"{ratio:.2f}" for ratio in ratios))


def compare_python(content, seconds):
    interpreters = {"plait": plait.Interpreter(model_content=content)}
    for name, kind in KINDS.items():
        interpreters[name] = litert.Interpreter(model_content=content, experimental_op_resolver_type=kind)
    steps = {name: steps_of(interpreter) for name, interpreter in interpreters.items()}
    for step in steps["plait"]:
        report(f"Python {step}", take_turns({name: calls[step] for name, calls in steps.items()}, seconds), KINDS)


class CallRound(ctypes.Structure):
    """As measure.c has it."""
    _fields_ = [(name, ctypes.c_void_p) for name in ("copy_in", "invoke", "copy_out", "interpreter", "input", "output")]


def c_turn(path, content):
    """A function that does so many rounds of copy in, invoke, copy out through this library."""
    library = capi.Library(path)
    interpreter = library.open(content)
    functions = (library.TfLiteTensorCopyFromBuffer, library.TfLiteInterpreterInvoke, library.TfLiteTensorCopyToBuffer)
    of = CallRound(*map(measured.pointer, functions), interpreter, library.TfLiteInterpreterGetInputTensor(interpreter, 0),
                   library.TfLiteInterpreterGetOutputTensor(interpreter, 0))
    return lambda count: measured.library().call_in_rounds(ctypes.byref(of), count)


def compare_c(content, seconds):
    if capi.real_library() is None or not capi.OURS.exists():
        print("C: left out, it needs out/lib and pyopen-wakeword")
        return
    libraries = dict(zip(("plait", "TensorFlow Lite"), capi.both_libraries()))
    calls = {name: c_turn(library, content) for name, library in libraries.items()}
    report("C all three", take_turns(calls, seconds), ["TensorFlow Lite"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=2, help="for each line (2)")
    seconds = arguments.parse_args().seconds
    content = tiny.relu(np.float32, (1, 4))
    compare_python(content, seconds)
    compare_c(content, seconds)


main()
