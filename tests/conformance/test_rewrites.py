# SPDX-License-Identifier: Apache-2.0
"""Rewrites keep the bits: every model gives the same with them and without, which is how a model is planned that keeps
all its tensors. Where one must not apply, the operator is still there."""
import itertools

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import plait_c
import tiny

RANDOM = np.random.default_rng(6)
QUANTIZED = {np.int8: (0.05, 3), np.uint8: (0.04, 120), np.int16: (0.002, 0), np.float32: None}


def numbers(shape, dtype):
    if dtype is np.float32:
        return (RANDOM.standard_normal(shape) * 4).astype(np.float32)
    info = np.iinfo(dtype)
    return RANDOM.integers(info.min, info.max, shape, dtype, endpoint=True)


def run(data, inputs, **options):
    """(the bytes of all outputs, the names of the operators that took part)."""
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "m", **options)
        interpreter.allocate()
        interpreter.check(plait_c.api().profile_enable(model.handle, True))
        for tensor, array in zip(model.inputs(), inputs, strict=True):
            tensor.write(array)
        outputs = []
        for _ in range(2):
            model.invoke()
            outputs.append([tensor.read().tobytes() for tensor in model.outputs()])
        assert outputs[0] == outputs[1]
        entry, names = plait_c.ProfileEntry(), []
        for k in range(plait_c.api().profile_count(model.handle)):
            interpreter.check(plait_c.api().profile_at(model.handle, k, entry))
            names.append(entry.name.decode())
        return outputs[0], names


def same(data, inputs, expected):
    """Equal bits, and these operators take part."""
    fused, names = run(data, inputs)
    plain, all_names = run(data, inputs, keep_all_tensors=True)
    assert fused == plain
    assert names == expected, (names, all_names)


# ---- clamps ---------------------------------------------------------------------------------------------------------

