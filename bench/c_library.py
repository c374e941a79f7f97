#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""../shared/tools/cabi.py compare, as it is, over all of ../shared/models: plait's libtensorflowlite_c.so beside TensorFlow
Lite's own (as the wheel pyopen-wakeword brings it, with its XNNPACK delegate).

    .cache/venv/bin/python bench/c_library.py [--seconds S] [MODEL ...]

A line per model: both times in microseconds, theirs over ours, and the largest difference of an output. Each model has a
process of its own, since TensorFlow Lite's library does not survive all of them; what a library refuses is told.
"""
import argparse
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
sys.path.insert(0, str(ROOT / "tests" / "dropin"))

import capi  # noqa: E402

RESULT = re.compile(r"(\S+) +(\d+) +(\d+) +(\d+\.\d+)  (\S+)")


def compare(path, seconds, ours, theirs):
    """(our microseconds, theirs, difference), or why there are none."""
    done = subprocess.run([sys.executable, SHARED / "tools" / "cabi.py", "compare", ours, theirs, "--seconds", str(seconds),
                           path], capture_output=True, text=True)
    found = [match for match in map(RESULT.fullmatch, done.stdout.splitlines()) if match]
    if found:
        return float(found[0][2]), float(found[0][3]), float(found[0][5])
    if done.returncode != 0:
        return f"ended with status {done.returncode}: {done.stderr.strip().splitlines()[-1]}"
    return done.stdout.splitlines()[-1].removeprefix(path.name).strip()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--seconds", type=float, default=0.2, help="for each model (0.2)")
    arguments.add_argument("models", nargs="*", type=Path)
    given = arguments.parse_args()
    (ours, theirs), ratios = capi.both_libraries(), []
    print(f"{'model':<58}{'plait us':>10}{'theirs us':>11}{'ratio':>7}  difference")
    for path in given.models or sorted((SHARED / "models").rglob("*.tflite")):
        found = compare(path, given.seconds, ours, theirs)
        if isinstance(found, str):
            alone = compare(path, 0.01, ours, ours)
            print(f"{path.name:<58} theirs: {found}; plait: " + (alone if isinstance(alone, str) else "runs"), flush=True)
            continue
        our_time, their_time, difference = found
        ratios.append(max(their_time, 0.5) / max(our_time, 0.5))  # told in whole microseconds
        print(f"{path.name:<58}{our_time:>10.0f}{their_time:>11.0f}{ratios[-1]:>7.2f}  {difference:g}", flush=True)
    if ratios:
        print(f"geometric mean over {len(ratios)} models: {statistics.geometric_mean(ratios):.2f}")


if __name__ == "__main__":
    main()
