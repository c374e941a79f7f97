# SPDX-License-Identifier: Apache-2.0
"""Makers of steps that have more than tensors and options: state, subgraphs, steps in front of them, options of their own; and
StableHLO's, volumes, sound and detection."""
import sys
from pathlib import Path

import numpy as np
from flatbuffers import flexbuffers

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "conformance")]
import shape_cases  # noqa: E402
from elementwise import maker  # noqa: E402
from layers import FUSED, bias, image, weights  # noqa: E402
from values import KINDS, QUANTIZED, Step, Value, options_of  # noqa: E402

KIND_OF = {np.dtype(dtype): kind for kind, dtype in KINDS.items() if kind != "res"}
WORDS = ["f32", "i32", "i64"]


# ---- of shape_cases.py ------------------------------------------------------------------------------------------------

def from_case(name):
    @maker(name)
    def make(draw):
        case = shape_cases.DRAW[name](draw.rng)
        inputs = []
        for k, array in enumerate(case.inputs):
            kind = KIND_OF[array.dtype]
            value = Value(kind, array.shape, constant=k in case.constants, data=array)
            value.scale, value.zero = draw.quantization(kind) if k == 0 else (inputs[0].scale, inputs[0].zero) \
                if kind == inputs[0].kind else (None, 0)
            inputs.append(value)
        first = inputs[0]
        outputs = [Value(KIND_OF[np.dtype(dtype)], tuple(shape), first.scale, first.zero) if KIND_OF[np.dtype(dtype)] in QUANTIZED
                   else Value(KIND_OF[np.dtype(dtype)], tuple(shape))
                   for dtype, shape in zip(case.outputs, case.out_shapes or [[1]] * len(case.outputs))]
        if not first.constant:
            draw.pool.append(first)
        called, places = (), ()
        if case.regions:
            operator = case.regions[0][0]
            ends = [Value(first.kind) for _ in range(3)]
            step = [Step(operator, ends[:2], ends[2:], options_of(operator.title() + "Options") if operator in ("ADD", "MUL") else None)]
            called = ((step, ends[:2], ends[2:]) if operator else ([], ends[:2], ends[1:2]),)
            places = ("bodySubgraphIndex" if hasattr(case.options, "bodySubgraphIndex") else "updateComputationSubgraphIndex",)
        return Step(name, inputs, outputs, case.options, case.version, called=called, places=places)


for _name in ("DILATE", "REDUCE_WINDOW", "STABLEHLO_ADD", "STABLEHLO_MULTIPLY", "STABLEHLO_MAXIMUM", "STABLEHLO_MINIMUM",
              "STABLEHLO_AND", "STABLEHLO_SHIFT_LEFT", "STABLEHLO_PAD", "STABLEHLO_GATHER", "STABLEHLO_REDUCE_WINDOW",
              "STABLEHLO_SCATTER"):
    from_case(_name)


# ---- bits and volumes ---------------------------------------------------------------------------------------------------

@maker("RIGHT_SHIFT")
def right_shift(draw):
    kind = draw.one(["i8", "u8", "i16", "u16", "i32", "u32"])
    x = draw.pick([kind])
    return Step("RIGHT_SHIFT", [x, draw.fresh(kind, x.shape, low=0, high=7)], [draw.like(x)], options_of("RightShiftOptions"))


@maker("BITCAST")
def bitcast(draw):
    x = draw.pick(["f32", "i32", "u32", "i8", "u8"], low=1)
    return Step("BITCAST", [x], [draw.out(draw.one(["f32", "i32", "u32"] if x.kind in ("f32", "i32", "u32") else ["i8", "u8"]))],
                options_of("BitcastOptions"))


@maker("CONV_3D")
def convolution_3d(draw):
    transposed = draw.chance(0.4)
    depth, channels, padding = draw.integer(1, 4), draw.integer(1, 5), draw.integer(0, 1)
    sizes = [draw.integer(3, 5) for _ in range(3)]
    x = draw.fresh("f32", (draw.integer(1, 2), *sizes, depth), constant=False)
    window = [draw.integer(1, 3) for _ in range(3)]
    stride = [draw.integer(1, 2) for _ in range(3)]
    filters, _ = weights(draw, "f32", (*window, channels, depth) if transposed else (*window, depth, channels), 0)
    options = options_of("Conv3DOptions", padding=padding, strideD=stride[0], strideH=stride[1], strideW=stride[2],
                         fusedActivationFunction=draw.one(FUSED))
    given = [x, filters, bias(draw, x, None, channels)]
    if transposed:
        out = [d * s if padding == 0 else (d - 1) * s + k for d, s, k in zip(sizes, stride, window)]
        given = [draw.parameter("i32", [x.shape[0], *out, channels]), filters, x, given[2]]
    return Step("CONV_3D_TRANSPOSE" if transposed else "CONV_3D", given, [draw.out("f32")], options)