def convolution(graph, source, dtype, shape, outputs, kernel=(3, 3), padding=0, depthwise=False, stride=1, activation=0):
    """shape: of the input; the index of the output and its shape."""
    quantization = QUANTIZED[dtype]
    depth = shape[3]
    filter_shape = [1, *kernel, depth] if depthwise else [outputs, *kernel, depth]
    outputs = depth if depthwise else outputs
    if dtype is np.float32:
        weights = graph.tensor(np.float32, filter_shape, data=numbers(filter_shape, np.float32))
        bias = graph.tensor(np.float32, [outputs], data=numbers([outputs], np.float32))
    else:
        kind, scale = (np.uint8, (0.01, 128)) if dtype is np.uint8 else (np.int8, (0.01, 0))
        weights = graph.tensor(kind, filter_shape, scale, data=RANDOM.integers(1, 127, filter_shape).astype(kind))
        wide = np.int64 if dtype is np.int16 else np.int32
        bias = graph.tensor(wide, [outputs], (quantization[0] * scale[0], 0),
                            data=RANDOM.integers(-500, 500, [outputs]).astype(wide))
    size = [-(-shape[1 + k] // stride) if padding == 0 else (shape[1 + k] - kernel[k]) // stride + 1 for k in (0, 1)]
    made = [shape[0], *size, outputs]
    target = graph.tensor(dtype, made, quantization)
    options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = padding, stride, stride
    options.dilationHFactor = options.dilationWFactor = 1
    options.fusedActivationFunction = activation
    if depthwise:
        options.depthMultiplier = 1
    graph.op("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", [source, weights, bias], [target], options)
    return target, made


CLAMPS = ("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1")


@pytest.mark.parametrize("dtype", QUANTIZED, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("clamp", CLAMPS)
def test_clamp_behind_convolution(dtype, clamp):
    if dtype is np.int16 and clamp not in ("RELU", "RELU6"):
        pytest.skip("not of int16")
    for depthwise, activation in itertools.product((False, True), (0, 1, 3)):
        graph, shape = tiny.Graph(), [2, 9, 7, 5]
        source = graph.tensor(dtype, shape, QUANTIZED[dtype])
        made, size = convolution(graph, source, dtype, shape, 6, depthwise=depthwise, activation=activation)
        target = graph.tensor(dtype, size, QUANTIZED[dtype])
        graph.op(clamp, [made], [target])
        name = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        same(graph.build([source], [target]), [numbers(shape, dtype)], [name])


@pytest.mark.parametrize("name", ("ADD", "SUB", "MUL", "DIV"))
def test_clamp_behind_arithmetic(name):
    for dtype in (np.float32,) if name == "DIV" else (np.float32, np.int8, np.uint8):
        graph, shape = tiny.Graph(), [3, 50]
        ends = [graph.tensor(dtype, shape, QUANTIZED[dtype]) for _ in range(4)]
        options = getattr(schema, name.capitalize() + "OptionsT")()
        graph.op(name, ends[:2], [ends[2]], options)
        graph.op("RELU6", [ends[2]], [ends[3]])
        values = [numbers(shape, dtype), numbers(shape, dtype)]
        if dtype is np.float32:  # what is not a number, infinite or a zero with a sign
            values[0][0, :6] = np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-45
            values[1][0, :6] = 1, 2, 3, 0, -0.0, -1e-45
        same(graph.build(ends[:2], [ends[3]]), values, [name])


@pytest.mark.parametrize("dtype", (np.int8, np.uint8, np.float32), ids=lambda dtype: dtype.__name__)
def test_clamp_behind_pooling_and_dense(dtype):
    for name in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        graph, shape = tiny.Graph(), [1, 8, 8, 3]
        source, made, target = (graph.tensor(dtype, s, QUANTIZED[dtype]) for s in (shape, [1, 4, 4, 3], [1, 4, 4, 3]))
        options = schema.Pool2DOptionsT()
        options.strideH = options.strideW = options.filterHeight = options.filterWidth = 2
        graph.op(name, [source], [made], options)
        graph.op("RELU", [made], [target])
        same(graph.build([source], [target]), [numbers(shape, dtype)], [name])


def two_uses(case):
    """RELU behind a convolution whose output is used elsewhere too."""
    graph, shape = tiny.Graph(), [1, 5, 5, 4]
    source = graph.tensor(np.float32, shape)
    made, size = convolution(graph, source, np.float32, shape, 4)
    target = graph.tensor(np.float32, size)
    graph.op("RELU", [made], [target])
    ends = [target]
    if case == "another reader":
        ends.append(graph.tensor(np.float32, size))
        graph.op("ABS", [made], [ends[1]])
    if case == "model output":
        ends.append(made)
    return graph.build([source], ends), [numbers(shape, np.float32)]


@pytest.mark.parametrize("case", ("another reader", "model output"))
def test_clamp_stays(case):
    data, inputs = two_uses(case)
    same(data, inputs, ["CONV_2D", "RELU"] + (["ABS"] if case == "another reader" else []))


def test_clamp_of_another_scale_stays():
    graph, shape = tiny.Graph(), [1, 5, 5, 4]
    source = graph.tensor(np.int8, shape, QUANTIZED[np.int8])
    made, size = convolution(graph, source, np.int8, shape, 4)
    target = graph.tensor(np.int8, size, (0.049, 3))
    graph.op("RELU", [made], [target])
    same(graph.build([source], [target]), [numbers(shape, np.int8)], ["CONV_2D", "RELU"])


# ---- orders of axes -------------------------------------------------------------------------------------------------

def transposed(graph, source, shape, axes, dtype=np.float32):
    order = graph.tensor(np.int32, [len(axes)], data=np.array(axes, np.int32))
    size = [shape[axis] for axis in axes]
    target = graph.tensor(dtype, size, QUANTIZED[dtype])
    graph.op("TRANSPOSE", [source, order], [target], schema.TransposeOptionsT())
    return target, size


def reshaped(graph, source, size, dtype=np.float32):
    shape = graph.tensor(np.int32, [len(size)], data=np.array(size, np.int32))
    target = graph.tensor(dtype, size, QUANTIZED[dtype])
    graph.op("RESHAPE", [source, shape], [target], schema.ReshapeOptionsT())
    return target


def orders(first, between, second, ends=("ABS", "NEG"), twice=False, dtype=np.float32):
    """[2, 3, 4] in another order, reshaped, and in another one again."""
    graph, shape = tiny.Graph(), [2, 3, 4]
    source = graph.tensor(dtype, shape, QUANTIZED[dtype])
    made = source
    if ends[0] is not None:
        made = graph.tensor(dtype, shape, QUANTIZED[dtype])
        graph.op(ends[0], [source], [made])
    other, size = transposed(graph, made, shape, first, dtype)
    view = other
    for between_shape in between:
        view, size = reshaped(graph, view, between_shape, dtype), between_shape
    target, size = transposed(graph, view, size, second, dtype)
    if ends[1] is not None:
        last = graph.tensor(dtype, size, QUANTIZED[dtype])
        graph.op(ends[1], [target], [last])
        target = last
    return graph.build([source], [target, other] if twice else [target]), [numbers(shape, dtype)]


def test_orders_that_undo_each_other():
    every = ["ABS", "NEG"]
    same(*orders([0, 2, 1], [], [0, 2, 1]), every)
    same(*orders([1, 2, 0], [], [2, 0, 1]), every)
    same(*orders([1, 2, 0], [[3, 4, 2]], [2, 0, 1], dtype=np.int8), every)
    same(*orders([0, 2, 1], [[1, 2, 4, 1, 3]], [3, 1, 0, 4, 2]), every)
    same(*orders([0, 2, 1], [[2, 4, 1, 3], [2, 4, 3]], [0, 2, 1]), every)
    same(*orders([0, 1, 2], [], [0, 1, 2]), every)
    same(*orders([0, 2, 1], [], [0, 2, 1], ends=("ABS", None)), ["ABS"])
    same(*orders([0, 2, 1], [], [0, 2, 1], ends=(None, "NEG")), ["NEG"])
    same(*orders([0, 2, 1], [], [0, 2, 1], ends=(None, None)), ["TRANSPOSE"])  # an output is a copy


def test_orders_stay():
    both = ["ABS", "TRANSPOSE", "TRANSPOSE", "NEG"]
    same(*orders([1, 2, 0], [], [1, 2, 0]), both)
    same(*orders([0, 2, 1], [[2, 3, 4]], [0, 2, 1]), both)      # what was seen as other axes
    same(*orders([0, 2, 1], [[4, 2, 3]], [0, 2, 1]), both)
    same(*orders([0, 2, 1], [[8, 3]], [1, 0]), both)
    same(*orders([0, 2, 1], [], [0, 2, 1], twice=True), both)   # somebody else looks at it


# ---- frames of zeros ------------------------------------------------------------------------------------------------

def padded(dtype, frame, depthwise=False, kernel=(3, 3), stride=1, padding=1, twice=False, clamp=False, zeros=0):
    graph, shape = tiny.Graph(), [2, 9, 8, 5]
    source = graph.tensor(dtype, shape, QUANTIZED[dtype])
    amounts = graph.tensor(np.int32, [4, 2], data=np.array([[0, 0], frame[0], frame[1], [0, zeros]], np.int32))
    size = [2, 9 + sum(frame[0]), 8 + sum(frame[1]), 5 + zeros]
    framed = graph.tensor(dtype, size, QUANTIZED[dtype])
    graph.op("PAD", [source, amounts], [framed], schema.PadOptionsT())
    target, size = convolution(graph, framed, dtype, size, 7, kernel, padding, depthwise, stride)
    if clamp:
        source_of_clamp, target = target, graph.tensor(dtype, size, QUANTIZED[dtype])
        graph.op("RELU", [source_of_clamp], [target])
    ends = [target, framed] if twice else [target]
    return graph.build([source], ends), [numbers(shape, dtype)]


@pytest.mark.parametrize("dtype", QUANTIZED, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("depthwise", (False, True))
def test_frame_before_convolution(dtype, depthwise):
    name = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    for frame, stride in itertools.product((([1, 1], [1, 1]), ([0, 1], [0, 1]), ([2, 0], [1, 2]), ([0, 0], [2, 2])), (1, 2)):
        same(*padded(dtype, frame, depthwise, stride=stride), [name])
    same(*padded(dtype, ([2, 3], [3, 2]), depthwise, kernel=(5, 4)), [name])
    same(*padded(dtype, ([1, 1], [1, 1]), depthwise, padding=0), [name])
    same(*padded(dtype, ([1, 1], [1, 0]), depthwise, clamp=True), [name])


def test_frame_stays():
    two = ["PAD", "CONV_2D"]
    same(*padded(np.float32, ([1, 1], [1, 1]), twice=True), two)         # somebody else looks at it
    same(*padded(np.float32, ([1, 1], [1, 1]), zeros=1), two)            # channels are padded too
    same(*padded(np.float32, ([3, 1], [1, 1])), two)                     # windows without a pixel
    same(*padded(np.int8, ([1, 1], [1, 1]), kernel=(1, 1)), two)
    same(*padded(np.int8, ([1, 4], [1, 1])), two)


def test_frame_before_weights_that_are_not_numbers_stays():
    data, inputs = padded(np.float32, ([1, 1], [1, 1]))
    tree = schema.ModelT.InitFromPackedBuf(data, 0)
    weights = next(t for t in tree.subgraphs[0].tensors if list(t.shape) == [7, 3, 3, 5])
    values = np.frombuffer(bytes(tree.buffers[weights.buffer].data), np.float32).copy()
    values[5] = np.inf
    tree.buffers[weights.buffer].data = np.frombuffer(values.tobytes(), np.uint8)
    builder = flatbuffers.Builder(1024)
    builder.Finish(tree.Pack(builder), b"TFL3")
    same(bytes(builder.Output()), inputs, ["PAD", "CONV_2D"])


# ---- parts and views ------------------------------------------------------------------------------------------------

def concatenated(axis=0, twice=False, later=False, inputs_alone=False):
    """[2, 3] and [2, 3] behind each other, each made by an operator."""
    graph, shape = tiny.Graph(), [2, 3]
    source = graph.tensor(np.float32, shape)
    parts = [graph.tensor(np.float32, shape) for _ in range(2)]
    for part, name in zip(parts, ("ABS", "NEG")):
        graph.op(name, [source], [part])
    used = [source, source] if inputs_alone else [parts[0], parts[0]] if twice else parts
    size = [4, 3] if axis == 0 else [2, 6]
    whole = graph.tensor(np.float32, size)
    options = schema.ConcatenationOptionsT()
    options.axis = axis
    graph.op("CONCATENATION", used, [whole], options)
    last = graph.tensor(np.float32, size)
    graph.op("EXP", [whole], [last])
    ends = [last]
    if later:
        ends.append(graph.tensor(np.float32, shape))
        graph.op("SQUARE", [parts[1]], [ends[1]])
    return graph.build([source], ends), [numbers(shape, np.float32)]


def test_parts_are_made_where_they_belong():
    same(*concatenated(), ["ABS", "NEG", "EXP"])
    same(*concatenated(later=True), ["ABS", "NEG", "EXP", "SQUARE"])
    every = ["ABS", "NEG", "CONCATENATION", "EXP"]
    same(*concatenated(axis=1), every)
    same(*concatenated(twice=True), every)
    same(*concatenated(inputs_alone=True), every)


def test_pieces_are_views():
    graph, shape = tiny.Graph(), [6, 5]
    source = graph.tensor(np.int8, shape, QUANTIZED[np.int8])
    copy, *pieces = (graph.tensor(np.int8, s, QUANTIZED[np.int8]) for s in ([6, 5], [2, 5], [2, 5], [2, 5]))
    graph.op("ABS", [source], [copy])
    axis = graph.tensor(np.int32, [], data=[0])
    options = schema.SplitOptionsT()
    options.numSplits = 3
    graph.op("SPLIT", [axis, copy], pieces, options)
    # In place over pieces of one tensor, which others still read.
    first, second, last = (graph.tensor(np.int8, [2, 5], QUANTIZED[np.int8]) for _ in range(3))
    graph.op("ADD", [pieces[0], pieces[1]], [first], schema.AddOptionsT())
    graph.op("ADD", [first, pieces[1]], [second], schema.AddOptionsT())
    graph.op("ADD", [second, pieces[2]], [last], schema.AddOptionsT())
    same(graph.build([source], [last]), [numbers(shape, np.int8)], ["ABS", "ADD", "ADD", "ADD"])


def slices(offset_a, offset_b):
    """SUB of two slices of one vector that overlap."""
    graph, count = tiny.Graph(), 1000
    source = graph.tensor(np.float32, [count + 8])
    made = graph.tensor(np.float32, [count + 8])
    graph.op("ABS", [source], [made])
    size = graph.tensor(np.int32, [1], data=[count])
    ends = []
    for offset in (offset_a, offset_b):
        begin = graph.tensor(np.int32, [1], data=[offset])
        ends.append(graph.tensor(np.float32, [count]))
        graph.op("SLICE", [made, begin, size], [ends[-1]], schema.SliceOptionsT())
    difference, last = graph.tensor(np.float32, [count]), graph.tensor(np.float32, [count])
    graph.op("SUB", ends, [difference], schema.SubOptionsT())
    graph.op("EXP", [difference], [last])
    return graph.build([source], [last]), [numbers([count + 8], np.float32)]


@pytest.mark.parametrize("offsets", ((1, 0), (0, 1), (8, 0), (0, 0), (3, 7)))
def test_overlapping_pieces_are_not_written_over(offsets):
    same(*slices(*offsets), ["ABS", "SUB", "EXP"])


def test_pieces_of_inputs_and_to_outputs():
    graph = tiny.Graph()
    source = graph.tensor(np.int32, [3, 4])
    pieces = [graph.tensor(np.int32, [4]) for _ in range(3)]
    options = schema.UnpackOptionsT()
    options.num, options.axis = 3, 0
    graph.op("UNPACK", [source], pieces, options)
    negated = graph.tensor(np.int32, [4])
    graph.op("NEG", [pieces[1]], [negated])
    data = graph.build([source], [pieces[0], negated])
    same(data, [numbers([3, 4], np.int32)], ["UNPACK", "NEG"])  # an output is a copy


@pytest.mark.parametrize("seed", range(30))
def test_random_chains_of_pieces_and_parts(seed):
    """Tensors are cut, changed in place, put together and used again."""
    random = np.random.default_rng(seed)
    graph = tiny.Graph()
    source = graph.tensor(np.float32, [12])
    there = [(source, 12)]
    for _ in range(25):
        tensor, size = there[random.integers(len(there))]
        kind = random.integers(5)
        if kind == 0 and size > 2:
            cut = int(random.integers(1, size))
            made = [(graph.tensor(np.float32, [k]), k) for k in (cut, size - cut)]
            sizes = graph.tensor(np.int32, [2], data=[cut, size - cut])
            axis = graph.tensor(np.int32, [], data=[0])
            options = schema.SplitVOptionsT()
            options.numSplits = 2
            graph.op("SPLIT_V", [tensor, sizes, axis], [one for one, _ in made], options)
            there += made
        elif kind == 1 and size < 100:
            other, more = there[random.integers(len(there))]
            made = graph.tensor(np.float32, [size + more])
            options = schema.ConcatenationOptionsT()
            graph.op("CONCATENATION", [tensor, other], [made], options)
            there.append((made, size + more))
        elif kind == 2:
            fitting = [one for one, count in there if count == size]
            made = graph.tensor(np.float32, [size])
            graph.op("SUB", [tensor, fitting[random.integers(len(fitting))]], [made], schema.SubOptionsT())
            there.append((made, size))
        else:
            made = graph.tensor(np.float32, [size])
            graph.op(("ABS", "NEG", "SIN")[random.integers(3)], [tensor], [made])
            there.append((made, size))
    ends = sorted({there[k][0] for k in random.integers(1, len(there), 4)})
    inputs = [numbers([12], np.float32)]
    data = graph.build([source], ends)
    assert run(data, inputs)[0] == run(data, inputs, keep_all_tensors=True)[0]


# ---- rows that several operators quantize ---------------------------------------------------------------------------

def dense(graph, source, depth, outputs, asymmetric):
    """A hybrid FULLY_CONNECTED of 12 rows."""
    shape = [outputs, depth]
    weights = graph.tensor(np.int8, shape, (0.02, 0), data=RANDOM.integers(-127, 127, shape).astype(np.int8))
    target = graph.tensor(np.float32, [12, outputs])
    options = schema.FullyConnectedOptionsT()
    options.asymmetricQuantizeInputs = asymmetric
    graph.op("FULLY_CONNECTED", [source, weights], [target], options, version=9)
    return target


@pytest.mark.parametrize("seed", range(20))
def test_rows_are_quantized_once(seed):
    """Products of a few tensors, in both ways of quantizing, and what is made of them in between."""
    draw = np.random.default_rng(seed)
    graph = tiny.Graph()
    tensors = [graph.tensor(np.float32, [12, 40]) for _ in range(2)]
    inputs = list(tensors)
    for _ in range(12):
        kind = draw.integers(0, 3)
        source = tensors[draw.integers(0, min(len(tensors), 3))]
        if kind == 0:
            target = graph.tensor(np.float32, [12, 40])
            graph.op("EXP", [tensors[-1]], [target])
            tensors.append(target)
        else:
            tensors.append(dense(graph, source, 40, 40, bool(kind == 1)))
    data = graph.build(inputs, tensors[2:][::-3])
    arrays = [numbers([12, 40], np.float32) for _ in inputs]
    fused, names = run(data, arrays)
    plain, all_names = run(data, arrays, keep_all_tensors=True)
    assert fused == plain and names == all_names
