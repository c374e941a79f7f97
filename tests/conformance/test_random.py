# SPDX-License-Identifier: Apache-2.0
"""RANDOM_UNIFORM, RANDOM_STANDARD_NORMAL and MULTINOMIAL: the numbers of LiteRT's generator, run after run."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import compare
import oracle
import plait_c
import tiny

F32, I32, I64 = np.float32, np.int32, np.int64
SEEDS = [(1, 0), (0, 5678), (1234, 5678), (-3, 2**40 + 7), (2**31, 2**63 - 1)]  # 32 bits count


def options(seeds):
    made = schema.RandomOptionsT()
    made.seed, made.seed2 = seeds
    return made


def fill(name, shape, seeds, constant=True, kind=I32):
    graph = tiny.Graph()
    given = graph.tensor(kind, [len(shape)], data=shape if constant else None)
    output = graph.tensor(F32, shape)
    graph.op(name, [given], [output], options(seeds))
    return graph.build([] if constant else [given], [output])


def multinomial(rows, classes, samples, seeds, kind, constant=True):
    graph = tiny.Graph()
    logits = graph.tensor(F32, [rows, classes])
    count = graph.tensor(I32, [], data=samples if constant else None)
    output = graph.tensor(kind, [rows, samples])
    graph.op("MULTINOMIAL", [logits, count], [output], options(seeds))
    return graph.build([logits] if constant else [logits, count], [output])


def check(data, feeds):
    reference = oracle.open_reference(data)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "random")
        interpreter.allocate()
        for number, arrays in enumerate(feeds):
            wrong = compare.difference(model(arrays)[0], oracle.invoke(reference, arrays)[0])
            assert not wrong, f"run {number}: {wrong}"


@pytest.mark.parametrize("seeds", SEEDS)
@pytest.mark.parametrize("name", ["RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL"])
def test_fill(name, seeds):
    for shape in ([8], [2, 3, 6], [4], [1000, 4]):
        check(fill(name, shape, seeds), [[]] * 4)
    check(fill(name, [4, 5], seeds, constant=False), [[np.array([4, 5], I32)]] * 2 + [[np.array([2, 2], I32)]])


def test_uniform_uses_blocks():
    """The rest of a block of four is lost. (LiteRT writes past the end of odd normal ones.)"""
    for count in (1, 3, 5, 7):
        check(fill("RANDOM_UNIFORM", [count], (7, 9)), [[]] * 5)


def test_empty():
    check(fill("RANDOM_UNIFORM", [0, 3], (1, 2)), [[]] * 2)


def two_runs(data, fresh):
    found = []
    for _ in range(2):
        with plait_c.Interpreter() as interpreter:
            model = interpreter.load(data, "random")
            interpreter.allocate()
            found.append([model([])[0].copy() for _ in range(2)])
    (a, b), (c, d) = found
    assert not np.array_equal(a, b) and np.array_equal(a, c) != fresh and np.array_equal(b, d) != fresh
    return a


def test_without_seeds():
    """Both seeds 0: other numbers every time. Any seed: the same."""
    values = two_runs(fill("RANDOM_UNIFORM", [4000], (0, 0)), True)
    assert values.min() >= 0 and values.max() < 1 and abs(values.mean() - 0.5) < 0.05
    normal = two_runs(fill("RANDOM_STANDARD_NORMAL", [4000], (0, 0)), True)
    assert abs(normal.mean()) < 0.1 and abs(normal.std() - 1) < 0.1
    two_runs(fill("RANDOM_UNIFORM", [40], (0, 1)), False)


def test_reset_starts_anew():
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(fill("RANDOM_UNIFORM", [9], (3, 4)), "random")
        interpreter.allocate()
        first = model([])[0].copy()
        assert not np.array_equal(model([])[0], first)
        interpreter.check(plait_c.api().reset_variables(model.handle))
        np.testing.assert_array_equal(model([])[0], first)


@pytest.mark.parametrize("kind", [I32, I64])
@pytest.mark.parametrize("rows,classes,samples", [(1, 2, 1), (3, 5, 7), (2, 1, 4), (4, 100, 33)])
def test_multinomial(rows, classes, samples, kind):
    rng = np.random.default_rng(rows)
    for seeds in SEEDS[:3]:
        feeds = [[rng.normal(size=(rows, classes)).astype(F32) * scale] for scale in (1, 5, 0.1)]
        special = feeds[0][0].copy()
        special[0, 0] = np.inf
        special[-1, -1] = np.nan
        check(multinomial(rows, classes, samples, seeds, kind), feeds + [[special]])
        if samples:
            check(multinomial(rows, classes, samples, seeds, kind, False),
                  [[feeds[0][0], np.array(samples, I32)], [feeds[1][0], np.array(samples + 2, I32)]])


def test_no_samples():
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(multinomial(2, 3, 0, (1, 2), I64), "random")
        interpreter.allocate()
        assert model([np.zeros((2, 3), F32)])[0].shape == (2, 0)


def refused(data, *words):
    with plait_c.Interpreter() as interpreter:
        with pytest.raises(plait_c.PlaitError) as error:
            interpreter.load(data, "random")
            interpreter.allocate()
    for word in words:
        assert word in str(error.value)


def test_refused():
    refused(fill("RANDOM_UNIFORM", [4], (1, 2), kind=I64), "input 0", "int64", "int32")
    refused(multinomial(2, 0, 3, (1, 2), I32), "no classes")
    refused(multinomial(2, 3, 3, (1, 2), F32), "output 0", "float32")
    graph = tiny.Graph()
    output = graph.tensor(F32, [1])
    graph.op("RANDOM_UNIFORM", [graph.tensor(I32, [2], data=[3, -1])], [output], options((1, 1)))
    refused(graph.build([], [output]), "-1")
    graph = tiny.Graph()
    logits, output = graph.tensor(F32, [1, 2]), graph.tensor(I32, [1, 1])
    graph.op("MULTINOMIAL", [logits, graph.tensor(I32, [], data=-2)], [output], options((1, 1)))
    refused(graph.build([logits], [output]), "-2 samples")
