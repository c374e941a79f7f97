# SPDX-License-Identifier: Apache-2.0
"""Operators that move elements, on random shapes and options, against LiteRT: equal in every bit."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import compare
import oracle
import plait_c
from single_operator import DTYPES, TYPE, Builder

KINDS = (TYPE.FLOAT32, TYPE.INT8, TYPE.INT16, TYPE.INT32, TYPE.INT64, TYPE.BOOL)
ROUNDS = 40


def contents(rng, kind, shape):
    dtype = DTYPES[kind]
    if dtype == np.float32:
        return rng.standard_normal(shape).astype(np.float32)
    return rng.integers(0, 2 if dtype == np.bool_ else 100, shape).astype(dtype)


def check(data, arrays):
    reference = oracle.open_reference(data)
    expected = oracle.invoke(reference, arrays)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "one")
        interpreter.allocate()
        found = model(arrays)
    for k, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        wrong = compare.difference(ours, theirs, 0, 0)
        assert not wrong, f"output {k}: {wrong}"
    return expected


def random_shape(rng, low, high, most=6):
    return [int(d) for d in rng.integers(1, most, rng.integers(low, high + 1))]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_transpose(seed):
    rng = np.random.default_rng(seed)
    make, kind = Builder(seed), KINDS[seed % len(KINDS)]
    shape = random_shape(rng, 1, 6, 40 if seed % 4 == 0 else 6)
    shape = shape[:3] if max(shape) > 6 else shape
    perm = rng.permutation(len(shape)).astype(np.int32)
    source = make.add(kind, shape)
    result = make.add(kind, [shape[p] for p in perm])
    data = make.model("TRANSPOSE", 2, schema.TransposeOptionsT(), [source, make.constant(perm)], [result], [source])
    check(data, [contents(rng, kind, shape)])


def slice_items(rng, shape):
    """begin, end, strides and masks as x[...] would give them."""
    begin, end, strides, masks = [], [], [], dict.fromkeys(("begin", "end", "ellipsis", "newAxis", "shrinkAxis"), 0)
    ellipsis_at = int(rng.integers(0, len(shape))) if rng.random() < 0.3 else -1
    axis, bit = 0, 0
    while axis < len(shape):
        if len(begin) < 7 and rng.random() < 0.15 and len(shape) < 4:
            begin.append(0), end.append(0), strides.append(1)
            masks["newAxis"] |= 1 << bit
            bit += 1
            continue
        if axis == ellipsis_at:
            begin.append(0), end.append(0), strides.append(1)
            masks["ellipsis"] |= 1 << bit
            axis += int(rng.integers(0, len(shape) - axis + 1))
            bit += 1
            ellipsis_at = -2
            continue
        size = shape[axis]
        if rng.random() < 0.2:
            begin.append(int(rng.integers(-size, size))), end.append(0), strides.append(1)
            masks["shrinkAxis"] |= 1 << bit
        else:
            begin.append(int(rng.integers(-size - 2, size + 2)))
            end.append(int(rng.integers(-size - 2, size + 3)))
            strides.append(int(rng.choice([-3, -2, -1, 1, 1, 1, 2, 3])))
            masks["begin"] |= (rng.random() < 0.4) << bit
            masks["end"] |= (rng.random() < 0.4) << bit
        axis, bit = axis + 1, bit + 1
    return begin, end, strides, masks


@pytest.mark.parametrize("seed", range(4 * ROUNDS))
def test_strided_slice(seed):
    rng = np.random.default_rng(seed)
    make, kind = Builder(seed), KINDS[seed % len(KINDS)]
    shape = random_shape(rng, 1, 4, 9)
    begin, end, strides, masks = slice_items(rng, shape)
    options = schema.StridedSliceOptionsT()
    options.beginMask, options.endMask = masks["begin"], masks["end"]
    options.ellipsisMask, options.newAxisMask = masks["ellipsis"], masks["newAxis"]
    options.shrinkAxisMask = masks["shrinkAxis"]
    source = make.add(kind, shape)
    extra = [make.constant(np.array(values, np.int32)) for values in (begin, end, strides)]
    data = make.model("STRIDED_SLICE", 4, options, [source, *extra], [make.add(kind, [1])], [source])
    array = contents(rng, kind, shape)
    try:
        reference = oracle.open_reference(data)
    except (RuntimeError, ValueError):
        pytest.skip("the reference refuses it")
    empty = 0 in reference.get_output_details()[0]["shape"]
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "one")
        try:
            interpreter.allocate()
        except plait_c.PlaitError as error:
            assert "is outside of dimension" in error.message
            pytest.skip("a shrunk index is outside: the reference gives what lay in memory")
        found = model([array])[0]
    if empty:
        assert found.shape == tuple(reference.get_output_details()[0]["shape"])
        return
    wrong = compare.difference(found, oracle.invoke(reference, [array])[0], 0, 0)
    assert not wrong, f"{shape} {begin} {end} {strides} {masks}: {wrong}"


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_gather(seed):
    rng = np.random.default_rng(seed)
    make, kind = Builder(seed), (TYPE.FLOAT32, TYPE.INT8, TYPE.INT32, TYPE.INT64, TYPE.BOOL)[seed % 5]
    shape = random_shape(rng, 1, 4)
    axis = int(rng.integers(0, len(shape)))
    batch_dims = int(rng.integers(0, axis + 1))
    index_shape = shape[:batch_dims] + random_shape(rng, 0, 2)
    index_kind = TYPE.INT32 if seed % 2 else TYPE.INT64
    options = schema.GatherOptionsT()
    options.axis, options.batchDims = axis - (len(shape) if seed % 3 == 0 else 0), batch_dims
    source, indices = make.add(kind, shape), make.add(index_kind, index_shape)
    data = make.model("GATHER", 4, options, [source, indices], [make.add(kind, [1])], [source, indices])
    picks = rng.integers(0, shape[axis], index_shape).astype(DTYPES[index_kind])
    check(data, [contents(rng, kind, shape), picks])


@pytest.mark.parametrize("index", [-1, 3])
def test_gather_refuses_an_index_outside(index):
    make = Builder(0)
    source, indices = make.add(TYPE.FLOAT32, [3, 2]), make.add(TYPE.INT32, [2])
    data = make.model("GATHER", 1, schema.GatherOptionsT(), [source, indices], [make.add(TYPE.FLOAT32, [1])],
                      [source, indices])
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "one")
        interpreter.allocate()
        with pytest.raises(plait_c.PlaitError, match=f"index {index} "):
            model([np.zeros((3, 2), np.float32), np.array([0, index], np.int32)])


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_pad(seed):
    rng = np.random.default_rng(seed)
    make, kind = Builder(seed), (TYPE.FLOAT32, TYPE.INT8, TYPE.UINT8, TYPE.INT32, TYPE.INT64)[seed % 5]
    quantized = {"scale": 0.5, "zero_point": 9} if kind in (TYPE.INT8, TYPE.UINT8) else {}
    shape = random_shape(rng, 1, 5)
    paddings = rng.integers(0, 3, (len(shape), 2)).astype(np.int32)
    paddings[rng.random(len(shape)) < 0.4] = 0
    source = make.add(kind, shape, **quantized)
    inputs = [source, make.constant(paddings)]
    result = make.add(kind, [d + int(p.sum()) for d, p in zip(shape, paddings)], **quantized)
    operator = "PAD"
    if seed % 2:
        operator = "PADV2"
        inputs.append(make.add(kind, [1], contents(rng, kind, [1]), **quantized))
    options = schema.PadOptionsT() if operator == "PAD" else schema.PadV2OptionsT()
    data = make.model(operator, 2, options, inputs, [result], [source])
    check(data, [contents(rng, kind, shape)])


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_concatenation(seed):
    """uint8 inputs of other scales are rescaled in float."""
    rng = np.random.default_rng(seed)
    make, kind = Builder(seed), (TYPE.UINT8, TYPE.FLOAT32, TYPE.INT8, TYPE.INT16, TYPE.INT64)[seed % 5]
    shape = random_shape(rng, 1, 4)
    axis = int(rng.integers(0, len(shape)))
    sources, arrays = [], []
    for k in range(int(rng.integers(1, 5))):
        part = shape[:axis] + [int(rng.integers(1, 5))] + shape[axis + 1:]
        quantized = {}
        if kind == TYPE.UINT8:
            quantized = {"scale": float(rng.uniform(0.1, 2)), "zero_point": int(rng.integers(0, 256))}
        sources.append(make.add(kind, part, **quantized))
        arrays.append(rng.integers(0, 256, part).astype(np.uint8) if kind == TYPE.UINT8
                      else contents(rng, kind, part))
    quantized = {"scale": 0.7, "zero_point": 100} if kind == TYPE.UINT8 else {}
    if kind == TYPE.UINT8 and seed % 2:
        tensor = make.tensors[sources[0]]
        quantized = {"scale": tensor.quantization.scale[0], "zero_point": tensor.quantization.zeroPoint[0]}
    options = schema.ConcatenationOptionsT()
    options.axis = axis - (len(shape) if seed % 3 == 0 else 0)
    data = make.model("CONCATENATION", 2, options, sources, [make.add(kind, [1], **quantized)], sources)
    check(data, arrays)


@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("operator", ["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"])
def test_resize(operator, seed):
    rng = np.random.default_rng(seed)
    make, kind = Builder(seed), (TYPE.FLOAT32, TYPE.INT8, TYPE.UINT8, TYPE.INT16)[seed % 4]
    shape = [int(rng.integers(1, 3)), *(int(d) for d in rng.integers(1, 20, 2)), int(rng.integers(1, 5))]
    size = rng.integers(1, 25, 2).astype(np.int32)
    options = schema.ResizeBilinearOptionsT() if operator == "RESIZE_BILINEAR" else schema.ResizeNearestNeighborOptionsT()
    options.alignCorners = seed // 4 % 3 == 1
    options.halfPixelCenters = seed // 4 % 3 == 2
    quantized = {} if kind == TYPE.FLOAT32 else {"scale": 0.5, "zero_point": 0}
    source = make.add(kind, shape, **quantized)
    result = make.add(kind, [shape[0], *(int(d) for d in size), shape[3]], **quantized)
    data = make.model(operator, 4 if operator == "RESIZE_BILINEAR" else 3, options, [source, make.constant(size)],
                      [result], [source])
    limits = {TYPE.INT8: (-128, 128), TYPE.UINT8: (0, 256), TYPE.INT16: (-32768, 32768)}.get(kind)
    array = contents(rng, kind, shape) if limits is None else rng.integers(*limits, shape).astype(DTYPES[kind])
    check(data, [array])


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_split_and_depth_to_space(seed):
    rng = np.random.default_rng(seed)
    make, kind = Builder(seed), (TYPE.FLOAT32, TYPE.INT8, TYPE.INT32)[seed % 3]
    if seed % 2:
        block = int(rng.integers(1, 4))
        shape = [int(d) for d in rng.integers(1, 5, 3)] + [block * block * int(rng.integers(1, 6))]
        options = schema.DepthToSpaceOptionsT()
        options.blockSize = block
        source = make.add(kind, shape)
        data = make.model("DEPTH_TO_SPACE", 1, options, [source], [make.add(kind, [1, 1, 1, 1])], [source])
    else:
        count = int(rng.integers(1, 5))
        shape = random_shape(rng, 1, 4)
        axis = int(rng.integers(0, len(shape)))
        shape[axis] *= count
        options = schema.SplitOptionsT()
        options.numSplits = count
        source = make.add(kind, shape)
        outputs = [make.add(kind, [1]) for _ in range(count)]
        data = make.model("SPLIT", 2, options, [make.constant(np.array(axis, np.int32)), source], outputs, [source])
    check(data, [contents(rng, kind, shape)])
