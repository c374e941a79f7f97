# SPDX-License-Identifier: Apache-2.0
"""Single operators that move, pick, sort or combine elements, with shapes, types and options drawn at random; some of
them a little wrong. draw(operator, rng) gives a Case; run(case) says whether plait does as LiteRT does."""
import os
import pickle
import signal

import numpy as np
from ai_edge_litert import schema_py_generated as schema

import compare
import oracle
import plait_c
from single_operator import DTYPES, TYPE, Builder

KINDS = {dtype: kind for kind, dtype in DTYPES.items()}
WORDS = ("float32", "int32", "int64")
BYTES = ("int8", "uint8", "bool")
WRONG = 0.12  # how often a number is drawn that may not fit


class Case:
    """One operator. inputs: arrays, each fed or constant; outputs: their dtypes."""

    def __init__(self, operator, inputs, outputs, options=None, constants=(), version=1, regions=(), quantized=None,
                 out_shapes=None):
        self.operator, self.inputs, self.outputs = operator, [np.asarray(a) for a in inputs], outputs
        self.options, self.constants, self.version, self.regions = options, set(constants), version, regions
        self.quantized, self.out_shapes = quantized, out_shapes

    def fed(self):
        return [array for k, array in enumerate(self.inputs) if k not in self.constants]

    def build(self):
        make, ids, fed = Builder(0), [], []
        for k, array in enumerate(self.inputs):
            kind = KINDS[array.dtype]
            extra = dict(zip(("scale", "zero_point"), self.quantized)) if self.quantized and k == 0 else {}
            ids.append(make.add(kind, array.shape, array if k in self.constants else None, **extra))
            if k not in self.constants:
                fed.append(ids[-1])
        shapes = self.out_shapes or [[1]] * len(self.outputs)
        extra = dict(zip(("scale", "zero_point"), self.quantized)) if self.quantized else {}
        outs = [make.add(KINDS[np.dtype(dtype)], shape, **(extra if k == 0 else {}))
                for k, (dtype, shape) in enumerate(zip(self.outputs, shapes))]
        make.regions = list(self.regions)
        return make.model(self.operator, self.version, self.options, ids, outs, fed)

    def __str__(self):
        told = [f"{a.dtype}{list(a.shape)}" + (f"={a.tolist()}" if a.size < 12 else "") for a in self.inputs]
        return f"{self.operator}({', '.join(told)}) {vars(self.options) if self.options else ''}"


def options(name, **fields):
    made = getattr(schema, name + "OptionsT")()
    for field, value in fields.items():
        assert hasattr(made, field), field
        setattr(made, field, value)
    return made


# ---- both sides ------------------------------------------------------------------------------------------------------


