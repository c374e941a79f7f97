# SPDX-License-Identifier: Apache-2.0
"""Random graphs of random operators against LiteRT's reference kernels.

    python tests/graphs/run.py [--seed N] [--count N] [--operator NAME] [--show]

A graph grows step by step. Each step alone is run by LiteRT and by plait on the same values, and compared by contract
4.2; then the whole graph is run by both, and plait's answer must have the bits that its steps give one after another.
Where LiteRT refuses, plait must refuse as well, unless MORE says why it can do more. Some steps are made slightly wrong
on purpose; of these, and of no others, plait may refuse what LiteRT does not look at (--stricter prints them). The exit code is 1 if anything differs, 2 if LiteRT takes less than 60 % of the graphs.
"""
import argparse
import collections
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python"), str(HERE.parent / "conformance")]
import compare  # noqa: E402
import elementwise  # noqa: E402
import layers  # noqa: E402, F401
import movement  # noqa: E402, F401
import structured  # noqa: E402, F401
from draw import Draw  # noqa: E402
from peers import Died, Peer, run_litert, run_plait  # noqa: E402
from spoil import spoil  # noqa: E402
from values import KINDS, QUANTIZED, fed, write  # noqa: E402

LEVELS = ("", "c", "c-x86v3", "avx2", "avx512")
# Whose reference kernels are wrong, and the optimized ones right: see ../shared/optests/README.md.
WRONG_REFERENCE = {"LOCAL_RESPONSE_NORMALIZATION", "SUM"}  # SUM: sums that do not fit become any value


def local_response_normalization(step):
    """In doubles: LiteRT's optimized kernel moves a sum along, and its roundings add up to more than contract 4.2."""
    values, options = np.float64(step.inputs[0].data), step.options
    sums = np.zeros_like(values)
    for k in range(values.shape[-1]):
        sums[..., k] = (values[..., max(0, k - options.radius):k + options.radius + 1] ** 2).sum(-1)
    return values / (np.float32(options.bias) + np.float64(np.float32(options.alpha)) * sums) ** options.beta


# What is right where LiteRT is not right enough.
EXACT = {"LOCAL_RESPONSE_NORMALIZATION": local_response_normalization}
# Where plait runs what LiteRT refuses: operator, a part of LiteRT's words, why.
MORE = [("PAD", "PadKernelMaxDimensionCount", "any rank"), ("PADV2", "PadKernelMaxDimensionCount", "any rank"),
        ("GATHER_ND", "NumElements(params) == 0", "nothing is taken of nothing"),
        ("REVERSE_SEQUENCE", "seq_lengths[i] <=", "lengths are not looked at where nothing is moved"),
        ("DEPTHWISE_CONV_2D", "was optional but was expected", "a bias that is left out counts as none"),
        ("REVERSE_V2", "Non-contiguous", "any axes"), ("MIRROR_PAD", "NumDimensions", "any rank"),
        ("BATCH_MATMUL", "NumDimensions(lhs_data) <= 5", "any rank")]


class Tally:
    def __init__(self):
        self.counts = collections.Counter()
        self.operators = collections.Counter()
        self.stricter = collections.Counter()
        self.failures = []
        self.show_stricter = False

    def fail(self, seed, text):
        self.failures.append(f"seed {seed}: {text}")
        print(self.failures[-1], flush=True)


class Runner:
    def __init__(self):
        self.litert, self.plait, self.tally = Peer(run_litert), Peer(run_plait), Tally()

    def graph(self, seed, operator=None):
        return Graph(self, seed, operator).run()


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and (a == b).all() if a.dtype.kind in "OS" else \
        a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def is_good_food(value):
    """What later steps may take: LiteRT runs into nonsense with bytes that have no scale; sums and products of what is not
    finite, or near the end of the range, depend on the order."""
    if value.data.dtype.kind in "fc" and not np.all(np.abs(value.data) < np.float64(1e12)):
        return False
    return len(value.shape) <= 8 and (value.kind not in QUANTIZED or value.scale is not None)


