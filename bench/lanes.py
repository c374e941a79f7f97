#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Eight independent models on two lanes, on one, and with LiteRT in several ways.

    .cache/venv/bin/python bench/lanes.py [--rounds N] [--seconds S]

Each way runs every model equally often; what counts is how many times a second all eight were run, the median of turns
that all ways take in one run. plait submits, two requests of each model under way. LiteRT: an interpreter for each model, by
as many Python threads as said (which let go of the interpreter lock while models run), with so many threads each. Needs
../shared. The library is $PLAIT_LIB or the first that is built."""
import argparse
import ctypes
import os
import statistics
import sys
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "python"))

import plait_c  # noqa: E402

SHARED = ROOT.parent / "shared"
MODELS = ["models/tiny/vww_96_int8", "models/tiny/pretrainedResnet_quant", "models/vision/mobilenet_v1_0.25_128_quant",
          "models/vision/mobilenet_v2_1.0_224_quant", "zoo/perf/mobilenet_v2_224_int8", "zoo/perf/ssd_160_int8",
          "zoo/perf/ds_cnn_kws_int8", "zoo/perf/mobilenet_v3_small_224_int8"]


class Plait:
    def __init__(self, lanes):
        self.name = f"plait, {lanes} lane{'s' * (lanes > 1)}"
        self.interpreter = plait_c.Interpreter(lanes=lanes)
        self.models = [self.interpreter.load(path, path.stem.replace(".", "_")) for path in paths()]
        self.interpreter.allocate()
        self.options = plait_c.SubmitOptions()
        plait_c.api().submit_options_default(ctypes.byref(self.options))

    def submit(self, model):
        request = ctypes.c_uint64()
        status = plait_c.api().submit(model.handle, ctypes.byref(self.options), ctypes.byref(request))
        assert status == plait_c.OK, plait_c.STATUS[status]
        return request.value

    def run(self, times):
        """All models so many times."""
        handle, wait = self.interpreter.handle, plait_c.api().wait
        under_way = []
        for _ in range(times):
            under_way.append([self.submit(model) for model in self.models])
            if len(under_way) == 2:
                for request in under_way.pop(0):
                    wait(handle, request, -1, None)
        for request in under_way[0]:
            wait(handle, request, -1, None)


class LiteRT:
    def __init__(self, workers, threads):
        from ai_edge_litert.interpreter import Interpreter
        self.name = f"LiteRT, {workers} at once, {threads} thread{'s' * (threads > 1)} each"
        self.workers = workers
        self.models = [Interpreter(str(path), num_threads=threads) for path in paths()]
        for model in self.models:
            model.allocate_tensors()

    def run(self, times):
        if self.workers == 1:
            for _ in range(times):
                for model in self.models:
                    model.invoke()
            return

        def work(models):
            for _ in range(times):
                for model in models:
                    model.invoke()
        threads = [threading.Thread(target=work, args=(self.models[i::self.workers],)) for i in range(self.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def paths():
    return [SHARED / f"{name}.tflite" for name in MODELS]


def rate(way, seconds):
    """How often a second all models are run."""
    start, times = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        way.run(8)
        times += 8
    return times / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(prog="bench/lanes.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5)
    arguments = parser.parse_args()
    if not all(path.exists() for path in paths()):
        sys.exit("../shared is not there: no models")
    ways = [Plait(1), Plait(2), LiteRT(1, 1), LiteRT(1, 2), LiteRT(2, 1), LiteRT(8, 1), LiteRT(8, 2)]
    for way in ways:
        way.run(30)
    found = [[] for _ in ways]
    for _ in range(arguments.rounds):
        for way, rates in zip(ways, found):
            rates.append(rate(way, arguments.seconds))
    medians = [statistics.median(rates) for rates in found]
    for way, median in zip(ways, medians):
        print(f"{way.name:<34}{median:>8.1f} times a second all eight")
    print(f"two lanes over one {medians[1] / medians[0]:.2f}; over the best of LiteRT {medians[1] / max(medians[2:]):.2f} "
          f"({len(os.sched_getaffinity(0))} processors; medians of {arguments.rounds} turns; "
          f"numpy {np.__version__})")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
