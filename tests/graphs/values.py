# SPDX-License-Identifier: Apache-2.0
"""What random graphs are made of: values, steps, and the bytes of a model of some steps."""
import dataclasses

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

KINDS = {"f32": np.float32, "f16": np.float16, "f64": np.float64, "i8": np.int8, "u8": np.uint8, "i16": np.int16,
         "u16": np.uint16, "i32": np.int32, "u32": np.uint32, "i64": np.int64, "bool": np.bool_, "c64": np.complex64,
         "str": np.bytes_}
NUMBERS = {"f32": "FLOAT32", "f16": "FLOAT16", "f64": "FLOAT64", "i8": "INT8", "u8": "UINT8", "i16": "INT16",
           "u16": "UINT16", "i32": "INT32", "u32": "UINT32", "i64": "INT64", "bool": "BOOL", "c64": "COMPLEX64",
           "str": "STRING"}
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

    def told(self):
        quantized = "" if self.scale is None else f" {self.scale}*(q-{self.zero})"
        return f"{self.kind}{list(self.shape)}{quantized}{' constant' if self.constant else ''}"


@dataclasses.dataclass(eq=False)
class Step:
    """One operator. An input may be None: left out."""
    operator: str
    inputs: list
    outputs: list
    options: object = None
    version: int = 1

    def told(self):
        fields = {} if self.options is None else {k: v for k, v in vars(self.options).items() if v is not None}
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
    def __init__(self):
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers, self.model.operatorCodes = [schema.BufferT()], []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]
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
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, step.operator)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), step.version
        made = schema.OperatorT()
        made.opcodeIndex = len(self.model.operatorCodes)
        made.inputs = [self.tensor(value) for value in step.inputs]
        made.outputs = [self.tensor(value) for value in step.outputs]
        if step.options is not None:
            name = type(step.options).__name__.removesuffix("T")
            if hasattr(schema.BuiltinOptions, name):
                made.builtinOptionsType, made.builtinOptions = getattr(schema.BuiltinOptions, name), step.options
            else:
                made.builtinOptions2Type, made.builtinOptions2 = getattr(schema.BuiltinOptions2, name), step.options
        self.model.operatorCodes.append(code)
        self.graph.operators.append(made)

    def bytes(self, inputs, outputs):
        self.graph.inputs = [self.tensor(value) for value in inputs]
        self.graph.outputs = [self.tensor(value) for value in outputs]
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
    for step in steps:
        for value in step.inputs:
            if value is not None and not value.constant and id(value) not in made:
                found[id(value)] = value
        made |= {id(value) for value in step.outputs}
    return list(found.values())
