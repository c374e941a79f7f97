# SPDX-License-Identifier: Apache-2.0
"""Turns: of functions in this process, and of engines that live in processes of their own, see engines.py."""
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


def in_process(runs, seconds, least=3):
    """The seconds of each run in each turn, a list per run: for that long and at least so often, in changing order."""
    for run in runs:
        run()  # fills the caches
    times, end = [[] for _ in runs], time.perf_counter() + seconds
    while len(times[0]) < least or time.perf_counter() < end:
        pairs = list(zip(runs, times))
        for run, taken in pairs if len(times[0]) % 2 == 0 else reversed(pairs):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return times


class Refused(Exception):
    pass


class Engine:
    """A process that has one engine; plait as this clone of it has built it."""

    def __init__(self, name, clone=HERE.parent):
        self.name = name
        self.process = subprocess.Popen([sys.executable, str(clone / "bench" / "engines.py"), name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)
        self.receive()

    def receive(self):
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "ended"}
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    def ask(self, **request):
        if self.process.poll() is not None:
            raise Refused("ended")
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        return self.receive()

    def close_model(self):
        with contextlib.suppress(OSError):
            self.process.stdin.write(b'{"do": "close"}\n')

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


def start_engines(names, say):
    found = []
    for name in names:
        try:
            found.append(Engine(name))
        except Refused as error:
            say(f"{name} is left out: {error}")
    return found


def keep_on(processors, *processes):
    """All threads of these, and those that they start."""
    for process in processes:
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread), processors)


@contextlib.contextmanager
def on_one_processor(engines):
    """These, what they start, and this process meanwhile: two processors need not be equally fast."""
    everywhere = os.sched_getaffinity(0)
    processes = [os.getpid(), *(engine.process.pid for engine in engines if engine.process.poll() is None)]
    keep_on({min(everywhere)}, *processes)
    try:
        yield
    finally:
        keep_on(everywhere, *(pid for pid in processes if Path(f"/proc/{pid}/task").exists()))


@contextlib.contextmanager
def opened(engines, path, threads, arrays, refusals):
    """Those engines that run the model, each with what opening it took; with one thread all on one processor."""
    place = on_one_processor(engines) if threads == 1 else contextlib.nullcontext()
    with place, tempfile.NamedTemporaryFile(suffix=".npz") as inputs:
        np.savez(inputs, *arrays)
        inputs.flush()
        ready = []
        for engine in engines:
            try:
                own = engine.ask(do="prepare", path=str(path))["path"]
                ready.append((engine, engine.ask(do="open", path=own, threads=threads, inputs=inputs.name)))
            except Refused as error:
                refusals[engine.name] = str(error)
        yield ready
        for engine, _ in ready:
            engine.close_model()


def time_turns(engines, rounds, seconds, refusals):
    """{engine: [its time in us in each round]}; one turn each per round, in changing order."""
    times = {engine: [] for engine in engines}
    for number in range(rounds):
        for engine in list(times) if number % 2 == 0 else reversed(list(times)):
            try:
                times[engine].append(engine.ask(do="turn", seconds=seconds)["us"])
            except Refused as error:
                refusals[engine.name] = str(error)
                del times[engine]
    return {engine.name: found for engine, found in times.items() if found}


def time_gain(single, several, processors, rounds, seconds):
    """What several threads gain over one, in each round: their speed over that of one thread, the mean of what it reaches on
    each processor, of which one may be faster than another. Turns of both follow each other."""
    gains = []
    for _ in range(rounds):
        alone, together = [], []
        for processor in sorted(processors):
            keep_on({processor}, single.process.pid)
            alone.append(1 / single.ask(do="turn", seconds=seconds)["us"])
            together.append(1 / several.ask(do="turn", seconds=seconds)["us"])
        gains.append(statistics.fmean(together) / statistics.fmean(alone))
    return gains


def take_turns(engines, rounds, seconds, refusals):
    """{engine: the median of these}."""
    return {name: statistics.median(found) for name, found in time_turns(engines, rounds, seconds, refusals).items()}


def open_again(engines, path, arrays, times):
    """{engine: [what opening took, ...]} of fresh processes, taking turns."""
    found = {engine.name: [] for engine in engines}
    for _ in range(times):
        for engine in engines:
            with opened([engine], path, 1, arrays, {}) as ready:
                found[engine.name] += [taken for _, taken in ready]
    return found
