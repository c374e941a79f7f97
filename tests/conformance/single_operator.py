# SPDX-License-Identifier: Apache-2.0
"""Models of one operator, made here from LiteRT's schema classes, for tests that need a certain combination."""
import numpy as np
from ai_edge_litert import schema_py_generated as schema

import models

TYPE = schema.TensorType
DTYPES = {number: np.dtype(dtype) for number, dtype in models.TYPES.items()}


class Builder:
    """One subgraph of one operator; weights get their contents from a seeded generator."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.tensors = []
        self.buffers = [schema.BufferT()]
        self.regions = []  # (operator or None, kind): subgraphs 1, 2, ... of two scalars

    def add(self, kind, shape, data=None, scale=None, zero_point=0, variable=False):
        tensor = schema.TensorT()
        tensor.name, tensor.type, tensor.shape = f"t{len(self.tensors)}", kind, np.array(shape, np.int32)
        tensor.isVariable = variable
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = np.array([scale], np.float32)
            tensor.quantization.zeroPoint = np.array([zero_point], np.int64)
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def weights(self, kind, shape):
        """Random weights: float32, or int8 or int16 with a scale."""
        if kind == TYPE.FLOAT32:
            return self.add(kind, shape, self.rng.uniform(-0.5, 0.5, shape).astype(np.float32))
        limit, dtype = (127, np.int8) if kind == TYPE.INT8 else (32767, np.int16)
        data = self.rng.integers(-limit, limit + 1, shape).astype(dtype)
        return self.add(kind, shape, data, scale=float(self.rng.uniform(0.5, 0.9)) / limit)

    def bias(self, kind, count, scale):
        if kind == TYPE.FLOAT32:
            return self.add(kind, [count], self.rng.uniform(-0.3, 0.3, count).astype(np.float32))
        return self.add(kind, [count], self.rng.integers(-9000, 9000, count).astype(np.int32), scale=scale)

    def constant(self, array):
        array = np.asarray(array)
        kind = next(number for number, dtype in DTYPES.items() if dtype == array.dtype)
        return self.add(kind, array.shape, array)

    def model(self, operator, version, options, inputs, outputs, fed):
        """The file's bytes. operator: its name; options: its schema object or None; fed: the model's inputs."""
        record = schema.OperatorT()
        record.inputs, record.outputs = np.array(inputs, np.int32), np.array(outputs, np.int32)
        return self.model_of(record, operator, version, options, fed)

    def model_of(self, record, operator, version, options, fed):
        if options is not None:
            name = type(options).__name__[:-1]
            if hasattr(schema.BuiltinOptions, name):
                record.builtinOptions, record.builtinOptionsType = options, getattr(schema.BuiltinOptions, name)
            else:
                record.builtinOptions2, record.builtinOptions2Type = options, getattr(schema.BuiltinOptions2, name)
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, operator)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
        graph = schema.SubGraphT()
        graph.name, graph.tensors, graph.operators = "main", self.tensors, [record]
        graph.inputs, graph.outputs = np.array(fed, np.int32), record.outputs
        tree = schema.ModelT()
        tree.version, tree.description = 3, "one operator"
        codes, graphs = [code], [graph]
        for region in self.regions:
            graphs.append(self.region_graph(region, codes))
        tree.operatorCodes, tree.subgraphs, tree.buffers = codes, graphs, self.buffers
        return models.pack(tree)

    @staticmethod
    def region_graph(region, codes):
        """A subgraph of one operator of two scalars (None: it gives its second input), for StableHLO's regions."""
        operator, kind = region
        graph = schema.SubGraphT()
        graph.name, graph.tensors, graph.operators = "region", [], []
        for k in range(3 if operator else 2):
            tensor = schema.TensorT()
            tensor.name, tensor.type, tensor.shape = f"r{k}", kind, np.array([], np.int32)
            graph.tensors.append(tensor)
        graph.inputs, graph.outputs = np.array([0, 1], np.int32), np.array([2 if operator else 1], np.int32)
        if operator:
            code, record = schema.OperatorCodeT(), schema.OperatorT()
            code.builtinCode = getattr(schema.BuiltinOperator, operator)
            code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
            record.opcodeIndex = len(codes)
            record.inputs, record.outputs = graph.inputs, graph.outputs
            codes.append(code)
            graph.operators.append(record)
        return graph
