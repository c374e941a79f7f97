#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fused files beside the linked models they are made of, in one run with turns taken.

    .cache/venv/bin/python bench/fused.py [--seconds S] [NAME ...]

For each combination: whether plait's bits are equal, plait's time of the fused file over that of the linked models (the
set of links runs as a whole, both by one call; the fastest of all turns, and the median of the turns' ratios), and what
LiteRT's default resolver gives for the fused file beside the models one after another: "equal", or the largest
difference as a share of the largest value. That one may choose other kernels for another graph, so equality is no
promise of LiteRT's. NAME keeps the combinations whose name contains it.
"""
import argparse
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("python", "conformance", "fusion")]

import numpy as np  # noqa: E402
from ai_edge_litert import schema_py_generated as schema  # noqa: E402

import fusing  # noqa: E402
import models  # noqa: E402
import oracle  # noqa: E402
import plait_c  # noqa: E402
import turns  # noqa: E402

OWN, SHARED = models.OWN, models.SHARED
ZOO, VISION = SHARED / "zoo" / "multi", SHARED / "models" / "vision"
HEADS = ("head_a", "head_b", "head_c")
STATE = ("control_if_fp32", "control_while_fp32", "control_nested_fp32", "stateful_fp32")


def digits(folder, kind):
    return {name: folder / f"digits_{part}_{kind}.tflite"
            for name, part in (("features", "features"), ("head", "classifier"))}


# Name: the models, and which feeds which (first output, first input).
COMBINATIONS = {
    "embedding extractor + head": (
        {"features": VISION / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite",
         "head": VISION / "mobilenet_quant_v1_224_head_layers.tflite"}, [("features", "head")]),
    "digits float": (digits(ZOO, "fp32"), [("features", "head")]),
    "digits int8": (digits(OWN, "int8"), [("features", "head")]),
    "digits int8, other scale": (
        {"features": OWN / "digits_features_int8.tflite", "head": OWN / "digits_classifier_own_int8.tflite"},
        [("features", "head")]),
    "trunk + 3 heads float": ({name: ZOO / f"{name}_fp32.tflite" for name in ("trunk", *HEADS)},
                              [("trunk", head) for head in HEADS]),
    "trunk + 3 heads int8": ({name: ZOO / f"{name}_int8.tflite" for name in ("trunk", *HEADS)},
                             [("trunk", head) for head in HEADS]),
    "16 anomaly detectors float": ({f"a{k:02}": ZOO / f"anomaly_{k:02}_fp32.tflite" for k in range(16)}, []),
    "16 anomaly detectors int8": ({f"a{k:02}": ZOO / f"anomaly_{k:02}_int8.tflite" for k in range(16)}, []),
    "control flow and variables": ({name: OWN / f"{name}.tflite" for name in STATE}, []),
    "three models, two share all names": (
        {"a": OWN / "digits_whole_int8.tflite", "b": OWN / "digits_whole_int8.tflite",
         "c": OWN / "digits_features_int8.tflite"}, []),
}


def linked(interpreter, sources, links):
    """The models of an interpreter with their links, and one call per set of them that runs it."""
    loaded = {name: interpreter.load(str(path), name) for name, path in sources.items()}
    for a, b in links:
        interpreter.link(a, "", b, "")
    interpreter.allocate()
    fed = {b for _, b in links}
    return loaded, [loaded[name].run for name in sources if name not in fed]


def feed(tensors, arrays):
    for tensor, array in zip(tensors, arrays, strict=True):
        tensor.write(array)


def compare_plait(sources, links, data, inputs, seconds):
    """(equal bits, fused over linked by the fastest turn, by the median of turns)"""
    with plait_c.Interpreter() as one, plait_c.Interpreter() as many:
        whole = one.load(data, "fused")
        one.allocate()
        loaded, runs = linked(many, sources, links)
        fed, consumed = {b for _, b in links}, {a for a, _ in links}
        feed(whole.inputs(), inputs)
        feed([t for name, model in loaded.items() if name not in fed for t in model.inputs()], inputs)

        def run_linked():
            for run in runs:
                run()

        fused, apart = turns.in_process([whole.invoke, run_linked], seconds, 5)
        given = [t.read() for name, model in loaded.items() if name not in consumed for t in model.outputs()]
        equal = fusing.bits([t.read() for t in whole.outputs()]) == fusing.bits(given)
        return equal, min(fused) / min(apart), statistics.median(a / b for a, b in zip(fused, apart))


def requantize(producer, consumer):
    """The adapter between two scales, as LiteRT does it; None where they are equal."""
    given, taken = (oracle.open_reference(path.read_bytes()) for path in (producer, consumer))
    given, taken = given.get_output_details()[0], taken.get_input_details()[0]
    if given["quantization"] == taken["quantization"]:
        return None
    ends = [value for end in (given, taken) for value in (end["dtype"], end["shape"], end["quantization"])]
    return fusing.adapter("QUANTIZE", schema.QuantizeOptionsT(), *ends)


def compare_litert(sources, links, data, inputs):
    """What LiteRT's default resolver says of the fused file beside the models."""
    default = oracle.litert.OpResolverType.AUTO
    arrows = [(a, 0, b, 0, requantize(sources[a], sources[b])) for a, b in links]
    try:
        expected = fusing.Chain(sources, arrows, default).run(inputs)
        found = oracle.invoke(oracle.open_reference(data, default), inputs)
    except (RuntimeError, ValueError) as error:
        return str(error).splitlines()[0]
    if fusing.bits(found) == fusing.bits(expected):
        return "equal"
    largest = max(float(np.max(np.abs(a.astype(np.float64)))) for a in expected) or 1.0
    return f"{max(float(np.max(np.abs(a.astype(np.float64) - b))) for a, b in zip(expected, found)) / largest:.1e}"


def run(name, seconds):
    sources, links = COMBINATIONS[name]
    if not all(path.exists() for path in sources.values()):
        print(f"| {name} | left out: ../shared is not there | | | |")
        return
    with tempfile.TemporaryDirectory() as folder:
        data = fusing.fuse(sources, [f"{a}={b}" for a, b in links], Path(folder) / "fused.tflite")
    fed = {b for _, b in links}
    random = np.random.default_rng(1)
    inputs = [fusing.random_array(random, detail) for model, path in sources.items() if model not in fed
              for detail in oracle.open_reference(path.read_bytes()).get_input_details()]
    equal, fastest, median = compare_plait(sources, links, data, inputs, seconds)
    default = compare_litert(sources, links, data, inputs)
    print(f"| {name} | {'equal' if equal else 'DIFFERENT'} | {fastest:.3f} | {median:.3f} | {default} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2, help="of turns for each combination (2)")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    print("| models | bits | time, fastest | time, median | LiteRT's default resolver |\n|---|---|---|---|---|")
    for name in COMBINATIONS:
        if not arguments.names or any(part in name for part in arguments.names):
            run(name, arguments.seconds)


if __name__ == "__main__":
    main()
