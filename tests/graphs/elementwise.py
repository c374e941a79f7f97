# SPDX-License-Identifier: Apache-2.0
"""Makers of steps: element by element, along an axis, between types."""
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from values import QUANTIZED, Step, Value, options_of

MAKERS = {}
NUMBER = {"f32": schema.TensorType.FLOAT32, "i32": schema.TensorType.INT32, "i64": schema.TensorType.INT64,
          "f16": schema.TensorType.FLOAT16, "bool": schema.TensorType.BOOL, "i8": schema.TensorType.INT8,
          "u8": schema.TensorType.UINT8, "i16": schema.TensorType.INT16, "f64": schema.TensorType.FLOAT64,
          "u32": schema.TensorType.UINT32, "u16": schema.TensorType.UINT16, "c64": schema.TensorType.COMPLEX64}


def maker(name):
    def put(function):
        MAKERS[name] = function
        return function
    return put


# ---- one input -------------------------------------------------------------------------------------------------------

FIXED_OUTPUT = {("LOGISTIC", "i8"): (1 / 256, -128), ("LOGISTIC", "u8"): (1 / 256, 0), ("LOGISTIC", "i16"): (1 / 32768, 0),
                ("TANH", "i8"): (1 / 128, 0), ("TANH", "u8"): (1 / 128, 128), ("TANH", "i16"): (1 / 32768, 0)}
SAME_QUANTIZATION = {"ZEROS_LIKE", "ABS16"}
POSITIVE = {"LOG", "SQRT", "RSQRT"}


def unary(name, kinds, version=1, options=None):
    @maker(name)
    def make(draw):
        kind = draw.one(kinds)
        if name == "EXP" and kind in QUANTIZED:  # what no int32 can hold is not defined in the reference
            x = draw.fresh(kind, draw.shape(), constant=False, scale=draw.scale(1e-3, 0.05), zero=draw.zero(kind))
        elif name in POSITIVE and kind == "f32":
            x = draw.fresh(kind, draw.shape(), constant=False, low=0.01, high=30)
        else:
            x = draw.pick([kind])
        scale, zero = FIXED_OUTPUT.get((name, kind), (None, 0))
        y = draw.out(kind, scale, zero)
        return Step(name, [x], [y], options(draw) if options else None,
                    version if kind == "f32" else max(version, 2 if kind in QUANTIZED else 1))


for _name, _kinds in {
        "ABS": ["f32", "i8", "i16", "i32"], "NEG": ["f32", "i32", "i64"], "SIN": ["f32"], "COS": ["f32"],
        "EXP": ["f32", "i8", "i16"], "LOG": ["f32"], "SQRT": ["f32"], "RSQRT": ["f32"], "SQUARE": ["f32"],
        "FLOOR": ["f32"], "CEIL": ["f32"], "ROUND": ["f32"], "SIGN": ["f32", "i32", "f64"], "ELU": ["f32", "i8"],
        "RELU": ["f32", "i8", "u8", "i16"], "RELU6": ["f32", "i8", "u8", "i16"], "RELU_N1_TO_1": ["f32", "i8", "u8"],
        "RELU_0_TO_1": ["f32", "i8", "u8"], "LOGISTIC": ["f32", "i8", "u8", "i16"],
        "TANH": ["f32", "i8", "u8", "i16"], "HARD_SWISH": ["f32", "i8", "u8"], "LOGICAL_NOT": ["bool"],
        "ZEROS_LIKE": ["f32", "i32", "i64"]}.items():
    unary(_name, _kinds)
unary("GELU", ["f32", "i8", "u8"], 1, lambda draw: options_of("GeluOptions", approximate=draw.chance(0.5)))
unary("LEAKY_RELU", ["f32", "i8", "u8", "i16"], 1,
      lambda draw: options_of("LeakyReluOptions", alpha=float(draw.rng.uniform(-0.5, 1))))


@maker("COMPLEX")
def complex_parts(draw):
    name = draw.one(["REAL", "IMAG", "COMPLEX_ABS"])
    return Step(name, [draw.pick(["c64"])], [draw.out("f32")])