@maker("RFFT2D")
def rfft2d(draw):
    x = draw.fresh("f32", (*draw.shape(0, 2, 12), draw.integer(1, 6), draw.integer(1, 9)), constant=False)
    return Step("RFFT2D", [x, draw.parameter("i32", [2 ** draw.integer(0, 3), 2 ** draw.integer(1, 3)])], [draw.out("c64")])


# ---- state --------------------------------------------------------------------------------------------------------------

def state(kind, shape):
    return Value(kind, tuple(shape), variable=True)


def floats(draw, *shape):
    return draw.fresh("f32", shape, constant=True, low=-0.7, high=0.7)


def sequence(draw, width):
    """x, time_major, batches"""
    time_major, batches, times = draw.chance(0.5), draw.integer(1, 3), draw.integer(1, 4)
    shape = (times, batches, width) if time_major else (batches, times, width)
    return draw.fresh("f32", shape, constant=False, low=-2, high=2), time_major, batches


def cell(draw, inputs, units, batches):
    return [floats(draw, units, inputs), floats(draw, units, units), floats(draw, units), state("f32", (batches, units))]


@maker("RNN")
def rnn(draw):
    name = draw.one(["RNN", "UNIDIRECTIONAL_SEQUENCE_RNN", "BIDIRECTIONAL_SEQUENCE_RNN"])
    inputs, units, activation = draw.integer(1, 9), draw.integer(1, 9), draw.integer(0, 4)
    x, time_major, batches = sequence(draw, inputs)
    if name == "RNN":
        x = draw.fresh("f32", (batches, inputs), constant=False)
        return Step(name, [x, *cell(draw, inputs, units, batches)], [draw.out("f32")], options_of("RNNOptions", fusedActivationFunction=activation))
    if name == "UNIDIRECTIONAL_SEQUENCE_RNN":
        options = options_of("SequenceRNNOptions", fusedActivationFunction=activation, timeMajor=time_major)
        return Step(name, [x, *cell(draw, inputs, units, batches)], [draw.out("f32")], options)
    merged = draw.chance(0.5)
    options = options_of("BidirectionalSequenceRNNOptions", fusedActivationFunction=activation, timeMajor=time_major, mergeOutputs=merged)
    parts = cell(draw, inputs, units, batches) + cell(draw, inputs, units, batches) + [None] * 3
    return Step(name, [x, *parts], [draw.out("f32") for _ in range(1 if merged else 2)], options)


@maker("SVDF")
def svdf(draw):
    inputs, rank, units, memory, batches = draw.integer(1, 9), draw.integer(1, 2), draw.integer(1, 5), draw.integer(1, 4), draw.integer(1, 3)
    filters = rank * units
    x = draw.fresh("f32", (batches, inputs), constant=False)
    given = [x, floats(draw, filters, inputs), floats(draw, filters, memory), floats(draw, units) if draw.chance(0.7) else None,
             state("f32", (batches, memory * filters))]
    return Step("SVDF", given, [draw.out("f32")], options_of("SVDFOptions", rank=rank, fusedActivationFunction=draw.one([0, 1])))


def lstm_parts(draw, inputs, cells, outputs, batches, projection):
    coupled, peephole, norm = draw.chance(0.3), draw.chance(0.3), draw.chance(0.3)
    gates = range(1 if coupled else 0, 4)
    parts = [None] * 24
    for k in gates:
        parts[1 + k], parts[5 + k], parts[12 + k] = floats(draw, cells, inputs), floats(draw, cells, outputs), floats(draw, cells)
        if norm:
            parts[20 + k] = floats(draw, cells)
        if peephole and k != 2:
            parts[9 + (k if k < 2 else 2)] = floats(draw, cells)
    if projection:
        parts[16] = floats(draw, outputs, cells)
        parts[17] = floats(draw, outputs) if draw.chance(0.5) else None
    parts[18], parts[19] = state("f32", (batches, outputs)), state("f32", (batches, cells))
    return parts


