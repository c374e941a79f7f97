# SPDX-License-Identifier: Apache-2.0
"""Makers of steps: shapes, slices, gathers, scatters, segments."""
import numpy as np

from elementwise import NUMBER, maker
from values import Step, options_of

ANY = ["f32", "i8", "u8", "i16", "i32", "i64", "bool"]


def split_count(draw, count):
    return draw.one([d for d in range(1, count + 1) if count % d == 0])


@maker("RESHAPE")
def reshape(draw):
    x = draw.pick(ANY + ["str"])
    rest, shape = int(np.prod(x.shape)), []
    while rest > 1 and len(shape) < 5 and draw.chance(0.8):
        shape.append(split_count(draw, rest))
        rest //= shape[-1]
    shape.append(rest)
    if draw.chance(0.3) and rest > 0:
        shape[draw.integer(0, len(shape) - 1)] = -1
    if x.shape == () and draw.chance(0.5):
        shape = []
    given = [x, draw.parameter("i32", np.int32(shape))] if draw.chance(0.8) else [x]
    return Step("RESHAPE", given, [draw.like(x)], options_of("ReshapeOptions", newShape=shape))


@maker("EXPAND_DIMS")
def expand_dims(draw):
    x = draw.pick(ANY, high=7)
    if len(x.shape) > 7:
        x = draw.fresh("f32", (2, 3), constant=False)
    return Step("EXPAND_DIMS", [x, draw.parameter("i32", draw.integer(-len(x.shape) - 1, len(x.shape)))], [draw.like(x)],
                options_of("ExpandDimsOptions"))


@maker("SQUEEZE")
def squeeze(draw):
    x = draw.pick(ANY, high=5)
    ones = [k for k, d in enumerate(x.shape) if d == 1]
    dims = [k - (len(x.shape) if draw.chance(0.2) else 0) for k in ones if draw.chance(0.6)]
    return Step("SQUEEZE", [x], [draw.like(x)], options_of("SqueezeOptions", squeezeDims=dims))


@maker("SHAPE")
def shape_of(draw):
    x = draw.pick(ANY)
    kind = draw.one(["i32", "i64"])
    if draw.chance(0.3):
        return Step("RANK", [x], [draw.out("i32")], options_of("RankOptions"))
    return Step("SHAPE", [x], [draw.out(kind)], options_of("ShapeOptions", outType=NUMBER[kind]))


@maker("PACK")
def pack(draw):
    x = draw.pick(["f32", "i8", "u8", "i16", "i32", "i64"], high=4)
    values = [x] + [draw.fresh(x.kind, x.shape, scale=x.scale, zero=x.zero) for _ in range(draw.integer(0, 3))]
    axis = draw.integer(-len(x.shape) - 1, len(x.shape))
    return Step("PACK", values, [draw.like(x)], options_of("PackOptions", valuesCount=len(values), axis=axis), 2)


@maker("UNPACK")
def unpack(draw):
    x = draw.pick(["f32", "i8", "u8", "i32", "bool"], low=1, high=5, where=lambda v: 0 < min(v.shape) and max(v.shape) < 8)
    axis = draw.axis(len(x.shape))
    count = x.shape[axis]
    return Step("UNPACK", [x], [draw.like(x) for _ in range(count)], options_of("UnpackOptions", num=count, axis=axis), 2)


@maker("CONCATENATION")
def concatenation(draw):
    x = draw.pick(["f32", "i8", "u8", "i16", "i32", "i64", "bool"], low=1, high=5)
    axis = draw.axis(len(x.shape))
    values = [x]
    for _ in range(draw.integer(0, 3)):
        shape = list(x.shape)
        shape[axis] = draw.integer(1, 5)
        scale, zero = (x.scale, x.zero) if x.kind != "u8" or draw.chance(0.5) else draw.quantization("u8")
        values.append(draw.fresh(x.kind, shape, scale=scale, zero=zero))
    return Step("CONCATENATION", values, [draw.like(x)], options_of("ConcatenationOptions", axis=axis), 2)