@maker("CAST")
def cast(draw):
    kinds = ["f32", "i8", "u8", "i16", "i32", "i64", "bool", "u32", "u16", "f64"]
    x = draw.pick([kind for kind in kinds], where=lambda value: value.scale is None)
    if x.kind in ("f32", "f64"):     # what does not fit into an integer is not defined
        x = draw.fresh(x.kind, x.shape, constant=False, low=0, high=100)
    if x.kind in QUANTIZED:
        x = Value(x.kind, x.shape, data=draw.array(x.kind, x.shape))
    kind = draw.one(kinds)
    y = Value(kind)
    return Step("CAST", [x], [y], options_of("CastOptions", inDataType=NUMBER[x.kind], outDataType=NUMBER[kind]))


@maker("QUANTIZE")
def quantize(draw):
    kind, to = draw.one([("f32", "i8"), ("f32", "u8"), ("f32", "i16"), ("i8", "i8"), ("i8", "u8"), ("u8", "i8"),
                         ("u8", "u8"), ("i16", "i8"), ("i16", "i16")])
    return Step("QUANTIZE", [draw.pick([kind])], [draw.out(to)], version=3)


@maker("DEQUANTIZE")
def dequantize(draw):
    return Step("DEQUANTIZE", [draw.pick(list(QUANTIZED))], [draw.out("f32")], version=3)


@maker("FAKE_QUANT")
def fake_quant(draw):
    low = -float(draw.rng.uniform(0.1, 6))
    options = options_of("FakeQuantOptions", min=low, max=float(draw.rng.uniform(0.1, 6)), numBits=draw.integer(2, 8))
    return Step("FAKE_QUANT", [draw.pick(["f32"])], [draw.out("f32")], options)


@maker("BUCKETIZE")
def bucketize(draw):
    options = options_of("BucketizeOptions", boundaries=np.sort(draw.rng.normal(0, 3, draw.integer(1, 6))).astype(np.float32))
    return Step("BUCKETIZE", [draw.pick(["f32", "i32", "i64"])], [draw.out("i32")], options)


# ---- two inputs, broadcast -------------------------------------------------------------------------------------------

def partner(draw, x, kind=None, **values):
    """A value that broadcasts with x."""
    shape = tuple(1 if draw.chance(0.25) else d for d in x.shape)
    if shape and draw.chance(0.2):
        shape = shape[draw.integer(0, len(shape) - 1):]
    if draw.chance(0.4):
        shape = x.shape
    if draw.chance(0.3) and not values:
        return draw.pick([kind or x.kind], shape=shape)
    return draw.fresh(kind or x.kind, shape, **values)


def binary(name, kinds, options=None, fused=False, out=None, version=2, divisor=False):
    @maker(name)
    def make(draw):
        kind = draw.one(kinds)
        x = draw.pick([kind], high=5)
        values = {"low": 1, "high": 9} if divisor else {}
        if name in ("MAXIMUM", "MINIMUM") and x.scale is not None:
            values |= {"scale": x.scale, "zero": x.zero}
        if divisor and kind in QUANTIZED:
            values |= {"scale": 0.1, "zero": 0}
        y = partner(draw, x, **values)
        given = [x, y] if divisor or draw.chance(0.5) else [y, x]
        fields = {"fusedActivationFunction": draw.one([0, 0, 0, 1, 3])} if fused else {}
        z = draw.out(out or kind, *((x.scale, x.zero) if name in ("MAXIMUM", "MINIMUM") and out is None else (None, 0)))
        return Step(name, given, [z], options_of(options, **fields) if options else None, version)


