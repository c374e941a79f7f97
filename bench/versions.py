# SPDX-License-Identifier: Apache-2.0
"""Two versions of plait in turns, as two clones have built them: what of a model's time the second one takes.

    .cache/venv/bin/python bench/versions.py BEFORE AFTER [--threads 1,2] [--pairs N] [--turns N] [--seconds S] MODEL ...

For each pair the model is opened anew, in a fresh process of either version, on the same random inputs; then they take turns.
The median of all pairs is printed, and the least and the most of them: two processes of the same version can differ by 3 %
for as long as they live. With one thread, all stay on one processor, since two need not be equally fast."""
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
    """The time of the second over that of the first: the median of many turns there and back, as clocks change."""
    refusals, ratios = {}, []
    with turns.opened(engines, path, threads, arrays, refusals):
        for _ in range(arguments.turns):
            times = turns.take_turns(engines, 2, arguments.seconds, refusals)
            if refusals:
                raise SystemExit(f"{path}: {refusals}")
            ratios.append(times["after"] / times["before"])
    return statistics.median(ratios)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", nargs=2, type=Path, metavar="CLONE")
    parser.add_argument("paths", nargs="+", type=Path, metavar="MODEL")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.01)
    return parser.parse_args()


def main():
    arguments = parse()
    if arguments.threads == "1":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    engines = [turns.Engine("plait", clone.resolve(strict=True)) for clone in arguments.clones]
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
