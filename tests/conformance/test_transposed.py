# SPDX-License-Identifier: Apache-2.0
"""TRANSPOSE_CONV, CONV_3D and CONV_3D_TRANSPOSE against LiteRT's reference kernels: types, paddings, strides beyond the
filter, dilations, activations, and what is refused."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from single_operator import TYPE, Builder
from test_weights import check, floats, plait, refused

KINDS = ("float", "hybrid", "int8", "uint8", "int16", "int16 narrow")


def turned(kind, shape, strides, padding, filters, activation=0, biased=True, out=None, constant=True):
    """shape: of the input; filters: outputs, height, width."""
    make = Builder(7)
    batches, height, width, depth = shape
    outputs, filter_height, filter_width = filters
    if out is None:
        reach = (0, 0) if padding == 0 else (max(filter_height - strides[0], 0), max(filter_width - strides[1], 0))
        out = [batches, height * strides[0] + reach[0], width * strides[1] + reach[1], outputs]
    options = schema.TransposeConvOptionsT()
    options.padding, options.strideH, options.strideW = padding, *strides
    options.fusedActivationFunction = activation
    weight_shape = [outputs, filter_height, filter_width, depth]
    whole = {"uint8": TYPE.UINT8, "int8": TYPE.INT8}.get(kind, TYPE.INT16)
    if kind in ("float", "hybrid"):
        x, y = make.add(TYPE.FLOAT32, shape), make.add(TYPE.FLOAT32, out)
    else:
        zero = {"uint8": 120, "int8": -5}.get(kind, 0)
        x, y = make.add(whole, shape, scale=0.02, zero_point=zero), make.add(whole, out, scale=0.3, zero_point=zero)
    if kind == "float":
        weights = make.weights(TYPE.FLOAT32, weight_shape) if constant else make.add(TYPE.FLOAT32, weight_shape)
    elif kind == "uint8":
        weights = make.add(TYPE.UINT8, weight_shape, make.rng.integers(0, 256, weight_shape).astype(np.uint8),
                           scale=0.01, zero_point=130)
    else:
        values = make.rng.integers(-127, 128, weight_shape).astype(np.int8)
        weights = make.add(TYPE.INT8, weight_shape, values, scale=0.01)
        quantization = make.tensors[weights].quantization
        quantization.scale = make.rng.uniform(0.005, 0.02, outputs).astype(np.float32)
        quantization.zeroPoint = np.zeros(outputs, np.int64)
    inputs = [make.constant(np.array(out, np.int32)), weights, x]
    if biased:
        values = make.rng.integers(-2000, 2000, outputs)
        if kind in ("float", "hybrid"):
            inputs.append(make.add(TYPE.FLOAT32, [outputs], (values / 2000).astype(np.float32)))
        elif kind == "int16":
            inputs.append(make.add(TYPE.INT64, [outputs], values.astype(np.int64), scale=2e-4))
        else:
            inputs.append(make.add(TYPE.INT32, [outputs], values.astype(np.int32), scale=2e-4))
    if kind == "int16 narrow":
        options.quantizedBiasType = TYPE.INT32
    elif kind == "int16":
        options.quantizedBiasType = TYPE.INT64
    return make.model("TRANSPOSE_CONV", 5, options, inputs, [y], [x] if constant else [weights, x])


def values_of(kind, shape):
    rng = np.random.default_rng(3)
    if kind in ("float", "hybrid"):
        return rng.uniform(-1, 1, shape).astype(np.float32)
    dtype = {"uint8": np.uint8, "int8": np.int8}.get(kind, np.int16)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("strides,filters", [((1, 1), (5, 3, 3)), ((2, 2), (19, 3, 3)), ((2, 3), (4, 2, 5)),
                                             ((3, 4), (6, 2, 1)), ((1, 2), (33, 4, 4))])
def test_transpose_conv(kind, padding, strides, filters):
    shape = [2, 4, 5, 7]
    check(turned(kind, shape, strides, padding, filters), [values_of(kind, shape)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", [1, 3])
@pytest.mark.parametrize("biased", [False, True])
def test_transpose_conv_activation(kind, activation, biased):
    shape = [1, 3, 4, 6]
    check(turned(kind, shape, (2, 2), 0, (5, 3, 3), activation, biased), [values_of(kind, shape)])


def test_transpose_conv_of_another_size_and_computed_weights():
    shape = [1, 3, 4, 6]
    for out in ([1, 5, 8, 5], [1, 6, 7, 5], [1, 5, 7, 5]):
        check(turned("float", shape, (2, 2), 0, (5, 3, 3), out=out), [values_of("float", shape)])
    check(turned("float", shape, (2, 2), 1, (5, 3, 3), constant=False), [floats([5, 3, 3, 6]), floats(shape, 1)])


def test_transpose_conv_refusals():
    shape = [1, 3, 4, 6]
    refused(turned("float", shape, (0, 2), 0, (5, 3, 3)), "stride")
    refused(turned("float", shape, (2, 2), 0, (5, 3, 3), out=[2, 6, 8, 5]), "expected 1 pictures")
    refused(turned("float", shape, (2, 2), 0, (5, 3, 3), out=[1, 6, 8, 4]), "of 5 channels")
    refused(turned("float", shape, (2, 2), 0, (5, 3, 3), out=[1, 6, 9, 5]), "6 x 9 come from 3 x 5")
    refused(turned("float", shape, (2, 2), 0, (5, 3, 3), activation=9), "fused_activation_function")


def volume(transposed, shape, filters, strides, dilations, padding, out=None, activation=0, biased=True):
    make = Builder(9)
    options = schema.Conv3DOptionsT()
    options.padding, options.fusedActivationFunction = padding, activation
    options.strideD, options.strideH, options.strideW = strides
    options.dilationDFactor, options.dilationHFactor, options.dilationWFactor = dilations
    outputs = filters[3] if transposed else filters[4]
    x, weights = make.add(TYPE.FLOAT32, shape), make.weights(TYPE.FLOAT32, filters)
    y = make.add(TYPE.FLOAT32, out or [shape[0], 1, 1, 1, outputs])
    bias = [make.bias(TYPE.FLOAT32, outputs, None)] if biased else []
    inputs = [make.constant(np.array(out, np.int32)), weights, x] if transposed else [x, weights]
    name = "CONV_3D_TRANSPOSE" if transposed else "CONV_3D"
    return make.model(name, 1, options, inputs + bias, [y], [x])


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("strides,dilations", [((1, 1, 1), (1, 1, 1)), ((2, 1, 3), (1, 1, 1)), ((1, 1, 1), (1, 2, 1))])
@pytest.mark.parametrize("activation,biased", [(0, True), (1, False)])
def test_conv_3d(padding, strides, dilations, activation, biased):
    shape = [2, 5, 6, 40, 3]
    data = volume(False, shape, [2, 3, 2, 3, 18], strides, dilations, padding, activation=activation, biased=biased)
    check(data, [floats(shape)])


@pytest.mark.parametrize("strides,dilations,out,padding", [
    ((1, 1, 1), (1, 1, 1), [2, 3, 4, 5, 7], 0), ((2, 1, 2), (1, 1, 1), [2, 6, 4, 9, 7], 0),
    ((1, 1, 1), (1, 2, 1), [2, 3, 4, 5, 7], 0), ((2, 2, 2), (1, 1, 1), [2, 6, 9, 10, 7], 1)])
def test_conv_3d_transpose(strides, dilations, out, padding):
    shape = [2, 3, 4, 5, 3]
    check(volume(True, shape, [2, 3, 2, 7, 3], strides, dilations, padding, out), [floats(shape)])


def test_conv_3d_refusals():
    shape = [2, 3, 4, 5, 3]
    refused(volume(False, shape, [2, 3, 2, 4, 7], (1, 1, 1), (1, 1, 1), 0), "do not fit an input")
    refused(volume(False, shape, [2, 3, 2, 3, 7], (0, 1, 1), (1, 1, 1), 0), "stride")
    refused(volume(True, shape, [2, 3, 2, 7, 3], (1, 1, 1), (1, 1, 1), 0, [2, 9, 4, 5, 7]), "cannot come from")
    refused(volume(True, shape, [2, 3, 2, 7, 3], (1, 1, 1), (1, 1, 1), 0, [2, 3, 4, 5, 8]), "cannot come from")