@maker("SPLIT")
def split(draw):
    x = draw.pick(["f32", "i8", "u8", "i16", "i32"], low=1, high=5, where=lambda v: min(v.shape) > 0)
    axis = draw.axis(len(x.shape))
    if draw.chance(0.5):
        count = split_count(draw, x.shape[axis])
        count = count if count < 9 else 1
        return Step("SPLIT", [draw.constant("i32", axis), x], [draw.like(x) for _ in range(count)],
                    options_of("SplitOptions", numSplits=count), 2)
    sizes, rest = [], x.shape[axis]
    while rest > 0 and len(sizes) < 4:
        sizes.append(draw.integer(0, rest))
        rest -= sizes[-1]
    sizes.append(rest)
    if draw.chance(0.3):
        sizes[draw.integer(0, len(sizes) - 1)] = -1
    return Step("SPLIT_V", [x, draw.constant(draw.one(["i32", "i64"]), sizes), draw.constant("i32", axis)],
                [draw.like(x) for _ in sizes], options_of("SplitVOptions", numSplits=len(sizes)), 2)


@maker("SLICE")
def slice_(draw):
    x = draw.pick(ANY + ["str"], low=1, high=5)
    begin = [draw.integer(0, max(d - 1, 0)) for d in x.shape]
    size = [-1 if draw.chance(0.2) else draw.integer(0 if draw.chance(0.05) else min(1, d - b), d - b)
            for d, b in zip(x.shape, begin)]
    kind = draw.one(["i32", "i64"])
    return Step("SLICE", [x, draw.parameter(kind, begin), draw.parameter(kind, size)], [draw.like(x)],
                options_of("SliceOptions"), 2)


@maker("STRIDED_SLICE")
def strided_slice(draw):
    x = draw.pick(["f32", "i8", "u8", "i16", "i32", "i64", "bool"], low=1, high=4, where=lambda v: min(v.shape) > 0)
    if 0 in x.shape:
        x = draw.fresh("i32", (2, 3), constant=False)
    rank = draw.integer(1, len(x.shape))
    begin, end, strides = [], [], []
    for d in x.shape[:rank]:
        b, e = draw.integer(-d - 1, d), draw.integer(-d - 1, d + 1)
        strides.append(draw.one([1, 1, 1, 2, 3, -1, -2]))
        begin.append(b)
        end.append(e)
    options = options_of("StridedSliceOptions", beginMask=draw.integer(0, 2 ** rank - 1), endMask=draw.integer(0, 2 ** rank - 1),
                         shrinkAxisMask=0, newAxisMask=0, ellipsisMask=0, offset=False)
    if draw.chance(0.3):
        at = draw.integer(0, rank - 1)
        begin[at], strides[at] = draw.integer(0, max(x.shape[at] - 1, 0)), 1
        end[at] = begin[at] + 1
        options.shrinkAxisMask = 1 << at
        options.beginMask &= ~(1 << at)
    return Step("STRIDED_SLICE", [x, draw.parameter("i32", begin), draw.parameter("i32", end), draw.parameter("i32", strides)],
                [draw.like(x)], options, 2)


@maker("PAD")
def pad(draw):
    x = draw.pick(["f32", "i8", "u8", "i32", "i64"], low=1, high=5)
    amounts = [[draw.integer(0, 2), draw.integer(0, 2)] for _ in x.shape]
    kind = draw.one(["i32", "i64"])
    if draw.chance(0.5):
        return Step("PAD", [x, draw.parameter(kind, amounts)], [draw.like(x)], options_of("PadOptions"), 2)
    filler = draw.fresh(x.kind, (1,), constant=True, scale=x.scale, zero=x.zero)
    return Step("PADV2", [x, draw.parameter(kind, amounts), filler], [draw.like(x)], options_of("PadV2Options"), 2)


@maker("MIRROR_PAD")
def mirror_pad(draw):
    x = draw.pick(["f32", "i8", "u8", "i16", "i32", "i64"], low=1, high=5, where=lambda v: min(v.shape) > 0)
    mode = draw.integer(0, 1)
    amounts = [[draw.integer(0, min(2, d - (mode == 0))), draw.integer(0, min(2, d - (mode == 0)))] for d in x.shape]
    return Step("MIRROR_PAD", [x, draw.parameter(draw.one(["i32", "i64"]), amounts)], [draw.like(x)],
                options_of("MirrorPadOptions", mode=mode))


