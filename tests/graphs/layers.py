# SPDX-License-Identifier: Apache-2.0
"""Makers of steps: convolutions, dense layers, matrix products, pooling, resizing."""
import numpy as np

from elementwise import maker
from values import Step, Value, options_of

FUSED = [0, 0, 0, 1, 2, 3]


def weights(draw, kind, shape, channels_at):
    """A constant filter: float, or of 8 bits per tensor or per channel. (value, its scales as an array)"""
    if kind == "f32":
        return draw.fresh("f32", shape, constant=True, low=-1, high=1), None
    if kind == "u8":
        value = draw.fresh("u8", shape, constant=True)
        return value, np.float32([value.scale])
    value = Value("i8", tuple(shape), constant=True, data=draw.array("i8", shape, -127, 127))
    count = shape[channels_at] if draw.chance(0.6) else 1
    scales = [draw.scale(0.005, 0.05) for _ in range(count)]
    value.scale, value.zero, value.dimension = scales, [0] * count, channels_at if count > 1 else 0
    return value, np.float32(scales)


def bias(draw, x, scales, count):
    if scales is None:
        return draw.fresh("f32", (count,), constant=True)
    kind = "i64" if x.kind == "i16" else "i32"
    made = draw.constant(kind, draw.rng.integers(-3000, 3000, count))
    made.scale, made.zero = [float(np.float32(x.scale) * s) for s in scales], [0] * len(scales)
    return made


def image(draw, kind):
    x = draw.pick([kind], low=4, high=4, where=lambda v: min(v.shape) > 0 and v.shape[-1] < 20)
    if min(x.shape) == 0 or len(x.shape) != 4:
        x = draw.fresh(kind, (draw.integer(1, 2), draw.integer(1, 7), draw.integer(1, 7), draw.integer(1, 6)), constant=False)
    return x


def window(draw, x, reach=3):
    """padding, filter height and width that fit."""
    padding = draw.integer(0, 1)
    height, width = draw.integer(1, reach), draw.integer(1, reach)
    if padding == 1:
        height, width = min(height, x.shape[1]), min(width, x.shape[2])
    return padding, height, width


@maker("CONV_2D")
def convolution(draw):
    kind = draw.one(["f32", "i8", "u8", "i16"])
    x = image(draw, kind)
    padding, height, width = window(draw, x)
    channels = draw.integer(1, 20)
    filters, scales = weights(draw, kind, (channels, height, width, x.shape[3]), 0)
    dilate = draw.chance(0.15) and padding == 0
    options = options_of("Conv2DOptions", padding=padding, strideH=draw.integer(1, 2), strideW=draw.integer(1, 2),
                         dilationHFactor=2 if dilate else 1, dilationWFactor=2 if dilate else 1,
                         fusedActivationFunction=draw.one(FUSED))
    return Step("CONV_2D", [x, filters, bias(draw, x, scales, channels)], [draw.out(kind)], options, 3)


@maker("DEPTHWISE_CONV_2D")
def depthwise(draw):
    kind = draw.one(["f32", "i8", "u8", "i16"])
    x = image(draw, kind)
    padding, height, width = window(draw, x)
    multiplier = draw.integer(1, 3)
    channels, stride = x.shape[3] * multiplier, draw.integer(1, 2)
    filters, scales = weights(draw, kind, (1, height, width, channels), 3)
    options = options_of("DepthwiseConv2DOptions", padding=padding, strideH=stride, strideW=stride, depthMultiplier=multiplier,
                         dilationHFactor=1, dilationWFactor=1, fusedActivationFunction=draw.one(FUSED))
    return Step("DEPTHWISE_CONV_2D", [x, filters, bias(draw, x, scales, channels)], [draw.out(kind)], options, 3)


