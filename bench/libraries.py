# SPDX-License-Identifier: Apache-2.0
"""Two libraries of plait in turns: what of a model's time the second one takes.

    .cache/venv/bin/python bench/libraries.py BEFORE/libplait.so AFTER/libplait.so [--threads 1,2] [--pairs N] [--turns N]
                                              [--seconds S] MODEL ...

For each pair the model is opened anew, in a fresh process of either library, on the same random inputs; then they take turns. A
pair's number is the ratio of the two medians. The median of all pairs is printed, and the least and the most of them: two
processes of the same library can differ by 3 % for as long as they live."""
import argparse
import os
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python"), str(ROOT / "tests" / "conformance")]

import models  # noqa: E402
import turns  # noqa: E402


def take_pair(engines, path, threads, arrays, arguments):
    """The time of the second over that of the first."""
    refusals = {}
    with turns.opened(engines, path, threads, arrays, refusals):
        times = turns.take_turns(engines, arguments.turns, arguments.seconds, refusals)
    if refusals:
        raise SystemExit(f"{path}: {refusals}")
    before, after = (times[engine.name] for engine in engines)
    return after / before


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("libraries", nargs=2, type=Path, metavar="LIBRARY")
    parser.add_argument("paths", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.02)
    return parser.parse_args()


def main():
    arguments = parse()
    engines = [turns.Engine("plait", PLAIT_LIB=os.fspath(path.resolve(strict=True))) for path in arguments.libraries]
    for engine, name in zip(engines, ("before", "after"), strict=True):
        engine.name = name
    for path in arguments.paths:
        arrays = models.read(path).random_inputs(1)
        for threads in map(int, arguments.threads.split(",")):
            ratios = [take_pair(engines, path, threads, arrays, arguments) for _ in range(arguments.pairs)]
            print(f"{path.stem}, {threads} thread{'s' * (threads > 1)}: {statistics.median(ratios):.3f} of the time before "
                  f"({min(ratios):.3f} to {max(ratios):.3f})", flush=True)
    for engine in engines:
        engine.end()


if __name__ == "__main__":
    main()