@maker("TRANSPOSE")
def transpose(draw):
    x = draw.pick(ANY, low=1, high=6)
    return Step("TRANSPOSE", [x, draw.parameter("i32", draw.rng.permutation(len(x.shape)))], [draw.like(x)],
                options_of("TransposeOptions"), 2)


@maker("TILE")
def tile(draw):
    x = draw.pick(["f32", "i8", "u8", "i32", "i64", "bool", "str"], low=1, high=4)
    return Step("TILE", [x, draw.parameter(draw.one(["i32", "i64"]), [draw.integer(1, 3) for _ in x.shape])],
                [draw.like(x)], options_of("TileOptions"), 2)


@maker("BROADCAST_TO")
def broadcast_to(draw):
    x = draw.pick(["f32", "i8", "u8", "i16", "i32", "i64", "bool"], high=4)
    shape = [draw.integer(1, 3) for _ in range(draw.integer(0, 2))] + [draw.integer(1, 4) if d == 1 else d for d in x.shape]
    return Step("BROADCAST_TO", [x, draw.parameter(draw.one(["i32", "i64"]), np.array(shape, np.int64))], [draw.like(x)],
                options_of("BroadcastToOptions"), 2)


@maker("FILL")
def fill(draw):
    shape = draw.shape(0, 4)
    value = draw.fresh(draw.one(["f32", "i8", "i16", "i32", "i64", "bool"]), ())
    return Step("FILL", [draw.parameter(draw.one(["i32", "i64"]), np.array(shape, np.int64)), value], [draw.like(value)],
                options_of("FillOptions"), 3)


@maker("RANGE")
def range_(draw):
    kind = draw.one(["f32", "i32", "i64"])
    start, step = draw.integer(-9, 9), draw.one([1, 2, 3, -1, -2])
    values = [start, start + step * draw.integer(0, 8), step]
    return Step("RANGE", [draw.parameter(kind, v) for v in values], [draw.out(kind)], options_of("RangeOptions"))


@maker("ONE_HOT")
def one_hot(draw):
    kind = draw.one(["f32", "i8", "u8", "i16", "i32", "i64", "bool"])
    indices = draw.fresh(draw.one(["i32", "i64"]), draw.shape(0, 3), low=-1, high=6)
    on = draw.fresh(kind, (), constant=True, scale=0.5 if kind in ("i8", "u8", "i16") else None)
    off = draw.fresh(kind, (), constant=True, scale=on.scale, zero=on.zero)
    return Step("ONE_HOT", [indices, draw.parameter("i32", draw.integer(1, 6)), on, off], [draw.like(on)],
                options_of("OneHotOptions", axis=draw.integer(-1, len(indices.shape))))


@maker("GATHER")
def gather(draw):
    x = draw.pick(["f32", "i8", "u8", "i16", "i32", "i64", "bool"], low=1, high=4, where=lambda v: min(v.shape) > 0)
    axis = draw.integer(0, len(x.shape) - 1)
    batch = draw.integer(0, axis) if draw.chance(0.2) else 0
    indices = draw.fresh(draw.one(["i32", "i64"]), x.shape[:batch] + draw.shape(0, 2), low=0, high=x.shape[axis] - 1)
    return Step("GATHER", [x, indices], [draw.like(x)],
                options_of("GatherOptions", axis=axis - (len(x.shape) if batch == 0 and draw.chance(0.2) else 0), batchDims=batch), 2)


@maker("GATHER_ND")
def gather_nd(draw):
    x = draw.pick(["f32", "i8", "u8", "i16", "i32", "i64", "bool", "str"], low=1, high=4, where=lambda v: min(v.shape) > 0)
    depth = draw.integer(1, len(x.shape))
    indices = draw.fresh(draw.one(["i32", "i64"]), draw.shape(0, 2) + (depth,), constant=False, low=0, high=0)
    for k in range(depth):
        indices.data[..., k] = draw.rng.integers(0, x.shape[k], indices.shape[:-1])
    return Step("GATHER_ND", [x, indices], [draw.like(x)], options_of("GatherNdOptions"), 2)


