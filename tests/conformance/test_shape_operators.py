# SPDX-License-Identifier: Apache-2.0
"""Operators on shapes, and those that move, pick, sort and combine elements: random cases against LiteRT, in every type
and with shapes that only running tells; what they refuse, and what they say then."""
import re

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import plait_c
import shape_cases as cases
import tiny
from shape_cases import Case, options
from single_operator import DTYPES, TYPE

ROUNDS = 12
# Sums and products of floats, and 16-bit floats, may be rounded in another order.
ROUNDED = {"SEGMENT_SUM", "UNSORTED_SEGMENT_SUM", "UNSORTED_SEGMENT_PROD", "REDUCE_WINDOW", "STABLEHLO_REDUCE_WINDOW"}


@pytest.mark.parametrize("operator", sorted(cases.DRAW))
def test_random_cases(operator):
    for seed in range(ROUNDS):
        case = cases.DRAW[operator](np.random.default_rng(seed))
        wrong = cases.run(case, exact=operator not in ROUNDED)
        assert not wrong, f"seed {seed}: {case}: {wrong}"


# Inputs that LiteRT takes as constants only; RESHAPE and the like are in test_movement.py.
NEVER_LATE = {"REDUCE_WINDOW", "DILATE"}


@pytest.mark.parametrize("operator", sorted(set(cases.DRAW) - NEVER_LATE))
def test_shapes_that_running_tells(operator):
    """The same with all inputs fed: nothing is known at allocate."""
    for seed in range(100, 100 + ROUNDS // 2):
        case = cases.DRAW[operator](np.random.default_rng(seed))
        if not case.constants:
            return
        case.constants = set()
        wrong = cases.run(case, exact=operator not in ROUNDED)
        assert not wrong, f"seed {seed}: {case}: {wrong}"


# ---- types -----------------------------------------------------------------------------------------------------------

HALVES = ["float16"]
ALL = sorted({dtype.name for dtype in DTYPES.values()})


def of(*arrays, operator, outputs=1, constants=(), version=1, **fields):
    """A case whose arrays that are None take the type under test."""
    def make(dtype):
        filled = [np.zeros(a[0], dtype) if isinstance(a, tuple) else a for a in arrays]
        outs = [dtype] * outputs if isinstance(outputs, int) else [o or dtype for o in outputs]
        chosen = options(fields["table"], **{k: v for k, v in fields.items() if k != "table"}) if fields else None
        return Case(operator, filled, outs, chosen, constants, version, out_shapes=[[]] * len(outs)
                    if operator == "SLICE" else None)
    return make


def i32(*values):
    return np.array(values, np.int32)


SCALAR = np.array(0, np.int32)
TYPED = [
    of(([2, 2],), i32(2, 2), operator="TILE", constants=[1]),
    of(([1, 2],), i32(2, 2), operator="BROADCAST_TO", constants=[1], version=2),
    of(i32(2, 2), ([],), operator="FILL", constants=[0]),
    of(i32(0, 2), np.array(3, np.int32), ([],), ([],), operator="ONE_HOT", constants=[1], table="OneHot", axis=-1),
    of(([2, 2],), i32(0, 0), i32(1, 1), operator="SLICE", constants=[1, 2]),
    of(([2, 2],), i32(1, 1), SCALAR, operator="SPLIT_V", outputs=2, constants=[1, 2], table="SplitV", numSplits=2),
    of(SCALAR, ([2, 2],), operator="SPLIT", outputs=2, constants=[0], table="Split", numSplits=2),
    of(([2],), ([2],), operator="PACK", table="Pack", valuesCount=2),
    of(([2, 2],), operator="UNPACK", outputs=2, table="Unpack", num=2),
    of(([2, 2],), ([2, 2],), operator="CONCATENATION", table="Concatenation", axis=0),
    of(([2, 2],), i32(0), operator="REVERSE_V2", constants=[1]),
    of(([2, 2],), i32(1, 2), operator="REVERSE_SEQUENCE", table="ReverseSequence", seqDim=1),
    of(([2, 2],), np.ones((2, 2), np.int32), operator="MIRROR_PAD", constants=[1], table="MirrorPad", mode=1),
    of(([2, 2],), np.ones((2, 2), np.int32), operator="PAD", constants=[1]),
    of(([2, 2],), np.ones((2, 2), np.int8), ([1],), operator="PADV2", constants=[1]),
    of(([1, 2, 2, 1],), i32(2, 2), np.zeros((2, 2), np.int32), operator="SPACE_TO_BATCH_ND", constants=[1, 2]),
    of(([4, 1, 1, 1],), i32(2, 2), np.zeros((2, 2), np.int32), operator="BATCH_TO_SPACE_ND", constants=[1, 2]),
    of(([1, 2, 2, 1],), operator="SPACE_TO_DEPTH", table="SpaceToDepth", blockSize=2),
    of(([1, 1, 1, 4],), operator="DEPTH_TO_SPACE", table="DepthToSpace", blockSize=2),
    of(([2, 2],), i32(1, 0), operator="GATHER", table="Gather", axis=0),
    of(([2, 2],), i32(1, 0).reshape(1, 2), operator="GATHER_ND"),
    of(i32(1).reshape(1, 1), ([1, 2],), i32(2, 2), operator="SCATTER_ND", constants=[2]),
    of(i32(0, 1), i32(3), ([2],), ([],), operator="SPARSE_TO_DENSE", constants=[1], table="SparseToDense"),
    of(([2, 2],), i32(0, 1), operator="SEGMENT_SUM", constants=[1]),
    of(([2, 2],), i32(0, 1), np.array(2, np.int32), operator="UNSORTED_SEGMENT_MAX", constants=[2]),
    of(([2, 2],), np.array(1, np.int32), operator="TOPK_V2", outputs=[None, "int32"], constants=[1]),
    of(([3],), operator="UNIQUE", outputs=[None, "int32"], table="Unique", idxOutType=TYPE.INT32),
    of(([3],), operator="WHERE", outputs=["int64"]),
    of(([2, 2],), i32(1, 0), operator="TRANSPOSE", constants=[1]),
    of(([2, 2],), i32(0, 0), i32(1, 1), i32(1, 1), operator="STRIDED_SLICE", constants=[1, 2, 3],
       table="StridedSlice", beginMask=0),
    of(([2, 3],), np.array(1, np.int32), operator="ARG_MAX", outputs=["int32"], constants=[1], table="ArgMax",
       outputType=TYPE.INT32),
    of(([1, 2, 2, 1],), i32(4, 4), operator="RESIZE_NEAREST_NEIGHBOR", constants=[1], table="ResizeNearestNeighbor",
       alignCorners=False),
    of(([1, 2, 2, 1],), i32(4, 4), operator="RESIZE_BILINEAR", constants=[1], table="ResizeBilinear",
       alignCorners=False),
    *(of(([2],), ([2],), operator=f"STABLEHLO_{o}") for o in ("ADD", "MULTIPLY", "MINIMUM", "AND", "SHIFT_LEFT")),
]


@pytest.mark.parametrize("make", TYPED, ids=lambda make: make("float32").operator)
def test_types(make):
    """Every type that LiteRT takes, and no other."""
    for name in ALL:
        wrong = cases.run(make(name))
        assert not wrong, f"{name}: {wrong}"


@pytest.mark.parametrize("operator", ["MATRIX_DIAG", "MATRIX_SET_DIAG"])
def test_types_that_litert_misreads(operator):
    """LiteRT takes what it does not know for float32, and reads outside: refused here."""
    inputs = [np.zeros([2, 2], np.bool_), np.zeros([2], np.bool_)][operator == "MATRIX_DIAG":]
    told = cases.plait(Case(operator, inputs, ["bool"]).build(), inputs)
    assert told[0] == "refused" and "found bool, expected" in told[1]


# ---- 4 bits ----------------------------------------------------------------------------------------------------------


def nibbles(array):
    flat = np.asarray(array, np.int64).reshape(-1) & 15
    flat = np.append(flat, 0) if flat.size % 2 else flat
    return (flat[::2] | flat[1::2] << 4).astype(np.uint8)


def run_4_bit(operator, chosen, arrays, extra, shape):
    """Constant int4 arrays and further constants through an operator, to an array of this shape."""
    graph = tiny.Graph()
    made = []
    for array in arrays:
        made.append(graph.tensor(np.int8, array.shape, (1.0, 0)))
        buffer = schema.BufferT()
        buffer.data = nibbles(array)
        graph.graph.tensors[-1].type, graph.graph.tensors[-1].buffer = TYPE.INT4, len(graph.model.buffers)
        graph.model.buffers.append(buffer)
    others = [graph.tensor(a.dtype, a.shape, data=a) for a in extra]
    result = graph.tensor(np.int8, shape, (1.0, 0))
    graph.graph.tensors[result].type = TYPE.INT4
    graph.op(operator, [*made, *others], [result], chosen)
    told = cases.plait(graph.build([], [result]), [])
    assert told[0] == "ok", told[1]
    halves = np.stack([told[1][0] & 15, told[1][0] >> 4], -1).reshape(-1).astype(np.int64)
    assert (halves[int(np.prod(shape)):] == 0).all()
    return ((halves[:int(np.prod(shape))] + 8) % 16 - 8).reshape(shape)


@pytest.mark.parametrize("seed", range(8))
def test_4_bit(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-8, 8, (2, 3, 5, int(rng.integers(1, 4))))
    perm = rng.permutation(3)
    expected = a.transpose(perm)
    assert (run_4_bit("TRANSPOSE", None, [a], [perm.astype(np.int32)], expected.shape) == expected).all()
    expected = a[1:3, 2:5]
    found = run_4_bit("SLICE", None, [a], [i32(1, 2, 0), i32(2, 3, -1)], expected.shape)
    assert (found == expected).all()
    axis = int(rng.integers(0, 3))
    expected = np.concatenate([a, b], axis)
    chosen = options("Concatenation", axis=axis)
    assert (run_4_bit("CONCATENATION", chosen, [a, b], [], expected.shape) == expected).all()
    picks = rng.integers(0, a.shape[axis], 5).astype(np.int32)
    expected = a.take(picks, axis)
    assert (run_4_bit("GATHER", options("Gather", axis=axis), [a], [picks], expected.shape) == expected).all()
    expected, part = a.copy(), rng.integers(-8, 8, (2, 3, a.shape[2]))
    expected[1:3, 1:4, :] = part
    found = run_4_bit("DYNAMIC_UPDATE_SLICE", None, [a, part], [i32(1, 1, 0)], expected.shape)
    assert (found == expected).all()


# ---- what is refused, and how ----------------------------------------------------------------------------------------

F = np.zeros
WRONG = [
    ("3 inputs", Case("TILE", [F([2], "f4"), i32(1), i32(1)], ["f4"]), r"found 3 inputs, expected 2"),
    ("arity", Case("SHAPE", [F([2], "f4"), F([2], "f4")], ["i4"], options("Shape", outType=TYPE.INT32)), "found 2 inputs"),
    ("shape option", Case("SHAPE", [F([2], "f4")], ["i4"], options("Shape", outType=TYPE.INT64)), "options say type 4"),
    ("expand axis", Case("EXPAND_DIMS", [F([2], "f4"), i32(2)], ["f4"], None, [1]), r"axis 2 is not in \[-2, 2\)"),
    ("expand rank", Case("EXPAND_DIMS", [F([1] * 8, "f4"), i32(0)], ["f4"], None, [1]), "8 dimensions already"),
    ("pack rank", Case("PACK", [F([1] * 8, "f4")], ["f4"], options("Pack", valuesCount=1)), "8 dimensions already"),
    ("squeeze", Case("SQUEEZE", [F([2], "f4")], ["f4"], options("Squeeze", squeezeDims=[0])), "dimension 0 is 2, expected 1"),
    ("tile", Case("TILE", [F([2], "f4"), i32(-1)], ["f4"], None, [1]), "repeated -1 times"),
    ("broadcast", Case("BROADCAST_TO", [F([3], "f4"), i32(2)], ["f4"], None, [1], 2), r"\[3\] cannot be broadcast"),
    ("range", Case("RANGE", [i32(0)[0], i32(5)[0], i32(0)[0]], ["i4"], None, [0, 1, 2]), "does not lead from start"),
    ("long range", Case("RANGE", [np.int64(0), np.int64(2) ** 40, np.int64(1)], ["i8"], None, [0, 1, 2]), "steps from start"),
    ("one hot", Case("ONE_HOT", [i32(0), i32(-1), F([], "f4"), F([], "f4")], ["f4"], options("OneHot"), [1]), "depth is -1"),
    ("slice", Case("SLICE", [F([2], "f4"), i32(1), i32(2)], ["f4"], None, [1, 2]), "2 elements from 1 on are not in dimension 0"),
    ("split_v", Case("SPLIT_V", [F([4], "f4"), i32(1, 2), SCALAR], ["f4"] * 2, options("SplitV", numSplits=2), [1, 2]),
     "sizes add up to 3, dimension 0 is 4"),
    ("reverse", Case("REVERSE_V2", [F([2, 2], "f4"), i32(1, -1)], ["f4"], None, [1]), "an axis appears twice"),
    ("sequence", Case("REVERSE_SEQUENCE", [F([2, 2], "f4"), i32(1, 1)], ["f4"], options("ReverseSequence")),
     "seq_dim and batch_dim are both 0"),
    ("mirror", Case("MIRROR_PAD", [F([2], "f4"), np.array([[2, 0]], "i4")], ["f4"], options("MirrorPad"), [1]),
     "dimension 0 of 2 cannot be padded by 2 and 0"),
    ("space to batch", Case("SPACE_TO_BATCH_ND", [F([1, 3, 1], "f4"), i32(2), np.zeros((1, 2), "i4")], ["f4"], None, [1, 2]),
     "is 3, which blocks of 2 do not divide"),
    ("block", Case("SPACE_TO_BATCH_ND", [F([1, 3, 1], "f4"), i32(0), np.zeros((1, 2), "i4")], ["f4"], None, [1, 2]),
     "block size 0, expected 1"),
    ("batch", Case("BATCH_TO_SPACE_ND", [F([3, 1, 1], "f4"), i32(2), np.zeros((1, 2), "i4")], ["f4"], None, [1, 2]),
     "batch of 3 cannot be divided"),
    ("crop", Case("BATCH_TO_SPACE_ND", [F([2, 1, 1], "f4"), i32(2), np.array([[-1, 0]], "i4")], ["f4"], None, [1, 2]),
     "cropped by less than 0"),
    ("crops", Case("BATCH_TO_SPACE_ND", [F([2, 1, 1], "f4"), i32(2), np.array([[2, 1]], "i4")], ["f4"], None, [1, 2]),
     "pictures of -1 x 1"),
    ("depth", Case("SPACE_TO_DEPTH", [F([1, 3, 2, 1], "f4")], ["f4"], options("SpaceToDepth", blockSize=2)), "blocks of 2 x 2"),
    ("gather_nd", Case("GATHER_ND", [F([3], "f4"), np.zeros((1, 2), "i4")], ["f4"]), "2 coordinates for an input of 1"),
    ("gather_nd rank", Case("GATHER_ND", [F([1] * 6, "f4"), np.zeros((1, 1, 1, 1, 1), "i4")], ["f4"]), "the output has rank 9"),
    ("scatter", Case("SCATTER_ND", [np.zeros((1, 1), "i4"), F([2], "f4"), i32(4)], ["f4"], None, [2]), "do not spread over"),
    ("update", Case("DYNAMIC_UPDATE_SLICE", [F([2], "f4"), F([3], "f4"), i32(0)], ["f4"]), "dimension 0 is 3, but only 2"),
    ("diagonal", Case("MATRIX_SET_DIAG", [F([2, 2], "f4"), F([3], "f4")], ["f4"]), "found 3 elements, expected 2"),
    ("sparse", Case("SPARSE_TO_DENSE", [i32(0, 1), i32(3), F([], "f4"), F([], "f4")], ["f4"], None, [1]), "1 values for 2"),
    ("sparse depth", Case("SPARSE_TO_DENSE", [np.zeros((1, 5), "i4"), i32(1, 1, 1, 1, 1), F([1], "f4"), F([], "f4")], ["f4"],
                          None, [1]), "found 5 coordinates, expected at most 4"),
    ("segments", Case("SEGMENT_SUM", [F([2], "f4"), i32(0, 2)], ["f4"], None, [1]), "found id 2 at place 1"),
    ("unsorted", Case("UNSORTED_SEGMENT_SUM", [F([2], "f4"), i32(0, 1, 1), i32(2)], ["f4"], None, [2]), "dimension 0 is 3"),
    ("no segments", Case("UNSORTED_SEGMENT_SUM", [F([2], "f4"), i32(0, 1), i32(-2)], ["f4"], None, [2]), "found -2 segments"),
    ("top k", Case("TOPK_V2", [F([2], "f4"), i32(3)], ["f4", "i4"], None, [1]), "3 elements of rows of 2"),
    ("narrow", Case("TOPK_V2", [F([40000], "f4"), i32(1)], ["f4", "i2"], None, [1]), "int16 cannot count rows of 40000"),
    ("where", Case("WHERE", [F([], "f4")], ["i8"]), "expected 1 to 8 dimensions"),
    ("dilate", Case("DILATE", [F([2], "f4"), i32(0), F([], "f4")], ["f4"], None, [1]), "dimension 0 of 2 is dilated by 0"),
    ("window", Case("REDUCE_WINDOW", [F([2], "f4"), F([], "f4"), *[np.array([k]) for k in (0, 1, 1)]], ["f4"],
                    options("ReduceWindow", reduceFunction=1), [2, 3, 4]), "window_dimensions: found 0"),
    ("function", Case("REDUCE_WINDOW", [F([2], "f4"), F([], "f4"), *[np.array([k]) for k in (1, 1, 1)]], ["f4"],
                      options("ReduceWindow"), [2, 3, 4]), "reduce_function: found 0"),
    ("body", Case("STABLEHLO_REDUCE_WINDOW", [F([2], "f4"), F([], "f4")], ["f4"],
                  options("StablehloReduceWindow", windowDimensions=[1], bodySubgraphIndex=1), regions=[("SUB", 0)]),
     "its body is no addition"),
    ("no body", Case("STABLEHLO_REDUCE_WINDOW", [F([2], "f4"), F([], "f4")], ["f4"],
                     options("StablehloReduceWindow", windowDimensions=[1], bodySubgraphIndex=1), regions=[(None, 0)]),
     "its body is no addition"),
    ("window count", Case("STABLEHLO_REDUCE_WINDOW", [F([2], "f4"), F([], "f4")], ["f4"],
                          options("StablehloReduceWindow", windowDimensions=[1, 1], bodySubgraphIndex=1),
                          regions=[("STABLEHLO_ADD", 0)]), "window_dimensions: found 2 numbers, expected 1"),
    ("cropped away", Case("STABLEHLO_REDUCE_WINDOW", [F([2], "f4"), F([], "f4")], ["f4"],
                          options("StablehloReduceWindow", windowDimensions=[1], padding=[-2, -2], bodySubgraphIndex=1),
                          regions=[("STABLEHLO_ADD", 0)]), "is no dimension any more"),
    ("pad", Case("STABLEHLO_PAD", [F([2], "f4"), F([], "f4")], ["f4"],
                 options("StablehloPad", edgePaddingLow=[1], edgePaddingHigh=[1], interiorPadding=[-1])), "interior_padding: found -1"),
    ("pad count", Case("STABLEHLO_PAD", [F([2], "f4"), F([], "f4")], ["f4"],
                       options("StablehloPad", edgePaddingLow=[1, 1])), "edge_padding_low: found 2 numbers, expected 1"),
    ("gather axes", Case("STABLEHLO_GATHER", [F([2], "f4"), i32(0)], ["f4"],
                         options("StablehloGather", offsetDims=[0, 0], startIndexMap=[0], sliceSizes=[1])), "appears twice"),
    ("gather slice", Case("STABLEHLO_GATHER", [F([2], "f4"), i32(0)], ["f4"],
                          options("StablehloGather", offsetDims=[0], startIndexMap=[0], sliceSizes=[3])), "slice_sizes: found 3"),
    ("gather map", Case("STABLEHLO_GATHER", [F([2], "f4"), i32(0, 0)], ["f4"],
                        options("StablehloGather", offsetDims=[0], startIndexMap=[0], sliceSizes=[1])), "axes for indices of 2"),
    ("scatter shape", Case("STABLEHLO_SCATTER", [F([2], "f4"), i32(0, 1).reshape(2, 1), F([3], "f4")], ["f4"],
                           options("StablehloScatter", insertedWindowDims=[0], scatterDimsToOperandDims=[0],
                                   indexVectorDim=1, updateComputationSubgraphIndex=1), regions=[(None, 0)]),
     "does not have a dimension of 3"),
    ("scatter indices", Case("STABLEHLO_SCATTER", [F([2], "f4"), i32(0, 1).reshape(2, 1), F([], "f4")], ["f4"],
                             options("StablehloScatter", insertedWindowDims=[0], scatterDimsToOperandDims=[0],
                                     indexVectorDim=1, updateComputationSubgraphIndex=1), regions=[(None, 0)]),
     "more dimensions than"),
    ("region", Case("STABLEHLO_SCATTER", [F([2], "f4"), i32(0), F([1], "f4")], ["f4"],
                    options("StablehloScatter", updateWindowDims=[0], scatterDimsToOperandDims=[0],
                            updateComputationSubgraphIndex=1), regions=[("SUB", 0)]), "is no STABLEHLO_ADD"),
    ("state", Case("STABLEHLO_RNG_BIT_GENERATOR", [F([3], "u8")], ["u8", "u8"],
                   options("StablehloRngBitGenerator", algorithm=2)), "found a state of 3 elements, expected 2"),
    ("no branches", Case("STABLEHLO_CASE", [i32(0)], [], options("StablehloCase")), "it has no branches"),
    ("resize", Case("RESIZE_NEAREST_NEIGHBOR", [F([1, 2, 2, 1], "f4"), i32(0, 1)], ["f4"],
                    options("ResizeNearestNeighbor"), [1]), "a height and a width above 0"),
    ("arg max", Case("ARG_MAX", [F([2], "f4"), SCALAR], ["i4"], options("ArgMax", outputType=TYPE.INT64), [1]), "options say type 4"),
]


@pytest.mark.parametrize("case, message", [entry[1:] for entry in WRONG], ids=[entry[0] for entry in WRONG])
def test_refused_at_allocate(case, message):
    with plait_c.Interpreter() as interpreter:
        with pytest.raises(plait_c.PlaitError, match=message) as told:
            interpreter.load(case.build(), "one")
            interpreter.allocate()
    assert case.operator in told.value.message


RUN_TIME = [
    (Case("SLICE", [F([4], "f4"), i32(3), i32(2)], ["f4"], None, [2]), "dimension 0 begins at 3, expected 0 to 2"),
    (Case("GATHER", [F([4], "f4"), i32(4)], ["f4"], options("Gather")), "index 4 at place 0"),
    (Case("GATHER_ND", [F([2, 2], "f4"), i32(0, 2).reshape(1, 2)], ["f4"]), "index 2 at place 1 is outside"),
    (Case("SCATTER_ND", [i32(-1).reshape(1, 1), F([1], "f4"), i32(4)], ["f4"], None, [2]), "index -1 of place 0"),
    (Case("SPARSE_TO_DENSE", [i32(3), i32(3), F([1], "f4"), F([], "f4")], ["f4"], None, [1]), "index 3 of place 0"),
    (Case("REVERSE_SEQUENCE", [F([2, 2], "f4"), i32(3, 0)], ["f4"], options("ReverseSequence", seqDim=1)), "length 3"),
    (Case("UNSORTED_SEGMENT_SUM", [F([2], "f4"), i32(0, 5), i32(2)], ["f4"], None, [2]), "segment 5 at place 1"),
    (Case("SEGMENT_SUM", [F([2], "f4"), i32(1, 1)], ["f4"]), "found id 1 at place 0"),
    (Case("BROADCAST_ARGS", [i32(2, 3), i32(2, 4)], ["i4"]), "dimensions of 3 and 4 cannot be broadcast"),
    (Case("TILE", [F([2], "f4"), i32(-1)], ["f4"]), "repeated -1 times"),
    (Case("TOPK_V2", [F([2], "f4"), i32(3)], ["f4", "i4"]), "3 elements of rows of 2"),
    (Case("RANGE", [np.array(x, "f4") for x in (0, np.nan, 1)], ["f4"]), "does not lead from start to limit"),
]


@pytest.mark.parametrize("case, message", RUN_TIME, ids=[case.operator for case, _ in RUN_TIME])
def test_refused_while_running(case, message):
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(case.build(), "one")
        interpreter.allocate()
        with pytest.raises(plait_c.PlaitError, match=message):
            model(case.fed())
        assert plait_c.STATUS[plait_c.RUN_ERROR] == "RUN_ERROR"


# ---- shapes that are computed ----------------------------------------------------------------------------------------


def test_shape_chains_are_constants():
    """SHAPE -> STRIDED_SLICE -> PACK -> RESHAPE: known at allocate, so that one operator is left to run: none, as
    RESHAPE only gives its input another shape."""
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [2, 3, 4], name="x", signature=[-1, 3, 4])
    shape = graph.tensor(np.int32, [3])
    graph.op("SHAPE", [x], [shape], options("Shape", outType=TYPE.INT32))
    first, last = (graph.tensor(np.int32, []) for _ in range(2))
    for out, begin in ((first, 0), (last, 2)):
        ends = [graph.tensor(np.int32, [1], data=[k]) for k in (begin, begin + 1, 1)]
        graph.op("STRIDED_SLICE", [shape, *ends], [out], options("StridedSlice", shrinkAxisMask=1))
    open_ = graph.tensor(np.int32, [], data=-1)
    wanted = graph.tensor(np.int32, [3])
    graph.op("PACK", [first, open_, last], [wanted], options("Pack", valuesCount=3))
    y = graph.tensor(np.float32, [2, 3, 4], name="y")
    graph.op("RESHAPE", [x, wanted], [y], options("Reshape", newShape=[]))
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(graph.build([x], [y]), "chain")
        for batch in (2, 5):
            model.resize(0, (batch, 3, 4))
            interpreter.allocate()
            assert model.memory().arena_sum_bytes == 0  # nothing in between has memory
            array = np.random.default_rng(batch).standard_normal((batch, 3, 4)).astype(np.float32)
            assert (model([array])[0] == array).all()


