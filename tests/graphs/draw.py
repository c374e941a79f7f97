# SPDX-License-Identifier: Apache-2.0
"""Random parts: values that the graph has already, or new inputs and constants."""
import numpy as np

from values import KINDS, QUANTIZED, Value

FLOATS = ("f32", "f16", "f64")
MOST_ELEMENTS = 1500


class Draw:
    def __init__(self, rng):
        self.rng = rng
        self.pool = []               # values of the graph so far, with what they hold

    # ---- numbers

    def chance(self, share):
        return self.rng.random() < share

    def one(self, choices):
        return choices[int(self.rng.integers(len(choices)))]

    def integer(self, low, high):
        """Both ends included."""
        return int(self.rng.integers(low, high + 1))

    def shape(self, low=0, high=5, most=MOST_ELEMENTS):
        rank = self.integer(low, high)
        if high >= 5 and self.chance(0.04):
            rank = self.integer(low, 8)
        while True:
            shape = tuple(self.integer(1, 6 if rank < 5 else 3) for _ in range(rank))
            if rank and self.chance(0.15):
                shape = shape[:-1] + (self.integer(7, 70),)
            if rank and self.chance(0.02):
                shape = shape[:-1] + (0,)
            if np.prod(shape) <= most:
                return shape

    def scale(self, low=1e-3, high=0.2):
        return float(np.float32(np.exp(self.rng.uniform(np.log(low), np.log(high)))))

    def zero(self, kind):
        if kind == "i16":
            return 0
        info = np.iinfo(KINDS[kind])
        return self.integer(info.min, info.max)

    def array(self, kind, shape, low=None, high=None):
        rng, dtype = self.rng, KINDS[kind]
        if kind == "bool":
            return np.asarray(rng.random(shape) < 0.5)
        if kind == "str":
            words = [b"", b"a", b"bc", b"plait", b"many words in one"]
            picked = rng.integers(len(words), size=int(np.prod(shape)))
            return np.array([words[k] for k in picked], dtype=object).reshape(shape)
        if kind == "c64":
            return np.asarray(rng.normal(0, 2, shape) + 1j * rng.normal(0, 2, shape)).astype(dtype)
        if kind in FLOATS:
            if low is not None:
                return np.asarray(rng.uniform(low, high, shape)).astype(dtype)
            return np.asarray(rng.normal(0, self.one([1.0, 4.0]), shape)).astype(dtype)
        info = np.iinfo(dtype)
        if low is None:
            low, high = (info.min, info.max) if info.bits <= 16 else (max(info.min, -50), 50)
        return np.asarray(rng.integers(low, high, shape, endpoint=True)).astype(dtype)

    # ---- values

    def quantization(self, kind):
        return (self.scale(), self.zero(kind)) if kind in QUANTIZED else (None, 0)

    def fresh(self, kind, shape, constant=None, scale=None, zero=0, low=None, high=None):
        """A new input or constant."""
        if kind in QUANTIZED and scale is None:
            scale, zero = self.quantization(kind)
        constant = self.chance(0.3) if constant is None else constant
        value = Value(kind, tuple(shape), scale, zero, constant=constant, data=self.array(kind, shape, low, high))
        if not constant:
            self.pool.append(value)
        return value

    def constant(self, kind, data, scale=None, zero=0):
        data = np.asarray(data, KINDS[kind]) if kind != "str" else np.asarray(data)
        return Value(kind, data.shape, scale, zero, constant=True, data=data)

    def parameter(self, kind, data):
        """What shapes depend on: a constant mostly, now and then an input whose bytes are known only while running."""
        value = self.constant(kind, data)
        if self.chance(0.08):
            value.constant = False
        return value

    def pick(self, kinds, low=0, high=5, where=lambda value: True, shape=None):
        """A value of the graph that fits, or a new one that is no constant (for which `where` is not asked)."""
        fits = [value for value in self.pool if value.kind in kinds and low <= len(value.shape) <= high
                and (shape is None or value.shape == tuple(shape)) and where(value)
                and np.prod(value.shape) <= MOST_ELEMENTS]
        if fits and self.chance(0.75):
            return self.one(fits)
        kind = self.one(kinds)
        # LiteRT's Python hands scalars of text over as addresses.
        made = tuple(shape) if shape is not None else self.shape(max(low, 1) if kind == "str" else low, high)
        return self.fresh(kind if kind != "str" or made else kinds[0], made, constant=False)

    def out(self, kind, scale=None, zero=0):
        """An output; its shape is what the reference says."""
        if kind in QUANTIZED and scale is None:
            scale, zero = self.quantization(kind)
        return Value(kind, (), scale, zero)

    def like(self, value):
        """An output of the same type and quantization."""
        return Value(value.kind, (), value.scale, value.zero, value.dimension)

    def axis(self, rank):
        return self.integer(-rank, rank - 1) if rank else 0
