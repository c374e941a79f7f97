# SPDX-License-Identifier: Apache-2.0
"""Random networks that take a window, of operators that keep rows apart and of operators that mix them."""
import numpy as np
from ai_edge_litert import schema_py_generated as schema

import tiny

FLOAT, INT8 = np.dtype(np.float32), np.dtype(np.int8)
SAME, VALID = 0, 1


class Network:
    """Every value is [1, rows, columns, channels] or [1, columns, rows, channels]; int8 or float throughout."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.graph, self.dtype = tiny.Graph(), self.one([FLOAT, INT8])
        self.axis, self.values, self.used = self.one([1, 1, 1, 2]), [], []
        rows, columns = self.integer(6, 40), self.integer(1, 6)
        self.channels = self.integer(1, 4)
        shape = [1, rows, columns, self.channels] if self.axis == 1 else [1, columns, rows, self.channels]
        self.shape, self.window_axis = tuple(shape), self.axis
        self.input = self.value(shape)
        for _ in range(self.integer(1, 9)):
            self.step()
        outputs = {self.values[-1][0]}
        if self.chance(0.3):
            outputs.add(self.values[self.integer(0, len(self.values) - 1)][0])
        if self.chance(0.5):
            outputs.add(self.head())
        outputs.discard(self.input)
        if not outputs:
            self.elementwise("RELU", self.values[-1])
            outputs = {self.values[-1][0]}
        self.file = self.graph.build([self.input], sorted(outputs))

    # ---- chance

    def integer(self, low, high):
        return int(self.random.integers(low, high, endpoint=True))

    def one(self, items):
        return items[self.integer(0, len(items) - 1)]

    def chance(self, probability):
        return self.random.random() < probability

    # ---- tensors

    def quantization(self):
        return None if self.dtype == FLOAT else (float(np.float32(0.02 + 0.05 * self.random.random())), self.integer(-20, 20))

    def value(self, shape, quantization=None):
        quantization = quantization or self.quantization()
        index = self.graph.tensor(self.dtype, shape, quantization)
        self.values.append((index, tuple(shape), quantization))
        return index

    def constant(self, dtype, data, quantization=None):
        return self.graph.tensor(dtype, np.shape(data), quantization, data=np.asarray(data, dtype))

    def numbers(self, shape, quantization=None):
        if self.dtype == FLOAT:
            return self.constant(FLOAT, self.random.standard_normal(shape))
        return self.constant(INT8, self.random.integers(-100, 100, shape), quantization or self.quantization())

    def weights(self, shape, count, source):
        if self.dtype == FLOAT:
            return self.constant(FLOAT, self.random.standard_normal(shape) / 2), self.constant(FLOAT, self.random.standard_normal(count))
        scale = 0.01
        bias = self.graph.tensor(np.int32, [count], (float(np.float32(source[2][0]) * np.float32(scale)), 0),
                                 data=self.random.integers(-500, 500, count).astype(np.int32))
        return self.constant(INT8, self.random.integers(-127, 127, shape), (scale, 0)), bias

    # ---- operators

    def step(self):
        four = [value for value in self.values if len(value[1]) == 4]
        source = four[-1] if self.chance(0.8) else self.one(four)
        kinds = [self.convolution, self.convolution, self.depthwise, self.pooling, self.unary, self.with_constant,
                 self.with_constant, self.crop, self.residual, self.concatenate, self.pad, self.transpose, self.mix, self.dense]
        self.one(kinds)(source)

    def geometry(self, source, options):
        """Kernel [height, width], strides and padding that fit; the output's sizes."""
        sizes, out = source[1][1:3], []
        padding = self.one([VALID, VALID, SAME])
        kernel = [self.integer(1, min(4, size)) for size in sizes]
        strides = [self.one([1, 1, 1, 2, 4]), self.one([1, 1, 2])]
        dilation = [1, 1]
        if hasattr(options, "dilationHFactor"):
            if strides == [1, 1] and self.chance(0.3) and padding == VALID and (kernel[0] - 1) * 2 < sizes[0]:
                dilation[0] = 2
            options.dilationHFactor, options.dilationWFactor = dilation
        options.padding, options.strideH, options.strideW = padding, *strides
        for size, taps, stride, step in zip(sizes, kernel, strides, dilation):
            reach = (taps - 1) * step + 1
            out.append(-(-size // stride) if padding == SAME else (size - reach) // stride + 1)
        return kernel, out

    def convolution(self, source):
        options = schema.Conv2DOptionsT()
        kernel, sizes = self.geometry(source, options)
        channels = self.integer(1, 6)
        options.fusedActivationFunction = self.one([0, 1])
        filters, bias = self.weights([channels, *kernel, source[1][3]], channels, source)
        self.graph.op("CONV_2D", [source[0], filters, bias], [self.value([1, *sizes, channels])], options, 3)

    def depthwise(self, source):
        options = schema.DepthwiseConv2DOptionsT()
        kernel, sizes = self.geometry(source, options)
        options.strideW = options.strideH
        sizes[1] = -(-source[1][2] // options.strideW) if options.padding == SAME else (source[1][2] - kernel[1]) // options.strideW + 1
        options.depthMultiplier = 1
        filters, bias = self.weights([1, *kernel, source[1][3]], source[1][3], source)
        self.graph.op("DEPTHWISE_CONV_2D", [source[0], filters, bias], [self.value([1, *sizes, source[1][3]])], options, 3)

    def pooling(self, source):
        options = schema.Pool2DOptionsT()
        kernel, sizes = self.geometry(source, options)
        options.filterHeight, options.filterWidth = kernel
        self.graph.op(self.one(["MAX_POOL_2D", "AVERAGE_POOL_2D"]), [source[0]],
                      [self.value([1, *sizes, source[1][3]], source[2])], options, 2)

    def elementwise(self, name, source, options=None, version=1):
        self.graph.op(name, [source[0]], [self.value(source[1], source[2] if name == "RELU" else None)], options, version)

    def unary(self, source):
        if self.dtype == INT8:
            self.elementwise("RELU", source, version=2)
        elif self.chance(0.5):
            self.elementwise("LEAKY_RELU", source, schema.LeakyReluOptionsT())
        else:
            self.elementwise(self.one(["RELU", "LOGISTIC", "TANH", "ABS"]), source)

    def with_constant(self, source):
        shape = [1 if self.chance(0.6) else size for size in source[1]][self.integer(0, 3):]
        other = self.numbers(shape)
        inputs = [source[0], other] if self.chance(0.7) else [other, source[0]]
        name = self.one(["ADD", "MUL", "SUB"])
        options = {"ADD": schema.AddOptionsT, "MUL": schema.MulOptionsT, "SUB": schema.SubOptionsT}[name]()
        self.graph.op(name, inputs, [self.value(source[1])], options, 2)

    def crop(self, source, begin=None, end=None):
        if begin is None:
            axis = self.one([1, 1, 2])
            begin, end = [0, 0, 0, 0], list(source[1])
            begin[axis] = self.integer(0, source[1][axis] - 1)
            end[axis] = self.integer(begin[axis] + 1, source[1][axis])
        shape = [b - a for a, b in zip(begin, end)]
        made = self.value(shape, source[2])
        if self.chance(0.5):
            parts = [self.constant(np.int32, begin), self.constant(np.int32, shape)]
            self.graph.op("SLICE", [source[0], *parts], [made], schema.SliceOptionsT(), 2)
        else:
            parts = [self.constant(np.int32, numbers) for numbers in (begin, end, [1, 1, 1, 1])]
            self.graph.op("STRIDED_SLICE", [source[0], *parts], [made], schema.StridedSliceOptionsT(), 2)

    def residual(self, source):
        """Around a convolution of three rows: what goes round it loses a row at each end."""
        if source[1][1] < 3:
            return
        options = schema.Conv2DOptionsT()
        options.padding, options.strideH, options.strideW, options.dilationHFactor, options.dilationWFactor = VALID, 1, 1, 1, 1
        channels = source[1][3]
        filters, bias = self.weights([channels, 3, 1, channels], channels, source)
        shape = [1, source[1][1] - 2, source[1][2], channels]
        around = self.value(shape)
        self.graph.op("CONV_2D", [source[0], filters, bias], [around], options, 3)
        self.crop(source, [0, 1, 0, 0], [1, source[1][1] - 1, source[1][2], channels])
        self.graph.op("ADD", [self.values[-1][0], around], [self.value(shape)], schema.AddOptionsT(), 2)

    def concatenate(self, source):
        alike = [value for value in self.values if len(value[1]) == 4 and value[1][:3] == source[1][:3]]
        other, options = self.one(alike), schema.ConcatenationOptionsT()
        axis = self.one([1, 2, 3, 3])
        same = [value for value in alike if all(value[1][k] == source[1][k] for k in range(4) if k != axis)]
        other = self.one(same)
        if self.dtype == INT8 and other[2] != source[2]:
            other = source
        options.axis = axis
        shape = list(source[1])
        shape[axis] += other[1][axis]
        if shape[axis] <= 60:
            self.graph.op("CONCATENATION", [source[0], other[0]], [self.value(shape, source[2])], options, 2)

    def pad(self, source):
        paddings = np.zeros([4, 2], np.int32)
        paddings[self.one([1, 2, 2, 3])] = [self.integer(0, 2), self.integer(0, 2)]
        shape = [size + int(sum(pair)) for size, pair in zip(source[1], paddings)]
        self.graph.op("PAD", [source[0], self.constant(np.int32, paddings)], [self.value(shape, source[2])], schema.PadOptionsT())

    def transpose(self, source):
        order = self.one([[0, 2, 1, 3], [0, 1, 3, 2], [0, 3, 2, 1]])
        self.graph.op("TRANSPOSE", [source[0], self.constant(np.int32, order)],
                      [self.value([source[1][k] for k in order], source[2])], schema.TransposeOptionsT(), 2)

    def mix(self, source):
        """What mixes rows, or the elements of a row."""
        if self.dtype == FLOAT and self.chance(0.6):
            options = schema.CumsumOptionsT()
            self.graph.op("CUMSUM", [source[0], self.constant(np.int32, self.integer(1, 2))],
                          [self.value(source[1])], options)
        elif self.dtype == FLOAT and self.chance(0.5):
            options = schema.SoftmaxOptionsT()
            options.beta = 1.0
            self.graph.op("SOFTMAX", [source[0]], [self.value(source[1])], options)
        else:
            options = schema.ReducerOptionsT()
            options.keepDims = True
            axes = self.one([[3], [2], [1], [2, 3], [1, 2]])
            shape = [1 if k in axes else size for k, size in enumerate(source[1])]
            self.graph.op("MEAN", [source[0], self.constant(np.int32, axes)], [self.value(shape)], options, 2)

    def dense(self, source):
        options = schema.FullyConnectedOptionsT()
        options.keepNumDims = True
        outputs = self.integer(1, 5)
        filters, bias = self.weights([outputs, source[1][3]], outputs, source)
        self.graph.op("FULLY_CONNECTED", [source[0], filters, bias], [self.value([*source[1][:3], outputs])], options, 5)

    def head(self):
        source = [value for value in self.values if len(value[1]) == 4][-1]
        count = int(np.prod(source[1]))
        flat = self.graph.tensor(self.dtype, [1, count], source[2])
        shape = self.constant(np.int32, [1, count])
        self.graph.op("RESHAPE", [source[0], shape], [flat], schema.ReshapeOptionsT())
        filters, bias = self.weights([3, count], 3, source)
        made = self.graph.tensor(self.dtype, [1, 3], self.quantization())
        return self.graph.op("FULLY_CONNECTED", [flat, filters, bias], [made], schema.FullyConnectedOptionsT(), 4)

    # ---- data

    def rows(self, count):
        row = [size for k, size in enumerate(self.shape) if k != self.window_axis]
        if self.dtype == FLOAT:
            return self.random.standard_normal([count, *row]).astype(np.float32)
        return self.random.integers(-128, 127, [count, *row]).astype(np.int8)

    def window(self, rows):
        """Rows as the input has them."""
        return np.ascontiguousarray(np.moveaxis(rows, 0, self.window_axis))
