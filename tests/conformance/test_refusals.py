# SPDX-License-Identifier: Apache-2.0
"""What LiteRT refuses for its numbers alone, plait refuses at allocate, and says which and why."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import oracle
import plait_c
import tiny


def softmax(dtype, beta, scale, zero_point):
    graph = tiny.Graph()
    x = graph.tensor(dtype, [1, 8], (0.1, 0), name="x")
    y = graph.tensor(dtype, [1, 8], (scale, zero_point), name="y")
    options = schema.SoftmaxOptionsT()
    options.beta = beta
    graph.op("SOFTMAX", [x], [y], options, version=3 if dtype == np.int16 else 2)
    return graph.build([x], [y])


def convolution(stride=1, dilation=1, bias=True):
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [1, 4, 4, 1], name="x")
    y = graph.tensor(np.float32, [1, 1 if stride > 1 else 4, 1 if stride > 1 else 4, 1], name="y")
    inputs = [x, graph.tensor(np.float32, [1, 1, 1, 1], data=[[[[2]]]], name="filter")]
    if bias:
        inputs.append(graph.tensor(np.float32, [1], data=[1], name="bias"))
    options = schema.Conv2DOptionsT()
    options.strideH = options.strideW = stride
    options.dilationHFactor = options.dilationWFactor = dilation
    graph.op("CONV_2D", inputs, [y], options)
    return graph.build([x], [y])


GOOD = {
    "softmax int8": softmax(np.int8, 1, 1 / 256, -128), "softmax int16": softmax(np.int16, 1, 1 / 32768, 0),
    "convolution": convolution(), "largest stride": convolution(stride=32767),
}
BAD = {
    "softmax int8 scale": (softmax(np.int8, 1, 1 / 255, -128), ["'y'", "scale", "0.00390625"]),
    "softmax int8 zero point": (softmax(np.int8, 1, 1 / 256, 16), ["'y'", "zero point 16", "-128"]),
    "softmax int16 scale": (softmax(np.int16, 1, 1 / 16384, 0), ["'y'", "scale"]),
    "convolution stride": (convolution(stride=32768), ["stride_h", "32768", "32767"]),
    "convolution dilation": (convolution(dilation=32768), ["dilation_h_factor", "32768"]),
    "convolution without bias": (convolution(bias=False), ["CONV_2D", "2", "3"]),
}


def refusal(data):
    with plait_c.Interpreter() as interpreter:
        interpreter.load(data, "model")
        try:
            interpreter.allocate()
        except plait_c.PlaitError as error:
            return str(error)
    return None


@pytest.mark.parametrize("name", GOOD)
def test_both_take_it(name):
    oracle.open_reference(GOOD[name])
    assert refusal(GOOD[name]) is None


@pytest.mark.parametrize("name", BAD)
def test_both_refuse_it(name):
    data, words = BAD[name]
    with pytest.raises((RuntimeError, ValueError)):
        oracle.open_reference(data)
    text = refusal(data)
    assert text is not None and all(word in text for word in words), text


def test_a_softmax_without_a_number_for_beta():
    """LiteRT aborts on it."""
    assert "beta nan" in refusal(softmax(np.int8, float("nan"), 1 / 256, -128))


@pytest.mark.parametrize("shape", [[2, 3], [2, 0], [0, 3]])
@pytest.mark.parametrize("indices", [[0, 1], [-1, 0], [5, 0]])
def test_indices_are_looked_at_where_nothing_is_gathered(shape, indices):
    graph = tiny.Graph()
    inputs = [graph.tensor(np.float32, shape), graph.tensor(np.int32, [2], data=indices)]
    y = graph.tensor(np.float32, [2, *shape[1:]])
    graph.op("GATHER", inputs, [y], schema.GatherOptionsT())
    data = graph.build(inputs[:1], [y])
    reference = oracle.open_reference(data)
    try:
        reference.allocate_tensors()
        reference.invoke()
        taken = True
    except RuntimeError:
        taken = False
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "model")
        interpreter.allocate()
        if taken:
            model.invoke()
        else:
            with pytest.raises(plait_c.PlaitError, match=f"index {indices[0]} at place 0 is outside of the axis of"):
                model.invoke()
