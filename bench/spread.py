# SPDX-License-Identifier: Apache-2.0
"""How the times of single runs of a model spread, with one thread and with two, of one library or of several in turns.

    .cache/venv/bin/python bench/spread.py [--libraries L,...] [--threads 1,2] [--pause S] [--copies N] MODEL ...

Every library (default: $PLAIT_LIB or the first that is built) has a process for each number of threads, with N copies of the
model, of which each has its part of a turn. The processes take turns; before each run the thread sleeps for --pause seconds,
as one does that waits for a camera. Printed are quantiles of all runs in us, the median of all turns' means, the slowest
twentieth left out, and their share of the first process's means in the same rounds."""
import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python"), str(ROOT / "tests" / "conformance")]

CAPACITY = 1 << 20
QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99)


def serve(path, threads, copies):
    """In a process of its own: times runs for each line {"seconds", "pause"} of its input."""
    import measured
    import models
    import plait_c
    interpreter = plait_c.Interpreter(threads=threads)
    loaded = [interpreter.load(path, f"m{number}") for number in range(copies)]
    interpreter.allocate()
    for model in loaded:
        for tensor, array in zip(model.inputs(), models.read(Path(path)).random_inputs(1), strict=True):
            tensor.write(array)
    times = np.zeros(CAPACITY)
    for line in sys.stdin:
        request, found = json.loads(line), []
        for model in loaded:
            count = measured.library().time_calls(
                measured.pointer(plait_c.api().invoke), ctypes.c_void_p(model.handle),
                ctypes.c_double(request["seconds"] / copies), ctypes.c_double(request["pause"]),
                times.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(CAPACITY))
            found += (times[:count] / 1e3).round(2).tolist()
        print(json.dumps(found), flush=True)


def trimmed_mean(times):
    """Without the slowest twentieth, in which something else ran."""
    return statistics.fmean(sorted(times)[:len(times) - len(times) // 20])


class Contender:
    def __init__(self, library, threads, path, copies):
        environment = dict(os.environ, **({"PLAIT_LIB": str(library)} if library else {}))
        self.name = f"{library or 'plait'}, {threads}"
        self.process = subprocess.Popen([sys.executable, __file__, "--serve", str(threads), str(copies), str(path)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
        self.runs, self.means = [], []

    def turn(self, seconds, pause):
        print(json.dumps({"seconds": seconds, "pause": pause}), file=self.process.stdin, flush=True)
        found = json.loads(self.process.stdout.readline())
        self.runs += found
        self.means.append(trimmed_mean(found))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--libraries", type=lambda text: [Path(part).absolute() for part in text.split(",")],
                        default=[None])
    parser.add_argument("--threads", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2])
    parser.add_argument("--turns", type=int, default=20, help="of each (default 20)")
    parser.add_argument("--seconds", type=float, default=0.03, help="of a turn (default 0.03)")
    parser.add_argument("--pause", type=float, default=0, help="seconds between two runs (default 0)")
    parser.add_argument("--copies", type=int, default=1, metavar="N", help="copies of the model (default 1)")
    parser.add_argument("paths", nargs="+", metavar="MODEL")
    return parser.parse_args()


def measure(path, arguments):
    contenders = [Contender(library, threads, path, arguments.copies)
                  for library in arguments.libraries for threads in arguments.threads]
    for number in range(arguments.turns):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            contender.turn(arguments.seconds, arguments.pause)
    first = contenders[0].means
    print(f"{Path(path).stem}, us: " + " ".join(f"{quantile:.0%}" for quantile in QUANTILES) + ", mean, of the first")
    for contender in contenders:
        spread = " ".join(f"{value:.1f}" for value in np.quantile(contender.runs, QUANTILES))
        ratio = statistics.median(mean / other for mean, other in zip(contender.means, first, strict=True))
        print(f"  {contender.name}: {spread}, {statistics.median(contender.means):.1f}, {ratio:.3f}", flush=True)
        contender.end()


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[4], int(sys.argv[2]), int(sys.argv[3]))
    else:
        chosen = parse()
        for model in chosen.paths:
            measure(model, chosen)
