# SPDX-License-Identifier: Apache-2.0
"""RNN, both sequence RNNs, BIDIRECTIONAL_SEQUENCE_LSTM and SVDF against LiteRT, each invoked three times so that state
counts, and what they refuse."""
import itertools

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import compare
import oracle
import plait_c
from single_operator import TYPE, Builder
from test_weights import refused

BATCHES, TIMES, INPUTS, UNITS = 3, 4, 11, 18
HYBRID = 1 / 127  # an ulp of tanh can move a quantized state by one unit


def three_times(data, feeds, relative=compare.RELATIVE, steps=0):
    reference = oracle.open_reference(data)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "model")
        interpreter.allocate()
        for inputs in feeds:
            expected = oracle.invoke(reference, inputs)
            for mine, theirs in zip(model(inputs), expected, strict=True):
                wrong = compare.difference(mine, theirs, relative=relative, steps=steps)
                assert not wrong, wrong


def feeds(shapes):
    rng = np.random.default_rng(1)
    return [[rng.uniform(-1, 1, shape).astype(np.float32) for shape in shapes] for _ in range(3)]


def cell(make, kind, inputs, units, state=None):
    weights = TYPE.FLOAT32 if kind == "float" else TYPE.INT8
    return [make.weights(weights, [units, inputs]), make.weights(weights, [units, units]),
            make.bias(TYPE.FLOAT32, units, None),
            make.add(TYPE.FLOAT32, state or [BATCHES, units], variable=True)]


def rnn(sequence, kind, time_major=False, asymmetric=False, activation=4, **broken):
    make = Builder(2)
    options = schema.SequenceRNNOptionsT() if sequence else schema.RNNOptionsT()
    options.fusedActivationFunction, options.asymmetricQuantizeInputs = activation, asymmetric
    outer = ([TIMES, BATCHES] if time_major else [BATCHES, TIMES]) if sequence else [BATCHES]
    if sequence:
        options.timeMajor = time_major
    x, y = make.add(TYPE.FLOAT32, outer + [INPUTS]), make.add(TYPE.FLOAT32, outer + [UNITS])
    name = "UNIDIRECTIONAL_SEQUENCE_RNN" if sequence else "RNN"
    parts = cell(make, kind, broken.get("inputs", INPUTS), UNITS, broken.get("state"))
    return make.model(name, 3, options, [x] + parts, [y], [x]), outer + [INPUTS]