@maker("LSTM")
def lstm(draw):
    name = draw.one(["LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM"])
    inputs, cells, projection = draw.integer(1, 9), draw.integer(1, 9), draw.chance(0.4)
    outputs = draw.integer(1, 9) if projection else cells
    x, time_major, batches = sequence(draw, inputs)
    clips = dict(fusedActivationFunction=4, cellClip=draw.one([0.0, 0.5]), projClip=draw.one([0.0, 0.5]))
    if name == "LSTM":
        x = draw.fresh("f32", (batches, inputs), constant=False)
    given = lstm_parts(draw, inputs, cells, outputs, batches, projection)
    given[0] = x
    if name == "LSTM":
        return Step(name, given, [draw.out("f32")], options_of("LSTMOptions", **clips))
    if name == "UNIDIRECTIONAL_SEQUENCE_LSTM":
        return Step(name, given, [draw.out("f32")], options_of("UnidirectionalSequenceLSTMOptions", timeMajor=time_major, **clips))
    # The reference finds states by the width of the merged output, beside them where batches come first.
    merged, other = time_major and draw.chance(0.5), lstm_parts(draw, inputs, cells, outputs, batches, projection)
    parts = given[:18] + other[1:18] + given[18:20] + other[18:20] + [None] * 9
    options = options_of("BidirectionalSequenceLSTMOptions", timeMajor=time_major, mergeOutputs=merged, **clips)
    return Step(name, parts, [draw.out("f32") for _ in range(1 if merged else 2)], options)


@maker("VARIABLE")
def variable(draw):
    """What is assigned is read again."""
    x, shared = draw.pick(["f32", "i32", "i64"]), f"v{draw.integer(0, 1 << 30)}"
    handle, again = Value("res", (1,)), Value("res", (1,))
    options = options_of("VarHandleOptions", sharedName=shared, container="")
    first = [Step("VAR_HANDLE", [], [handle], options), Step("ASSIGN_VARIABLE", [handle, x], [], options_of("AssignVariableOptions")),
             Step("VAR_HANDLE", [], [again], options)]
    return Step("READ_VARIABLE", [again], [draw.out(x.kind)], options_of("ReadVariableOptions"), first=tuple(first))


@maker("HASHTABLE")
def hashtable(draw):
    keys = np.unique(draw.array("i64", (draw.integer(1, 9),), -5, 5))
    words = draw.array("str", keys.shape)
    options = options_of("HashtableOptions", tableId=draw.integer(1, 1 << 30), keyDtype=4, valueDtype=5)
    made = [Value("res", (1,)) for _ in range(2)]
    first = [Step("HASHTABLE", [], [made[0]], options),
             Step("HASHTABLE_IMPORT", [made[0], draw.constant("i64", keys), draw.constant("str", words)], [], options_of("HashtableImportOptions")),
             Step("HASHTABLE", [], [made[1]], options)]
    if draw.chance(0.3):
        return Step("HASHTABLE_SIZE", [made[1]], [draw.out("i64")], options_of("HashtableSizeOptions"), first=tuple(first))
    asked = draw.fresh("i64", draw.shape(1, 2), constant=False, low=-6, high=6)
    default = draw.constant("str", np.array([b"none"], object))
    return Step("HASHTABLE_FIND", [made[1], asked, default], [draw.out("str")], options_of("HashtableFindOptions"), first=tuple(first))


@maker("RANDOM")
def random(draw):
    name = draw.one(["RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL"])
    options = options_of("RandomOptions", seed=draw.integer(1, 1000), seed2=draw.integer(1, 1000))
    if name == "MULTINOMIAL":
        logits = draw.fresh("f32", (draw.integer(1, 3), draw.integer(1, 6)), constant=False)
        return Step(name, [logits, draw.parameter("i32", draw.integer(1, 9))], [draw.out(draw.one(["i32", "i64"]))], options)
    return Step(name, [draw.parameter("i32", list(draw.shape(1, 3)))], [draw.out("f32")], options)


# ---- subgraphs ------------------------------------------------------------------------------------------------------------

def branch(draw, x):
    """A subgraph of one operator on x."""
    a, b = Value(x.kind, x.shape), Value(x.kind, x.shape)
    return [Step(draw.one(["NEG", "ABS", "SQUARE"] if x.kind == "f32" else ["NEG", "ABS"]), [a], [b])], [a], [b]


