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
