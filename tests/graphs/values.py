# SPDX-License-Identifier: Apache-2.0
"""What random graphs are made of: values, steps, and the bytes of a model of some steps."""
import copy
import dataclasses

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

KINDS = {"f32": np.float32, "f16": np.float16, "f64": np.float64, "i8": np.int8, "u8": np.uint8, "i16": np.int16,
         "u16": np.uint16, "i32": np.int32, "u32": np.uint32, "i64": np.int64, "bool": np.bool_, "c64": np.complex64,
         "str": np.bytes_, "u64": np.uint64, "res": np.int32}
NUMBERS = {"f32": "FLOAT32", "f16": "FLOAT16", "f64": "FLOAT64", "i8": "INT8", "u8": "UINT8", "i16": "INT16",
           "u16": "UINT16", "i32": "INT32", "u32": "UINT32", "i64": "INT64", "bool": "BOOL", "c64": "COMPLEX64",
           "str": "STRING", "u64": "UINT64", "res": "RESOURCE"}
QUANTIZED = ("i8", "u8", "i16")


@dataclasses.dataclass(eq=False)
class Value:
    """A tensor of the graph. scale and zero may be lists: one per index of `dimension`."""
    kind: str
    shape: tuple = ()
    scale: object = None
    zero: object = 0
    dimension: int = 0
    constant: bool = False
    data: np.ndarray = None          # what a constant or an input holds, or what the reference computed
    variable: bool = False           # state: an input that nobody feeds

    def told(self):
        quantized = "" if self.scale is None else f" {self.scale}*(q-{self.zero})"
        return f"{self.kind}{list(self.shape)}{quantized}{' constant' if self.constant else ''}"


@dataclasses.dataclass(eq=False)
class Step:
    """One operator. An input may be None: left out."""
    operator: str                    # of a custom operator its own name
    inputs: list
    outputs: list
    options: object = None           # of a custom operator bytes
    version: int = 1
    first: tuple = ()                # steps that go in front of it, always
    called: tuple = ()               # subgraphs it runs, as (steps, inputs, outputs); (option, which) says where
    places: tuple = ()

    def is_custom(self):
        return not hasattr(schema.BuiltinOperator, self.operator)

    def told(self):
        fields = {} if self.options is None or self.is_custom() else {k: v for k, v in vars(self.options).items() if v is not None}
        return (f"{self.operator} v{self.version} ({', '.join('-' if v is None else v.told() for v in self.inputs)}) -> "
                f"{', '.join(v.told() for v in self.outputs)} {fields}")


def options_of(name, **fields):
    options = getattr(schema, name + "T")()
    for field, value in fields.items():
        if not hasattr(options, field):
            raise AttributeError(f"{name} has no {field}")
        setattr(options, field, value)
    return options


def pack_strings(texts):
    """TensorFlow Lite's layout: count, count + 1 offsets, bytes."""
    texts = [bytes(text) for text in np.asarray(texts).reshape(-1)]
    offsets = np.cumsum([4 * (len(texts) + 2)] + [len(text) for text in texts])
    return np.int32([len(texts), *offsets]).tobytes() + b"".join(texts)


class Writer:
    """One subgraph; `model` is what further ones are added to."""

    def __init__(self, model=None):
        self.model = model
        if model is None:
            self.model = schema.ModelT()
            self.model.version = 3
            self.model.buffers, self.model.operatorCodes, self.model.subgraphs = [schema.BufferT()], [], []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs.append(self.graph)
        self.places = {}

    def tensor(self, value):
        if value is None:
            return -1
        if id(value) not in self.places:
            self.places[id(value)] = len(self.graph.tensors)
            self.graph.tensors.append(self.record(value))
        return self.places[id(value)]

    def record(self, value):
        made = schema.TensorT()
        made.type = getattr(schema.TensorType, NUMBERS[value.kind])
        made.shape, made.name = [int(d) for d in value.shape], f"t{len(self.graph.tensors)}".encode()
        made.isVariable = value.variable
        if value.scale is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = np.atleast_1d(np.float32(value.scale))
            made.quantization.zeroPoint = np.atleast_1d(np.int64(value.zero))
            made.quantization.quantizedDimension = value.dimension
        if value.constant:
            data = pack_strings(value.data) if value.kind == "str" else \
                np.ascontiguousarray(value.data, KINDS[value.kind]).tobytes()
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data, np.uint8)
            made.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        return made

    def step(self, step):
        for other in step.first:
            self.step(other)
        code = schema.OperatorCodeT()
        code.builtinCode = schema.BuiltinOperator.CUSTOM if step.is_custom() else getattr(schema.BuiltinOperator, step.operator)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), step.version
        made = schema.OperatorT()
        made.opcodeIndex = len(self.model.operatorCodes)
        made.inputs = [self.tensor(value) for value in step.inputs]
        made.outputs = [self.tensor(value) for value in step.outputs]
        self.model.operatorCodes.append(code)
        self.graph.operators.append(made)
        if step.is_custom():
            code.customCode = step.operator.encode()
            made.customOptions = np.frombuffer(step.options, np.uint8) if step.options else None
        elif step.options is not None:
            self.options(step, made)

    def options(self, step, made):
        options = copy.copy(step.options)
        for place, (steps, inputs, outputs) in zip(step.places, step.called):
            setattr(options, place, len(self.model.subgraphs))
            writer = Writer(self.model)
            for inner in steps:
                writer.step(inner)
            writer.ends(inputs, outputs)
        name = type(options).__name__.removesuffix("T")
        if hasattr(schema.BuiltinOptions, name):
            made.builtinOptionsType, made.builtinOptions = getattr(schema.BuiltinOptions, name), options
        else:
            made.builtinOptions2Type, made.builtinOptions2 = getattr(schema.BuiltinOptions2, name), options

    def ends(self, inputs, outputs):
        self.graph.inputs = [self.tensor(value) for value in inputs]
        self.graph.outputs = [self.tensor(value) for value in outputs]

    def bytes(self, inputs, outputs):
        self.ends(inputs, outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def write(steps, inputs, outputs):
    writer = Writer()
    for step in steps:
        writer.step(step)
    return writer.bytes(inputs, outputs)


def fed(steps):
    """The values that must be given from outside, in the order in which they are met."""
    made, found = set(), {}
    for step in [inner for step in steps for inner in (*step.first, step)]:
        for value in step.inputs:
            if value is not None and not value.constant and not value.variable and id(value) not in made:
                found[id(value)] = value
        made |= {id(value) for value in step.outputs}
    return list(found.values())
