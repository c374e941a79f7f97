# SPDX-License-Identifier: Apache-2.0
"""The custom operators aeq.hadamard_rotation and NumericVerify beside LiteRT's."""
import numpy as np
import pytest
from flatbuffers import flexbuffers

import compare
import oracle
import plait_c
import tiny

F32 = np.float32


def options(**values):
    return bytes(flexbuffers.Dumps(values))


def litert(data, inputs):
    return oracle.invoke(oracle.open_reference(data, oracle.OPTIMIZED), inputs)[0]


def plait(data, inputs, **settings):
    with plait_c.Interpreter(**settings) as interpreter:
        model = interpreter.load(data, "custom")
        interpreter.allocate()
        return model(inputs)[0].copy()


def rotation(shape, size, dtype=F32):
    graph = tiny.Graph()
    x, y = graph.tensor(dtype, shape, name="x"), graph.tensor(dtype, shape, name="y")
    graph.custom("aeq.hadamard_rotation", [x], [y], options(hadamard_size=size, random_binary_vector=[1, -1]))
    return graph.build([x], [y])


@pytest.mark.parametrize("shape, size", [((3, 8), 1), ((3, 8), 2), ((2, 24), 8), ((5, 16), 16), ((2, 3, 64), 32), ((1, 1024), 512),
                                         ((3, 11), 4), ((2, 2, 37), 8), ((3, 5), 8)])
def test_rotation(shape, size):
    """Rows that are no multiple of the size go on in the next one, as LiteRT has it."""
    x = np.random.default_rng(size).normal(size=shape).astype(F32)
    data = rotation(shape, size)
    for threads in (1, 3):
        assert plait(data, [x], threads=threads).tobytes() == litert(data, [x]).tobytes()


def test_rotation_of_bits():
    x = np.random.default_rng(1).normal(size=(2, 32)).astype(F32).view(np.int32)
    data = rotation(x.shape, 16, np.int32)
    assert plait(data, [x]).tobytes() == litert(data, [x]).tobytes()


@pytest.mark.parametrize("shape, size, words", [((2, 8), 3, "power of two"), ((2, 8), 0, "hadamard_size"),
                                                ((8,), 4, "2 to 3 dimensions")])
def test_rotation_refused(shape, size, words):
    with pytest.raises(plait_c.PlaitError, match=words):
        plait(rotation(shape, size), [np.zeros(shape, F32)])


def verify(dtype, tolerance, fails):
    graph = tiny.Graph()
    scale = None if dtype == np.float16 else (0.05, 3 if dtype != np.int16 else 0)
    x = graph.tensor(dtype, [2, 40], scale, name="x")
    reference, y = graph.tensor(F32, [2, 40], name="reference"), graph.tensor(F32, [2, 40], name="y")
    graph.custom("NumericVerify", [x, reference], [y], options(tolerance=tolerance, log_if_failed=fails))
    return graph.build([x, reference], [y])


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.float16])
@pytest.mark.parametrize("tolerance, fails", [(0.0, False), (5.0, False), (0.05, True)])
def test_verify(dtype, tolerance, fails):
    rng = np.random.default_rng(2)
    x = rng.normal(0, 40, (2, 40)).astype(dtype)
    reference = rng.normal(0, 1, (2, 40)).astype(F32)
    data = verify(dtype, tolerance, fails)
    assert not compare.difference(plait(data, [x, reference]), litert(data, [x, reference]))


@pytest.mark.parametrize("off, good", [(0.07, True), (0.2, False)])
def test_verify_fails_beyond_its_tolerance(off, good):
    x = np.full((2, 40), 13, np.int8)
    reference = np.full((2, 40), 0.5, F32)
    reference[1, 7] += off
    data = verify(np.int8, 2.0, True)
    if good:
        assert not compare.difference(plait(data, [x, reference]), litert(data, [x, reference]))
        return
    with pytest.raises(RuntimeError, match="Mismatch"):
        litert(data, [x, reference])
    with pytest.raises(plait_c.PlaitError, match="element 47 differs"):
        plait(data, [x, reference])
