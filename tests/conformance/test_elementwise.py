# SPDX-License-Identifier: Apache-2.0
"""What random_operators.py does not reach of elementwise operators and reductions: elements of 4 and 2 bits, bfloat16,
ranks up to 8, special values, and what is refused, at allocate and while running."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import compare
import oracle
import plait_c
import tiny
from random_operators import TYPES, Tensor, build, options_of

KIND = schema.TensorType
LEVELS = ("c", None)


def run(data, arrays, level=None):
    options = {"cpu": level} if level else {}
    with plait_c.Interpreter(**options) as interpreter:
        model = interpreter.load(data, "one")
        interpreter.allocate()
        return [np.array(array) for array in model(arrays)]


def chain(first, steps, shape):
    """A model of operators one after another: each step is (operator, options, tensor type, scale, zero point)."""
    graph = tiny.Graph()
    value = start = graph.tensor(np.float32, shape, name="x")
    graph.graph.tensors[value].type = first
    for operator, options, kind, *quantization in steps:
        made = graph.tensor(np.float32, shape, quantization or None)
        graph.graph.tensors[made].type = kind
        graph.op(operator, [value], [made], options)
        value = made
    return graph.build([start], [value])


# ---- elements of 4 and 2 bits ---------------------------------------------------------------------------------------

PACKED = {"int4": (KIND.INT4, -8, 7), "uint4": (KIND.UINT4, 0, 15), "int2": (KIND.INT2, -2, 1)}


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 1001])
@pytest.mark.parametrize("name", ["int4", "uint4"])
def test_quantize_to_packed(name, count):
    kind, low, _ = PACKED[name]
    data = chain(KIND.FLOAT32, [("QUANTIZE", None, kind, 0.5, low + 5), ("DEQUANTIZE", None, KIND.FLOAT32)], [count])
    values = np.random.default_rng(count).normal(0, 3, count).astype(np.float32)
    expected = oracle.invoke(oracle.open_reference(data), [values])[0]
    for level in LEVELS:
        np.testing.assert_array_equal(run(data, [values], level)[0], expected)


@pytest.mark.parametrize("count", [1, 3, 256, 1001])
@pytest.mark.parametrize("name", PACKED)
def test_cast_packed(name, count):
    kind, low, high = PACKED[name]
    cast = options_of("CastOptions")
    data = chain(KIND.FLOAT32, [("CAST", cast, kind), ("CAST", cast, KIND.FLOAT32)], [count])
    values = np.random.default_rng(count).normal(0, 6, count).astype(np.float32)
    values[:1] = np.inf
    expected = np.trunc(np.clip(values, low, high))
    for level in LEVELS:
        np.testing.assert_array_equal(run(data, [values], level)[0], expected)
    np.testing.assert_array_equal(oracle.invoke(oracle.open_reference(data), [values])[0], expected)


@pytest.mark.parametrize("dimension", [None, 0, 1])
@pytest.mark.parametrize("name", PACKED)
def test_dequantize_packed_constant(name, dimension):
    kind, low, high = PACKED[name]
    rng = np.random.default_rng(3)
    shape, bits = (6, 35), {"int2": 2}.get(name, 4)
    values = rng.integers(low, high + 1, shape)
    flat = np.append(values.reshape(-1) & ((1 << bits) - 1), [0] * 3)
    flat = flat[:len(flat) // (8 // bits) * (8 // bits)].reshape(-1, 8 // bits)
    packed = sum(flat[:, k] << (k * bits) for k in range(8 // bits)).astype(np.uint8)
    count = 1 if dimension is None else shape[dimension]
    scales, zeros = rng.uniform(0.1, 2, count).astype(np.float32), rng.integers(low, high + 1, count)
    graph = tiny.Graph()
    constant = graph.tensor(np.uint8, [len(packed)], data=packed)
    tensor = graph.graph.tensors[constant]
    tensor.type, tensor.shape = kind, list(shape)
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = scales, zeros.astype(np.int64)
    tensor.quantization.quantizedDimension = dimension or 0
    graph.model.buffers[tensor.buffer].data = packed[:-(-values.size * bits // 8)]
    x, real, y = graph.tensor(np.float32, shape), graph.tensor(np.float32, shape), graph.tensor(np.float32, shape)
    graph.op("DEQUANTIZE", [constant], [real])
    graph.op("ADD", [x, real], [y], schema.AddOptionsT())
    data = graph.build([x], [y])
    array = rng.normal(0, 1, shape).astype(np.float32)
    along = [-1, 1] if dimension == 0 else [1, -1]
    expected = array + scales.reshape(along) * (values - zeros.reshape(along)).astype(np.float32)
    np.testing.assert_allclose(run(data, [array])[0], expected, rtol=1e-6)
    if name != "uint4" or dimension is None:
        np.testing.assert_allclose(oracle.invoke(oracle.open_reference(data), [array])[0], expected, rtol=1e-6)


# ---- bfloat16 -------------------------------------------------------------------------------------------------------

def rounded(values):
    """To the nearest bfloat16, as float32."""
    bits = np.asarray(values, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000).astype(np.uint32).view(np.float32)


@pytest.mark.parametrize("operator, function", [("NEG", np.negative), ("SIN", np.sin), ("COS", np.cos),
                                                ("FLOOR", np.floor), ("ROUND", np.round), ("TANH", np.tanh)])
def test_bfloat16(operator, function):
    cast = options_of("CastOptions")
    data = chain(KIND.FLOAT32, [("CAST", cast, KIND.BFLOAT16), (operator, None, KIND.BFLOAT16),
                                ("CAST", cast, KIND.FLOAT32)], [777])
    values = np.random.default_rng(1).normal(0, 5, 777).astype(np.float32)
    expected = rounded(function(rounded(values).astype(np.float64)))
    np.testing.assert_allclose(run(data, [values])[0], expected, rtol=2.0 ** -7)
    assert np.mean(run(data, [values])[0] == expected) > 0.99


def test_bfloat16_of_two():
    graph = tiny.Graph()
    shapes = [(3, 300), (300,), (3, 300)]
    x, y, out = (graph.tensor(np.float32, shape) for shape in shapes)
    halves = []
    for tensor, shape in ((x, shapes[0]), (y, shapes[1])):
        halves.append(graph.tensor(np.float32, shape))
        graph.op("CAST", [tensor], [halves[-1]], options_of("CastOptions"))
    product, less = graph.tensor(np.float32, shapes[2]), graph.tensor(np.bool_, shapes[2])
    for index in (*halves, product):
        graph.graph.tensors[index].type = KIND.BFLOAT16
    graph.op("MUL", halves, [product], schema.MulOptionsT())
    graph.op("LESS", halves, [less], schema.LessOptionsT())
    graph.op("CAST", [product], [out], options_of("CastOptions"))
    data = graph.build([x, y], [out, less])
    rng = np.random.default_rng(2)
    a, b = (np.round(rng.normal(0, 3, shape), 1).astype(np.float32) for shape in shapes[:2])
    found = run(data, [a, b])
    np.testing.assert_array_equal(found[0], rounded(rounded(a) * rounded(b)))
    np.testing.assert_array_equal(found[1], rounded(a) < rounded(b))


# ---- ranks ----------------------------------------------------------------------------------------------------------

OF_TWO = {"ADD": ("AddOptions", np.add), "SUB": ("SubOptions", np.subtract), "MUL": ("MulOptions", np.multiply),
          "DIV": ("DivOptions", np.divide), "MAXIMUM": ("MaximumMinimumOptions", np.maximum),
          "POW": ("PowOptions", np.power), "FLOOR_MOD": ("FloorModOptions", np.mod),
          "SQUARED_DIFFERENCE": ("SquaredDifferenceOptions", lambda a, b: (a - b) ** 2),
          "LESS": ("LessOptions", np.less), "PRELU": (None, lambda a, b: np.where(a >= 0, a, a * b))}


@pytest.mark.parametrize("rank", range(1, 9))
@pytest.mark.parametrize("operator", OF_TWO)
def test_broadcast_of_any_rank(operator, rank):
    """As LiteRT's rules say; some of its kernels end at rank 4, 5 or 6, where it stops or ends the process."""
    option, function = OF_TWO[operator]
    rng = np.random.default_rng(rank)
    shape = tuple(int(d) for d in rng.integers(1, 4, rank))
    parts = [shape if operator == "PRELU" else tuple(1 if rng.random() < 0.4 else d for d in shape),
             tuple(1 if rng.random() < 0.4 else d for d in shape)[int(rng.integers(0, rank)):]]
    out = np.broadcast_shapes(*parts)
    kind = "bool" if operator == "LESS" else "f32"
    data = build(operator, options_of(option) if option else None, [Tensor("f32", part) for part in parts],
                 Tensor(kind, out), 1)
    arrays = [rng.uniform(0.5, 4, part).astype(np.float32) for part in parts]
    assert not compare.difference(run(data, arrays)[0], function(*arrays))