@maker("SCATTER_ND")
def scatter_nd(draw):
    shape = draw.shape(1, 4)
    shape = tuple(max(d, 1) for d in shape)
    depth, count = draw.integer(1, len(shape)), draw.integer(1, 5)
    kind = draw.one(["f32", "i8", "u8", "i32", "i64", "bool"])
    indices = draw.fresh("i32", (count, depth), low=0, high=0)
    for k in range(depth):
        indices.data[:, k] = draw.rng.integers(0, shape[k], count)
    updates = draw.fresh(kind, (count,) + shape[depth:], scale=0.1 if kind in ("i8", "u8") else None)
    return Step("SCATTER_ND", [indices, updates, draw.parameter("i32", np.int32(shape))], [draw.like(updates)],
                options_of("ScatterNdOptions"))


@maker("REVERSE_V2")
def reverse(draw):
    x = draw.pick(["f32", "u8", "i8", "i16", "i32", "i64", "bool"], low=1, high=5)
    first = draw.integer(0, len(x.shape) - 1)
    axes = list(range(first, draw.integer(first, len(x.shape) - 1) + 1))
    return Step("REVERSE_V2", [x, draw.constant("i32", axes)], [draw.like(x)], options_of("ReverseV2Options"), 2)


@maker("REVERSE_SEQUENCE")
def reverse_sequence(draw):
    x = draw.pick(["f32", "u8", "i16", "i32", "i64"], low=2, high=4, where=lambda v: min(v.shape) > 0)
    batch, along = (int(k) for k in draw.rng.choice(len(x.shape), 2, replace=False))
    lengths = draw.fresh(draw.one(["i32", "i64"]), (x.shape[batch],), low=0, high=x.shape[along])
    return Step("REVERSE_SEQUENCE", [x, lengths], [draw.like(x)],
                options_of("ReverseSequenceOptions", seqDim=along, batchDim=batch))


@maker("SPACE_AND_DEPTH")
def space_and_depth(draw):
    size = draw.integer(2, 3)
    if draw.chance(0.5):
        shape = (draw.integer(1, 2), size * draw.integer(1, 3), size * draw.integer(1, 3), draw.integer(1, 4))
        name, options = "SPACE_TO_DEPTH", "SpaceToDepthOptions"
    else:
        shape = (draw.integer(1, 2), draw.integer(1, 3), draw.integer(1, 3), size * size * draw.integer(1, 3))
        name, options = "DEPTH_TO_SPACE", "DepthToSpaceOptions"
    x = draw.pick(["f32", "u8", "i8", "i32", "i64"] if name == "SPACE_TO_DEPTH" else ["f32"], shape=shape)
    return Step(name, [x], [draw.like(x)], options_of(options, blockSize=size), 1 if name == "DEPTH_TO_SPACE" else 2)


@maker("SPACE_TO_BATCH_ND")
def space_to_batch(draw):
    blocks = [draw.integer(1, 3) for _ in range(draw.integer(1, 2))]
    pads = [[draw.integer(0, 2), draw.integer(0, 2)] for _ in blocks]
    sizes = []
    for k, block in enumerate(blocks):
        size = draw.integer(1, 4)
        pads[k][1] += -(size + sum(pads[k])) % block
        sizes.append(size)
    shape = (draw.integer(1, 2), *sizes, draw.integer(1, 4))
    x = draw.pick(["f32", "i8", "u8", "i32", "i64"], shape=shape)
    return Step("SPACE_TO_BATCH_ND", [x, draw.parameter("i32", blocks), draw.parameter("i32", pads)], [draw.like(x)],
                options_of("SpaceToBatchNDOptions"), 2)


@maker("BATCH_TO_SPACE_ND")
def batch_to_space(draw):
    blocks = [draw.integer(1, 3) for _ in range(draw.integer(1, 2))]
    sizes = [draw.integer(1, 3) for _ in blocks]
    crops = [[draw.integer(0, 1), 0] if size * block > 1 else [0, 0] for size, block in zip(sizes, blocks)]
    shape = (int(np.prod(blocks)) * draw.integer(1, 2), *sizes, draw.integer(1, 4))
    x = draw.pick(["f32", "i8", "u8", "i32", "i64"], shape=shape)
    return Step("BATCH_TO_SPACE_ND", [x, draw.parameter("i32", blocks), draw.parameter("i32", crops)], [draw.like(x)],
                options_of("BatchToSpaceNDOptions"), 2)