class Graph:
    def __init__(self, runner, seed, operator):
        self.runner, self.seed, self.tally = runner, seed, runner.tally
        self.draw = Draw(np.random.default_rng([2026, seed]))
        self.operator = operator
        self.steps, self.own = [], {}   # own: what plait computed, by value
        self.refused = False

    # ---- one step

    def make(self):
        names = list(elementwise.MAKERS)
        try:
            step = elementwise.MAKERS[self.operator or self.draw.one(names)](self.draw)
        except ValueError:               # nothing can be drawn from a dimension of 0
            return None
        self.fault = spoil(self.draw, step) if self.draw.chance(0.06) else None
        return step

    def told(self, step):
        return step.told() + (f" [{self.fault}]" if self.fault else "")

    def ask(self, peer, data, inputs, **options):
        try:
            return peer.run(data, inputs, **options)
        except Died as death:
            return None, str(death)

    def step(self):
        step = self.make()
        if step is None:
            return
        try:
            inputs = fed([step])
            data = write([step], inputs, step.outputs)
        except (OverflowError, ValueError, TypeError, AttributeError):
            return                       # the file cannot say this
        self.tally.operators[step.operator] += 1
        feeds = [value.data for value in inputs]
        good, answers = self.ask(self.runner.litert, data, feeds, optimized=step.operator in WRONG_REFERENCE)
        ours_good, ours = self.ask(self.runner.plait, data, feeds)
        if ours_good is None:
            self.tally.fail(self.seed, f"plait died ({ours}): {self.told(step)}")
        elif good is None:
            self.tally.counts["steps that LiteRT dies of"] += 1
        elif not good:
            self.refuse(step, answers, ours_good)
        elif not ours_good and self.fault:
            self.tally.stricter[f"{step.operator}, {self.fault}"] += 1
            if self.tally.show_stricter:
                print(f"seed {self.seed}: stricter: {ours}: {self.told(step)}")
        elif not ours_good:
            self.tally.fail(self.seed, f"plait refuses: {ours}: {self.told(step)}")
        else:
            self.accept(step, inputs, answers, ours)

    def refuse(self, step, words, ours_good):
        more = any(name == step.operator and part in words for name, part, _ in MORE)
        if ours_good and not more:
            self.tally.fail(self.seed, f"LiteRT refuses, plait does not: {words[:300]!r}: {self.told(step)}")
        self.tally.counts["steps refused"] += 1
        if not ours_good and self.draw.chance(0.4):
            self.steps.append(step)
            self.refused = True

    def accept(self, step, inputs, answers, ours):
        if step.operator in EXACT and not self.fault:
            answers = [EXACT[step.operator](step).astype(answers[0].dtype)]
        for value, answer, mine in zip(step.outputs, answers, ours, strict=True):
            wrong = compare.difference(mine, answer)
            if wrong:
                self.tally.fail(self.seed, f"{wrong}: {self.told(step)}")
                return
        if not all(same_bits(self.own.get(id(value), value.data), value.data) for value in inputs):
            good, ours = self.ask(self.runner.plait, write([step], inputs, step.outputs),
                                  [self.own.get(id(value), value.data) for value in inputs])
            if not good:
                return
        for value, answer, mine in zip(step.outputs, answers, ours, strict=True):
            value.data, value.shape = answer, tuple(answer.shape)
            if value.kind != "str" and answer.dtype != KINDS[value.kind]:  # the operator's word, not the file's
                value.kind = "str" if answer.dtype == object else next(
                    kind for kind, dtype in KINDS.items() if answer.dtype == dtype)
            self.own[id(value)] = mine
            if is_good_food(value):
                self.draw.pool.append(value)
        self.steps.append(step)

    # ---- the whole

    def outputs(self):
        used = {id(value) for step in self.steps for value in step.inputs}
        return [value for step in self.steps for value in step.outputs
                if id(value) not in used or self.draw.chance(0.15)]

    def run(self):
        for _ in range(self.draw.integer(1, 8)):
            self.step()
            if self.refused:
                break
        if not self.steps:
            return
        self.tally.counts["graphs"] += 1
        inputs, outputs = fed(self.steps), self.outputs()
        data = write(self.steps, inputs, outputs)
        feeds = [value.data for value in inputs]
        good, answers = self.ask(self.runner.litert, data, feeds)
        ours_good, ours = self.ask(self.runner.plait, data, feeds, cpu=self.draw.one(LEVELS), threads=self.draw.one([1, 1, 3]))
        if good is None:
            self.tally.counts["LiteRT died"] += 1
        elif good:
            self.tally.counts["LiteRT accepts"] += 1
        if ours_good is None:
            self.tally.fail(self.seed, f"plait died of the graph ({ours})")
        elif good is not None and bool(good) != ours_good:
            self.tally.fail(self.seed, f"the graph: LiteRT {'takes it' if good else answers[:300]}, plait: "
                                       f"{'takes it' if ours_good else ours}")
        elif ours_good and not self.refused:
            self.check(outputs, ours)

    def check(self, outputs, ours):
        for value, mine in zip(outputs, ours, strict=True):
            if not same_bits(self.own[id(value)], mine):
                place = next(k for k, step in enumerate(self.steps) if value in step.outputs)
                self.tally.fail(self.seed, f"the graph's output {value.told()} of step {place} {self.steps[place].operator} has "
                                           "other bits than the steps one after another")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--operator")
    parser.add_argument("--stricter", action="store_true", help="print the steps that only plait refuses")
    parser.add_argument("--show", action="store_true", help="print the steps of each graph")
    arguments = parser.parse_args()
    runner = Runner()
    runner.tally.show_stricter = arguments.stricter
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        graph = Graph(runner, seed, arguments.operator)
        graph.run()
        if arguments.show:
            print(f"-- {seed}", *[step.told() for step in graph.steps], sep="\n   ")
    counts = runner.tally.counts
    print(dict(counts), f"{len(runner.tally.failures)} failures")
    print("refused by plait alone:", sum(runner.tally.stricter.values()), "of the steps made wrong")
    print("steps by operator:", dict(sorted(runner.tally.operators.items())))
    if runner.tally.failures:
        return 1
    return 0 if counts["LiteRT accepts"] >= 0.6 * counts["graphs"] else 2


if __name__ == "__main__":
    sys.exit(main())
