# SPDX-License-Identifier: Apache-2.0
"""Random pipelines of random small models: LiteRT's reference kernels on the fused file against the same kernels on the
models one after another, and plait on both. 500 with PLAIT_LONG=1."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import fusing
import oracle
import tiny
from fusing import Chain, assert_same, fuse, read

COUNT = 500 if fusing.LONG else 60
NAMES = ["x", "y", "input", "output", "dense/MatMul", "t", ""]
FLOAT, INT8, UINT8 = np.dtype(np.float32), np.dtype(np.int8), np.dtype(np.uint8)
WIDTH = 8


class Maker:
    """One random model: every value is [1, WIDTH], float or quantized, so that ends mostly need an adapter at most."""

    def __init__(self, random):
        self.random, self.graph, self.values = random, tiny.Graph(), []

    def quantization(self, dtype):
        if dtype == FLOAT:
            return None
        info = np.iinfo(dtype)
        zero_point = int(self.random.integers(info.min, info.max, endpoint=True))
        return float(self.random.choice([0.02, 0.05, 0.1])), zero_point

    def value(self, dtype, quantization):
        index = self.graph.tensor(dtype, [1, WIDTH], quantization, name=str(self.random.choice(NAMES)))
        self.values.append((index, dtype, quantization))
        return index

    def constant(self):
        data = np.round(self.random.standard_normal((1, WIDTH)) * 4) / 4
        return self.graph.tensor(FLOAT, [1, WIDTH], data=data, name=str(self.random.choice(NAMES)))

    def convert(self, source, dtype):
        index, of, quantization = source
        if of == dtype:
            return index
        made_quantization = self.quantization(dtype)
        made = self.value(dtype, made_quantization)
        if dtype == FLOAT:
            return self.graph.op("DEQUANTIZE", [index], [made], schema.DequantizeOptionsT(), version=2)
        return self.graph.op("QUANTIZE", [index], [made], schema.QuantizeOptionsT())

    def step(self):
        source = self.values[int(self.random.integers(len(self.values)))]
        kind = self.random.choice(["ADD", "MUL", "RELU", "TANH", "FULLY_CONNECTED", "QUANTIZE", "JOIN", "SPLIT"])
        if kind == "QUANTIZE":
            self.convert(source, INT8 if source[1] == FLOAT else FLOAT)
            return
        index = self.convert(source, FLOAT)
        if kind == "SPLIT":
            halves = [self.graph.tensor(FLOAT, [1, WIDTH // 2]) for _ in range(2)]
            options = schema.SplitOptionsT()
            options.numSplits = 2
            self.graph.op("SPLIT", [self.graph.tensor(np.int32, [], data=1), index], halves, options)
            options = schema.ConcatenationOptionsT()
            options.axis = 1
            self.graph.op("CONCATENATION", halves[::-1], [self.value(FLOAT, None)], options)
            return
        made = self.value(FLOAT, None)
        if kind in ("ADD", "MUL"):
            self.graph.op(kind, [index, self.constant()], [made], getattr(schema, kind.title() + "OptionsT")())
        elif kind == "JOIN":
            other = self.convert(self.values[int(self.random.integers(len(self.values) - 1))], FLOAT)
            self.graph.op("ADD", [index, other], [made], schema.AddOptionsT())
        elif kind == "FULLY_CONNECTED":
            weights = self.graph.tensor(FLOAT, [WIDTH, WIDTH], data=self.random.integers(-4, 5, (WIDTH, WIDTH)) / 8)
            self.graph.op(kind, [index, weights, -1], [made], schema.FullyConnectedOptionsT())
        else:
            self.graph.op(kind, [index], [made])

    def make(self):
        inputs = []
        for _ in range(int(self.random.integers(1, 3))):
            dtype = self.random.choice([FLOAT, FLOAT, INT8, UINT8])
            inputs.append(self.value(dtype, self.quantization(dtype)))
        for _ in range(int(self.random.integers(1, 7))):
            self.step()
        made = [index for index, _, _ in self.values if index not in inputs]
        if not made:
            made = [self.graph.op("RELU", [self.convert(self.values[0], FLOAT)], [self.value(FLOAT, None)])]
        count = min(len(made), int(self.random.integers(1, 4)))
        outputs = [int(k) for k in self.random.choice(made[:-1] + made[-1:], count, replace=False)]
        return self.graph.build(inputs, outputs)


def converter(given, taken):
    """What must stand between these ends: LiteRT's own operators, one after another."""
    here, there = np.dtype(given["dtype"]), np.dtype(taken["dtype"])
    a = given["quantization"] if here != FLOAT else None
    b = taken["quantization"] if there != FLOAT else None
    if here == there and a == b:
        return None
    name = "DEQUANTIZE" if there == FLOAT else "QUANTIZE"
    options = schema.DequantizeOptionsT() if there == FLOAT else schema.QuantizeOptionsT()
    return fusing.adapter(name, options, here, [1, WIDTH], a, there, [1, WIDTH], b)


def random_pipeline(random, folder):
    """sources and links, for fuse() and for Chain."""
    sources, links = {}, []
    for k in range(int(random.integers(2, 7))):
        path = folder / f"{k}.tflite"
        if sources and random.random() < 0.3:
            path = sources[str(random.choice(list(sources)))]    # the same file again: prefixes to share
        else:
            path.write_bytes(Maker(random).make())
        sources[f"m{k}"] = path
    ends = {name: oracle.open_reference(path.read_bytes()) for name, path in sources.items()}
    names = list(sources)
    order = [str(name) for name in random.permutation(names)] if random.random() < 0.3 else names
    for at, name in enumerate(order):
        for k, taken in enumerate(ends[name].get_input_details()):
            if at == 0 or random.random() < 0.3:
                continue
            source, from_input = str(random.choice(order[:at])), random.random() < 0.25
            details = ends[source].get_input_details() if from_input else ends[source].get_output_details()
            given = int(random.integers(len(details)))
            text = f"{source}.#{given}={name}.#{k}" + (",input" if from_input else "")
            links.append((source, ~given if from_input else given, name, k, text, converter(details[given], taken)))
    return sources, links


@pytest.mark.parametrize("group", range(10))
def test_random_pipelines(tmp_path, group):
    shared = 0
    for number in range(group, COUNT, 10):
        random = np.random.default_rng([7, number])
        folder = tmp_path / str(number)
        folder.mkdir()
        sources, links = random_pipeline(random, folder)
        kept = [(a, j) for a, j, *_ in links if j >= 0 and random.random() < 0.2]
        options = [word for a, j in kept for word in ("--keep", f"{a}.#{j}")]
        out = folder / "fused.tflite"
        data = fuse(sources, [link[4] for link in links], out, *options, "--check")
        assert_same(Chain(sources, [(a, j, b, k, convert) for a, j, b, k, _, convert in links]), data, 2, kept)
        separate = sum(len(read(path.read_bytes()).operators()) for path in sources.values())
        adapters = sum(link[5] is not None for link in links)
        shared += separate + adapters - len(read(data).operators())
    assert shared >= 0