binary("ADD", ["f32", "i8", "u8", "i16", "i32", "i64"], "AddOptions", True)
binary("SUB", ["f32", "i8", "u8", "i16", "i32", "i64"], "SubOptions", True)
binary("MUL", ["f32", "i8", "u8", "i16", "i32", "i64"], "MulOptions", True)
binary("DIV", ["f32", "u8", "i32"], "DivOptions", True, divisor=True)
binary("MAXIMUM", ["f32", "i8", "u8", "i16", "i32", "i64"], "MaximumMinimumOptions")
binary("MINIMUM", ["f32", "i8", "u8", "i16", "i32", "i64"], "MaximumMinimumOptions")
binary("SQUARED_DIFFERENCE", ["f32", "i8", "i32"], "SquaredDifferenceOptions")
binary("FLOOR_DIV", ["f32", "i32"], "FloorDivOptions", divisor=True)
binary("FLOOR_MOD", ["f32", "i32", "i64"], "FloorModOptions", divisor=True)
binary("BITWISE_XOR", ["i8", "u8", "i16", "u16", "i32", "u32"], "BitwiseXorOptions", version=1)
binary("LOGICAL_AND", ["bool"], "LogicalAndOptions", version=1)
binary("LOGICAL_OR", ["bool"], "LogicalOrOptions", version=1)
for _name, _options in {"EQUAL": "EqualOptions", "NOT_EQUAL": "NotEqualOptions", "LESS": "LessOptions",
                        "LESS_EQUAL": "LessEqualOptions", "GREATER": "GreaterOptions",
                        "GREATER_EQUAL": "GreaterEqualOptions"}.items():
    binary(_name, ["f32", "i8", "u8", "i32", "i64"] + (["bool", "str"] if _name in ("EQUAL", "NOT_EQUAL") else []),
           _options, out="bool")


@maker("POW")
def power(draw):
    """Of integers that stay integers: more is not defined in the reference."""
    x = draw.fresh("i32", draw.shape(), constant=False, low=-6, high=6)
    return Step("POW", [x, partner(draw, x, low=0, high=6)], [draw.out("i32")], options_of("PowOptions"))


@maker("ATAN2")
def arc_tangent(draw):
    """Of equal shapes: LiteRT reads past the end of the smaller one."""
    x = draw.pick(["f32", "f64"])
    return Step("ATAN2", [x, draw.fresh(x.kind, x.shape)], [draw.out(x.kind)], options_of("ATan2Options"))


@maker("PRELU")
def prelu(draw):
    kind = draw.one(["f32", "i8", "u8"])
    x = draw.pick([kind], low=1, high=4)
    alpha = partner(draw, x)
    if len(alpha.shape) == len(x.shape) and alpha.shape != x.shape:
        alpha = draw.fresh(kind, (1,) * (len(x.shape) - 1) + x.shape[-1:], constant=True)
    return Step("PRELU", [x, alpha], [draw.out(kind)])


@maker("SELECT")
def select(draw):
    kind = draw.one(["f32", "i8", "u8", "i16", "i32", "i64", "bool"])
    x = draw.pick([kind])
    y = draw.fresh(kind, x.shape, scale=x.scale, zero=x.zero)
    name = draw.one(["SELECT", "SELECT_V2"])
    if name == "SELECT":
        condition = draw.fresh("bool", x.shape, constant=False)
    else:
        condition = partner(draw, x, "bool")
        y = partner(draw, x, scale=x.scale, zero=x.zero) if draw.chance(0.5) else y
    return Step(name, [condition, x, y], [draw.like(x)],
                options_of("SelectOptions" if name == "SELECT" else "SelectV2Options"))


@maker("ADD_N")
def add_n(draw):
    x = draw.pick(["f32", "i32"])
    return Step("ADD_N", [x] + [draw.fresh(x.kind, x.shape) for _ in range(draw.integer(1, 3))], [draw.out(x.kind)],
                options_of("AddNOptions"))


# ---- along an axis ---------------------------------------------------------------------------------------------------

def reduction(name, kinds):
    @maker(name)
    def make(draw):
        x = draw.pick([draw.one(kinds)], low=1, where=lambda v: min(v.shape) > 0)
        if 0 in x.shape:                 # LiteRT leaves sums of nothing as they were
            x = draw.fresh(x.kind, (2, 3), constant=False)
        rank = len(x.shape)
        axes = draw.rng.choice(rank, draw.integer(1, rank), replace=False)
        axes = [int(a) - (rank if draw.chance(0.3) else 0) for a in axes]
        same = name in ("REDUCE_MAX", "REDUCE_MIN")
        y = draw.like(x) if same else draw.out(x.kind)
        return Step(name, [x, draw.parameter("i32", axes if rank > 1 or draw.chance(0.7) else axes[0])], [y],
                    options_of("ReducerOptions", keepDims=draw.chance(0.5)), 2)