@maker("MATRIX_DIAG")
def matrix_diag(draw):
    x = draw.pick(["f32", "i8", "u8", "i16", "i32", "i64"], low=1, high=4)
    if draw.chance(0.5):
        return Step("MATRIX_DIAG", [x], [draw.like(x)], options_of("MatrixDiagOptions"))
    x = draw.pick([x.kind], low=2, high=4)
    diagonal = draw.fresh(x.kind, x.shape[:-2] + (min(x.shape[-2:]),), scale=x.scale, zero=x.zero)
    return Step("MATRIX_SET_DIAG", [x, diagonal], [draw.like(x)], options_of("MatrixSetDiagOptions"))


@maker("DYNAMIC_UPDATE_SLICE")
def dynamic_update_slice(draw):
    x = draw.pick(["f32", "i8", "i32", "i64", "bool"], low=1, high=4, where=lambda v: min(v.shape) > 0)
    update = draw.fresh(x.kind, tuple(draw.integer(1, d) for d in x.shape), scale=x.scale, zero=x.zero)
    start = draw.fresh(draw.one(["i32", "i64"]), (len(x.shape),), low=-2, high=7)
    return Step("DYNAMIC_UPDATE_SLICE", [x, update, start], [draw.like(x)], None)


@maker("SEGMENT_SUM")
def segment_sum(draw):
    x = draw.pick(["f32", "i32"], low=1, high=3, where=lambda v: v.shape[0] > 0)
    ids = draw.constant("i32", np.sort(np.concatenate([np.arange(draw.integer(1, 1)),
                                                       draw.rng.integers(0, 2, x.shape[0] - 1)])))
    return Step("SEGMENT_SUM", [x, ids], [draw.out(x.kind)], options_of("SegmentSumOptions"))


@maker("UNSORTED_SEGMENT")
def unsorted_segment(draw):
    name = draw.one(["SUM", "PROD", "MAX", "MIN"])
    x = draw.pick(["f32", "i32"], low=1, high=3)
    count = draw.integer(1, 4)
    ids = draw.fresh("i32", x.shape[:1], low=0, high=count - 1)
    return Step(f"UNSORTED_SEGMENT_{name}", [x, ids, draw.parameter("i32", count)], [draw.out(x.kind)],
                options_of(f"UnsortedSegment{name.capitalize()}Options"))


@maker("WHERE")
def where(draw):
    return Step("WHERE", [draw.pick(["bool", "f32", "i32", "i64", "u32", "i8", "u8"], low=1, high=4)], [draw.out("i64")],
                options_of("WhereOptions"))


@maker("UNIQUE")
def unique(draw):
    x = draw.fresh(draw.one(["f32", "i32", "i64", "i8", "u8", "i16"]), (draw.integer(0, 12),), constant=False, low=0, high=4)
    kind = draw.one(["i32", "i64"])
    return Step("UNIQUE", [x], [draw.like(x), draw.out(kind)], options_of("UniqueOptions", idxOutType=NUMBER[kind]))


@maker("SPARSE_TO_DENSE")
def sparse_to_dense(draw):
    rank, count = draw.integer(1, 4), draw.integer(1, 5)
    shape = [draw.integer(1, 6) for _ in range(rank)]
    kind = draw.one(["f32", "i32", "i64", "i8", "u8"])
    at = sorted({tuple(draw.integer(0, d - 1) for d in shape) for _ in range(count)})
    values = draw.fresh(kind, (len(at),), scale=0.1 if kind in ("i8", "u8") else None)
    filler = draw.fresh(kind, (), constant=True, scale=values.scale, zero=values.zero)
    return Step("SPARSE_TO_DENSE", [draw.constant(draw.one(["i32", "i64"]), at),
                                    draw.parameter("i32", shape), values, filler], [draw.like(values)],
                options_of("SparseToDenseOptions", validateIndices=False), 2)


@maker("BROADCAST_ARGS")
def broadcast_args(draw):
    a = list(draw.shape(0, 4))
    b = [1 if draw.chance(0.3) else d for d in a][draw.integer(0, len(a)):]
    kind = draw.one(["i32", "i64"])
    return Step("BROADCAST_ARGS", [draw.parameter(kind, np.array(v, np.int64)) for v in (a, b)], [draw.out(kind)])
