# SPDX-License-Identifier: Apache-2.0
"""Fusing and splitting by the command line, and what LiteRT says of the result beside the models one after another."""
import os
import subprocess
from pathlib import Path

import numpy as np

import models
import oracle
import plait_c

LONG = os.environ.get("PLAIT_LONG") == "1"


def program():
    """The command beside the library under test."""
    library = plait_c.library_path()
    beside = [library.parent / "plait", library.parent.parent / "bin" / "plait"]
    return next(path for path in beside if path.exists())


def plait(*arguments):
    return subprocess.run([program(), *[str(a) for a in arguments]], capture_output=True, text=True, check=False)


def fuse(sources, links, out, *options):
    """sources: {name: path}; links: ["a.x=b.y", ...]. The bytes of the fused file."""
    arguments = [f"{name}={path}" for name, path in sources.items()]
    for link in links:
        arguments += ["--link", link]
    done = plait("fuse", *arguments, *options, "-o", out)
    assert done.returncode == 0, done.stderr
    return Path(out).read_bytes()


class Chain:
    """Models in LiteRT interpreters of their own; the caller's hand carries tensors from one to the next. Links are
    (from model, output number, to model, input number) in the order in which models run, with what to do between; ~k for
    the output: what input k of that model gets."""

    def __init__(self, sources, links, resolver=oracle.REFERENCE):
        self.names = list(sources)
        self.interpreters = {name: oracle.open_reference(Path(path).read_bytes(), resolver)
                             for name, path in sources.items()}
        self.links = {(to, entry): (source, given, convert) for source, given, to, entry, convert in links}

    def free_inputs(self):
        return [(name, k) for name in self.names for k in range(len(self.interpreters[name].get_input_details()))
                if (name, k) not in self.links]

    def random_inputs(self, seed):
        random = np.random.default_rng(seed)
        return [random_array(random, self.interpreters[name].get_input_details()[k]) for name, k in self.free_inputs()]

    def order(self):
        ready, waiting = [], list(self.names)
        while waiting:
            for name in list(waiting):
                if all(source in ready for (to, _), (source, _, _) in self.links.items() if to == name):
                    ready.append(name)
                    waiting.remove(name)
        return ready

    def run(self, inputs, kept=()):
        fed = dict(zip(self.free_inputs(), inputs, strict=True))
        outputs, taken = {}, {}
        for name in self.order():
            arrays = []
            for k in range(len(self.interpreters[name].get_input_details())):
                if (name, k) in self.links:
                    source, given, convert = self.links[name, k]
                    array = outputs[source][given] if given >= 0 else taken[source][~given]
                    arrays.append(array if convert is None else convert(array))
                else:
                    arrays.append(fed[name, k])
            taken[name] = arrays
            outputs[name] = oracle.invoke(self.interpreters[name], arrays)
        consumed = {(source, given) for source, given, _ in self.links.values()}
        return [outputs[name][k] for name in self.names for k in range(len(outputs[name]))
                if (name, k) not in consumed or (name, k) in kept]


def random_array(random, details):
    dtype, shape = np.dtype(details["dtype"]), details["shape"]
    if dtype.kind == "f":
        return random.standard_normal(shape).astype(dtype)
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(dtype)
    low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype.itemsize <= 2 else (0, 1)
    return np.asarray(random.integers(low, high, shape, endpoint=True), dtype)


def bits(arrays):
    return [(array.shape, array.dtype.str, array.tobytes()) for array in arrays]


def assert_same(chain, fused, runs=3, kept=(), resolver=oracle.REFERENCE):
    """LiteRT on the fused file against LiteRT on the models, one after another; state goes on from run to run."""
    whole = oracle.open_reference(fused, resolver)
    for seed in range(runs):
        inputs = chain.random_inputs(seed)
        assert bits(oracle.invoke(whole, inputs)) == bits(chain.run(inputs, kept)), seed


def adapter(operator, options, from_type, from_shape, from_quantization, to_type, to_shape, to_quantization, extra=()):
    """One of LiteRT's operators as a model of its own: what a link's adapter must be."""
    import tiny
    graph = tiny.Graph()
    x = graph.tensor(from_type, from_shape, from_quantization)
    y = graph.tensor(to_type, to_shape, to_quantization)
    constants = [graph.tensor(dtype, shape, data=data) for dtype, shape, data in extra]
    graph.op(operator, [x] + constants, [y], options)
    interpreter = oracle.open_reference(graph.build([x], [y]))
    return lambda array: oracle.invoke(interpreter, [array])[0]


def read(data):
    return models.Model(data)
