# SPDX-License-Identifier: Apache-2.0
"""Elementwise operators, softmax, reductions and conversions on random shapes, values and quantizations against LiteRT's
reference kernels, at every level of kernels and number of threads.

    python tests/conformance/random_operators.py [--seed N] [--count N] [OPERATOR ...]

Each round makes a model of one operator. Integer outputs must be equal in every bit; float ones within 1e-5 of the
largest plus 1e-6; all levels and 1 and 3 threads must give the same bits. The exit code is 1 if anything differs.
"""
import argparse
import platform
import sys
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python")]
import compare  # noqa: E402
import plait_c  # noqa: E402

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import flatbuffers
    from ai_edge_litert import interpreter as litert
    from ai_edge_litert import schema_py_generated as schema

TYPES = {"f32": (schema.TensorType.FLOAT32, np.float32), "i8": (schema.TensorType.INT8, np.int8),
         "u8": (schema.TensorType.UINT8, np.uint8), "i16": (schema.TensorType.INT16, np.int16),
         "i32": (schema.TensorType.INT32, np.int32), "i64": (schema.TensorType.INT64, np.int64),
         "u32": (schema.TensorType.UINT32, np.uint32), "bool": (schema.TensorType.BOOL, np.bool_),
         "f16": (schema.TensorType.FLOAT16, np.float16), "f64": (schema.TensorType.FLOAT64, np.float64),
         "u16": (schema.TensorType.UINT16, np.uint16), "c64": (schema.TensorType.COMPLEX64, np.complex64),
         "c128": (schema.TensorType.COMPLEX128, np.complex128)}
LEVELS = (("c", "neon", "neon-dot") if platform.machine() == "aarch64" else
          ("c", "c-x86v3", "avx2", "avxvnni", "avx512", "avx512vnni"))


class Tensor:
    """scale and zero may be lists: one per index of `dimension`."""

    def __init__(self, kind, shape, scale=None, zero=0, data=None):
        self.kind, self.shape, self.scale, self.zero, self.data = kind, tuple(shape), scale, zero, data
        self.dimension = 0


