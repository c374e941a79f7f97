# SPDX-License-Identifier: Apache-2.0
"""Three whole models on one input, which begin alike, beside the trunk they have in common and the three heads alone.

    .cache/venv/bin/python bench/shared_trunk.py [--seconds S] [--json]

zoo/multi of ../shared, float and int8. The three are one set: each gets what the first is fed, and runs by one call; trunk and
heads are models by themselves, fed once, each invoked alone. Turns are taken in one run: the fastest of each, what the set
takes more than trunk and heads together (median of the turns' ratios), and the three models without the link. The library
is $PLAIT_LIB or the first that is built."""
import argparse
import ctypes
import json
import statistics
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python")]
import measured  # noqa: E402
import plait_c  # noqa: E402
import turns  # noqa: E402

ZOO = ROOT.parent / "shared" / "zoo" / "multi"
HEADS = "abc"
CALLS = 20  # in a turn


def loaded(interpreter, kind, names):
    return [interpreter.load(ZOO / f"{name}_{kind}.tflite", name) for name in names]


def fed(models, data):
    """Those that can be are fed, at random where the data does not fit."""
    random = np.random.default_rng(1)
    for model in models:
        tensor = model.inputs()[0]
        own = data if tensor.shape == data.shape else random.integers(-128, 127, tensor.shape)
        tensor.write(own.astype(tensor.dtype) if tensor.dtype == np.int8 else own.astype(np.float32) / 128)
    return models


def caller(call, models):
    """A function that makes this call for each of them, CALLS times, from C."""
    handles = (ctypes.c_void_p * len(models))(*[model.handle for model in models])
    function, each, count = measured.pointer(call), measured.library().call_each, ctypes.c_size_t(len(models))

    def run():
        if each(function, handles, count, ctypes.c_size_t(CALLS)) != 0:
            raise RuntimeError("a call failed")
    return run


def measure(kind, seconds):
    api, wholes = plait_c.api(), [f"trunk_head_{head}" for head in HEADS]
    with plait_c.Interpreter() as joined, plait_c.Interpreter() as apart, plait_c.Interpreter() as unlinked:
        first, *others = loaded(joined, kind, wholes)
        for model in others:
            joined.link(first.name, "", model.name, "", from_input=True)
        parts = loaded(apart, kind, ["trunk", *(f"head_{head}" for head in HEADS)])
        whole = loaded(unlinked, kind, wholes)
        for interpreter in (joined, apart, unlinked):
            interpreter.allocate()
        data = np.random.default_rng(0).integers(-128, 127, first.inputs()[0].shape)
        fed([first], data), fed(parts, data), fed(whole, data)
        runs = [caller(api.run, [first]), caller(api.invoke, parts), caller(api.invoke, whole)]
        ours, separate, three = turns.in_process(runs, seconds)
        for a, b in zip([first, *others], whole):
            assert a.outputs()[0].read().tobytes() == b.outputs()[0].read().tobytes(), "other bits than without the link"
        more = statistics.median(a / b for a, b in zip(ours, separate)) - 1
        us = 1e6 / CALLS
        return {"kind": kind, "linked us": us * min(ours), "trunk and heads us": us * min(separate), "more": more,
                "without the link us": us * min(three)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if not ZOO.exists():
        sys.exit("../shared is not there")
    found = [measure(kind, arguments.seconds) for kind in ("fp32", "int8")]
    if arguments.json:
        json.dump(found, sys.stdout)
        return
    for one in found:
        print(f"{one['kind']}: linked {one['linked us']:.2f} us, trunk and heads {one['trunk and heads us']:.2f} us: "
              f"{100 * one['more']:+.1f} %; without the link {one['without the link us']:.2f} us")


if __name__ == "__main__":
    main()