@pytest.mark.parametrize("rank", range(1, 9))
def test_select_of_any_rank(rank):
    rng = np.random.default_rng(rank)
    shape = tuple(int(d) for d in rng.integers(1, 4, rank))
    parts = [tuple(1 if rng.random() < 0.4 else d for d in shape) for _ in range(3)]
    data = build("SELECT_V2", options_of("SelectV2Options"), [Tensor(k, p) for k, p in zip(("bool", "i16", "i16"), parts)],
                 Tensor("i16", np.broadcast_shapes(*parts)), 1)
    arrays = [rng.random(parts[0]) < 0.5, *(rng.integers(-99, 99, part).astype(np.int16) for part in parts[1:])]
    np.testing.assert_array_equal(run(data, arrays)[0], np.where(*arrays))


@pytest.mark.parametrize("operator", ["SUM", "REDUCE_MAX", "REDUCE_PROD"])
def test_reduction_of_rank_8(operator):
    shape = (2, 3, 1, 2, 2, 3, 2, 2)
    data = build(operator, options_of("ReducerOptions", keepDims=False),
                 [Tensor("i32", shape), Tensor("i32", (4,), data=np.array([0, 3, -3, 7], np.int32))],
                 Tensor("i32", (3, 1, 2, 2)), 1)
    array = np.random.default_rng(8).integers(-3, 4, shape).astype(np.int32)
    function = {"SUM": np.sum, "REDUCE_MAX": np.max, "REDUCE_PROD": np.prod}[operator]
    np.testing.assert_array_equal(run(data, [array])[0], function(array, axis=(0, 3, 5, 7)).astype(np.int32))