def litert(data, arrays):
    """("ok", outputs), ("refused", message) or ("crashed", signal): in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            answer = "ok", _invoke(data, arrays)
        except Exception as error:  # the parent reports it
            answer = "refused", str(error)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(pickle.dumps(answer))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    return pickle.loads(told) if told else ("crashed", status)


def _invoke(data, arrays):
    try:
        interpreter = oracle.open_reference(data)
    except (RuntimeError, ValueError) as error:
        if "Didn't find op" not in str(error):
            raise
        interpreter = oracle.open_reference(data, oracle.OPTIMIZED)
    for detail, array in zip(interpreter.get_input_details(), arrays, strict=True):
        if array.size:
            interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    found = []
    for detail in interpreter.get_output_details():
        shape = detail["shape"]
        found.append(interpreter.get_tensor(detail["index"]) if np.prod(shape) else np.zeros(shape, detail["dtype"]))
    return found


def plait(data, arrays, **settings):
    """("ok", outputs) or ("refused", message)."""
    with plait_c.Interpreter(**settings) as interpreter:
        try:
            model = interpreter.load(data, "one")
            interpreter.allocate()
            return "ok", model(arrays)
        except plait_c.PlaitError as error:
            return "refused", str(error)


def run(case, exact=True):
    """None if both agree, else what differs. ("refused" on both sides agrees.)"""
    data = case.build()
    theirs, ours = litert(data, case.fed()), plait(data, case.fed())
    if theirs[0] == "crashed":
        return None
    if theirs[0] != ours[0]:
        return f"LiteRT: {theirs[1] if theirs[0] == 'refused' else 'accepts'}; plait: " \
               f"{ours[1] if ours[0] == 'refused' else 'accepts'}"
    if theirs[0] == "refused":
        return None
    rule = (0, 0) if exact else (compare.RELATIVE, compare.ABSOLUTE)
    for k, (a, b) in enumerate(zip(ours[1], theirs[1], strict=True)):
        wrong = compare.difference(a, b, *rule)
        if wrong:
            return f"output {k}: {wrong}"
    return None


# ---- drawing ---------------------------------------------------------------------------------------------------------


def some(rng, dtype, shape):
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return np.round(rng.standard_normal(shape) * 4).astype(dtype) / dtype.type(4)
    if dtype.kind == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    low, high = (0, 2) if dtype.kind == "b" else (0 if dtype.kind == "u" else -20, 21)
    return rng.integers(low, high, shape).astype(dtype)


def pick(rng, *choices):
    return choices[int(rng.integers(len(choices)))]


def shape_of(rng, low, high, most=5, zero=0.04):
    return [0 if rng.random() < zero else int(d) for d in rng.integers(1, most + 1, rng.integers(low, high + 1))]


def off(rng, value, by=(-1, 1, 7)):
    """The number, or now and then one that may be wrong."""
    return value + pick(rng, *by) if rng.random() < WRONG else value


def axis_of(rng, rank):
    axis = int(rng.integers(-rank, rank)) if rank else 0
    return off(rng, axis, (-rank, rank, 1))


def integers(rng, values, wide=True):
    return np.array(values, np.int64 if wide and rng.random() < 0.4 else np.int32)


def draw_shape(rng):
    kind = pick(rng, np.int32, np.int64)
    named = kind if rng.random() > WRONG else np.float32
    return Case("SHAPE", [some(rng, pick(rng, *WORDS, *BYTES), shape_of(rng, 0, 6))], [kind],
                options("Shape", outType=KINDS[np.dtype(named)]))


def draw_rank(rng):
    return Case("RANK", [some(rng, pick(rng, *WORDS, *BYTES), shape_of(rng, 0, 6))], [np.int32], options("Rank"))


def draw_expand_dims(rng):
    array = some(rng, pick(rng, *WORDS, *BYTES), shape_of(rng, 0, 5))
    axis = off(rng, int(rng.integers(-array.ndim - 1, array.ndim + 1)), (-7, 7))
    return Case("EXPAND_DIMS", [array, integers(rng, axis)], [array.dtype], None, [1])


def draw_squeeze(rng):
    shape = [1 if rng.random() < 0.5 else d for d in shape_of(rng, 0, 6)]
    axes = [] if rng.random() < 0.3 else [k - (len(shape) if rng.random() < 0.3 else 0)
                                         for k, d in enumerate(shape) if d == 1 and rng.random() < 0.7]
    if rng.random() < WRONG:
        axes.append(int(rng.integers(-7, 7)))
    array = some(rng, pick(rng, *WORDS, *BYTES), shape)
    return Case("SQUEEZE", [array], [array.dtype], options("Squeeze", squeezeDims=axes))


def draw_pack(rng):
    count, shape = int(rng.integers(1, 5)), shape_of(rng, 0, 4)
    dtype = pick(rng, *WORDS, "int8", "uint8", "int16", "uint32", *(["bool"] if rng.random() < WRONG else []))
    arrays = [some(rng, dtype, shape) for _ in range(count)]
    if rng.random() < WRONG:
        arrays[-1] = some(rng, dtype, [*shape, 2])
    axis = off(rng, int(rng.integers(-len(shape) - 1, len(shape) + 1)), (-7, 7))
    return Case("PACK", arrays, [dtype], options("Pack", valuesCount=off(rng, count), axis=axis))


def draw_unpack(rng):
    shape = shape_of(rng, 1, 5)
    axis = int(rng.integers(-len(shape), len(shape)))
    dtype = pick(rng, "float32", "int32", "int8", "uint8", "bool", "int16", "float16", "int64")
    count = max(1, off(rng, shape[axis]))
    return Case("UNPACK", [some(rng, dtype, shape)], [dtype] * count,
                options("Unpack", num=off(rng, count), axis=off(rng, axis, (-7, 7))))


def draw_tile(rng):
    array = some(rng, pick(rng, *WORDS, *BYTES, "int16", "complex64"), shape_of(rng, 1, 5, 4))
    times = rng.integers(0 if rng.random() < 0.1 else 1, 4, off(rng, array.ndim))
    return Case("TILE", [array, integers(rng, times)], [array.dtype], None, [1])


def draw_broadcast_to(rng):
    wanted = shape_of(rng, 1, 6, 4)
    shape = [1 if rng.random() < 0.4 else d for d in wanted[int(rng.integers(0, len(wanted))):]]
    if rng.random() < WRONG:
        wanted[-1] += 1
    array = some(rng, pick(rng, *WORDS, *BYTES, "int16", "complex64"), shape)
    return Case("BROADCAST_TO", [array, integers(rng, wanted)], [array.dtype], None, [1], version=2)


def draw_broadcast_args(rng):
    a = np.array(shape_of(rng, 1, 5, 4, 0), pick(rng, np.int32, np.int64))
    b = np.where(rng.random(a.shape) < 0.4, 1, a).astype(a.dtype)[int(rng.integers(0, a.size)):]
    if rng.random() < WRONG:
        b = b + 1
    pair = [a, b] if rng.random() < 0.5 else [b, a]
    return Case("BROADCAST_ARGS", pair, [a.dtype], None, [k for k in (0, 1) if rng.random() < 0.5])


def draw_fill(rng):
    dtype = pick(rng, *WORDS, *BYTES, "int16", "float16")
    dims = [off(rng, d, (-9,)) for d in shape_of(rng, 0, 5)]
    return Case("FILL", [integers(rng, dims).reshape(len(dims)), some(rng, dtype, [])], [dtype], None, [0])


def draw_range(rng):
    dtype = np.dtype(pick(rng, *WORDS))
    step = pick(rng, -3, -2, -1, 1, 2, 3, *([0] if rng.random() < WRONG else []))
    start, scale = int(rng.integers(-20, 20)), 0.37 if dtype.kind == "f" else 1
    limit = start + step * int(rng.integers(-1 if rng.random() < WRONG else 0, 30)) + int(rng.integers(0, 2))
    numbers = [np.array(x * scale, dtype) for x in (start, limit, step)]
    return Case("RANGE", numbers, [dtype], options("Range"), [0, 1, 2])


def draw_one_hot(rng):
    dtype = pick(rng, *WORDS, *BYTES, *(["int16"] if rng.random() < WRONG else []))
    shape, depth = shape_of(rng, 0, 4), int(rng.integers(0, 6))
    indices = integers(rng, rng.integers(-1, depth + 2, shape)).reshape(shape)
    axis = off(rng, int(rng.integers(-1, len(shape) + 1)), (-3, 7))
    return Case("ONE_HOT", [indices, np.array(off(rng, depth, (-9,)), np.int32), some(rng, dtype, []),
                            some(rng, dtype, [])], [dtype], options("OneHot", axis=axis), [1])


def draw_slice(rng):
    array = some(rng, pick(rng, *WORDS, *BYTES, "int16", "complex64"), shape_of(rng, 1, 6))
    begin = [int(rng.integers(0, d + 1)) for d in array.shape]
    sizes = [-1 if rng.random() < 0.2 else int(rng.integers(0, d - b + 1)) for d, b in zip(array.shape, begin)]
    sizes[-1] = off(rng, sizes[-1])
    dtype = pick(rng, np.int32, np.int64)
    constants = [1, 2] if min(sizes) < 0 or rng.random() < 0.6 else [2]
    if min(sizes) != 0 or len(constants) == 2:
        begin[0] = off(rng, begin[0])
    return Case("SLICE", [array, np.array(begin, dtype), np.array(sizes, dtype)], [array.dtype], None, constants,
                out_shapes=[[]])


def draw_split_v(rng):
    shape = shape_of(rng, 1, 5)
    axis = int(rng.integers(-len(shape), len(shape)))
    sizes = [int(d) for d in rng.integers(0, 4, rng.integers(1, 5))]
    shape[axis] = sum(sizes)
    if rng.random() < 0.4:
        sizes[int(rng.integers(len(sizes)))] = -1
    sizes[0] = off(rng, sizes[0])
    dtype = pick(rng, "float32", "int32", "int64", "int8", "uint8", "int16", "bool")
    return Case("SPLIT_V", [some(rng, dtype, shape), integers(rng, sizes), np.array(axis, np.int32)],
                [dtype] * len(sizes), options("SplitV", numSplits=off(rng, len(sizes))), [1, 2])


def draw_split(rng):
    count, shape = int(rng.integers(1, 5)), shape_of(rng, 1, 5)
    axis = int(rng.integers(-len(shape), len(shape)))
    shape[axis] = off(rng, shape[axis] * count)
    dtype = pick(rng, "float32", "int32", "int64", "int8", "uint8", "int16", "bool")
    return Case("SPLIT", [np.array(axis, np.int32), some(rng, dtype, shape)], [dtype] * count,
                options("Split", numSplits=off(rng, count)), [0])


def draw_reverse_v2(rng):
    array = some(rng, pick(rng, *WORDS, *BYTES, "int16", "float16"), shape_of(rng, 1, 6))
    first = int(rng.integers(0, array.ndim))
    axes = list(range(first, int(rng.integers(first, array.ndim + 1))))
    axes = [a - array.ndim if rng.random() < 0.3 else a for a in axes]
    if axes and rng.random() < WRONG:
        axes[0] = pick(rng, axes[-1], array.ndim, -array.ndim - 1)
    return Case("REVERSE_V2", [array, np.array(rng.permutation(axes), np.int32)], [array.dtype], None, [1])


def draw_reverse_sequence(rng):
    shape = shape_of(rng, 2, 5, zero=0)
    axes = rng.permutation(len(shape))
    lengths = rng.integers(0, shape[axes[0]] + 1, shape[axes[1]])
    lengths[0] = off(rng, lengths[0], (9,))
    dtype = pick(rng, *WORDS, "uint8", "int16", *(["int8"] if rng.random() < WRONG else []))
    chosen = options("ReverseSequence", seqDim=int(axes[0]), batchDim=off(rng, int(axes[1]), (-9, 9)))
    return Case("REVERSE_SEQUENCE", [some(rng, dtype, shape), integers(rng, lengths)], [dtype], chosen)


def draw_mirror_pad(rng):
    shape, reflect = shape_of(rng, 1, 5, zero=0), rng.random() < 0.5
    edge = 1 if reflect else 0
    pads = [[int(rng.integers(0, d - edge + 1)), off(rng, int(rng.integers(0, d - edge + 1)))] for d in shape]
    dtype = pick(rng, *WORDS, *BYTES, "int16", "complex64")
    return Case("MIRROR_PAD", [some(rng, dtype, shape), integers(rng, pads)], [dtype],
                options("MirrorPad", mode=0 if reflect else 1), [1])


def draw_space_to_batch_nd(rng):
    spatial = int(rng.integers(1, 3))
    block = rng.integers(1, 4, spatial)
    small = rng.integers(1, 4, spatial)
    pads = np.array([[int(rng.integers(0, 3)), 0] for _ in range(spatial)])
    sizes = np.maximum(block * small - pads[:, 0], 1)
    pads[:, 1] = (-(sizes + pads[:, 0])) % block + off(rng, 0)
    dtype = pick(rng, *WORDS, *BYTES, "int16")
    array = some(rng, dtype, [int(rng.integers(1, 3)), *sizes, int(rng.integers(1, 4))])
    quantized = (0.5, 7) if dtype in ("int8", "uint8") else (0.5, 0) if dtype == "int16" else None
    return Case("SPACE_TO_BATCH_ND", [array, block.astype(np.int32), pads.astype(np.int32)], [dtype], None, [1, 2],
                quantized=quantized)


def draw_batch_to_space_nd(rng):
    spatial = int(rng.integers(1, 3))
    block = rng.integers(1, 4, spatial)
    small = rng.integers(1, 4, spatial)
    crops = np.array([[int(rng.integers(0, b * s)), 0] for b, s in zip(block, small)])
    crops[:, 1] = [int(rng.integers(0, b * s - c)) for b, s, c in zip(block, small, crops[:, 0])]
    crops[0, 0] = off(rng, crops[0, 0], (-9,))
    dtype = pick(rng, *WORDS, *BYTES, "int16")
    batch = off(rng, int(rng.integers(1, 3)) * int(np.prod(block)))
    array = some(rng, dtype, [max(batch, 0), *small, int(rng.integers(1, 4))])
    return Case("BATCH_TO_SPACE_ND", [array, block.astype(np.int32), crops.astype(np.int32)], [dtype], None, [1, 2])


def draw_space_to_depth(rng):
    block, dtype = int(rng.integers(1, 4)), pick(rng, *WORDS, "int8", "uint8")
    shape = [int(d) for d in rng.integers(1, 4, 4)]
    shape[1:3] = [shape[1] * block, off(rng, shape[2] * block)]
    return Case("SPACE_TO_DEPTH", [some(rng, dtype, shape)], [dtype],
                options("SpaceToDepth", blockSize=off(rng, block, (-9,))))


def draw_depth_to_space(rng):
    block, dtype = int(rng.integers(1, 4)), pick(rng, *WORDS, "uint8", "int8")
    shape = [int(d) for d in rng.integers(1, 4, 4)]
    shape[3] = off(rng, shape[3] * block * block)
    return Case("DEPTH_TO_SPACE", [some(rng, dtype, shape)], [dtype],
                options("DepthToSpace", blockSize=off(rng, block, (-9,))))


def draw_gather_nd(rng):
    array = some(rng, pick(rng, *WORDS, *BYTES, "int16", "float16"), shape_of(rng, 1, 5, zero=0))
    depth = int(rng.integers(1, array.ndim + 1))
    outer = shape_of(rng, 0, 2)
    indices = np.stack([rng.integers(0, array.shape[i], outer) for i in range(depth)], -1)
    if indices.size and rng.random() < WRONG:
        indices.reshape(-1)[0] = pick(rng, -1, array.size)
    return Case("GATHER_ND", [array, indices.astype(pick(rng, np.int16, np.int32, np.int64))], [array.dtype])


def draw_scatter_nd(rng):
    shape = shape_of(rng, 1, 4, zero=0)
    depth, outer = int(rng.integers(1, len(shape) + 1)), shape_of(rng, 1, 2, 6, zero=0)
    indices = np.stack([rng.integers(0, shape[i], outer) for i in range(depth)], -1).astype(np.int32)
    if rng.random() < WRONG:
        indices.reshape(-1)[0] = pick(rng, -1, 1000)
    updates = some(rng, pick(rng, *WORDS, *BYTES), [*outer, *shape[depth:]])
    shape[-1] = off(rng, shape[-1]) if depth < len(shape) else shape[-1]
    return Case("SCATTER_ND", [indices, updates, np.array(shape, np.int32)], [updates.dtype], None, [2])


def draw_dynamic_update_slice(rng):
    shape = shape_of(rng, 1, 5)
    part = [int(rng.integers(0 if rng.random() < 0.1 else 1, d + 1)) if d else 0 for d in shape]
    part[0] = off(rng, part[0], (9,))
    dtype = pick(rng, *WORDS, *BYTES, "int16", "float16")
    start = integers(rng, [int(rng.integers(-2, d + 2)) for d in shape])
    return Case("DYNAMIC_UPDATE_SLICE", [some(rng, dtype, shape), some(rng, dtype, part), start], [dtype])


def draw_matrix_diag(rng):
    dtype = pick(rng, *WORDS, "int8", "uint8", "int16")
    return Case("MATRIX_DIAG", [some(rng, dtype, shape_of(rng, 1, 5))], [dtype])


def draw_matrix_set_diag(rng):
    shape, dtype = shape_of(rng, 2, 5), pick(rng, *WORDS, "int8", "uint8", "int16")
    return Case("MATRIX_SET_DIAG", [some(rng, dtype, shape), some(rng, dtype, [*shape[:-2], min(shape[-2:])])], [dtype])


def draw_sparse_to_dense(rng):
    shape = shape_of(rng, 1, 4, zero=0)
    count = int(rng.integers(1, 6))
    indices = np.stack([rng.integers(0, d, count) for d in shape], -1)
    if len(shape) == 1 and rng.random() < 0.5:
        indices = indices[:, 0] if rng.random() < 0.7 else indices[0, 0]
    values = some(rng, pick(rng, *WORDS, "int8", "uint8"), [indices.shape[0]] if indices.ndim else [])
    return Case("SPARSE_TO_DENSE", [integers(rng, indices), integers(rng, shape), values,
                                    some(rng, values.dtype, [])], [values.dtype], options("SparseToDense"), [1])


def draw_segment_sum(rng):
    array = some(rng, pick(rng, "float32", "int32"), shape_of(rng, 1, 4, 6, zero=0))
    ids = np.cumsum(rng.random(array.shape[0]) < 0.5)
    ids = (ids - ids[0]).astype(np.int32)
    if rng.random() < WRONG:
        ids[-1] = pick(rng, -1, 9)
    return Case("SEGMENT_SUM", [array, ids], [array.dtype], None, [1])


def draw_unsorted(operator):
    def draw(rng):
        array = some(rng, pick(rng, "float32", "int32"), shape_of(rng, 1, 4, 6, zero=0))
        count, rank = int(rng.integers(1, 5)), int(rng.integers(1, array.ndim + 1))
        ids = rng.integers(-1, count, array.shape[:rank]).astype(np.int32)
        ids.reshape(-1)[0] = off(rng, ids.reshape(-1)[0], (9,))
        return Case(operator, [array, ids, np.array(off(rng, count, (-9,)), np.int32)], [array.dtype], None, [2])
    return draw


def draw_topk_v2(rng):
    array = some(rng, pick(rng, "float32", "int32", "int64", "int8", "uint8", "int16"), shape_of(rng, 1, 4, 9))
    k = off(rng, int(rng.integers(0, array.shape[-1] + 1)))
    return Case("TOPK_V2", [array, np.array(k, pick(rng, np.int32, np.int16))],
                [array.dtype, pick(rng, np.int32, np.int16)], None, [1])


def draw_unique(rng):
    array = some(rng, pick(rng, "float32", "int32", "int64", "int8", "uint8", "int16"), [int(rng.integers(0, 40))])
    kind = pick(rng, np.int32, np.int64)
    return Case("UNIQUE", [array], [array.dtype, kind], options("Unique", idxOutType=KINDS[np.dtype(kind)]))


def draw_where(rng):
    array = some(rng, pick(rng, "bool", *WORDS, "int8", "uint8", "uint32"), shape_of(rng, 1, 4))
    array[rng.random(array.shape) < 0.4] = 0
    return Case("WHERE", [array], [np.int64])


def draw_dilate(rng):
    array = some(rng, pick(rng, *WORDS, *BYTES, "int16"), shape_of(rng, 1, 5, 4, zero=0))
    steps = rng.integers(1, 4, array.ndim)
    steps[0] = off(rng, steps[0], (-9,))
    return Case("DILATE", [array, steps.astype(np.int32), some(rng, array.dtype, [])], [array.dtype],
                options("Dilate"), [1])


def draw_reduce_window(rng):
    function = int(rng.integers(1, 7))
    array = some(rng, pick(rng, *WORDS, *BYTES, "int16", "float64"), shape_of(rng, 1, 4, 6, zero=0))
    window, stride, dilation = (rng.integers(1, 4, array.ndim).astype(np.int64) for _ in range(3))
    return Case("REDUCE_WINDOW", [array, some(rng, array.dtype, []), window, stride, dilation], [array.dtype],
                options("ReduceWindow", reduceFunction=function), [2, 3, 4])


def draw_stablehlo_reduce_window(rng):
    array = some(rng, pick(rng, *WORDS, "int8", "uint8", "int16"), shape_of(rng, 1, 4, 6, zero=0))
    rank = array.ndim
    window, stride, dilation = (rng.integers(1, 4, rank) for _ in range(3))
    base = rng.integers(1, 3, rank) if rng.random() < 0.4 else np.ones(rank, np.int64)
    padding = rng.integers(-1, 3, 2 * rank) if rng.random() < 0.6 else np.zeros(2 * rank, np.int64)
    body = pick(rng, "STABLEHLO_ADD", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM", "STABLEHLO_MULTIPLY", "MUL", "ADD")
    chosen = options("StablehloReduceWindow", windowDimensions=window, windowStrides=stride, baseDilations=base,
                     windowDilations=dilation, padding=padding, bodySubgraphIndex=1)
    return Case("STABLEHLO_REDUCE_WINDOW", [array, some(rng, array.dtype, [])], [array.dtype], chosen,
                regions=[(body, KINDS[array.dtype])])


def draw_pair(operator):
    dtypes = {"STABLEHLO_SHIFT_LEFT": ("int8", "int16", "int32"), "STABLEHLO_AND": ("bool", "int8", "uint8", "int16",
              "int32", "uint32", "int64", "uint64")}.get(operator, (*WORDS, *BYTES, "int16", "uint16", "uint32", "uint64",
                                                                    "float16", "float64"))

    def draw(rng):
        a = some(rng, pick(rng, *dtypes), shape_of(rng, 0, 4))
        b = some(rng, a.dtype, a.shape)
        if operator == "STABLEHLO_SHIFT_LEFT":
            b = (np.abs(b) % 8).astype(a.dtype)
        elif rng.random() < WRONG:
            b = some(rng, a.dtype, [*a.shape, 2])
        return Case(operator, [a, b], [a.dtype])
    return draw


def draw_stablehlo_pad(rng):
    array = some(rng, pick(rng, *WORDS, *BYTES, "int16"), shape_of(rng, 1, 4, zero=0))
    low, high = rng.integers(-2, 4, array.ndim), rng.integers(-2, 4, array.ndim)
    inside = rng.integers(0, 3, array.ndim)
    inside[0] = off(rng, inside[0], (-9,))
    return Case("STABLEHLO_PAD", [array, some(rng, array.dtype, [])], [array.dtype],
                options("StablehloPad", edgePaddingLow=low, edgePaddingHigh=high, interiorPadding=inside))


def draw_stablehlo_gather(rng):
    array = some(rng, pick(rng, *WORDS, *BYTES, "int16"), shape_of(rng, 1, 4, zero=0))
    sizes = [int(rng.integers(1, d + 1)) for d in array.shape]
    collapsed = [k for k in range(array.ndim) if rng.random() < 0.4]
    for k in collapsed:
        sizes[k] = 1
    mapped = [int(k) for k in rng.permutation(array.ndim)[:int(rng.integers(1, array.ndim + 1))]]
    batch = shape_of(rng, 0, 2, 3, zero=0)
    vector = int(rng.integers(0, len(batch) + 1))
    shape = [*batch[:vector], len(mapped), *batch[vector:]]
    if len(mapped) == 1 and rng.random() < 0.3:
        shape, vector = batch, len(batch)
    indices = integers(rng, rng.integers(-1, 6, shape)).reshape(shape)
    rank = len(batch) + array.ndim - len(collapsed)
    offsets = sorted(int(k) for k in rng.permutation(rank)[:array.ndim - len(collapsed)])
    chosen = options("StablehloGather", offsetDims=offsets, collapsedSliceDims=collapsed, startIndexMap=mapped,
                     indexVectorDim=vector, sliceSizes=sizes)
    return Case("STABLEHLO_GATHER", [array, indices], [array.dtype], chosen, out_shapes=[[1] * rank])


def draw_stablehlo_scatter(rng):
    array = some(rng, pick(rng, *WORDS, "int8", "uint8", "int16"), shape_of(rng, 1, 4, zero=0))
    window = [int(rng.integers(1, d + 1)) for d in array.shape]
    inserted = [k for k in range(array.ndim) if rng.random() < 0.4]
    mapped = [int(k) for k in rng.permutation(array.ndim)[:int(rng.integers(1, array.ndim + 1))]]
    batch = shape_of(rng, 0, 2, 3, zero=0)
    indices = integers(rng, rng.integers(-1, 5, [*batch, len(mapped)])).reshape([*batch, len(mapped)])
    kept = [d for k, d in enumerate(window) if k not in inserted]
    rank = len(batch) + len(kept)
    places = sorted(int(k) for k in rng.permutation(rank)[:len(kept)])
    shape, left = [], list(batch)
    for k in range(rank):
        shape.append(kept[places.index(k)] if k in places else left.pop(0))
    body = pick(rng, None, "STABLEHLO_ADD", "STABLEHLO_MULTIPLY", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM",
                *(["SUB"] if rng.random() < WRONG else []))
    chosen = options("StablehloScatter", updateWindowDims=places, insertedWindowDims=inserted,
                     scatterDimsToOperandDims=mapped, indexVectorDim=len(batch), updateComputationSubgraphIndex=1)
    return Case("STABLEHLO_SCATTER", [array, indices, some(rng, array.dtype, shape)], [array.dtype], chosen,
                regions=[(body, KINDS[array.dtype])])


def draw_stablehlo_rng_bit_generator(rng):
    algorithm = int(rng.integers(0, 3))
    state = rng.integers(0, 2**63, off(rng, 2 if algorithm == 2 else int(rng.integers(2, 4)))).astype(np.uint64)
    if rng.random() < 0.5 and state.size > 1:
        state[1] |= np.uint64(0xffffffff)
    return Case("STABLEHLO_RNG_BIT_GENERATOR", [state],
                [np.uint64, pick(rng, np.uint64, np.int64, np.uint32, np.int32)],
                options("StablehloRngBitGenerator", algorithm=algorithm),
                out_shapes=[list(state.shape), shape_of(rng, 1, 3, 5, zero=0)])


DRAW = {name[5:].upper(): draw for name, draw in list(globals().items())
        if name.startswith("draw_") and name not in ("draw_unsorted", "draw_pair")}
DRAW |= {f"UNSORTED_SEGMENT_{o}": draw_unsorted(f"UNSORTED_SEGMENT_{o}") for o in ("SUM", "PROD", "MAX", "MIN")}
DRAW |= {f"STABLEHLO_{o}": draw_pair(f"STABLEHLO_{o}")
         for o in ("ADD", "MULTIPLY", "MAXIMUM", "MINIMUM", "AND", "SHIFT_LEFT")}