reduction("MEAN", ["f32", "i8", "u8", "i16", "i32", "i64"])
reduction("SUM", ["f32", "i32", "i64", "i8", "u8"])
reduction("REDUCE_PROD", ["f32", "i32", "i64"])
reduction("REDUCE_MAX", ["f32", "i8", "u8", "i16", "i32", "i64"])
reduction("REDUCE_MIN", ["f32", "i8", "u8", "i16", "i32", "i64"])
reduction("REDUCE_ANY", ["bool"])
reduction("REDUCE_ALL", ["bool"])


@maker("SOFTMAX")
def softmax(draw):
    kind = draw.one(["f32", "i8", "u8", "i16"])
    x = draw.pick([kind], low=1, high=4, where=lambda v: v.kind == "f32" or v.shape[-1] < 200)
    fixed = {"i8": (1 / 256, -128), "u8": (1 / 256, 0), "i16": (1 / 32768, 0)}.get(kind, (None, 0))
    return Step("SOFTMAX", [x], [draw.out(kind, *fixed)], options_of("SoftmaxOptions", beta=draw.one([1.0, 0.5, 2.0])), 2)


@maker("LOG_SOFTMAX")
def log_softmax(draw):
    kind = draw.one(["f32", "i8", "u8"])
    fixed = {"i8": (16 / 256, 127), "u8": (16 / 256, 255)}.get(kind, (None, 0))
    return Step("LOG_SOFTMAX", [draw.pick([kind], low=1, high=4)], [draw.out(kind, *fixed)],
                options_of("LogSoftmaxOptions"), 2)


@maker("L2_NORMALIZATION")
def l2_normalization(draw):
    kind = draw.one(["f32", "i8", "u8"])
    fixed = {"i8": (1 / 128, 0), "u8": (1 / 128, 128)}.get(kind, (None, 0))
    return Step("L2_NORMALIZATION", [draw.pick([kind], low=1, high=4)], [draw.out(kind, *fixed)],
                options_of("L2NormOptions"), 2)


@maker("LOCAL_RESPONSE_NORMALIZATION")
def local_response_normalization(draw):
    options = options_of("LocalResponseNormalizationOptions", radius=draw.integer(0, 4), bias=float(draw.rng.uniform(0.5, 3)),
                         alpha=float(draw.rng.uniform(0.1, 2)), beta=draw.one([0.5, 0.75, 1.0]))
    return Step("LOCAL_RESPONSE_NORMALIZATION", [draw.pick(["f32"], low=4, high=4)], [draw.out("f32")], options)


@maker("ARG")
def arg_extremum(draw):
    name, options = draw.one([("ARG_MAX", "ArgMaxOptions"), ("ARG_MIN", "ArgMinOptions")])
    x = draw.pick(["f32", "i8", "u8", "i32", "bool"], low=1)
    kind = draw.one(["i32", "i64"])
    return Step(name, [x, draw.parameter("i32", draw.axis(len(x.shape)))], [draw.out(kind)],
                options_of(options, outputType=NUMBER[kind]), 2)


@maker("CUMSUM")
def cumsum(draw):
    x = draw.pick(["f32", "i32", "i64"], low=1)
    options = options_of("CumsumOptions", exclusive=draw.chance(0.5), reverse=draw.chance(0.5))
    return Step("CUMSUM", [x, draw.constant("i32", draw.axis(len(x.shape)))], [draw.out(x.kind)], options)


@maker("TOPK_V2")
def top_k(draw):
    x = draw.pick(["f32", "i8", "u8", "i32", "i64"], low=1)
    k = draw.integer(0, x.shape[-1])
    return Step("TOPK_V2", [x, draw.parameter("i32", k)], [draw.like(x), draw.out("i32")], options_of("TopKV2Options"), 2)