@maker("IF")
def choose(draw):
    x = draw.pick(["f32", "i32"])
    condition = draw.fresh("bool", (), constant=draw.chance(0.2))
    return Step("IF", [condition, x], [draw.out(x.kind)], options_of("IfOptions"), called=(branch(draw, x), branch(draw, x)),
                places=("thenSubgraphIndex", "elseSubgraphIndex"))


@maker("WHILE")
def loop(draw):
    """Counts up to a number, and adds up."""
    x, count = draw.pick(["f32", "i32"], low=1), draw.fresh("i32", (), low=0, high=5)
    i, value, most, good = Value("i32"), Value(x.kind, x.shape), draw.constant("i32", draw.integer(0, 6)), Value("bool")
    condition = [Step("LESS", [i, most], [good])], [i, value], [good]
    j, other, one, next_i, total = Value("i32"), Value(x.kind, x.shape), draw.constant("i32", 1), Value("i32"), Value(x.kind, x.shape)
    add = options_of("AddOptions")
    half = draw.constant(x.kind, 1)
    body = [Step("ADD", [j, one], [next_i], add), Step("ADD", [other, half], [total], add)], [j, other], [next_i, total]
    return Step("WHILE", [count, x], [draw.out("i32"), draw.out(x.kind)], options_of("WhileOptions"), called=(condition, body),
                places=("condSubgraphIndex", "bodySubgraphIndex"))


@maker("CALL_ONCE")
def call_once(draw):
    """A variable that the called subgraph sets."""
    shared, shape = f"v{draw.integer(0, 1 << 30)}", draw.shape(1, 3)
    options, inner, handle = options_of("VarHandleOptions", sharedName=shared, container=""), Value("res", (1,)), Value("res", (1,))
    start = [Step("VAR_HANDLE", [], [inner], options),
             Step("ASSIGN_VARIABLE", [inner, draw.fresh("f32", shape, constant=True)], [], options_of("AssignVariableOptions"))]
    first = [Step("CALL_ONCE", [], [], options_of("CallOnceOptions"), called=((start, [], []),), places=("initSubgraphIndex",)),
             Step("VAR_HANDLE", [], [handle], options)]
    return Step("READ_VARIABLE", [handle], [draw.out("f32")], options_of("ReadVariableOptions"), first=tuple(first))


# ---- tables and detection -------------------------------------------------------------------------------------------------

@maker("EMBEDDING_LOOKUP_SPARSE")
def embedding_lookup_sparse(draw):
    table = draw.fresh("f32", (draw.integer(1, 6), draw.integer(1, 5)), constant=True)
    rows = sorted(draw.integer(0, 3) for _ in range(draw.integer(1, 6)))
    ids = draw.constant("i32", [draw.integer(0, table.shape[0] - 1) for _ in rows])
    indices = draw.constant("i32", [[row, k] for k, row in enumerate(rows)])
    given = [ids, indices, draw.constant("i32", [4, len(rows)]), draw.fresh("f32", (len(rows),), low=0.1, high=2), table]
    return Step("EMBEDDING_LOOKUP_SPARSE", given, [draw.out("f32")], options_of("EmbeddingLookupSparseOptions", combiner=draw.integer(0, 2)))


@maker("HASHTABLE_LOOKUP")
def hashtable_lookup(draw):
    keys = draw.constant("i32", np.unique(draw.array("i32", (draw.integer(1, 8),), -9, 9)))
    values = draw.fresh(draw.one(WORDS), (keys.shape[0], draw.integer(1, 4)), constant=True)
    asked = draw.fresh("i32", (draw.integer(1, 6),), constant=False, low=-9, high=9)
    hits = draw.out("u8", 1.0, 0)
    return Step("HASHTABLE_LOOKUP", [asked, keys, values], [draw.like(values), hits])


@maker("LSH_PROJECTION")
def lsh_projection(draw):
    hashes = draw.fresh("f32", (draw.integer(1, 4), draw.integer(1, 9)), constant=True)
    x = draw.fresh(draw.one(["i32", "f32"]), (draw.integer(1, 5), draw.integer(1, 3)), constant=False)
    options = options_of("LSHProjectionOptions", type=draw.integer(1, 2))
    return Step("LSH_PROJECTION", [hashes, x, draw.fresh("f32", x.shape[:1], low=0.1, high=1)], [draw.out("i32")], options)


