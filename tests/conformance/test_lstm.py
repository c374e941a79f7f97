# SPDX-License-Identifier: Apache-2.0
"""UNIDIRECTIONAL_SEQUENCE_LSTM in every combination of its parts against LiteRT: models made here, each invoked three
times so that its state counts. Integer models must be equal in every bit."""
import itertools

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import compare
import oracle
import plait_c
from single_operator import TYPE, Builder

BATCHES, TIMES, INPUTS, CELLS = 3, 5, 11, 14
GATES = ("input", "forget", "cell", "output")


def build(kind, coupled, peephole, projection, time_major, clips, layer_norm=False, seed=0, asymmetric=False):
    """kind: float, hybrid or integer."""
    make = Builder(seed)
    integer = kind == "integer"
    outputs = 9 if projection else CELLS
    weight = TYPE.FLOAT32 if kind == "float" else TYPE.INT8
    bias = TYPE.INT32 if integer else TYPE.FLOAT32
    activation = TYPE.INT8 if integer else TYPE.FLOAT32
    input_scale, state_scale, state_zero = (0.007, 0.006, 7) if integer else (None, None, 0)
    shape = [TIMES, BATCHES] if time_major else [BATCHES, TIMES]
    inputs = [-1] * 24
    inputs[0] = make.add(activation, shape + [INPUTS], scale=input_scale, zero_point=-3)
    for k, gate in enumerate(GATES):
        if gate == "input" and coupled:
            continue
        inputs[1 + k] = make.weights(weight, [CELLS, INPUTS])
        inputs[5 + k] = make.weights(weight, [CELLS, outputs])
        inputs[12 + k] = make.bias(bias, CELLS, 2e-5)
        if peephole and gate != "cell":
            inputs[{"input": 9, "forget": 10, "output": 11}[gate]] = make.weights(
                TYPE.INT16 if integer else weight, [CELLS])
        if layer_norm:
            inputs[20 + k] = make.weights(TYPE.INT16 if integer else TYPE.FLOAT32, [CELLS])
    if projection:
        inputs[16] = make.weights(weight, [outputs, CELLS])
        inputs[17] = make.bias(bias, outputs, 2e-5)
    inputs[18] = make.add(activation, [BATCHES, outputs], scale=state_scale, zero_point=state_zero, variable=True)
    inputs[19] = make.add(TYPE.INT16 if integer else TYPE.FLOAT32, [BATCHES, CELLS],
                          scale=2.0 ** -11 if integer else None, variable=True)
    result = make.add(activation, shape + [outputs], scale=state_scale, zero_point=state_zero)
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([result], np.int32)
    if integer:
        operator.intermediates = np.array(
            [make.add(TYPE.INT16, [0], scale=0.0004 + 0.0001 * k) for k in range(4)]
            + [make.add(TYPE.INT8, [0], scale=0.005, zero_point=-5)], np.int32)
    options = schema.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    options.cellClip, options.projClip = clips
    options.timeMajor, options.asymmetricQuantizeInputs = time_major, asymmetric
    return make.model_of(operator, "UNIDIRECTIONAL_SEQUENCE_LSTM", 3, options, [inputs[0]])


def feed(kind, seed):
    rng = np.random.default_rng(seed)
    shape = (TIMES, BATCHES, INPUTS)
    if kind == "integer":
        return rng.integers(-128, 128, shape).astype(np.int8)
    return rng.uniform(-1, 1, shape).astype(np.float32)


def compare_three_invocations(data, kind, time_major, relative=compare.RELATIVE):
    reference = oracle.open_reference(data)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "lstm")
        interpreter.allocate()
        for seed in range(3):
            array = feed(kind, seed)
            array = array if time_major else np.ascontiguousarray(array.swapaxes(0, 1))
            expected = oracle.invoke(reference, [array])
            assert len(np.unique(expected[0])) > 10  # not all saturated
            wrong = compare.difference(model([array])[0], expected[0], relative=relative)
            assert not wrong, f"invocation {seed}: {wrong}"


