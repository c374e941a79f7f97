#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""pyopen-wakeword from PyPI, untouched, on plait's libtensorflowlite_c.so and on the library it brings: all its wake
words at once on ../shared/data/wakewords.

    .cache/venv/bin/python bench/wake_words.py [--turns N] [--sounds N]

Prints CPU time per second of sound (the steady state, Python's part included), the private memory that loading and
running take, and the largest difference of any score. The libraries take turns, each in a process of its own; of times
and memory the least of all turns is told. Needs out/lib (scripts/build).
"""
import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "dropin"))

import numpy as np  # noqa: E402

import capi  # noqa: E402
from wake_words import SOUNDS, heard  # noqa: E402


def largest_difference(ours, theirs):
    return max(float(np.max(np.abs(np.subtract(ours[sound][word], scores))))
               for sound, words in theirs.items() for word, scores in words.items())


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--turns", type=int, default=3, help="of each library (3)")
    arguments.add_argument("--sounds", type=int, default=7, help="how many of the recordings (all)")
    given = arguments.parse_args()
    if not SOUNDS:
        sys.exit("../shared is not there: no sounds")
    libraries = dict(zip(("plait", "TensorFlow Lite's own"), capi.both_libraries()))
    found = {name: [] for name in libraries}
    for _ in range(given.turns):
        for name, library in libraries.items():
            found[name].append(heard(library, SOUNDS[:given.sounds]))
    cpu, memory = ([min(one[key] for one in turns) for turns in found.values()]
                   for key in ("cpu_ms_per_second", "private_mb"))
    for name, time, size in zip(found, cpu, memory):
        print(f"{name:<24}{time:>8.1f} ms of CPU per second of sound {size:>8.1f} MB private")
    print(f"CPU time {cpu[0] / cpu[1]:.3f} of TensorFlow Lite's, memory {memory[0] / memory[1]:.3f}; largest difference of "
          f"a score {largest_difference(*(turns[0]['scores'] for turns in found.values())):.1e}")


main()
