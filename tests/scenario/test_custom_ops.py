# SPDX-License-Identifier: Apache-2.0
"""Operators that the program registers: custom_ops.c over models that are made here."""
import struct

import numpy as np
import pytest

import programs
import tiny

VARIANTS = programs.variants()
pytestmark = pytest.mark.skipif(not VARIANTS, reason="no static library is built: run scripts/build")


def affine():
    graph = tiny.Graph()
    x, middle, y = (graph.tensor(np.float32, (1, 4), name=name) for name in ("x", "middle", "y"))
    graph.custom("Affine", [x], [middle], struct.pack("ff", 2, 1), version=3)
    graph.op("RELU", [middle], [y])
    return graph.build([x], [y])


def counters():
    graph = tiny.Graph()
    constant = graph.tensor(np.int32, (1,), data=[10])
    outputs = [graph.tensor(np.int32, (1,)) for _ in range(2)]
    for output in outputs:
        graph.custom("Counter", [constant], [output])
    return graph.build([], outputs)


def one(name, options=b""):
    graph = tiny.Graph()
    x, y = (graph.tensor(np.float32, (1, 4), name=name) for name in ("x", "y"))
    graph.custom(name, [x], [y], options)
    return graph.build([x], [y])


@pytest.mark.parametrize("variant", VARIANTS)
def test_custom_operators(variant, tmp_path):
    made = {"affine": affine(), "counters": counters(), "nested": one("Nested"), "failing": one("Fails")}
    for name, content in made.items():
        (tmp_path / f"{name}.tflite").write_bytes(content)
    programs.run("custom_ops", variant, [tmp_path / f"{name}.tflite" for name in made])


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_model_that_is_replaced_while_it_runs(variant, tmp_path):
    paths = [tmp_path / f"times_{factor}.tflite" for factor in (2, 3, 5)]
    for path, factor in zip(paths, (2, 3, 5)):
        path.write_bytes(one("Scale", struct.pack("f", factor)))
    programs.run("replaced", variant, paths)