@pytest.mark.parametrize("operator, kind, value", [("SUM", "f32", 0.0), ("REDUCE_PROD", "i32", 1), ("REDUCE_ALL", "bool", True),
                                                   ("REDUCE_MAX", "i8", -128), ("REDUCE_MIN", "f32", np.finfo(np.float32).max)])
def test_reduction_of_nothing(operator, kind, value):
    data = build(operator, options_of("ReducerOptions"),
                 [Tensor(kind, (2, 0)), Tensor("i32", (1,), data=np.array([1], np.int32))], Tensor(kind, (2,)), 1)
    assert run(data, [np.zeros((2, 0), TYPES[kind][1])])[0].tolist() == [value] * 2


# ---- values ---------------------------------------------------------------------------------------------------------

SPECIAL = np.array([0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 1e38, -1e38, 1e-40, -1e-40, 0.5, 1.5, 2.5, -2.5, 1e10, 88.8,
                    -104, 3.1415927, 131072, 123456.7], np.float32)
FUNCTIONS = {"ABS": np.abs, "NEG": np.negative, "SIGN": np.sign, "SIN": np.sin, "COS": np.cos, "EXP": np.exp,
             "LOG": np.log, "SQRT": np.sqrt, "SQUARE": np.square, "FLOOR": np.floor, "CEIL": np.ceil, "ROUND": np.round,
             "ELU": lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x), "RSQRT": lambda x: 1 / np.sqrt(x),
             "RELU_0_TO_1": lambda x: np.clip(x, 0, 1)}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("operator", FUNCTIONS)
