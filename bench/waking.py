# SPDX-License-Identifier: Apache-2.0
"""What it costs that a model slept: its run after another one had its memory, beside its run when it is awake.

    .cache/venv/bin/python bench/waking.py [--rounds N] [--json]

Each model file of ../shared/models of a megabyte or more takes turns with the three largest others under the least limit in
which all are loaded (as refusals say it), so that each run begins by putting others to sleep, reading its own file (which
the system has in memory) and packing. Medians; the library is $PLAIT_LIB or the first that is built."""
import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python")]
import plait_c  # noqa: E402

MODELS = ROOT.parent / "shared" / "models"
LEAST_BYTES = 10**6
OTHERS = 3


def opened(limit, paths):
    interpreter = plait_c.Interpreter(memory_limit_bytes=limit, sleep_below_class=1)
    models = [interpreter.load(path) for path in paths]
    interpreter.allocate()
    return interpreter, models


def find_limit(paths):
    limit = 10**6
    while True:
        try:
            interpreter, _ = opened(limit, paths)
            interpreter.close()
            return limit
        except plait_c.PlaitError as error:
            limit = int(error.message.split("options.memory_limit_bytes must be ")[1].split()[0])


def timed(model):
    begin = time.perf_counter()
    model.invoke()
    return time.perf_counter() - begin


def constants_of(path):
    with plait_c.Interpreter() as interpreter:
        interpreter.load(path)
        interpreter.allocate()
        return interpreter.stats().constant_bytes


def measure(path, others, rounds):
    interpreter, (model, *guests) = opened(find_limit([path, *others]), [path, *others])
    alone = constants_of(path)
    with interpreter:
        for each in [model, *guests]:
            for tensor in each.inputs():
                tensor.write(np.zeros(tensor.shape, tensor.dtype))
        slept, awake = [], []
        for _ in range(rounds):
            for guest in guests:
                guest.invoke()
            woken = interpreter.stats().wakes
            slept.append(timed(model))
            assert interpreter.stats().wakes == woken + 1, f"{path}: it did not sleep"
            awake.append(min(timed(model) for _ in range(3)))
    more = statistics.median(slept) - statistics.median(awake)
    return {"model": path.stem, "MB": alone / 1e6, "awake ms": 1e3 * statistics.median(awake), "waking ms": 1e3 * more,
            "ms per MB": 1e3 * more / (alone / 1e6)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    paths = sorted((path for path in MODELS.glob("*/*.tflite") if path.stat().st_size >= LEAST_BYTES),
                   key=lambda path: path.stat().st_size)
    results = [measure(path, [other for other in paths if other != path][-OTHERS:], arguments.rounds) for path in paths]
    if arguments.json:
        print(json.dumps(results))
        return
    print("| model | constants | awake | and to wake | per MB |\n|---|---|---|---|---|")
    for row in results:
        print(f"| {row['model']} | {row['MB']:.2f} MB | {row['awake ms']:.2f} ms | {row['waking ms']:.2f} ms | "
              f"{row['ms per MB']:.2f} ms |")


if __name__ == "__main__":
    main()