@maker("TRANSPOSE_CONV")
def transpose_convolution(draw):
    kind = draw.one(["f32", "i8", "u8"])
    x = image(draw, kind)
    stride, channels = draw.integer(1, 2), draw.integer(1, 8)
    height, width = draw.integer(1, 3), draw.integer(1, 3)
    padding = draw.integer(0, 1)
    size = [d * stride if padding == 0 else (d - 1) * stride + k for d, k in zip(x.shape[1:3], (height, width))]
    filters, scales = weights(draw, kind, (channels, height, width, x.shape[3]), 0)
    given = [draw.parameter("i32", [x.shape[0], *size, channels]), filters, x]
    if draw.chance(0.5):
        given.append(bias(draw, x, scales, channels))
    return Step("TRANSPOSE_CONV", given, [draw.out(kind)],
                options_of("TransposeConvOptions", padding=padding, strideH=stride, strideW=stride), 3)


@maker("FULLY_CONNECTED")
def fully_connected(draw):
    kind = draw.one(["f32", "i8", "u8", "i16"])
    x = draw.pick([kind], low=1, high=4, where=lambda v: min(v.shape) > 0 and v.shape[-1] < 80)
    depth, outputs = max(x.shape[-1], 1), draw.integer(1, 20)
    filters, scales = weights(draw, kind, (outputs, depth), 0)
    given = [x, filters, bias(draw, x, scales, outputs) if draw.chance(0.7) else None]
    options = options_of("FullyConnectedOptions", fusedActivationFunction=draw.one(FUSED), keepNumDims=draw.chance(0.5))
    return Step("FULLY_CONNECTED", given, [draw.out(kind)], options, 4)


@maker("BATCH_MATMUL")
def batch_matmul(draw):
    kind = draw.one(["f32", "i8"])
    x = draw.pick([kind], low=2, high=4, where=lambda v: min(v.shape) > 0)
    adjoint_x, adjoint_y = draw.chance(0.3), draw.chance(0.3)
    depth = x.shape[-2] if adjoint_x else x.shape[-1]
    columns = draw.integer(1, 9)
    y = draw.fresh(kind, x.shape[:-2] + ((columns, depth) if adjoint_y else (depth, columns)))
    if kind == "i8":
        y.zero = 0 if y.constant else y.zero
    return Step("BATCH_MATMUL", [x, y], [draw.out(kind)], options_of("BatchMatMulOptions", adjX=adjoint_x, adjY=adjoint_y), 2)


@maker("POOL")
def pooling(draw):
    name = draw.one(["AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"])
    x = image(draw, draw.one(["f32", "i8", "u8", "i16"]) if name != "L2_POOL_2D" else "f32")
    padding, height, width = window(draw, x)
    options = options_of("Pool2DOptions", padding=padding, strideH=draw.integer(1, 3), strideW=draw.integer(1, 3),
                         filterHeight=height, filterWidth=width, fusedActivationFunction=draw.one(FUSED))
    return Step(name, [x], [draw.like(x)], options, 2)


@maker("RESIZE")
def resize(draw):
    name = draw.one(["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"])
    x = image(draw, draw.one(["f32", "i8", "u8", "i16"]))
    centers = draw.chance(0.4)
    corners = not centers and draw.chance(0.4)
    options = options_of("ResizeBilinearOptions" if name == "RESIZE_BILINEAR" else "ResizeNearestNeighborOptions",
                         alignCorners=corners, halfPixelCenters=centers)
    return Step(name, [x, draw.parameter("i32", [draw.integer(1, 9), draw.integer(1, 9)])], [draw.like(x)], options, 3)


@maker("EMBEDDING_LOOKUP")
def embedding_lookup(draw):
    table = draw.fresh(draw.one(["f32", "i8"]), tuple(max(d, 1) for d in draw.shape(2, 3)), constant=True)
    indices = draw.fresh("i32", (draw.integer(1, 5),), low=0, high=table.shape[0] - 1)
    out = draw.like(table)
    return Step("EMBEDDING_LOOKUP", [indices, table], [out])