def build(operator, options, inputs, output, version):
    """The bytes of a model of one operator. Tensors with data are constants."""
    model = schema.ModelT()
    model.version = 3
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, operator)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = version
    model.operatorCodes = [code]
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.tensors = []
    for tensor in inputs + [output]:
        made = schema.TensorT()
        made.type, made.shape, made.name = TYPES[tensor.kind][0], list(tensor.shape), f"t{len(graph.tensors)}"
        if tensor.scale is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = np.atleast_1d(np.float32(tensor.scale))
            made.quantization.zeroPoint = np.atleast_1d(np.int64(tensor.zero))
            made.quantization.quantizedDimension = tensor.dimension
        if tensor.data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(tensor.data).tobytes(), np.uint8)
            model.buffers.append(buffer)
            made.buffer = len(model.buffers) - 1
        graph.tensors.append(made)
    op = schema.OperatorT()
    op.inputs = list(range(len(inputs)))
    op.outputs = [len(inputs)]
    if options is not None:
        op.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
        op.builtinOptions = options
    graph.operators = [op]
    graph.inputs = [i for i, tensor in enumerate(inputs) if tensor.data is None]
    graph.outputs = [len(inputs)]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def reference(data, feeds, resolver=litert.OpResolverType.BUILTIN_REF):
    """The reference's output, or None if it refuses the model. Of operators that the reference kernels lack, the
    optimized kernels' output."""
    try:
        runner = litert.Interpreter(model_content=data, num_threads=1, experimental_op_resolver_type=resolver)
        runner.allocate_tensors()
        for detail, feed in zip(runner.get_input_details(), feeds, strict=True):
            runner.set_tensor(detail["index"], feed)
        runner.invoke()
    except (RuntimeError, ValueError) as error:
        if "Didn't find op" in str(error) and resolver == litert.OpResolverType.BUILTIN_REF:
            return reference(data, feeds, litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
        return None, str(error)
    return runner.get_tensor(runner.get_output_details()[0]["index"]), ""


def ours(data, feeds, level, threads):
    with plait_c.Interpreter(cpu=level, threads=threads) as interpreter:
        model = interpreter.load(data, "m")
        interpreter.allocate()
        return np.array(model(feeds)[0])


# ---- random parts ---------------------------------------------------------------------------------------------------

def random_shape(rng, rank=None, largest=9, elements=6000):
    rank = int(rng.integers(1, 6)) if rank is None else rank
    while True:
        shape = tuple(int(d) for d in rng.integers(1, largest + 1, rank))
        if rng.random() < 0.3:
            shape = shape[:-1] + (int(rng.integers(1, 300)),)
        if np.prod(shape) <= elements:
            return shape


def random_values(rng, kind, shape, spread=4.0):
    dtype = TYPES[kind][1]
    if kind == "bool":
        return rng.random(shape) < 0.5
    if np.issubdtype(dtype, np.complexfloating):
        return np.asarray(rng.normal(0, spread, shape) + 1j * rng.normal(0, spread, shape)).astype(dtype)
    if np.issubdtype(dtype, np.floating):
        return np.asarray(rng.normal(0, spread, shape)).astype(dtype)
    info = np.iinfo(dtype)
    if rng.random() < 0.3:
        return np.asarray(rng.integers(max(info.min, -9), 10, shape)).astype(dtype)
    return np.asarray(rng.integers(info.min, info.max, shape, endpoint=True, dtype=dtype)).astype(dtype)


def random_scale(rng, low=1e-3, high=0.2):
    return float(np.float32(np.exp(rng.uniform(np.log(low), np.log(high)))))


def random_zero(rng, kind):
    if kind == "i16":
        return 0
    info = np.iinfo(TYPES[kind][1])
    return int(rng.integers(info.min, info.max, endpoint=True))


def quantized(rng, kind, shape, **ranges):
    if kind in ("i8", "u8", "i16"):
        return Tensor(kind, shape, random_scale(rng, **ranges), random_zero(rng, kind))
    return Tensor(kind, shape)


def broadcast_pair(rng):
    shape = random_shape(rng)
    pair = []
    for _ in range(2):
        part = tuple(1 if rng.random() < 0.25 else d for d in shape)
        pair.append(part[int(rng.integers(0, len(part))):] if rng.random() < 0.2 else part)
    if rng.random() < 0.4:
        pair = [shape, shape]
    return pair, np.broadcast_shapes(*pair)


def fill(tensor, rng, **values):
    return random_values(rng, tensor.kind, tensor.shape, **values)


# ---- operators: (name, options, inputs, output, feeds, version) ---------------------------------------------------------

def options_of(name, **fields):
    options = getattr(schema, name + "T")()
    for field, value in fields.items():
        setattr(options, field, value)
    return options


def arithmetic(name, kinds, option):
    def make(rng):
        kind = kinds[int(rng.integers(len(kinds)))]
        (a_shape, b_shape), out_shape = broadcast_pair(rng)
        a, b, out = (quantized(rng, kind, shape) for shape in (a_shape, b_shape, out_shape))
        if name in ("MAXIMUM", "MINIMUM") and a.scale is not None:
            b.scale, b.zero, out.scale, out.zero = a.scale, a.zero, a.scale, a.zero
        if name == "SQUARED_DIFFERENCE" and a.scale is not None:
            out.scale = random_scale(rng, 0.01, 2.0)
        power = kind == "i16" and option in ("AddOptions", "SubOptions") and rng.random() < 0.4
        if power:  # older models: scales are powers of two, one input has the output's
            shifts = [0, int(rng.integers(0, 9))]
            rng.shuffle(shifts)
            a.shape = b.shape = out.shape
            out.scale = 2.0 ** -int(rng.integers(4, 15))
            a.scale, b.scale = (out.scale / 2.0 ** shift for shift in shifts)
        feeds = [fill(a, rng), fill(b, rng)]
        if name in ("DIV", "FLOOR_DIV", "FLOOR_MOD") and kind != "f32":
            bad = b.zero if b.scale is not None else 0
            feeds[1][feeds[1] == bad] = bad + 1 if bad < np.iinfo(feeds[1].dtype).max else bad - 1
        fields = {"fusedActivationFunction": int(rng.choice([0, 0, 1, 2, 3]))}
        if option in ("AddOptions", "SubOptions"):
            fields["potScaleInt16"] = bool(power)
        if kind == "c64":
            fields["fusedActivationFunction"] = 0
        options = options_of(option, **fields if option in ("AddOptions", "SubOptions", "MulOptions", "DivOptions")
                             else {}) if option else None
        if rng.random() < 0.3:
            b.data = feeds.pop()
        return name, options, [a, b], out, feeds, 2 if option else 1
    return make


def comparison(name, kinds, option):
    def make(rng):
        kind = kinds[int(rng.integers(len(kinds)))]
        (a_shape, b_shape), out_shape = broadcast_pair(rng)
        a, b = quantized(rng, kind, a_shape), quantized(rng, kind, b_shape)
        if rng.random() < 0.5 and a.scale is not None:
            b.scale, b.zero = a.scale, a.zero
        feeds = [fill(a, rng), fill(b, rng)]
        return name, options_of(option), [a, b], Tensor("bool", out_shape), feeds, 1 if kind == "bool" and "LOGICAL" in name else 2
    return make


def activation(name, kinds, option=None):
    def make(rng):
        kind = kinds[int(rng.integers(len(kinds)))]
        shape = random_shape(rng)
        a, out = quantized(rng, kind, shape), quantized(rng, kind, shape)
        if name == "LOGISTIC" and a.scale is not None:
            out.scale, out.zero = {"i8": (1 / 256, -128), "u8": (1 / 256, 0), "i16": (1 / 32768, 0)}[kind]
        if name == "TANH" and a.scale is not None:
            out.scale, out.zero = {"i8": (1 / 128, 0), "u8": (1 / 128, 128), "i16": (1 / 32768, 0)}[kind]
        if name in ("LOGISTIC", "TANH") and kind == "i16":
            a.scale = float(rng.choice([2.0 ** -12, 2.0 ** -11, random_scale(rng, 1e-5, 1e-2)]))
        feed = fill(a, rng)
        if name == "RSQRT" and kind == "f32":
            feed = np.abs(feed) + np.float32(1e-3)
        if name == "RSQRT" and kind != "f32":
            feed = np.maximum(feed, a.zero).astype(feed.dtype)
        options = None
        if option == "GeluOptions":
            options = options_of(option, approximate=bool(rng.integers(2)))
        return name, options, [a], out, [feed], 2 if kind in ("i8", "i16") and name not in ("RELU_N1_TO_1", "HARD_SWISH") else 1
    return make


def elementary(name, kinds, spread=4.0, option=None, at_least=None, both=False):
    """One input; at_least: the smallest value the function takes. both: in and out share the quantization."""
    def make(rng):
        kind = kinds[int(rng.integers(len(kinds)))]
        shape = random_shape(rng)
        a, out = quantized(rng, kind, shape), quantized(rng, kind, shape)
        if both:
            out.scale, out.zero = a.scale, a.zero
        feed = fill(a, rng, spread=spread)
        if at_least is not None:
            least = a.zero if a.scale is not None else at_least
            feed = np.maximum(feed, np.asarray(least, feed.dtype)).astype(feed.dtype)
        fields = {}
        if option == "LeakyReluOptions":
            fields["alpha"] = float(rng.choice([0.1, 0.01, 0.7, 1.5]))
        options = options_of(option, **fields) if option else None
        return name, options, [a], out, [feed], 1
    return make


def prelu(rng):
    kind = ["f32", "i8", "u8", "i16"][int(rng.integers(4))]
    shape = random_shape(rng, rank=int(rng.integers(1, 5)))
    alpha_shape = tuple(1 if rng.random() < 0.5 else d for d in shape)[int(rng.integers(0, len(shape))):]
    alpha = quantized(rng, "i8" if kind == "i16" else kind, alpha_shape)  # it reads int16 factors as bytes
    a, out = quantized(rng, kind, shape), quantized(rng, kind, shape)
    alpha.data = fill(alpha, rng)
    return "PRELU", None, [a, alpha], out, [fill(a, rng)], 1


def log_softmax(rng):
    kind = ["f32", "i8", "u8"][int(rng.integers(3))]
    shape = random_shape(rng, rank=int(rng.integers(1, 5)), elements=2000)
    a = quantized(rng, kind, shape, low=1e-3, high=0.5)
    out = Tensor(kind, shape)
    if kind != "f32":
        out.scale, out.zero = 1 / 16, 127 if kind == "i8" else 255
    return "LOG_SOFTMAX", options_of("LogSoftmaxOptions"), [a], out, [fill(a, rng)], 1


def power(rng):
    kind = ["f32", "i32"][int(rng.integers(2))]
    (a_shape, b_shape), out_shape = broadcast_pair(rng)
    a, b, out = Tensor(kind, a_shape), Tensor(kind, b_shape), Tensor(kind, out_shape)
    if kind == "i32":
        feeds = [rng.integers(-9, 10, a_shape).astype(np.int32), rng.integers(0, 14, b_shape).astype(np.int32)]
    else:
        whole = rng.random() < 0.3
        feeds = [np.abs(fill(a, rng)), fill(b, rng)]
        if whole:
            feeds = [fill(a, rng), np.round(feeds[1])]
        feeds = [np.asarray(feed, np.float32) for feed in feeds]
    return "POW", options_of("PowOptions"), [a, b], out, feeds, 1


def atan2(rng):
    kind = ["f32", "f16", "f64"][int(rng.integers(3))]
    a = Tensor(kind, random_shape(rng))
    return "ATAN2", None, [a, Tensor(kind, a.shape)], Tensor(kind, a.shape), [fill(a, rng), fill(a, rng)], 1


def select(name):
    def make(rng):
        kind = ["f32", "i8", "u8", "i16", "i32", "i64", "bool", "f16", "u32"][int(rng.integers(9))]
        (a_shape, b_shape), out_shape = broadcast_pair(rng)
        condition_shape = tuple(1 if rng.random() < 0.3 else d for d in out_shape)
        if name == "SELECT":
            a_shape = b_shape = out_shape
            condition_shape = [out_shape, out_shape[:1], ()][int(rng.integers(3))]
        a, b, condition = Tensor(kind, a_shape), Tensor(kind, b_shape), Tensor("bool", condition_shape)
        out_shape = np.broadcast_shapes(a_shape, b_shape, condition_shape if name == "SELECT_V2" else ())
        option = "SelectOptions" if name == "SELECT" else "SelectV2Options"
        feeds = [np.asarray(fill(t, rng)) for t in (condition, a, b)]
        return name, options_of(option), [condition, a, b], Tensor(kind, out_shape), feeds, 1
    return make


def add_n(rng):
    kind = ["f32", "i32"][int(rng.integers(2))]
    shape = random_shape(rng)
    inputs = [Tensor(kind, shape) for _ in range(int(rng.integers(2, 6)))]
    return "ADD_N", options_of("AddNOptions"), inputs, Tensor(kind, shape), [fill(t, rng) for t in inputs], 1


def cumsum(rng):
    kind = ["f32", "i32", "i64"][int(rng.integers(3))]
    shape = random_shape(rng)
    axis = int(rng.integers(-len(shape), len(shape)))
    options = options_of("CumsumOptions", exclusive=bool(rng.integers(2)), reverse=bool(rng.integers(2)))
    a = Tensor(kind, shape)
    return "CUMSUM", options, [a, Tensor("i32", (), data=np.int32(axis))], Tensor(kind, shape), [fill(a, rng)], 1


def l2_pool(rng):
    shape = (int(rng.integers(1, 3)), *(int(d) for d in rng.integers(3, 12, 2)), int(rng.integers(1, 80)))
    window = [int(d) for d in rng.integers(1, 4, 2)]
    strides = [int(d) for d in rng.integers(1, 4, 2)]
    same = bool(rng.integers(2))
    options = options_of("Pool2DOptions", padding=0 if same else 1, filterHeight=window[0], filterWidth=window[1],
                         strideH=strides[0], strideW=strides[1], fusedActivationFunction=int(rng.choice([0, 1, 3])))
    out = [-(-d // s) if same else (d - w) // s + 1 for d, w, s in zip(shape[1:3], window, strides)]
    a = Tensor("f32", shape)
    return "L2_POOL_2D", options, [a], Tensor("f32", (shape[0], *out, shape[3])), [fill(a, rng)], 1


def fake_quant(rng):
    shape = random_shape(rng)
    low, high = sorted(float(v) for v in rng.normal(0, 4, 2))
    options = options_of("FakeQuantOptions", min=min(low, 0.0), max=max(high, 0.1), numBits=int(rng.integers(2, 17)))
    a = Tensor("f32", shape)
    return "FAKE_QUANT", options, [a], Tensor("f32", shape), [fill(a, rng)], 1


def bucketize(rng):
    kind = ["f32", "f64", "i32", "i64"][int(rng.integers(4))]
    a = Tensor(kind, random_shape(rng))
    bounds = np.sort(np.round(rng.normal(0, 6, int(rng.integers(1, 20))))).astype(np.float32)
    feed = fill(a, rng) if kind in ("f32", "f64") else rng.integers(-9, 10, a.shape).astype(TYPES[kind][1])
    return "BUCKETIZE", options_of("BucketizeOptions", boundaries=bounds), [a], Tensor("i32", a.shape), [feed], 1


def bitcast(rng):
    kinds = ["i8", "u8", "i16", "u16", "i32", "u32", "i64"]
    kind, out_kind = (kinds[int(i)] for i in rng.integers(0, len(kinds), 2))
    sizes = [np.dtype(TYPES[k][1]).itemsize for k in (kind, out_kind)]
    shape = random_shape(rng, rank=int(rng.integers(1, 4)))
    out_shape = shape
    if sizes[0] > sizes[1]:
        out_shape = shape + (sizes[0] // sizes[1],)
    elif sizes[0] < sizes[1]:
        shape, out_shape = shape + (sizes[1] // sizes[0],), shape
    a = Tensor(kind, shape)
    return "BITCAST", None, [a], Tensor(out_kind, out_shape), [fill(a, rng)], 1


def complex_part(name):
    def make(rng):
        double = bool(rng.integers(2))
        a = Tensor("c128" if double else "c64", random_shape(rng))
        return name, None, [a], Tensor("f64" if double else "f32", a.shape), [fill(a, rng)], 1
    return make


def softmax(rng):
    kind, out_kind = [("f32", "f32"), ("i8", "i8"), ("u8", "u8"), ("i16", "i16"),
                      ("i8", "i16"), ("f16", "f16")][int(rng.integers(6))]
    shape = random_shape(rng, rank=int(rng.integers(1, 5)), elements=2000)
    a = quantized(rng, kind, shape, low=1e-4 if kind == "i16" else 1e-3, high=1e-3 if kind == "i16" else 0.5)
    out = Tensor(out_kind, shape)
    if a.scale is not None:
        out.scale, out.zero = {"i8": (1 / 256, -128), "u8": (1 / 256, 0), "i16": (1 / 32768, 0)}[out_kind]
        if kind == "i8" and out_kind == "i16":
            out.scale, out.zero = 1 / 65536, -32768
    feed = fill(a, rng)
    if a.scale is not None:  # rows of more than 511 equal values end the reference's process
        feed.reshape(-1, shape[-1])[:, 256:] = np.iinfo(feed.dtype).min
    beta = float(rng.choice([1.0, 1.0, 0.5, 2.0]))
    return "SOFTMAX", options_of("SoftmaxOptions", beta=beta), [a], out, [feed], 2


def reduction(name, kinds):
    def make(rng):
        kind = kinds[int(rng.integers(len(kinds)))]
        shape = random_shape(rng)
        count = int(rng.integers(1, len(shape) + 1))
        axes = rng.choice(len(shape), count, replace=False)
        keep = bool(rng.integers(2))
        kept = [1 if i in axes else d for i, d in enumerate(shape)] if keep else \
            [d for i, d in enumerate(shape) if i not in axes]
        axes = np.where(rng.random(count) < 0.3, axes - len(shape), axes).astype(np.int32)
        a, out = quantized(rng, kind, shape), quantized(rng, kind, kept)
        feed = fill(a, rng)
        if kind in ("i32", "i64"):
            feed = feed % 1000
        if name in ("REDUCE_MAX", "REDUCE_MIN"):
            out.scale, out.zero = a.scale, a.zero
        if name == "REDUCE_PROD" and a.scale is not None:
            a.scale, out.scale = random_scale(rng, 0.01, 1.0), random_scale(rng, 0.01, 1.0)
        if name == "REDUCE_PROD" and kind == "f32":
            feed = np.where(feed < 0, np.float32(-1), np.float32(1)) * rng.uniform(0.8, 1.2, shape).astype(np.float32)
        axis = Tensor("i32", (count,), data=axes)
        version = 1 if name in ("REDUCE_ANY", "REDUCE_ALL") else 2
        return name, options_of("ReducerOptions", keepDims=keep), [a, axis], out, [feed], version
    return make


def l2_normalization(rng):
    kind = ["f32", "i8", "u8"][int(rng.integers(3))]
    shape = random_shape(rng)
    a, out = quantized(rng, kind, shape), Tensor(kind, shape)
    if kind != "f32":
        out.scale, out.zero = 1 / 128, 128 if kind == "u8" else 0
    return "L2_NORMALIZATION", options_of("L2NormOptions"), [a], out, [fill(a, rng)], 2


def arg_extremum(name, option):
    def make(rng):
        kind = ["f32", "i8", "u8", "i32"][int(rng.integers(4))]
        out_kind = ["i32", "i64"][int(rng.integers(2))]
        shape = random_shape(rng)
        axis = int(rng.integers(-len(shape), len(shape)))
        kept = tuple(d for i, d in enumerate(shape) if i != axis % len(shape))
        a = Tensor(kind, shape)
        if kind in ("i8", "u8"):
            a.scale, a.zero = 0.1, 0
        options = options_of(option, outputType=TYPES[out_kind][0])
        return name, options, [a, Tensor("i32", (), data=np.int32(axis))], Tensor(out_kind, kept), [fill(a, rng)], 2
    return make


def make_per_channel(rng, tensor):
    tensor.dimension = int(rng.integers(len(tensor.shape)))
    channels = tensor.shape[tensor.dimension]
    tensor.scale = [random_scale(rng) for _ in range(channels)]
    tensor.zero = [random_zero(rng, tensor.kind) for _ in range(channels)]


def quantize(rng):
    pairs = [("f32", "i8"), ("f32", "u8"), ("f32", "i16"), ("i8", "i8"), ("i8", "u8"), ("u8", "i8"), ("u8", "u8"),
             ("i16", "i8"), ("i16", "i16"), ("i16", "i32"), ("i32", "i8"), ("i32", "i16")]
    kind, out_kind = pairs[int(rng.integers(len(pairs)))]
    shape = random_shape(rng)
    a, out = quantized(rng, kind, shape), quantized(rng, out_kind, shape)
    for tensor in (a, out):
        if tensor.kind == "i32":
            tensor.scale, tensor.zero = random_scale(rng, 1e-6, 1e-2), 0
    spread = 40.0
    feed = random_values(rng, kind, shape, spread) if kind != "i32" else \
        rng.integers(-200000, 200000, shape).astype(np.int32)
    if kind == "f32" and rng.random() < 0.3:
        make_per_channel(rng, out)
    elif kind == "f32" and rng.random() < 0.3:
        feed.flat[:] = np.round(feed.flat[:] / np.float32(out.scale) * 2) * np.float32(out.scale) / 2
    if kind == "f32" and rng.random() < 0.2:
        feed.flat[0] = [np.nan, np.inf, -np.inf, 1e30][int(rng.integers(4))]
    return "QUANTIZE", None, [a], out, [feed], 3


def dequantize(rng):
    kind = ["i8", "u8", "i16", "f16"][int(rng.integers(4))]
    shape = random_shape(rng)
    a = quantized(rng, kind, shape) if kind != "f16" else Tensor(kind, shape)
    feeds = [fill(a, rng)]
    if kind in ("i8", "u8") and rng.random() < 0.5:
        make_per_channel(rng, a)
    if kind == "f16":
        feeds = [rng.integers(0, 65536, shape).astype(np.uint16).view(np.float16)]
        feeds[0][np.isnan(feeds[0])] = 1
    return "DEQUANTIZE", None, [a], Tensor("f32", shape), feeds, 3


def cast(rng):
    kinds = ["f32", "f64", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "bool", "f16"]
    kind, out_kind = (kinds[int(i)] for i in rng.integers(0, len(kinds), 2))
    shape = random_shape(rng)
    a = Tensor(kind, shape)
    feed = random_values(rng, kind, shape, float(rng.choice([3.0, 300.0, 3e9])) if kind != "f16" else 300.0)
    if kind in ("f32", "f64", "f16"):
        feed.flat[0] = [np.nan, np.inf, -np.inf, 0.5][int(rng.integers(4))]
        if out_kind in ("f32", "f64", "f16"):
            feed.flat[0] = 0.5
    return "CAST", options_of("CastOptions"), [a], Tensor(out_kind, shape), [feed], 1


ALL_QUANTIZED = ["f32", "i8", "u8", "i16"]
FLOORED = ["f32", "i8", "i16", "i32"]
BITS = ["i8", "u8", "i16", "u16", "i32", "u32"]
FOLDED = ["f32", "i8", "u8", "i16", "i32", "i64", "bool"]
MAKERS = {
    "ADD": arithmetic("ADD", ALL_QUANTIZED + ["i32", "i64", "f16"], "AddOptions"),
    "SUB": arithmetic("SUB", ALL_QUANTIZED + ["i32", "i64"], "SubOptions"),
    "MUL": arithmetic("MUL", ALL_QUANTIZED + ["i32", "i64", "u32", "f16", "c64"], "MulOptions"),
    "DIV": arithmetic("DIV", ["f32", "i8", "u8", "i16", "i32"], "DivOptions"),
    "MAXIMUM": arithmetic("MAXIMUM", ALL_QUANTIZED + ["i32", "i64", "f16"], "MaximumMinimumOptions"),
    "MINIMUM": arithmetic("MINIMUM", ALL_QUANTIZED + ["i32", "i64", "f16"], "MaximumMinimumOptions"),
    "FLOOR_DIV": arithmetic("FLOOR_DIV", FLOORED, "FloorDivOptions"),
    "FLOOR_MOD": arithmetic("FLOOR_MOD", FLOORED + ["i64"], "FloorModOptions"),
    "BITWISE_XOR": arithmetic("BITWISE_XOR", BITS, None), "RIGHT_SHIFT": arithmetic("RIGHT_SHIFT", BITS, None),
    "POW": power, "ATAN2": atan2, "SELECT": select("SELECT"), "SELECT_V2": select("SELECT_V2"), "PRELU": prelu,
    "ADD_N": add_n, "CUMSUM": cumsum, "L2_POOL_2D": l2_pool, "FAKE_QUANT": fake_quant, "BUCKETIZE": bucketize,
    "BITCAST": bitcast, "LOG_SOFTMAX": log_softmax,
    "REAL": complex_part("REAL"), "IMAG": complex_part("IMAG"), "COMPLEX_ABS": complex_part("COMPLEX_ABS"),
    "ABS": elementary("ABS", ["f32", "i8", "i16", "i32"]), "NEG": elementary("NEG", ["f32", "f16", "i8", "i16", "i32", "i64"]),
    "SIGN": elementary("SIGN", ["f32", "f64", "i32"]), "SIN": elementary("SIN", ["f32", "f16"], 40.0),
    "COS": elementary("COS", ["f32", "f16"], 40.0), "EXP": elementary("EXP", ["f32", "i8", "i16"]),
    "LOG": elementary("LOG", ["f32", "i8", "i16"], at_least=1e-3), "SQUARE": elementary("SQUARE", ["f32"]),
    "SQRT": elementary("SQRT", ["f32", "i8", "i16"], at_least=0), "FLOOR": elementary("FLOOR", ["f32", "f16"]),
    "CEIL": elementary("CEIL", ["f32"]), "ROUND": elementary("ROUND", ["f32", "f16"]),
    "ELU": elementary("ELU", ["f32", "i8"]), "ZEROS_LIKE": elementary("ZEROS_LIKE", ["f32", "i32", "i64"]),
    "LEAKY_RELU": elementary("LEAKY_RELU", ALL_QUANTIZED, option="LeakyReluOptions"),
    "RELU_0_TO_1": elementary("RELU_0_TO_1", ["f32", "i8", "u8"]),
    "REDUCE_MAX": reduction("REDUCE_MAX", FOLDED), "REDUCE_MIN": reduction("REDUCE_MIN", FOLDED),
    "REDUCE_PROD": reduction("REDUCE_PROD", ["f32", "i8", "i16", "i32", "i64", "bool"]),
    "REDUCE_ANY": reduction("REDUCE_ANY", ["bool"]), "REDUCE_ALL": reduction("REDUCE_ALL", ["bool"]),
    "SQUARED_DIFFERENCE": arithmetic("SQUARED_DIFFERENCE", ["f32", "i8", "i32"], "SquaredDifferenceOptions"),
    "EQUAL": comparison("EQUAL", ["f32", "f16", "i8", "u8", "i16", "i32", "i64", "bool"], "EqualOptions"),
    "NOT_EQUAL": comparison("NOT_EQUAL", ["f32", "f16", "i8", "u8", "i16", "i32", "i64", "bool"], "NotEqualOptions"),
    "LESS": comparison("LESS", ["f32", "f16", "i8", "u8", "i16", "i32", "i64"], "LessOptions"),
    "LESS_EQUAL": comparison("LESS_EQUAL", ["f32", "f16", "i8", "u8", "i32", "i64"], "LessEqualOptions"),
    "GREATER": comparison("GREATER", ["f32", "f16", "i8", "u8", "i32", "i64"], "GreaterOptions"),
    "GREATER_EQUAL": comparison("GREATER_EQUAL", ["f32", "f16", "i8", "u8", "i16", "i32", "i64"], "GreaterEqualOptions"),
    "LOGICAL_AND": comparison("LOGICAL_AND", ["bool"], "LogicalAndOptions"),
    "LOGICAL_OR": comparison("LOGICAL_OR", ["bool"], "LogicalOrOptions"),
    "LOGICAL_NOT": activation("LOGICAL_NOT", ["bool"]),
    "RELU": activation("RELU", ALL_QUANTIZED), "RELU6": activation("RELU6", ALL_QUANTIZED),
    "RELU_N1_TO_1": activation("RELU_N1_TO_1", ["f32", "i8", "u8"]),
    "LOGISTIC": activation("LOGISTIC", ALL_QUANTIZED + ["f16"]), "TANH": activation("TANH", ALL_QUANTIZED + ["f16"]),
    "GELU": activation("GELU", ["f32", "f16", "i8", "u8"], "GeluOptions"),
    "HARD_SWISH": activation("HARD_SWISH", ["f32", "i8", "u8"]),
    "RSQRT": activation("RSQRT", ["f32", "i8", "i16"]),
    "SOFTMAX": softmax, "MEAN": reduction("MEAN", ALL_QUANTIZED + ["i32", "i64"]),
    "SUM": reduction("SUM", ["f32", "i32", "i64"]), "L2_NORMALIZATION": l2_normalization,
    "ARG_MAX": arg_extremum("ARG_MAX", "ArgMaxOptions"), "ARG_MIN": arg_extremum("ARG_MIN", "ArgMinOptions"),
    "QUANTIZE": quantize, "DEQUANTIZE": dequantize, "CAST": cast,
}


def check(name, rng):
    """'pass', 'skipped: ...' if the reference refuses the model, or what is wrong."""
    name, options, inputs, output, feeds, version = MAKERS[name](rng)
    data = build(name, options, inputs, output, version)
    told = ", ".join(f"{t.kind}{list(t.shape)} {t.scale} {t.zero}" for t in inputs + [output])
    expected, why = reference(data, feeds)
    if expected is None:
        return "skipped: " + why.splitlines()[0][:100]
    try:
        results = [ours(data, feeds, level, threads) for level in LEVELS for threads in (1, 3)]
    except plait_c.PlaitError as error:
        return f"{error} ({told})"
    relative = 2.0 ** -10 if expected.dtype == np.float16 else compare.RELATIVE  # a unit of its last place
    wrong = compare.difference(results[0], expected, relative)
    if wrong:
        return f"{wrong} ({told})"
    if any(result.tobytes() != results[0].tobytes() for result in results[1:]):
        return f"levels or threads differ ({told})"
    return "pass"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("operators", nargs="*", default=list(MAKERS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20)
    arguments = parser.parse_args()
    failures = 0
    for name in arguments.operators:
        told = {}
        for round_number in range(arguments.count):
            rng = np.random.default_rng([arguments.seed, round_number, list(MAKERS).index(name)])
            answer = check(name, rng)
            kind = answer if answer == "pass" or answer.startswith("skipped") else "wrong"
            told[kind] = told.get(kind, 0) + 1
            if kind == "wrong":
                failures += 1
                print(f"{name} round {round_number}: {answer}")
        print(f"{name:20}", ", ".join(f"{count} {kind}" for kind, count in told.items()), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