def test_special_values(operator, level):
    data = build(operator, None, [Tensor("f32", SPECIAL.shape)], Tensor("f32", SPECIAL.shape), 1)
    with np.errstate(all="ignore"):
        expected = FUNCTIONS[operator](SPECIAL.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(run(data, [SPECIAL], level)[0], expected, rtol=1e-6)


@pytest.mark.parametrize("operator, function", [("POW", np.power), ("ATAN2", np.arctan2)])
def test_special_pairs(operator, function):
    a, b = (x.reshape(-1) for x in np.meshgrid(SPECIAL, SPECIAL))
    data = build(operator, None, [Tensor("f32", a.shape)] * 2, Tensor("f32", a.shape), 1)
    with np.errstate(all="ignore"):
        expected = function(a.astype(np.float64), b.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(run(data, [a, b])[0], expected, rtol=1e-6, atol=1e-45)


@pytest.mark.parametrize("radius", [0, 1, 2, 40])
def test_local_response_normalization(radius):
    """Near a pole, where the sliding sums of the optimized kernel are off by 0.1 %."""
    rng = np.random.default_rng(radius)
    x = rng.normal(0, 3, (2, 3, 4, 9)).astype(np.float32)
    options = options_of("LocalResponseNormalizationOptions", radius=radius, bias=1.0, alpha=0.3, beta=1.7)
    data = build("LOCAL_RESPONSE_NORMALIZATION", options, [Tensor("f32", x.shape)], Tensor("f32", x.shape), 1)
    squares = np.stack([sum(x[..., k].astype(np.float64) ** 2 for k in range(max(0, c - radius), min(9, c + radius + 1)))
                        for c in range(9)], -1)
    assert not compare.difference(run(data, [x])[0], (x * (1 + 0.3 * squares) ** -1.7).astype(np.float32))


def test_leaky_relu_with_a_negative_alpha():
    x = np.arange(-128, 128).astype(np.int8)
    data = build("LEAKY_RELU", options_of("LeakyReluOptions", alpha=-0.37), [Tensor("i8", x.shape, 0.11, 3)],
                 Tensor("i8", x.shape, 0.07, -9), 2)
    real = 0.11 * (x.astype(np.float64) - 3)
    expected = np.clip(np.where(real >= 0, real, real * -0.37) / 0.07 - 9, -128, 127)
    assert np.abs(run(data, [x])[0] - expected).max() <= 0.51


@pytest.mark.parametrize("operator", ["EQUAL", "NOT_EQUAL"])
def test_strings(operator):
    graph = tiny.Graph()
    a, b = graph.tensor(np.float32, [2, 3]), graph.tensor(np.float32, [3])
    for index in (a, b):
        graph.graph.tensors[index].type = KIND.STRING
    out = graph.tensor(np.bool_, [2, 3])
    graph.op(operator, [a, b], [out], options_of("EqualOptions" if operator == "EQUAL" else "NotEqualOptions"))
    data = graph.build([a, b], [out])
    texts = np.array([[b"x", b"", b"long text"], [b"xy", b"y", b"long"]], object), np.array([b"x", b"", b"long"], object)
    expected = texts[0] == texts[1] if operator == "EQUAL" else texts[0] != texts[1]
    np.testing.assert_array_equal(run(data, list(texts))[0], expected)


# ---- refusals -------------------------------------------------------------------------------------------------------

def refusal(operator, options, inputs, output, version=1):
    data = build(operator, options, inputs, output, version)
    with plait_c.Interpreter() as interpreter:
        interpreter.load(data, "one")
        with pytest.raises(plait_c.PlaitError) as error:
            interpreter.allocate()
    assert operator in str(error.value)
    return str(error.value)


def f32(*shape):
    return Tensor("f32", shape)


def axes(*values):
    return Tensor("i32", (len(values),), data=np.array(values, np.int32))


REFUSED = [
    ("SIN", None, [f32(3)], Tensor("i32", (3,)), "output 0 't1': found int32, expected float32"),
    ("SIN", None, [Tensor("i8", (3,), 0.1, 0)], Tensor("i8", (3,), 0.1, 0), "found int8, expected float32"),
    ("SQUARE", None, [f32(3), f32(3)], f32(3), "found 2 inputs, expected 1 to 1"),
    ("ABS", None, [Tensor("i8", (3,))], Tensor("i8", (3,)), "has no quantization"),
    ("ABS", None, [Tensor("u8", (3,), 0.1, 0)], Tensor("u8", (3,), 0.1, 0), "found uint8"),
    ("EXP", None, [Tensor("i16", (3,), 0.1, 5)], Tensor("i16", (3,), 0.1, 0), "found zero point 5, expected 0"),
    ("NEG", None, [Tensor("u32", (3,))], Tensor("u32", (3,)), "found uint32"),
    ("SIGN", None, [Tensor("i64", (3,))], Tensor("i64", (3,)), "found int64"),
    ("LOG_SOFTMAX", None, [Tensor("i8", (3,), 0.1, 0)], Tensor("i8", (3,), 0.1, 0), "expected 1/16 and 127"),
    ("POW", None, [f32(2, 3), f32(2)], f32(2, 3), "do not broadcast"),
    ("POW", None, [f32(2), Tensor("i32", (2,))], f32(2), "found int32, expected float32 as input 0 has"),
    ("ATAN2", None, [f32(2, 3), f32(3)], f32(2, 3), r"found shape \[3\], expected \[2,3\]"),
    ("FLOOR_DIV", None, [Tensor("i64", (2,))] * 2, Tensor("i64", (2,)), "found int64"),
    ("BITWISE_XOR", None, [Tensor("i64", (2,))] * 2, Tensor("i64", (2,)), "found int64"),
    ("PRELU", None, [f32(3), f32(2, 3)], f32(2, 3), r"found shape \[2,3\], expected \[3\] as input 0 has"),
    ("PRELU", None, [Tensor("i16", (3,), 0.1, 0)] * 2, Tensor("i16", (3,), 0.1, 0), "found int16, expected int8"),
    ("MUL", options_of("MulOptions", fusedActivationFunction=1), [Tensor("c64", (2,))] * 2, Tensor("c64", (2,)),
     "fused_activation_function: found 1"),
    ("SUB", options_of("SubOptions"), [Tensor("f16", (2,))] * 2, Tensor("f16", (2,)), "found float16"),
    ("SELECT", None, [Tensor("bool", (3,)), f32(2, 3), f32(2, 3)], f32(2, 3), r"found shape \[3\], expected \[2,3\]"),
    ("SELECT", None, [f32(2), f32(2), f32(2)], f32(2), "found float32, expected bool"),
    ("SELECT", None, [Tensor("bool", ()), Tensor("c128", (2,)), Tensor("c128", (2,))], Tensor("c128", (2,)), "complex128"),
    ("SELECT_V2", None, [Tensor("bool", (2,)), f32(3), f32(3)], f32(3), r"\[2\], \[3\] and \[3\] do not broadcast"),
    ("ADD_N", None, [f32(2)], f32(2), "found 1 inputs, expected 2"),
    ("ADD_N", None, [f32(2), f32(3)], f32(2), r"found shape \[3\], expected \[2\]"),
    ("ADD_N", None, [Tensor("i64", (2,))] * 2, Tensor("i64", (2,)), "found int64"),
    ("CUMSUM", None, [f32(2), axes(1)], f32(2), r"axis 1 is not in \[-1, 1\)"),
    ("CUMSUM", None, [f32(), axes(0)], f32(), "expected 1 to 8 dimensions"),
    ("CUMSUM", None, [Tensor("i16", (2,)), axes(0)], Tensor("i16", (2,)), "found int16"),
    ("SUM", None, [f32(2, 3), axes(2)], f32(2), r"axis 2 is not in \[-2, 2\)"),
    ("SUM", None, [f32(2, 3), Tensor("i64", (1,), data=np.array([1]))], f32(2), "found int64, expected int32"),
    ("REDUCE_ANY", None, [f32(2, 3), axes(1)], f32(2), "expected bool"),
    ("REDUCE_MAX", None, [Tensor("i8", (2, 3), 0.1, 0), axes(1)], Tensor("i8", (2,), 0.2, 0), "found scale 0.2"),
    ("REDUCE_PROD", None, [Tensor("u8", (2, 3), 0.1, 0), axes(1)], Tensor("u8", (2,), 0.1, 0), "found uint8"),
    ("REDUCE_PROD", None, [Tensor("i8", (2, 3), 9e9, 0), axes(1)], Tensor("i8", (2,), 1e-9, 0), "is too small"),
    ("L2_POOL_2D", None, [Tensor("i8", (1, 4, 4, 1), 0.1, 0)], Tensor("i8", (1, 4, 4, 1), 0.1, 0), "found int8"),
    ("LOCAL_RESPONSE_NORMALIZATION", None, [f32(2, 3)], f32(2, 3), "expected 4 dimensions"),
    ("LOCAL_RESPONSE_NORMALIZATION", options_of("LocalResponseNormalizationOptions", radius=-1), [f32(1, 1, 1, 3)],
     f32(1, 1, 1, 3), "option radius: found -1"),
    ("FAKE_QUANT", options_of("FakeQuantOptions", min=-1.0, max=1.0, numBits=8, narrowRange=True), [f32(2)], f32(2),
     "narrow_range"),
    ("FAKE_QUANT", options_of("FakeQuantOptions", min=1.0, max=2.0, numBits=8), [f32(2)], f32(2), "min and max"),
    ("FAKE_QUANT", options_of("FakeQuantOptions", min=-1.0, max=2.0, numBits=0), [f32(2)], f32(2), "num_bits: found 0"),
    ("REAL", None, [f32(2)], f32(2), "expected complex64 or complex128"),
    ("REAL", None, [Tensor("c128", (2,))], f32(2), "found float32, expected float64"),
    ("BITCAST", None, [Tensor("i16", (3,))], Tensor("i32", ()), "a last dimension of 3, expected 2"),
    ("BITCAST", None, [Tensor("i16", ())], Tensor("i32", ()), "dimensions"),
    ("BITCAST", None, [Tensor("i32", (1,) * 8)], Tensor("i8", (1,) * 8), "expected 0 to 7 dimensions"),
    ("ZEROS_LIKE", None, [Tensor("i8", (3,))], Tensor("i8", (3,)), "found int8"),
    ("BUCKETIZE", options_of("BucketizeOptions", boundaries=[2.0, 1.0]), [f32(2)], Tensor("i32", (2,)), "number 1 is below"),
    ("CAST", None, [Tensor("u64", (2,))], f32(2), "uint64 cannot be cast to float32"),
    ("QUANTIZE", None, [Tensor("i32", (2,), 0.1, 0)], Tensor("u8", (2,), 0.1, 0), "found uint8, expected int16 or int8"),
]
TYPES.setdefault("u64", (KIND.UINT64, np.uint64))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[0]}: {case[4][:30]}")
def test_refused(case):
    import re
    told = refusal(*case[:4])
    assert re.search(case[4], told), told


FAILING = [("FLOOR_DIV", "i32", [1, 2], [3, 0], "division by zero"), ("FLOOR_DIV", "f32", [1, 2], [3, 0], "division by zero"),
           ("FLOOR_MOD", "i64", [1, 2], [0, 1], "division by zero"), ("POW", "i32", [1, 2], [3, -1], "negative power")]


@pytest.mark.parametrize("operator, kind, a, b, told", FAILING)
def test_fails_while_running(operator, kind, a, b, told):
    data = build(operator, None, [Tensor(kind, (2,))] * 2, Tensor(kind, (2,)), 1)
    with pytest.raises(plait_c.PlaitError, match=told):
        run(data, [np.array(x, TYPES[kind][1]) for x in (a, b)])


@pytest.mark.parametrize("operator, kind", [("SQRT", "i8"), ("SQRT", "i16"), ("RSQRT", "i8"), ("RSQRT", "i16")])
def test_fails_on_negative_values(operator, kind):
    data = build(operator, None, [Tensor(kind, (2,), 0.1, 0)], Tensor(kind, (2,), 0.1, 0), 2)
    with pytest.raises(plait_c.PlaitError, match="negative values"):
        run(data, [np.array([1, -1], TYPES[kind][1])])


# ---- 16-bit floats that would become infinite -----------------------------------------------------------------------------

@pytest.mark.parametrize("operator, option", [("ADD", "AddOptions"), ("MUL", "MulOptions")])
def test_halves_stay_finite(operator, option):
    """A sum or product beyond the largest number is that number, as the reference clamps it."""
    a = np.array([60000, -60000, 65504, 1, 300, -300, np.inf, 2], np.float16)
    b = np.array([60000, -60000, 65504, 2, 300, 300, 1, -np.inf], np.float16)
    tensors = [Tensor("f16", a.shape), Tensor("f16", b.shape)]
    data = build(operator, options_of(option), tensors, Tensor("f16", a.shape), 5)
    expected = oracle.invoke(oracle.open_reference(data), [a, b])[0]
    for level in LEVELS:
        np.testing.assert_array_equal(run(data, [a, b], level)[0], expected)
    assert np.isfinite(expected[:6]).all()


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu_of_halves(approximate):
    """Every float16 from -8 to 8, to the bit: the reference rounds after every step."""
    x = np.arange(65536, dtype=np.uint16).view(np.float16)
    x = x[np.isfinite(x) & (np.abs(x) < 8)]
    data = build("GELU", options_of("GeluOptions", approximate=approximate), [Tensor("f16", x.shape)], Tensor("f16", x.shape), 2)
    expected = oracle.invoke(oracle.open_reference(data), [x])[0]
    for level in LEVELS:
        np.testing.assert_array_equal(run(data, [x], level)[0].view(np.uint16), expected.view(np.uint16))


def test_add_n_of_one_tensor_twice():
    """The first sum must not be written over what is read again."""
    graph = tiny.Graph()
    x, z = graph.tensor(np.float32, [2, 3]), graph.tensor(np.float32, [2, 3])
    y, total = graph.tensor(np.float32, [2, 3]), graph.tensor(np.float32, [2, 3])
    graph.op("NEG", [x], [y])
    graph.op("ADD_N", [y, z, y], [total])
    data = graph.build([x, z], [total])
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.full((2, 3), 10, np.float32)
    np.testing.assert_array_equal(run(data, [a, b])[0], b - 2 * a)
