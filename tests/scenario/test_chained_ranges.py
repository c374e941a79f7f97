# SPDX-License-Identifier: Apache-2.0
"""Operators behind each other, of which it is known what a range of their work reads (struct pl_reach): whoever runs ahead as
far as that allows, the bits are the same."""
import sys
from pathlib import Path

import numpy as np
import pytest

from programs import LONG, run, variants

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "graphs")]
import values  # noqa: E402
from values import Step, Value, options_of  # noqa: E402

MODELS = 1000 if LONG else 100


class Chain:
    """Each operator takes what the one before gave: floats of shape [batches, rows, depth]."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.steps = []
        small = self.integer(0, 2) == 0
        rows, depth = (self.integer(2, 12), self.integer(1, 4)) if small else (self.integer(20, 60), self.integer(3, 40))
        self.input = self.at = Value("f32", (self.integer(1, 3), rows, depth))

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def put(self, operator, inputs, shape, options=None, kind="f32", **quantized):
        out = Value(kind, tuple(shape), **quantized)
        self.steps.append(Step(operator, inputs, [out], options, 1))
        return out

    def constant(self, data, kind, **quantized):
        return Value(kind, np.shape(data), constant=True, data=np.asarray(data), **quantized)

    def numbers(self, *shape):
        return self.constant(self.rng.uniform(-1, 1, shape), "f32")

    # ---- operators; those that need more than one are written out

    def dense(self):
        outputs, depth = self.integer(1, 40), self.at.shape[-1]
        options = options_of("FullyConnectedOptions", keepNumDims=True)
        return self.put("FULLY_CONNECTED", [self.at, self.numbers(outputs, depth), None], (*self.at.shape[:-1], outputs), options)

    def hybrid(self):
        outputs, depth = self.integer(1, 40), self.at.shape[-1]
        weights = self.constant(self.rng.integers(-127, 128, (outputs, depth)), "i8", scale=0.01)
        options = options_of("FullyConnectedOptions", keepNumDims=True, asymmetricQuantizeInputs=bool(self.integer(0, 1)))
        return self.put("FULLY_CONNECTED", [self.at, weights, None], (*self.at.shape[:-1], outputs), options)

    def row(self):
        name, options = [("SOFTMAX", options_of("SoftmaxOptions", beta=1.0)), ("LOG_SOFTMAX", options_of("LogSoftmaxOptions")),
                         ("L2_NORMALIZATION", options_of("L2NormOptions")), ("RELU", None)][self.integer(0, 3)]
        return self.put(name, [self.at], self.at.shape, options)

    def mean(self, *axes):
        shape = [1 if i in axes else d for i, d in enumerate(self.at.shape)]
        return self.put("MEAN", [self.at, self.constant(axes, "i32")], shape, options_of("ReducerOptions", keepDims=True))

    def less_mean(self):
        """Along the last dimension, as normalization does, or another one."""
        mean = self.mean([2, 2, 0, 1][self.integer(0, 3)])
        return self.put("SUB", [self.at, mean], self.at.shape, options_of("SubOptions"))

    def masked(self):
        """By a number for each batch, row or column, or one for all, which many units read, and bytes that lie where it lay."""
        bound = self.mean(*[[0, 1, 2], [1, 2], [2], [1], [0]][self.integer(0, 4)])
        below = self.put("LESS", [self.at, bound], self.at.shape, options_of("LessOptions"), kind="bool")
        above = self.put("LOGICAL_NOT", [below], self.at.shape, options_of("LogicalNotOptions"), kind="bool")
        whole = self.put("CAST", [above], self.at.shape, options_of("CastOptions"))
        return self.put("MUL", [whole, self.at], self.at.shape, options_of("MulOptions"))

    def sums(self):
        return self.put("ADD_N", [self.at] * [2, 3, 40][self.integer(0, 2)], self.at.shape, options_of("AddNOptions"))

    def places(self, numbers, most):
        """Computed: from 0 to `most`."""
        whole = self.put("CAST", [self.put("ABS", [numbers], numbers.shape)], numbers.shape, options_of("CastOptions"), kind="i32")
        return self.put("MINIMUM", [whole, self.constant(np.int32(most), "i32")], whole.shape, options_of("MaximumMinimumOptions"),
                        kind="i32")

    def reshaped(self, value, *shape):
        return self.put("RESHAPE", [value, self.constant(shape, "i32")], shape, options_of("ReshapeOptions", newShape=list(shape)),
                        kind=value.kind)

    def gathered(self):
        """Along any axis, as many as there are rows."""
        axis, rows = self.integer(0, 2), self.at.shape[1]
        column = self.put("STRIDED_SLICE", [self.at, self.constant([0, 0, 0], "i32"), self.constant([1, rows, 1], "i32"),
                                            self.constant([1, 1, 1], "i32")], (1, rows, 1), options_of("StridedSliceOptions"))
        picks = self.places(self.reshaped(column, rows), self.at.shape[axis] - 1)
        shape = [rows if i == axis else d for i, d in enumerate(self.at.shape)]
        return self.put("GATHER", [self.at, picks], shape, options_of("GatherOptions", axis=axis))

    def looked_up(self):
        """A row of a table for each row."""
        picks = self.places(self.reshaped(self.mean(2), *self.at.shape[:-1]), 4)
        return self.put("GATHER", [self.numbers(5, self.at.shape[-1]), picks], self.at.shape, options_of("GatherOptions", axis=0))

    def turned(self):
        batches, rows, depth = self.at.shape
        return self.put("TRANSPOSE", [self.at, self.constant([0, 2, 1], "i32")], (batches, depth, rows))

    def attention(self):
        """Products of rows with each other; of one batch with all, of all with one, or each with its own."""
        batches, rows, depth = self.at.shape
        other = self.put("RELU", [self.at], self.at.shape)
        left = right = self.at
        kind = self.integer(0, 2) if batches > 1 else 2
        if kind < 2:
            one = self.put("STRIDED_SLICE", [other, self.constant([0, 0, 0], "i32"), self.constant([1, rows, depth], "i32"),
                                             self.constant([1, 1, 1], "i32")], (1, rows, depth), options_of("StridedSliceOptions"))
            left, right = (one, self.at) if kind == 0 else (self.at, one)
        if self.integer(0, 2) == 0:
            return self.put("BATCH_MATMUL", [left, right], (batches, depth, depth), options_of("BatchMatMulOptions", adjX=True))
        return self.put("BATCH_MATMUL", [left, right], (batches, rows, rows), options_of("BatchMatMulOptions", adjY=True))

    def quantized(self):
        """There and back."""
        there = self.put("QUANTIZE", [self.at], self.at.shape, options_of("QuantizeOptions"), kind="i8", scale=0.05, zero=3)
        if self.integer(0, 1):
            there = self.put("RELU", [there], there.shape, kind="i8", scale=0.05, zero=3)
        return self.put("DEQUANTIZE", [there], there.shape, options_of("DequantizeOptions"))

    def make(self):
        operators = [self.dense, self.hybrid, self.row, self.less_mean, self.masked, self.sums, self.gathered, self.looked_up,
                     self.turned, self.attention, self.quantized]
        for _ in range(self.integer(4, 9)):
            self.at = operators[self.integer(0, len(operators) - 1)]()
        return values.write(self.steps, [self.input], [self.at])


@pytest.mark.parametrize("variant", variants())
def test_ranges(variant, tmp_path):
    paths = []
    for seed in range(MODELS):
        paths.append(tmp_path / f"chain-{seed}.tflite")
        paths[-1].write_bytes(Chain(seed).make())
    told = run("ranges", variant, paths, "--count", 3)
    assert "not what random numbers may be" not in told