@pytest.mark.parametrize("kind,asymmetric", [("float", False), ("hybrid", False), ("hybrid", True)])
@pytest.mark.parametrize("activation", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("sequence,time_major", [(False, False), (True, False), (True, True)])
def test_rnn(kind, asymmetric, activation, sequence, time_major):
    data, shape = rnn(sequence, kind, time_major, asymmetric, activation)
    three_times(data, feeds([shape]), compare.RELATIVE if kind == "float" else HYBRID)


def test_rnn_refusals():
    refused(rnn(True, "float", inputs=INPUTS + 1)[0], "do not fit vectors")
    refused(rnn(False, "float", state=[BATCHES, UNITS + 1])[0], "elements")
    refused(rnn(False, "float", activation=5)[0], "fused activation 5")


def both_ways(kind, time_major, merged, aux, asymmetric=False, version=3):
    """aux: none, weighted or the backward cell's input."""
    make = Builder(3)
    options = schema.BidirectionalSequenceRNNOptionsT()
    options.fusedActivationFunction, options.timeMajor, options.mergeOutputs = 4, time_major, merged
    options.asymmetricQuantizeInputs = asymmetric
    outer = [TIMES, BATCHES] if time_major else [BATCHES, TIMES]
    x = make.add(TYPE.FLOAT32, outer + [INPUTS])
    inputs = [x] + cell(make, kind, INPUTS, UNITS) + cell(make, kind, INPUTS, UNITS + 2) + [-1, -1, -1]
    if aux != "none":
        inputs[9] = make.add(TYPE.FLOAT32, outer + [INPUTS])
    if aux == "weighted":
        weights = TYPE.FLOAT32 if kind == "float" else TYPE.INT8
        inputs[10], inputs[11] = make.weights(weights, [UNITS, INPUTS]), make.weights(weights, [UNITS + 2, INPUTS])
    outputs = [make.add(TYPE.FLOAT32, outer + [n]) for n in ([2 * UNITS + 2] if merged else [UNITS, UNITS + 2])]
    fed = [x] if aux == "none" else [x, inputs[9]]
    data = make.model("BIDIRECTIONAL_SEQUENCE_RNN", version, options, inputs, outputs, fed)
    return data, [outer + [INPUTS]] * len(fed)


@pytest.mark.parametrize("kind,asymmetric", [("float", False), ("hybrid", False), ("hybrid", True)])
@pytest.mark.parametrize("time_major,merged", list(itertools.product((False, True), repeat=2)))
@pytest.mark.parametrize("aux", ["none", "weighted", "input"])
def test_bidirectional_rnn(kind, asymmetric, time_major, merged, aux):
    if kind == "hybrid" and time_major and merged:
        pytest.skip("LiteRT 2.3.0 crashes")
    data, shapes = both_ways(kind, time_major, merged, aux, asymmetric)
    three_times(data, feeds(shapes), compare.RELATIVE if kind == "float" else HYBRID)


def lstm_cell(make, kind, coupled, peephole, projection, cells, outputs):
    weights = TYPE.FLOAT32 if kind == "float" else TYPE.INT8
    parts = [-1] * 17
    for gate in range(1 if coupled else 0, 4):
        parts[gate], parts[4 + gate] = make.weights(weights, [cells, INPUTS]), make.weights(weights, [cells, outputs])
        parts[11 + gate] = make.bias(TYPE.FLOAT32, cells, None)
        if peephole and gate != 2:
            parts[{0: 8, 1: 9, 3: 10}[gate]] = make.weights(weights, [cells])
    if projection:
        parts[15], parts[16] = make.weights(weights, [outputs, cells]), make.bias(TYPE.FLOAT32, outputs, None)
    return parts


def bidirectional_lstm(kind, coupled, peephole, projection, time_major, merged, aux, batches):
    make = Builder(5)
    options = schema.BidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction, options.cellClip, options.projClip = 4, 0.5, 0.4
    options.timeMajor, options.mergeOutputs = time_major, merged
    cells, outputs = 14, 9 if projection else 14
    outer = [TIMES, batches] if time_major else [batches, TIMES]
    x = make.add(TYPE.FLOAT32, outer + [INPUTS])
    inputs = [x]
    for _ in range(2):
        inputs += lstm_cell(make, kind, coupled, peephole, projection, cells, outputs)
    for _ in range(2):
        inputs += [make.add(TYPE.FLOAT32, [batches, n], variable=True) for n in (outputs, cells)]
    inputs += [-1] * 9
    if aux != "none":
        inputs[39] = make.add(TYPE.FLOAT32, outer + [INPUTS])
    if aux == "weighted":
        weights = TYPE.FLOAT32 if kind == "float" else TYPE.INT8
        for k in range(8):
            if k % 4 or not coupled:
                inputs[40 + k] = make.weights(weights, [cells, INPUTS])
    made = [make.add(TYPE.FLOAT32, outer + [n]) for n in ([2 * outputs] if merged else [outputs] * 2)]
    fed = [x] if aux == "none" else [x, inputs[39]]
    data = make.model("BIDIRECTIONAL_SEQUENCE_LSTM", 3, options, inputs, made, fed)
    return data, [outer + [INPUTS]] * len(fed)


@pytest.mark.parametrize("kind", ["float", "hybrid"])
@pytest.mark.parametrize("coupled,peephole,projection", list(itertools.product((False, True), repeat=3)))
@pytest.mark.parametrize("time_major,merged", list(itertools.product((False, True), repeat=2)))
@pytest.mark.parametrize("aux", ["none", "weighted", "input"])
def test_bidirectional_lstm(kind, coupled, peephole, projection, time_major, merged, aux):
    """Merged outputs with batches first: one batch, since LiteRT 2.3.0 keeps further ones behind the end of the state."""
    batches = 1 if merged and not time_major else BATCHES
    data, shapes = bidirectional_lstm(kind, coupled, peephole, projection, time_major, merged, aux, batches)
    three_times(data, feeds(shapes), compare.RELATIVE if kind == "float" else HYBRID)


def svdf(kind, rank=2, activation=1, asymmetric=False, biased=True, units=5, memory=21):
    make = Builder(6)
    options = schema.SVDFOptionsT()
    options.rank, options.fusedActivationFunction, options.asymmetricQuantizeInputs = rank, activation, asymmetric
    filters, integer = units * max(rank, 1), kind == "integer"
    whole = TYPE.INT8 if integer else TYPE.FLOAT32
    quantized = {"scale": 0.03, "zero_point": 4} if integer else {}
    x = make.add(whole, [BATCHES, INPUTS], **quantized)
    features = make.weights(TYPE.FLOAT32 if kind == "float" else TYPE.INT8, [filters, INPUTS])
    times = make.weights({"float": TYPE.FLOAT32, "hybrid": TYPE.INT8}.get(kind, TYPE.INT16), [filters, memory])
    bias = make.bias(TYPE.INT32 if integer else TYPE.FLOAT32, units, 1e-4) if biased else -1
    state = make.add(TYPE.INT16 if integer else TYPE.FLOAT32, [BATCHES, filters * memory],
                     scale=1e-4 if integer else None, variable=True)
    y = make.add(whole, [BATCHES, units], **quantized)
    return make.model("SVDF", 3, options, [x, features, times, bias, state], [y], [x])


@pytest.mark.parametrize("kind,asymmetric", [("float", False), ("hybrid", False), ("hybrid", True), ("integer", False)])
@pytest.mark.parametrize("rank,activation,biased,memory", [(1, 0, True, 3), (2, 1, False, 21), (3, 3, True, 40)])
def test_svdf(kind, asymmetric, rank, activation, biased, memory):
    given = feeds([[BATCHES, INPUTS]])
    if kind == "integer":
        activation = 1
        given = [[np.rint(x * 127).astype(np.int8) for x in inputs] for inputs in given]
    three_times(svdf(kind, rank, activation, asymmetric, biased, memory=memory), given)


def test_svdf_refusals():
    refused(svdf("float", rank=0), "rank")
    refused(svdf("float", activation=5), "fused activation 5")
    refused(svdf("integer", activation=0), "fused_activation_function")