@maker("SKIP_GRAM")
def skip_gram(draw):
    words = draw.array("str", (draw.integer(1, 6),))
    text = Value("str", (1,), data=np.array([b" ".join(words)], object))
    options = options_of("SkipGramOptions", ngramSize=draw.integer(1, 3), maxSkipSize=draw.integer(0, 2), includeAllNgrams=draw.chance(0.5))
    return Step("SKIP_GRAM", [text], [draw.out("str")], options)


@maker("NON_MAX_SUPPRESSION")
def non_max_suppression(draw):
    count, soft = draw.integer(1, 9), draw.chance(0.5)
    corners = np.sort(draw.array("f32", (count, 2, 2), 0, 1), axis=1).reshape(count, 4)
    boxes = Value("f32", (count, 4), data=corners)
    draw.pool.append(boxes)
    given = [boxes, draw.fresh("f32", (count,), constant=False, low=0, high=1), draw.parameter("i32", draw.integer(0, 6)),
             draw.constant("f32", draw.one([0.1, 0.5, 0.9])), draw.constant("f32", draw.one([0.0, 0.3]))]
    if soft:
        return Step("NON_MAX_SUPPRESSION_V5", [*given, draw.constant("f32", draw.one([0.0, 0.4]))],
                    [draw.out("i32"), draw.out("f32"), draw.out("i32")], options_of("NonMaxSuppressionV5Options"))
    return Step("NON_MAX_SUPPRESSION_V4", given, [draw.out("i32"), draw.out("i32")], options_of("NonMaxSuppressionV4Options"))


# ---- custom operators -------------------------------------------------------------------------------------------------------

def custom(**values):
    return bytes(flexbuffers.Dumps(values))


@maker("AudioSpectrogram")
def spectrogram(draw):
    x = draw.fresh("f32", (draw.integer(8, 60), draw.integer(1, 2)), constant=False, low=-1, high=1)
    return Step("AudioSpectrogram", [x], [draw.out("f32")],
                custom(window_size=draw.integer(2, 16), stride=draw.integer(1, 9), magnitude_squared=draw.chance(0.5)))


@maker("Mfcc")
def mfcc(draw):
    x = draw.fresh("f32", (draw.integer(1, 2), draw.integer(1, 4), 2 ** draw.integer(4, 6) + 1), constant=False, low=0, high=4)
    return Step("Mfcc", [x, draw.constant("i32", [16000])], [draw.out("f32")],
                custom(upper_frequency_limit=4000.0, lower_frequency_limit=20.0, filterbank_channel_count=draw.integer(4, 20),
                       dct_coefficient_count=draw.integer(1, 13)))


@maker("aeq.hadamard_rotation")
def hadamard(draw):
    size = 2 ** draw.integer(0, 5)
    x = draw.fresh("f32", (*draw.shape(1, 2, 20), size * draw.integer(1, 3)), constant=False)
    return Step("aeq.hadamard_rotation", [x], [Value("f32", x.shape)], custom(hadamard_size=size, random_binary_vector=[1]))


@maker("NumericVerify")
def numeric_verify(draw):
    x = draw.pick(["i8", "u8", "i16"], low=1)
    return Step("NumericVerify", [x, draw.fresh("f32", x.shape)], [draw.out("f32")], custom(tolerance=5.0, log_if_failed=False))


@maker("TFLite_Detection_PostProcess")
def detection(draw):
    anchors, classes, most = draw.integer(2, 9), draw.integer(1, 4), 1  # LiteRT leaves there what was where it finds less
    boxes = draw.fresh("f32", (1, anchors, 4), constant=False, low=-1, high=1)
    scores = draw.fresh("f32", (1, anchors, classes + 1), constant=False, low=0, high=1)
    places = draw.fresh("f32", (anchors, 4), constant=True, low=0.1, high=1)
    options = custom(max_detections=most, max_classes_per_detection=1, detections_per_class=100, nms_score_threshold=0.0,
                     nms_iou_threshold=0.6, num_classes=classes, y_scale=10.0, x_scale=10.0, h_scale=5.0, w_scale=5.0,
                     use_regular_nms=draw.chance(0.5))
    return Step("TFLite_Detection_PostProcess", [boxes, scores, places], [draw.out("f32") for _ in range(4)], options)