# ---- strings ---------------------------------------------------------------------------------------------------------


def run_strings(operator, chosen, text, extra, shape, text_input=0):
    """Strings are fed, the further inputs are constants."""
    graph = tiny.Graph()
    x = graph.tensor(np.int8, text.shape, name="x")
    others = [graph.tensor(a.dtype, a.shape, data=a) for a in extra]
    y = graph.tensor(np.int8, shape, name="y")
    for index in (x, y):
        graph.graph.tensors[index].type = TYPE.STRING
    others.insert(text_input, x)
    graph.op(operator, others, [y], chosen)
    return cases.plait(graph.build([x], [y]), [text])


TEXT = np.array([b"", b"one", b"two words", b"\xff\x00\x01", b"5", b"six"], object).reshape(2, 3)
STRINGS = [
    ("TILE", None, TEXT, [i32(2, 1)], np.tile(TEXT, (2, 1)), 0),
    ("SLICE", None, TEXT, [i32(0, 1), i32(2, 2)], TEXT[:, 1:], 0),
    ("STRIDED_SLICE", options("StridedSlice", beginMask=0), TEXT, [i32(1, 2), i32(2, -4), i32(1, -1)], TEXT[1:, ::-1], 0),
    ("GATHER", options("Gather"), TEXT[0], [i32(2, 2, 0)], TEXT[0][[2, 2, 0]], 0),
    ("GATHER_ND", None, TEXT, [np.array([[1], [0], [1]], np.int64)], TEXT[[1, 0, 1]], 0),
    ("FILL", None, np.array(TEXT[0, 2], object), [i32(2, 2)], np.full((2, 2), TEXT[0, 2], object), 1),
    ("RESHAPE", options("Reshape", newShape=[3, -1]), TEXT, [], TEXT.reshape(3, 2), 0),
    ("EXPAND_DIMS", None, TEXT, [np.array(-1, np.int64)], TEXT[..., None], 0),
    ("SQUEEZE", options("Squeeze", squeezeDims=[]), TEXT[:1], [], TEXT[0], 0),
]


