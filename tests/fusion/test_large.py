# SPDX-License-Identifier: Apache-2.0
"""Models whose constants together are more than a FlatBuffer can have: they go behind it, where LiteRT finds them."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import oracle
import tiny
from fusing import fuse

ROWS, COLUMNS = 17000, 1 << 16
PERIOD = 251  # of the constants' values: prime, so that no two rows are equal


def values(seed, first, rows):
    """Rows of the constant, without the rest of it."""
    at = np.arange(first * COLUMNS, (first + rows) * COLUMNS, dtype=np.int64)
    return ((at * (seed + 1)) % PERIOD - 125).astype(np.int8).reshape(rows, COLUMNS)


def lookup(path, seed):
    """A table of 1.1 GB, of which two rows are taken."""
    whole = np.empty((ROWS, COLUMNS), np.int8)
    for first in range(0, ROWS, 1000):
        whole[first:first + 1000] = values(seed, first, 1000)
    graph = tiny.Graph()
    ids = graph.tensor(np.int32, [2], name="ids")
    table = graph.tensor(np.int8, [ROWS, COLUMNS], (0.1, 0), data=whole, name="table")
    rows = graph.tensor(np.int8, [2, COLUMNS], (0.1, 0), name="rows")
    graph.op("GATHER", [table, ids], [rows], schema.GatherOptionsT(), version=2)
    path.write_bytes(graph.build([ids], [rows]))
    return path


@pytest.mark.long
def test_more_than_two_gigabytes(tmp_path):
    sources = {name: lookup(tmp_path / f"{name}.tflite", seed) for seed, name in enumerate("ab")}
    fused = tmp_path / "fused.tflite"
    assert len(fuse(sources, [], fused)) > 1 << 31
    interpreter = oracle.litert.Interpreter(str(fused), experimental_op_resolver_type=oracle.REFERENCE)
    interpreter.allocate_tensors()
    ids = np.int32([5, ROWS - 1])
    answers = oracle.invoke(interpreter, [ids, ids])
    for path in [fused, *sources.values()]:
        path.unlink()
    for seed, answer in enumerate(answers):
        expected = np.concatenate([values(seed, int(row), 1) for row in ids])
        assert np.array_equal(answer, expected)
