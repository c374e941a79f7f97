# SPDX-License-Identifier: Apache-2.0
"""Small .tflite models made on the spot, for tests that need just this operator with just these types."""
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {np.dtype(np.float32): schema.TensorType.FLOAT32, np.dtype(np.int8): schema.TensorType.INT8,
         np.dtype(np.uint8): schema.TensorType.UINT8, np.dtype(np.int32): schema.TensorType.INT32,
         np.dtype(np.int64): schema.TensorType.INT64, np.dtype(np.bool_): schema.TensorType.BOOL,
         np.dtype(np.int16): schema.TensorType.INT16, np.dtype(np.uint32): schema.TensorType.UINT32,
         np.dtype(np.uint64): schema.TensorType.UINT64, np.dtype(np.complex64): schema.TensorType.COMPLEX64,
         np.dtype(np.float16): schema.TensorType.FLOAT16, np.dtype("S"): schema.TensorType.STRING}


class Graph:
    """One subgraph under construction. tensor() and op() return indices; build() the bytes of the file. subgraph()
    begins a further one, which close() ends; they count from 1."""

    def __init__(self, model=None):
        if model is None:
            model = schema.ModelT()
            model.version = 3
            model.buffers = [schema.BufferT()]
            model.operatorCodes, model.subgraphs = [], []
        self.model, self.graph = model, schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs.append(self.graph)

    def subgraph(self):
        return Graph(self.model)

    def close(self, inputs, outputs):
        self.graph.inputs, self.graph.outputs = list(inputs), list(outputs)

    def tensor(self, dtype, shape, quantization=None, data=None, name=None, signature=None):
        made = schema.TensorT()
        made.type, made.shape = TYPES[np.dtype(dtype)], list(shape)
        made.name = (name if name is not None else f"t{len(self.graph.tensors)}").encode()
        made.shapeSignature = signature
        if quantization is not None:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [quantization[0]], [quantization[1]]
        if data is not None:
            buffer = schema.BufferT()
            raw = data if isinstance(data, bytes) else np.asarray(data, dtype).tobytes()
            buffer.data = np.frombuffer(raw, np.uint8)
            made.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(made)
        return len(self.graph.tensors) - 1

    def metadata(self, name, data):
        buffer, entry = schema.BufferT(), schema.MetadataT()
        buffer.data, entry.name, entry.buffer = np.frombuffer(data, np.uint8), name.encode(), len(self.model.buffers)
        self.model.buffers.append(buffer)
        self.model.metadata = [*(self.model.metadata or []), entry]

    def custom(self, name, inputs, outputs, options=b"", version=1):
        self.op("CUSTOM", inputs, outputs, version=version)
        self.model.operatorCodes[-1].customCode = name.encode()
        if options:
            self.graph.operators[-1].customOptions = np.frombuffer(options, np.uint8)
        return outputs[0] if len(outputs) else None

    def op(self, name, inputs, outputs, options=None, version=1):
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = len(self.model.operatorCodes), list(inputs), list(outputs)
        if options is not None:
            made.builtinOptions = options
            made.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.model.operatorCodes.append(code)
        self.graph.operators.append(made)
        return outputs[0] if len(outputs) else None

    def build(self, inputs, outputs):
        self.close(inputs, outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def relu(dtype, shape, quantization=None, signature=None):
    """y = max(x, 0), one operator: a model whose both ends have this type, shape and quantization."""
    graph = Graph()
    x = graph.tensor(dtype, shape, quantization, name="x", signature=signature)
    y = graph.tensor(dtype, shape, quantization, name="y", signature=signature)
    graph.op("RELU", [x], [y], version=1 if np.dtype(dtype) == np.float32 else 2)
    return graph.build([x], [y])


def counting_loop(count):
    """for (i = 0; i < count; i++): a condition of one operator, a body of one."""
    graph = Graph()
    begin, end = graph.tensor(np.int32, [1]), graph.tensor(np.int32, [1])
    options = schema.WhileOptionsT()
    options.condSubgraphIndex, options.bodySubgraphIndex = 1, 2
    graph.op("WHILE", [begin], [end], options)
    test = graph.subgraph()
    now, limit, less = test.tensor(np.int32, [1]), test.tensor(np.int32, [1], data=[count]), test.tensor(np.bool_, [1])
    test.op("LESS", [now, limit], [less], schema.LessOptionsT())
    test.close([now], [less])
    body = graph.subgraph()
    now, one, more = body.tensor(np.int32, [1]), body.tensor(np.int32, [1], data=[1]), body.tensor(np.int32, [1])
    body.op("ADD", [now, one], [more], schema.AddOptionsT())
    body.close([now], [more])
    return graph.build([begin], [end])
