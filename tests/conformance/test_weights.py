# SPDX-License-Identifier: Apache-2.0
"""Forms of weights against LiteRT: blockwise and per-row scales, 4 and 2 bits, sparse constants, hybrid operators."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import compare
import late_models
import oracle
import plait_c
import tiny
from single_operator import TYPE, Builder


def plait(data, inputs):
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "model")
        interpreter.allocate()
        return model(inputs)


def refused(data, words):
    with plait_c.Interpreter() as interpreter:
        with pytest.raises(plait_c.PlaitError) as caught:
            interpreter.load(data, "model")
            interpreter.allocate()
        assert words in str(caught.value), str(caught.value)


def check(data, inputs, relative=compare.RELATIVE, resolver=oracle.REFERENCE):
    expected = oracle.invoke(oracle.open_reference(data, resolver), inputs)
    for mine, theirs in zip(plait(data, inputs), expected, strict=True):
        wrong = compare.difference(mine, theirs, relative=relative)
        assert not wrong, wrong


def pack_bits(values, bits):
    """Flat integers from the lowest bits of each byte up."""
    flat, per = np.asarray(values).reshape(-1).astype(np.int64), 8 // bits
    flat = np.concatenate([flat, np.zeros(-len(flat) % per, np.int64)]).reshape(-1, per) & (1 << bits) - 1
    return (flat << (bits * np.arange(per))).sum(axis=1).astype(np.uint8)


def narrow(make, shape, bits, scales=None):
    kind = {8: TYPE.INT8, 4: TYPE.INT4, 2: TYPE.INT2}[bits]
    lowest = -127 if bits == 8 else -(1 << bits - 1)  # LiteRT's vector code takes -128 for 128 in places
    values = make.rng.integers(lowest, 1 << bits - 1, shape)
    index = make.add(kind, shape, pack_bits(values, bits) if bits < 8 else values.astype(np.int8), scale=0.02)
    if scales is not None:
        make.tensors[index].quantization.scale = np.asarray(scales, np.float32)
        make.tensors[index].quantization.zeroPoint = np.zeros(len(scales), np.int64)
    return index


def blockwise(make, shape, block):
    """4-bit weights whose blocks have scales in a tensor of float16."""
    weights = narrow(make, shape, 4)
    scales = make.rng.uniform(0.01, 0.1, [shape[0], shape[1] // block]).astype(np.float16)
    details = schema.BlockwiseQuantizationT()
    details.scales, details.zeroPoints, details.blockSize = make.add(TYPE.FLOAT16, scales.shape, scales), -1, block
    quantization = make.tensors[weights].quantization
    quantization.scale = quantization.zeroPoint = None
    quantization.detailsType, quantization.details = schema.QuantizationDetails.BlockwiseQuantization, details
    return weights


def dense(make, weights, rows, depth, outputs, activation=0, asymmetric=False, biased=True, version=9):
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction, options.asymmetricQuantizeInputs = activation, asymmetric
    x = make.add(TYPE.FLOAT32, [rows, depth])
    y = make.add(TYPE.FLOAT32, [rows, outputs])
    bias = [make.bias(TYPE.FLOAT32, outputs, None)] if biased else [-1]
    return make.model("FULLY_CONNECTED", version, options, [x, weights] + bias, [y], [x])


def floats(shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize("rows,depth,outputs,block", [(1, 64, 8, 32), (3, 128, 37, 32), (2, 64, 70, 64)])
@pytest.mark.parametrize("biased", [False, True])
def test_dense_blockwise(rows, depth, outputs, block, biased):
    make = Builder(1)
    data = dense(make, blockwise(make, [outputs, depth], block), rows, depth, outputs, biased=biased, version=14)
    check(data, [floats([rows, depth])], resolver=oracle.OPTIMIZED)


@pytest.mark.parametrize("activation,low,high", [(1, 0, np.inf), (3, 0, 6)])
def test_dense_blockwise_activation(activation, low, high):
    """The reference leaves the activation out here; the answer is that without, clamped."""
    answers = []
    for fused in (0, activation):
        make = Builder(1)
        answers.append(plait(dense(make, blockwise(make, [16, 64], 32), 2, 64, 16, fused), [floats([2, 64])])[0])
    assert np.array_equal(np.clip(answers[0], low, high), answers[1]) and (answers[0] < 0).any()


def test_blockwise_refusals():
    make = Builder(1)
    weights = blockwise(make, [8, 64], 32)
    make.tensors[weights].quantization.details.blockSize = 48
    refused(dense(make, weights, 1, 64, 8), "blocks of 48")
    make = Builder(1)
    weights = blockwise(make, [8, 64], 32)
    make.tensors[make.tensors[weights].quantization.details.scales].type = TYPE.BFLOAT16
    refused(dense(make, weights, 1, 64, 8), "no quantization")


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("asymmetric", [False, True])
@pytest.mark.parametrize("activation", [0, 1, 2, 3, 4])
def test_dense_hybrid(bits, per_channel, asymmetric, activation):
    make = Builder(bits)
    scales = make.rng.uniform(0.01, 0.05, 20) if per_channel else None
    data = dense(make, narrow(make, [20, 36], bits, scales), 3, 36, 20, activation, asymmetric)
    check(data, [floats([3, 36])], relative=1e-4 if activation == 4 else compare.RELATIVE)


def embed(make, table, rank, rows, row, out=TYPE.FLOAT32, count=5):
    indices = make.add(TYPE.INT32, [count])
    y = make.add(out, [count] + list(row))
    return make.model("EMBEDDING_LOOKUP", 3, None, [indices, table], [y], [indices])


@pytest.mark.parametrize("bits,row", [(8, [7]), (8, [3, 5]), (4, [8]), (4, [7]), (2, [16]), (2, [5])])
@pytest.mark.parametrize("per_row", [False, True])
@pytest.mark.parametrize("out", [TYPE.FLOAT32, TYPE.FLOAT16])
def test_embedding_lookup(bits, row, per_row, out):
    make = Builder(bits)
    scales = make.rng.uniform(0.01, 0.1, 9) if per_row else None
    table = narrow(make, [9] + row, bits, scales)
    check(embed(make, table, len(row) + 1, 9, row, out), [np.array([0, 8, 3, 3, 1], np.int32)])


@pytest.mark.parametrize("out", [TYPE.FLOAT32, TYPE.FLOAT16])
def test_embedding_lookup_blockwise(out):
    make = Builder(3)
    check(embed(make, blockwise(make, [9, 64], 32), 2, 9, [64], out), [np.array([0, 8, 3, 3, 1], np.int32)])


def test_embedding_lookup_as_it_is():
    make = Builder(3)
    table = make.constant(make.rng.integers(-9, 9, [4, 3, 2]).astype(np.int32))
    check(embed(make, table, 3, 4, [3, 2], TYPE.INT32), [np.array([3, 0, 1, 2, 2], np.int32)])
    make = Builder(3)
    data = embed(make, narrow(make, [4, 6], 8), 2, 4, [6], TYPE.INT8)
    check(data, [np.array([3, 0, 1, 2, 2], np.int32)])
    with pytest.raises(plait_c.PlaitError, match="index 4 at place 2"):
        plait(data, [np.array([3, 0, 4, 2, 2], np.int32)])


def test_embedding_lookup_refusals():
    make = Builder(3)
    refused(embed(make, narrow(make, [4, 7], 4), 2, 4, [7], TYPE.INT4), "no whole bytes")
    make = Builder(3)
    table = narrow(make, [4, 6], 8)
    make.tensors[table].quantization.zeroPoint = np.array([3], np.int64)
    refused(embed(make, table, 2, 4, [6]), "zero point 3")
    make = Builder(3)
    table = narrow(make, [4, 4], 8, [0.1] * 4)
    make.tensors[table].quantization.quantizedDimension = 1
    refused(embed(make, table, 2, 4, [4]), "dimension 1")
    make = Builder(3)
    refused(embed(make, make.constant(np.zeros([4, 4], np.int32)), 2, 4, [4]), "found int32")
    make = Builder(3)
    refused(embed(make, narrow(make, [4, 4], 8, [0.1] * 4), 2, 4, [4], TYPE.INT8), "scales per row")


def sparse_lookup(make, combiner, indices, shape, table_shape, weights):
    options = schema.EmbeddingLookupSparseOptionsT()
    options.combiner = combiner
    ids = make.add(TYPE.INT32, [len(indices)])
    places = make.constant(np.array(indices, np.int32))
    dense_shape = make.constant(np.array(shape, np.int32))
    weight = make.constant(np.array(weights, np.float32))
    table = make.weights(TYPE.FLOAT32, table_shape)
    y = make.add(TYPE.FLOAT32, list(shape[:-1]) + list(table_shape[1:]))
    return make.model("EMBEDDING_LOOKUP_SPARSE", 1, options, [ids, places, dense_shape, weight, table], [y], [ids])


@pytest.mark.parametrize("combiner", [0, 1, 2])
@pytest.mark.parametrize("places,shape,table", [
    ([[0, 0], [0, 1], [2, 0], [0, 2]], [4, 3], [5, 6]),
    ([[0, 1, 0], [1, 0, 1], [1, 0, 2], [1, 1, 0]], [2, 2, 3], [5, 2, 3])])
def test_embedding_lookup_sparse(combiner, places, shape, table):
    make = Builder(4)
    check(sparse_lookup(make, combiner, places, shape, table, [1.0, 2.0, 0.5, -3.0]),
          [np.array([0, 4, 2, 1], np.int32)])


def test_embedding_lookup_sparse_refusals():
    good = [[0, 0], [0, 1]]
    refused(sparse_lookup(Builder(4), 7, good, [4, 3], [5, 6], [1, 1]), "combiner")
    refused(sparse_lookup(Builder(4), 0, good, [4, 3, 2], [5, 6], [1, 1]), "elements")
    refused(sparse_lookup(Builder(4), 0, good, [4, 3], [5, 6], [1, 1, 1]), "elements")
    data = sparse_lookup(Builder(4), 0, [[0, 0], [9, 1]], [4, 3], [5, 6], [1, 1])
    with pytest.raises(plait_c.PlaitError, match="index 9 of entry 1"):
        plait(data, [np.array([0, 1], np.int32)])
    with pytest.raises(plait_c.PlaitError, match="id 5 of entry 0"):
        plait(data, [np.array([5, 1], np.int32)])


def shuffled(rows, depth, outputs, activation=0, biased=True, workspace=None):
    """FULLY_CONNECTED with weights in blocks of 4 outputs by 16 inputs, and its workspace as output 1."""
    make = Builder(3)
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = activation
    options.weightsFormat = schema.FullyConnectedOptionsWeightsFormat.SHUFFLED4x16INT8
    x = make.add(TYPE.UINT8, [rows, depth], scale=1 / 128, zero_point=128)
    weights = make.add(TYPE.UINT8, [outputs, depth], make.rng.integers(0, 256, [outputs, depth]).astype(np.uint8), scale=0.01,
                       zero_point=128)
    bias = [make.add(TYPE.INT32, [outputs], make.rng.integers(-9000, 9000, outputs).astype(np.int32), scale=0.01 / 128)] if biased else []
    y = make.add(TYPE.INT16, [rows, outputs], scale=0.002)
    space = make.add(TYPE.UINT8, workspace or [rows, depth])
    record = schema.OperatorT()
    record.inputs, record.outputs = np.array([x, weights] + bias, np.int32), np.array([y, space], np.int32)
    return make.model_of(record, "FULLY_CONNECTED", 2, options, [x])


@pytest.mark.parametrize("rows,depth,outputs", [(1, 16, 4), (1, 64, 12), (4, 16, 4), (4, 96, 20)])
@pytest.mark.parametrize("activation", [0, 1, 3])
def test_dense_shuffled(rows, depth, outputs, activation):
    x = np.random.default_rng(rows).integers(0, 256, [rows, depth]).astype(np.uint8)
    check(shuffled(rows, depth, outputs, activation), [x])


def test_dense_shuffled_refused():
    refused(shuffled(2, 16, 4), "found 2 rows")
    refused(shuffled(1, 24, 4), "multiples of 4 and 16")
    refused(shuffled(1, 16, 6), "multiples of 4 and 16")
    refused(shuffled(1, 16, 4, biased=False), "found 2 inputs")


def depthwise(kind, bits, channels, multiplier, as_bytes=False):
    """With filters of so many bits, in int8 if they are to be taken as bytes."""
    make, outputs = Builder(5), channels * multiplier
    scale = None if kind == TYPE.FLOAT32 else 0.05
    x, y = make.add(kind, [2, 6, 5, channels], scale=scale), make.add(kind, [2, 6, 5, outputs], scale=scale and 0.1)
    values, scales = make.rng.integers(-(1 << bits - 1), 1 << bits - 1, [1, 3, 3, outputs]), make.rng.uniform(0.01, 0.1, outputs)
    weights = make.add(TYPE.INT8, values.shape, values.astype(np.int8), scale=1) if as_bytes else \
        make.add({4: TYPE.INT4, 2: TYPE.INT2}[bits], values.shape, pack_bits(values, bits), scale=1)
    quantization = make.tensors[weights].quantization
    quantization.scale, quantization.zeroPoint = scales.astype(np.float32), np.zeros(outputs, np.int64)
    quantization.quantizedDimension = 3
    bias = make.bias(TYPE.FLOAT32 if kind == TYPE.FLOAT32 else TYPE.INT32, outputs, 0.001)
    if kind == TYPE.INT16:
        bias = make.add(TYPE.INT64, [outputs], make.rng.integers(-9000, 9000, outputs), scale=0.001)
    options = schema.DepthwiseConv2DOptionsT()
    options.strideH = options.strideW = 1
    options.depthMultiplier = multiplier
    return make.model("DEPTHWISE_CONV_2D", 6, options, [x, weights, bias], [y], [x])


@pytest.mark.parametrize("kind", [TYPE.FLOAT32, TYPE.INT8, TYPE.INT16])
@pytest.mark.parametrize("bits", [4, 2])
@pytest.mark.parametrize("channels,multiplier", [(3, 1), (1, 8), (5, 2)])
def test_depthwise_narrow(kind, bits, channels, multiplier):
    rng, shape = np.random.default_rng(6), (2, 6, 5, channels)
    array = rng.normal(size=shape).astype(np.float32) if kind == TYPE.FLOAT32 else \
        rng.integers(-128, 128, shape).astype(np.int8 if kind == TYPE.INT8 else np.int16)
    data = depthwise(kind, bits, channels, multiplier)
    assert plait(data, [array])[0].tobytes() == plait(depthwise(kind, bits, channels, multiplier, True), [array])[0].tobytes()
    if bits == 4 and kind == TYPE.INT8:  # LiteRT refuses the others, or reads 4 bits as bytes
        check(data, [array])


@pytest.mark.parametrize("counts", [(3, 4), (4, 3)])
def test_tensors_of_one_buffer(counts):
    """Filters of 3 and of 4 elements of 4 bits have as many bytes: each is packed as its own shape says."""
    def build(each):
        graph, ends = tiny.Graph(), []
        for count in each:
            ends.append((graph.tensor(np.int8, [1, 2, 2, count], (0.5, 0)), graph.tensor(np.int8, [1, 2, 2, count], (0.5, 0))))
            weights = graph.tensor(np.int8, [count, 1, 1, 1], (1.0, 0), data=b"\x21\x43")
            graph.graph.tensors[weights].type, graph.graph.tensors[weights].buffer = TYPE.INT4, 1
            bias = graph.tensor(np.int32, [count], (0.5, 0), data=np.zeros(count, np.int32))
            options = schema.Conv2DOptionsT()
            options.strideH = options.strideW = options.dilationHFactor = options.dilationWFactor = 1
            graph.op("CONV_2D", [ends[-1][0], weights, bias], [ends[-1][1]], options)
        return graph.build(*zip(*ends))
    arrays = [np.arange(4 * count, dtype=np.int8).reshape(1, 2, 2, count) for count in counts]
    for array, together in zip(arrays, plait(build(counts), arrays), strict=True):
        np.testing.assert_array_equal(together, array * np.arange(1, array.shape[3] + 1, dtype=np.int8))
        np.testing.assert_array_equal(together, plait(build([array.shape[3]]), [array])[0])


WIDTH = 64


def square_layer(graph, x, weights):
    made = graph.tensor(np.float32, [1, WIDTH])
    return graph.op("FULLY_CONNECTED", [x, weights, -1], [made], schema.FullyConnectedOptionsT())


def branches_given_weights():
    """Dense by weights that both branches are given; one branch has the weights themselves as an output."""
    graph = tiny.Graph()
    once, twice = graph.subgraph(), graph.subgraph()
    for branch, times in ((once, 1), (twice, 2)):
        x, weights = branch.tensor(np.float32, [1, WIDTH]), branch.tensor(np.float32, [WIDTH, WIDTH])
        y = x
        for _ in range(times):
            y = square_layer(branch, y, weights)
        branch.close([x, weights], [y, weights])
    flag, x = graph.tensor(np.bool_, [1]), graph.tensor(np.float32, [1, WIDTH])
    weights = graph.tensor(np.float32, [WIDTH, WIDTH], data=np.random.default_rng(4).standard_normal([WIDTH, WIDTH]) / 8)
    y, same = graph.tensor(np.float32, [1, WIDTH]), graph.tensor(np.float32, [WIDTH, WIDTH])
    options = schema.IfOptionsT()
    options.thenSubgraphIndex, options.elseSubgraphIndex = 1, 2
    graph.op("IF", [flag, x, weights], [y, same], options)
    return graph.build([flag, x], [y, same])


def loop_given_weights(changed):
    """Dense again and again, by weights that are handed on, or made anew each time."""
    graph = tiny.Graph()
    late_models.countdown(graph, [[1, WIDTH], [WIDTH, WIDTH]])
    body = graph.subgraph()
    ends = [body.tensor(np.int32, [1]), body.tensor(np.float32, [1, WIDTH]), body.tensor(np.float32, [WIDTH, WIDTH])]
    less, one = body.tensor(np.int32, [1]), body.tensor(np.int32, [1], data=[1])
    body.op("SUB", [ends[0], one], [less], schema.SubOptionsT())
    weights = ends[2]
    if changed:
        weights = body.tensor(np.float32, [WIDTH, WIDTH])
        body.op("ABS", [ends[2]], [weights], schema.AbsOptionsT())
    body.close(ends, [less, square_layer(body, ends[1], ends[2]), weights])
    begin = [graph.tensor(np.int32, [1]), graph.tensor(np.float32, [1, WIDTH]), graph.tensor(
        np.float32, [WIDTH, WIDTH], data=np.random.default_rng(4).standard_normal([WIDTH, WIDTH]) / 8)]
    end = [graph.tensor(np.int32, [1]), graph.tensor(np.float32, [1, WIDTH]), graph.tensor(np.float32, [WIDTH, WIDTH])]
    late_models.while_op(graph, begin, end)
    return graph.build(begin[:2], end)


@pytest.mark.parametrize("data,first", [(branches_given_weights(), np.bool_([True])), (branches_given_weights(), np.bool_([False])),
                                        (loop_given_weights(False), np.int32([3])), (loop_given_weights(True), np.int32([3])),
                                        (loop_given_weights(False), np.int32([0]))])
def test_weights_given_to_subgraphs(data, first):
    check(data, [first, np.random.default_rng(5).standard_normal([1, WIDTH]).astype(np.float32)])


def test_weights_given_to_branches_are_packed_once():
    """The plan packs them: no branch has to, each time it runs, in memory for that."""
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(branches_given_weights(), "model")
        interpreter.allocate()
        assert model.memory().arena_bytes < WIDTH * WIDTH