PARTS = list(itertools.product((False, True), repeat=4))


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("clips", [(0.0, 0.0), (0.3, 0.4)])
@pytest.mark.parametrize("coupled,peephole,projection,time_major", PARTS)
def test_integer(coupled, peephole, projection, time_major, clips, layer_norm):
    data = build("integer", coupled, peephole, projection, time_major, clips, layer_norm)
    compare_three_invocations(data, "integer", time_major)


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("coupled,peephole,projection,time_major", PARTS)
def test_float(coupled, peephole, projection, time_major, layer_norm):
    data = build("float", coupled, peephole, projection, time_major, (0.3, 0.4), layer_norm)
    compare_three_invocations(data, "float", time_major)


@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("coupled,peephole,projection,time_major", PARTS)
def test_hybrid(coupled, peephole, projection, time_major, asymmetric):
    """An ulp of tanh or logistic can move a quantized element of the state by one: one unit of 127, times a weight."""
    data = build("hybrid", coupled, peephole, projection, time_major, (0.3, 0.4), asymmetric=asymmetric)
    compare_three_invocations(data, "hybrid", time_major, relative=1 / 127)


def build_narrow(clips, seed, input_gate=True, sizes=(BATCHES, INPUTS, CELLS, 9), cell_scale=2.0 ** -15, parts=()):
    """LSTM with products of 8 bits: 12 intermediate tensors. parts: (input, None or what takes its place)."""
    batches, width, cells, outputs = sizes
    make = Builder(seed)
    inputs = [-1] * 24
    inputs[0] = make.add(TYPE.INT8, [batches, width], scale=0.007, zero_point=-3)
    for k in range(0 if input_gate else 1, 4):
        inputs[1 + k], inputs[5 + k] = make.weights(TYPE.INT8, [cells, width]), make.weights(TYPE.INT8, [cells, outputs])
        inputs[12 + k] = make.bias(TYPE.INT32, cells, 2e-5)
        inputs[20 + k] = make.weights(TYPE.INT16, [cells])
    inputs[16], inputs[17] = make.weights(TYPE.INT8, [outputs, cells]), make.bias(TYPE.INT32, outputs, 2e-5)
    inputs[18] = make.add(TYPE.INT8, [batches, outputs], scale=0.006, zero_point=7, variable=True)
    inputs[19] = make.add(TYPE.INT16, [batches, cells], scale=cell_scale, variable=True)
    for place in parts:
        inputs[place] = -1
    result = make.add(TYPE.INT8, [batches, outputs], scale=0.006, zero_point=7)
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([result], np.int32)
    scales = make.rng.uniform(0.008, 0.03, 12)
    operator.intermediates = np.array([make.add(TYPE.INT8 if k % 3 else TYPE.INT16, [0], scale=scales[k] if k % 3 else 0.0005,
                                                zero_point=int(make.rng.integers(-20, 21)) if k % 3 else 0) for k in range(12)], np.int32)
    options = schema.LSTMOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    options.cellClip, options.projClip = clips
    return make.model_of(operator, "LSTM", 4, options, [inputs[0]])


@pytest.mark.parametrize("input_gate", [False, True])
@pytest.mark.parametrize("clips", [(0.0, 0.0), (0.3, 0.4), (2.0, 0.1)])
@pytest.mark.parametrize("seed", range(4))
def test_products_of_8_bits(clips, seed, input_gate):
    sizes = (BATCHES, INPUTS, CELLS, 9) if seed else (1, 33, 70, 40)
    data = build_narrow(clips, seed, input_gate, sizes)
    reference, rng = oracle.open_reference(data), np.random.default_rng(seed)
    with plait_c.Interpreter(threads=2) as interpreter:
        model = interpreter.load(data, "lstm")
        interpreter.allocate()
        for _ in range(5):
            array = rng.integers(-128, 128, sizes[:2]).astype(np.int8)
            expected = oracle.invoke(reference, [array])[0]
            np.testing.assert_array_equal(model([array])[0], expected)
        assert len(np.unique(expected)) > 5


@pytest.mark.parametrize("changes, words", [({"cell_scale": 2.0 ** -11}, "expected 2\\^-15"), ({"parts": (17,)}, "projection"),
                                            ({"parts": (20, 21, 22, 23)}, "layer normalization"),
                                            ({"sizes": (2, 3, 1 << 17, 2)}, "cells")])
def test_products_of_8_bits_refused(changes, words):
    with plait_c.Interpreter() as interpreter:
        interpreter.load(build_narrow((0, 0), 0, **changes), "lstm")
        with pytest.raises(plait_c.PlaitError, match=words):
            interpreter.allocate()
