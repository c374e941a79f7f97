#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our time beside LiteRT's reference kernels, operator by operator and model by model, in one run with turns taken.

    bench/reference.py [--models] [--operators] [--seconds S] [NAME ...]

Every distinct operator of the models of ../shared and tests/models is cut out into a file of its own; both sides run it
on the same random inputs, one thread each. Ratios are the reference's time over ours (above 1: ours is faster), from the
fastest of all turns. Operators that the reference does in less than 20 us are left out: the calls around them would be
measured. NAME keeps the models whose path contains it.
"""
import argparse
import collections
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "python"), str(ROOT / "tests" / "conformance")]

import numpy as np  # noqa: E402

import models  # noqa: E402
import oracle  # noqa: E402
import plait_c  # noqa: E402
import turns  # noqa: E402

SHORTEST = 20e-6


def compare(data, inputs, seconds):
    """(reference's time, ours) of one file, or None where one side refuses it."""
    with plait_c.Interpreter() as interpreter:
        try:
            ours = interpreter.load(data, "model")
            interpreter.allocate()
            for tensor, array in zip(ours.inputs(), inputs, strict=True):
                tensor.write(array)
            reference = oracle.open_reference(data)
            for detail, array in zip(reference.get_input_details(), inputs, strict=True):
                reference.set_tensor(detail["index"], array)
            ours.invoke()
            return [min(times) for times in turns.in_process([reference.invoke, ours.invoke], seconds)]
        except (plait_c.PlaitError, RuntimeError, ValueError):
            return None


def kind(model, op):
    """What an operator computes in: its name and the types of its tensors."""
    tensors = model.tree.subgraphs[0].tensors

    def types(indices):
        return ",".join(np.dtype(models.TYPES[tensors[k].type]).name for k in indices if k >= 0)
    return f"{model.operator_name(op)} {types(op.inputs)} -> {types(op.outputs)}"


def distinct_operators(paths):
    """{kind: [(path, index, file, inputs)]}, each shape once."""
    found, seen = collections.defaultdict(list), set()
    for path in paths:
        model = models.read(path)
        tensors = model.tree.subgraphs[0].tensors
        for index, op in enumerate(model.tree.subgraphs[0].operators):
            if model.operator_name(op) in models.CONTROL or any(
                    k >= 0 and tensors[k].type not in models.TYPES for k in list(op.inputs) + list(op.outputs)):
                continue
            shapes = tuple(tuple(tensors[k].shape) for k in list(op.inputs) + list(op.outputs)
                           if k >= 0 and tensors[k].shape is not None)
            key = kind(model, op), shapes, str(vars(op.builtinOptions)) if op.builtinOptions else ""
            fed = models.fed_tensors(model, op)
            if key in seen or not fed or not len(op.outputs):
                continue
            seen.add(key)
            found[key[0]].append((path, index, models.subset(model, [op], fed, [int(k) for k in op.outputs]),
                                  model.random_inputs(1, 0, fed)))
    return found


def bench_operators(paths, seconds):
    slower = 0
    print(f"{'operator':<64}{'cases':>6}{'geomean':>9}{'worst':>8}  worst case")
    for name, cases in sorted(distinct_operators(paths).items()):
        ratios = []
        for path, index, data, inputs in cases:
            times = compare(data, inputs, seconds)
            if times is not None and times[0] >= SHORTEST:
                ratios.append((times[0] / times[1], f"{path.stem} #{index}"))
        if not ratios:
            continue
        worst, where = min(ratios)
        slower += worst < 1 and "float" not in name
        mean = np.exp(np.mean(np.log([ratio for ratio, _ in ratios])))
        print(f"{name[:63]:<64}{len(ratios):>6}{mean:>9.2f}{worst:>8.2f}  {where}", flush=True)
    print(f"integer kinds of operators with a case slower than the reference: {slower}")


def bench_models(paths, seconds):
    print(f"{'model':<58}{'reference us':>13}{'ours us':>10}{'ratio':>8}")
    for path in paths:
        model = models.read(path)
        times = compare(model.data, model.random_inputs(1), seconds)
        if times is None:
            print(f"{models.label(path):<58} the reference does not run it")
            continue
        print(f"{models.label(path):<58}{times[0] * 1e6:>13.0f}{times[1] * 1e6:>10.0f}{times[0] / times[1]:>8.2f}",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", action="store_true", help="whole models only")
    parser.add_argument("--operators", action="store_true", help="single operators only")
    parser.add_argument("--seconds", type=float, default=0.2, help="for each pair (default 0.2)")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    paths = [p for p in models.model_paths() if not arguments.names or any(n in str(p) for n in arguments.names)]
    if not arguments.models:
        bench_operators(paths, arguments.seconds)
    if not arguments.operators:
        bench_models(paths, arguments.seconds)


if __name__ == "__main__":
    main()