@pytest.mark.parametrize("operator, chosen, text, extra, expected, place", STRINGS, ids=[row[0] for row in STRINGS])
def test_strings(operator, chosen, text, extra, expected, place):
    told = run_strings(operator, chosen, text, extra, expected.shape, place)
    assert told[0] == "ok", told[1]
    assert told[1][0].shape == expected.shape and (told[1][0] == expected).all()


def test_an_index_of_strings_outside():
    told = run_strings("GATHER", options("Gather"), TEXT[0], [i32(3)], [1])
    assert told[0] == "refused" and "index 3 at place 0 is outside" in told[1]


MORE = [
    (Case("RESHAPE", [F([6], "f4")], ["f4"], options("Reshape", newShape=[-1, -1])), "two dimensions of -1"),
    (Case("RESHAPE", [F([6], "f4")], ["f4"], options("Reshape", newShape=[4])), "has 6 elements, .4. needs 4"),
    (Case("RESHAPE", [F([6], "f4")], ["f4"], options("Reshape", newShape=[-2, 3])), "dimension 0 of the shape is -2"),
    (Case("RESHAPE", [F([1], "f4")], ["f4"], options("Reshape", newShape=[1] * 9)), "9 dimensions, the limit is 8"),
    (Case("RESHAPE", [F([6], "f4"), np.array([6], "i8")], ["f4"], None, [1]), "expected a vector of int32"),
    (Case("CONCATENATION", [F([2, 2], "f4"), F([2, 3], "f4")], ["f4"], options("Concatenation")), "dimension 1 is 3"),
    (Case("CONCATENATION", [F([2], "f4")], ["f4"], options("Concatenation", fusedActivationFunction=1)), "fused activation"),
    (Case("CONCATENATION", [F([], "f4"), F([], "f4")], ["f4"], options("Concatenation"), [0]), "must be a constant"),
    (Case("STRIDED_SLICE", [F([2], "f4"), i32(0), i32(1), i32(0)], ["f4"], options("StridedSlice"), [1, 2, 3]), "stride 0 is 0"),
    (Case("STRIDED_SLICE", [F([2], "f4"), i32(0, 0), i32(1), i32(1)], ["f4"], options("StridedSlice"), [1, 2, 3]), "have 2, 1 and 1"),
    (Case("STRIDED_SLICE", [F([2], "f4"), i32(0, 0), i32(1, 1), i32(1, 1)], ["f4"], options("StridedSlice"), [1, 2, 3]),
     "2 items for an input of rank 1"),
    (Case("SPLIT", [SCALAR, F([3], "f4")], ["f4"] * 2, options("Split", numSplits=2), [0]), "which 2 parts do not divide"),
    (Case("SPLIT_V", [F([4], "f4"), i32(-3, 7), SCALAR], ["f4"] * 2, options("SplitV", numSplits=2), [1, 2]), "part 0 has size -3"),
    (Case("GATHER", [F([2, 3], "f4"), np.zeros((3, 1), "i4")], ["f4"], options("Gather", axis=1, batchDims=1)), "dimension 0 is 3"),
    (Case("GATHER", [F([1] * 6, "f4"), np.zeros((1, 1, 1, 1), "i4")], ["f4"], options("Gather")), "the output has rank 9"),
    (Case("TRANSPOSE", [F([2, 2], "f4"), i32(0, 0)], ["f4"], None, [1]), "axis 0 appears twice"),
    (Case("TRANSPOSE", [F([2, 2], "f4"), i32(0)], ["f4"], None, [1]), "found 1 axes, expected 2"),
    (Case("SCATTER_ND", [np.zeros((1, 1), "i4"), F([1], "f4"), i32(-4)], ["f4"], None, [2]), "dimension 0 is -4"),
    (Case("DEPTH_TO_SPACE", [F([1, 1, 1, 3], "f4")], ["f4"], options("DepthToSpace", blockSize=2)), "3 channels cannot be"),
    (Case("ARG_MAX", [F([0], "f4"), SCALAR], ["i4"], options("ArgMax", outputType=TYPE.INT32), [1]), "axis 0 is empty"),
    (Case("STABLEHLO_SCATTER", [F([1], "f4"), i32(0), F([1], "f4")], ["f4"],
          options("StablehloScatter", updateComputationSubgraphIndex=9)), ""),
]


@pytest.mark.parametrize("case, message", MORE, ids=[f"{k}-{row[0].operator}" for k, row in enumerate(MORE)])
def test_more_that_is_refused_at_allocate(case, message):
    told = cases.plait(case.build(), case.fed())
    assert told[0] == "refused"
    assert re.search(message, told[1]), told[1]


def test_constant_scalars_become_a_vector():
    numbers = [np.array(k, np.int32) for k in (4, 5, 6)]
    case = Case("CONCATENATION", numbers, ["int32"], options("Concatenation"), [0, 1, 2], out_shapes=[[3]])
    assert cases.plait(case.build(), [])[1][0].tolist() == [4, 5, 6]
    assert not cases.run(case)


def test_reshape_of_nothing():
    for shape, wanted in (([0, 3], [-1, 3]), ([2, 0], [0, -1]), ([1, 1], [0])):
        case = Case("RESHAPE", [F(shape, "f4")], ["f4"], options("Reshape", newShape=wanted), out_shapes=[[]])
        assert not cases.run(case), wanted
