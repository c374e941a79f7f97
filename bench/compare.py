#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plait beside LiteRT with XNNPACK, OpenVINO and MNN, in one run with turns taken.

    bench/compare [--types T,...] [--threads 1,2] [--engines E,...] [--rounds N] [--seconds S] [--loads N]
                  [--output FOLDER | --readme] [--add] [--operators] [NAME ...]

Every model of ../shared/models and ../shared/zoo/perf (without ../shared: examples/models) is opened by every engine in
a process of its own; then they take turns on the same random inputs, and the median of the turns counts; with one thread
all on one processor, since two need not be equally fast. What two threads gain is their speed over the mean of one thread's
on either processor, in turns that follow each other. Ratios are a peer's time over ours, above 1 ours is faster: the
median over all rounds, whose turns follow each other, as clocks and neighbours change from round to round.
Also: load + allocate + first invoke and the memory it takes, each in fresh processes (memory: what is resident and not
code), the share of one processor's peak (of the fastest turn, as the peak is that of the fastest of many loops: what a
machine does beside disturbs both, but not alike), and the share of our time that is spent in the kernels of src/kernels/c.

--output writes compare.md, compare.json and compare.svg there, with --add to what stands there. --readme writes what the
README shows: its own short table, docs/compare.md and docs/compare.svg. --operators prints where our time goes. NAME keeps
the models whose path contains it. A whole run takes four to eight minutes.
"""
import argparse
import ctypes
import json
import os
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python"), str(ROOT / "tests" / "conformance")]

import kernel_share  # noqa: E402
import measured  # noqa: E402
import models  # noqa: E402
import report  # noqa: E402
import turns  # noqa: E402

ENGINES = ("plait", "LiteRT", "OpenVINO", "MNN")


def say(text):
    print(text, file=sys.stderr, flush=True)


def model_paths(names):
    shared = ROOT.parent / "shared"
    paths = sorted(shared.glob("models/*/*.tflite")) + sorted(shared.glob("zoo/perf/*.tflite"))
    if not paths:
        say("../shared is not there: the models of examples/models stand in for it")
        paths = sorted((ROOT / "examples/models").glob("*.tflite"))
    return [path for path in paths if not names or any(name in str(path) for name in names)]


def peaks():
    """Multiply-adds a second per type, 0 where nothing is known."""
    measure = measured.library()
    return {"float32": measure.peak_float(), "int8": measure.peak_int8()}


def steadiness():
    """How much longer than at best things take here: by the clock, and by the clock and who else runs on the core."""
    clock, core = ctypes.c_double(), ctypes.c_double()
    measured.library().steadiness(ctypes.byref(clock), ctypes.byref(core))
    return {"clock": clock.value, "core": core.value}


def opening(found, engine):
    """The medians of what opening took."""
    if not found.get(engine):
        return None
    return {key: statistics.median([taken[key] for taken in found[engine]]) for key in ("load_us", "bytes")}


def paired_ratio(theirs, ours):
    """The median over all rounds of what turns of one round differ by; None where there is none."""
    ratios = [one / other for one, other in zip(theirs, ours)]
    return statistics.median(ratios) if ratios else None


def ours_of(engines):
    return next((engine for engine in engines if engine.name == "plait"), None)


def measure_gain(engines, path, threads, arrays, arguments, result):
    """What `threads` gain in a model that takes long enough."""
    ours = ours_of(engines)
    if threads == 1 or ours is None or result["times"].get(1, {}).get("plait", 0) < report.LONG_US:
        return
    single, processors = turns.Engine("plait"), os.sched_getaffinity(0)
    try:
        with turns.opened([ours], path, threads, arrays, {}), turns.opened([single], path, 1, arrays, {}):
            gains = turns.time_gain(single, ours, processors, arguments.rounds, arguments.seconds)
    finally:
        single.end()
    result.setdefault("gains", {})[threads] = statistics.median(gains)


def measure_model(engines, path, arguments):
    model = models.read(path)
    arrays = model.random_inputs(1)
    result = {"model": models.label(path), "type": model.kind(), "multiply_adds": model.multiply_adds(), "times": {},
              "least": {}, "ratios": {}, "refused": {}}
    for threads in arguments.threads:
        with turns.opened(engines, path, threads, arrays, result["refused"]) as ready:
            running = [engine for engine, _ in ready]
            found = turns.time_turns(running, arguments.rounds, arguments.seconds, result["refused"])
            result["times"][threads] = {name: statistics.median(times) for name, times in found.items()}
            result["least"][threads] = {name: min(times) for name, times in found.items()}
            result["ratios"][threads] = {name: paired_ratio(times, found.get("plait", [])) for name, times in found.items()}
            ours = ours_of(running)
            if ours and threads == 1:
                shares = ours.ask(do="sample", seconds=arguments.seconds * 10)["shares"]
                result["files"] = shares
                result["reference_share"] = kernel_share.share_of_reference(shares)
                if arguments.operators:
                    result["operators"] = ours.ask(do="profile", seconds=arguments.seconds * 10)["operators"]
        measure_gain(engines, path, threads, arrays, arguments, result)
    if arguments.loads:
        able = [engine for engine in engines if engine.name not in result["refused"]]
        found = turns.open_again(able, path, arrays, arguments.loads)
        result["opening"] = {engine.name: opening(found, engine.name) for engine in able}
    return result


def write(found, folder, path, add):
    """The table and the picture, and at `path` what they are of; with `add`, models that were measured before and not now
    are kept."""
    if add and path.exists():
        measured = {result["model"] for result in found["models"]}
        for result in json.loads(path.read_text())["models"]:
            for key in ("times", "least", "ratios", "gains"):
                result[key] = {int(threads): value for threads, value in result.get(key, {}).items()}
            if result["model"] not in measured:
                found["models"].append(result)
        order = [models.label(other) for other in model_paths([])]
        found["models"].sort(key=lambda result: order.index(result["model"]))
    folder.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n")
    (folder / "compare.md").write_text(report.document(found))
    (folder / "compare.svg").write_text(report.plot(found))


def number_list(text):
    return [int(part) for part in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(prog="bench/compare", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--types", default="", help="of models: int8, uint8, int16, float32, hybrid")
    parser.add_argument("--threads", type=number_list, default=[1, 2], help="default 1,2")
    parser.add_argument("--engines", default=",".join(ENGINES), help=f"default {','.join(ENGINES)}")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each engine (default 7)")
    parser.add_argument("--seconds", type=float, default=0.03, help="of a turn, at least three runs (default 0.03)")
    parser.add_argument("--loads", type=int, default=3, help="fresh processes that load (default 3; 0: none)")
    parser.add_argument("--output", type=Path, help="folder for compare.md, compare.json and compare.svg")
    parser.add_argument("--readme", action="store_true", help="write what the README shows")
    parser.add_argument("--add", action="store_true", help="keep the other models of compare.json")
    parser.add_argument("--operators", action="store_true", help="print our operators by time")
    parser.add_argument("names", nargs="*", metavar="NAME")
    return parser.parse_args()


def main():
    arguments = parse()
    paths = model_paths(arguments.names)
    if arguments.types:
        paths = [path for path in paths if models.read(path).kind() in arguments.types.split(",")]
    found = {"peaks": peaks(), "steadiness": steadiness(), "threads": arguments.threads, "cpu": report.cpu_name(), "models": []}
    engines = turns.start_engines(arguments.engines.split(","), say)
    found["engines"] = [engine.name for engine in engines]
    print(report.heading(found), flush=True)
    for path in paths:
        result = measure_model(engines, path, arguments)
        found["models"].append(result)
        print("\n".join(report.rows(found, result)), flush=True)
        if arguments.operators:
            print(report.operators(result), flush=True)
    print(report.summary(found), flush=True)
    for engine in engines:
        engine.end()
    if arguments.output:
        write(found, arguments.output, arguments.output / "compare.json", arguments.add)
    if arguments.readme:
        write(found, ROOT / "docs", ROOT / ".cache/compare.json", arguments.add)
        report.write_readme(found, ROOT / "README.md")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
