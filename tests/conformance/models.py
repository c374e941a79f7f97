# SPDX-License-Identifier: Apache-2.0
"""Facts about .tflite files, read with LiteRT's own schema classes: what to feed, what is integer only, and how to cut a
file into models of one operator each."""
import copy
import functools
import hashlib
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
OWN = ROOT / "tests" / "models"
ANOTHER_ISSUE = ("audio_preprocessor_int8", "keyword_scrambled_8bit")  # see test_chains.py
TYPES = {schema.TensorType.FLOAT32: np.float32, schema.TensorType.FLOAT16: np.float16,
         schema.TensorType.INT32: np.int32, schema.TensorType.UINT8: np.uint8, schema.TensorType.INT64: np.int64,
         schema.TensorType.BOOL: np.bool_, schema.TensorType.INT16: np.int16, schema.TensorType.INT8: np.int8,
         schema.TensorType.UINT32: np.uint32, schema.TensorType.FLOAT64: np.float64,
         schema.TensorType.UINT64: np.uint64, schema.TensorType.UINT16: np.uint16,
         schema.TensorType.COMPLEX64: np.complex64}
OPERATOR = {number: name for name, number in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
CONTROL = {"IF", "WHILE", "CALL_ONCE"}


def model_paths():
    """Every model that this issue must run: those of ../shared, and our copies of a few of them."""
    paths = sorted(OWN.glob("*.tflite"))
    if SHARED.exists():
        paths += sorted(SHARED.glob("models/*/*.tflite")) + sorted(SHARED.glob("zoo/*/*.tflite"))
    return [path for path in paths if path.stem not in ANOTHER_ISSUE]


def label(path):
    return f"{path.parent.name}/{path.stem}"


class Model:
    """One file as LiteRT's object tree, with what the tests ask of it."""

    def __init__(self, data):
        self.data = data
        self.tree = schema.ModelT.InitFromPackedBuf(data, 0)
        self.sha = hashlib.sha256(data).hexdigest()

    def operator_name(self, operator):
        code = self.tree.operatorCodes[operator.opcodeIndex]
        return OPERATOR[max(code.builtinCode, code.deprecatedBuiltinCode)]

    def operators(self):
        return [(graph, op) for graph in self.tree.subgraphs for op in graph.operators]

    def signatures(self):
        """{key: (subgraph index, input names and tensors, output names and tensors)}, in the order of names."""
        found = {}
        for entry in self.tree.signatureDefs or []:
            def names(maps):
                return sorted((m.name.decode(), m.tensorIndex) for m in maps or [])
            found[entry.signatureKey.decode()] = (entry.subgraphIndex, names(entry.inputs), names(entry.outputs))
        return found

    def is_constant(self, tensor):
        data = self.tree.buffers[tensor.buffer].data
        return data is not None and len(data) > 0

    def integer_only(self):
        """Whether no operator computes in float: QUANTIZE at the start and DEQUANTIZE at the end are exact."""
        for graph, op in self.operators():
            if self.operator_name(op) in ("QUANTIZE", "DEQUANTIZE"):
                continue
            for k in list(op.inputs) + list(op.outputs):
                if k >= 0 and graph.tensors[k].type in (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16):
                    return False
        return True

    def hybrid(self):
        """Whether an operator quantizes float activations inside, to meet integer constants."""
        for graph, op in self.operators():
            kinds = [graph.tensors[k] for k in op.inputs if k >= 0]
            if self.operator_name(op) in ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "BATCH_MATMUL",
                                          "UNIDIRECTIONAL_SEQUENCE_LSTM") and \
                    kinds[0].type == schema.TensorType.FLOAT32 and kinds[1].type == schema.TensorType.INT8:
                return True
        return False

    def stateful(self):
        return any(t.isVariable for g in self.tree.subgraphs for t in g.tensors) or \
            any(self.operator_name(op) == "VAR_HANDLE" for _, op in self.operators())

    def multiply_adds(self):
        """Of one invocation, about: what decides how many random inputs the short form can afford."""
        return sum(self.operator_multiply_adds(graph, op) for graph, op in self.operators())

    def operator_multiply_adds(self, graph, op):
        name, tensors = self.operator_name(op), graph.tensors
        if name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            weights, out = tensors[op.inputs[1]].shape, tensors[op.outputs[0]].shape
            each = np.prod(weights[1:3]) if name == "DEPTHWISE_CONV_2D" else np.prod(weights[1:])
            return int(np.prod(out)) * int(each)
        if name == "TRANSPOSE_CONV":
            return int(np.prod(tensors[op.inputs[2]].shape)) * int(np.prod(tensors[op.inputs[1]].shape[:3]))
        if name == "BATCH_MATMUL":
            left, out = tensors[op.inputs[0]].shape, tensors[op.outputs[0]].shape
            return int(np.prod(out)) * int(left[-2 if op.builtinOptions.adjX else -1])
        if name == "UNIDIRECTIONAL_SEQUENCE_LSTM":
            steps = int(np.prod(tensors[op.inputs[0]].shape[:2]))
            return steps * sum(int(np.prod(tensors[k].shape)) for k in op.inputs[1:9] if k >= 0)
        return 0

    def kind(self):
        """The type it computes in, by multiply-adds, where there are none by operators: int8, uint8, int16, float32,
        or hybrid."""
        if self.hybrid():
            return "hybrid"
        counts = {}
        for graph, op in self.operators():
            read = [graph.tensors[k].type for k in op.inputs if k >= 0]
            name = np.dtype(TYPES.get(read[0], np.float32)).name if read else "float32"
            counts[name] = counts.get(name, 0) + self.operator_multiply_adds(graph, op) * 1000 + 1
        known = {name: count for name, count in counts.items() if name in ("int8", "uint8", "int16", "float32")}
        return max(known, key=known.get) if known else "float32"

    def id_limits(self):
        """{(subgraph, tensor): number of rows} of tensors whose values pick rows of another."""
        limits = {}
        for index, graph in enumerate(self.tree.subgraphs):
            for op in reversed(graph.operators):
                name = self.operator_name(op)
                if name == "GATHER":
                    rows = graph.tensors[op.inputs[0]].shape[getattr(op.builtinOptions, "axis", 0)]
                    limits[index, op.inputs[1]] = int(rows)
                elif name == "EMBEDDING_LOOKUP":
                    limits[index, op.inputs[0]] = int(graph.tensors[op.inputs[1]].shape[0])
                elif name in ("RESHAPE", "CAST", "STRIDED_SLICE") and (index, op.outputs[0]) in limits:
                    limits[index, op.inputs[0]] = limits[index, op.outputs[0]]
        return limits

    def random_inputs(self, seed, subgraph=0, tensors=None):
        """Values for these inputs (default: the subgraph's, in order): normal floats, integers of the whole range of
        their type, ids in range, and small counts."""
        graph, limits = self.tree.subgraphs[subgraph], self.id_limits()
        random = np.random.default_rng([seed, int(self.sha[:8], 16)])
        arrays = []
        for k in graph.inputs if tensors is None else tensors:
            tensor = graph.tensors[k]
            shape = [] if tensor.shape is None else [int(d) for d in tensor.shape]
            dtype = np.dtype(TYPES[tensor.type])
            if dtype.kind == "f":
                arrays.append(random.standard_normal(shape).astype(dtype))
            elif dtype.kind == "b":
                arrays.append(random.integers(0, 2, shape).astype(dtype))
            else:
                low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
                if dtype.itemsize > 2:
                    low, high = 0, limits.get((subgraph, k), 31) - 1
                arrays.append(np.asarray(random.integers(low, high, shape, endpoint=True), dtype))
        return arrays


@functools.lru_cache(maxsize=4)
def read(path):
    return Model(Path(path).read_bytes())


def pack(tree):
    import flatbuffers
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def with_primary(model, subgraph):
    """The same file with another subgraph as the primary one. Indices of other subgraphs stay."""
    if subgraph == 0:
        return model
    tree = copy.copy(model.tree)
    tree.subgraphs = [model.tree.subgraphs[subgraph]] + list(model.tree.subgraphs[1:])
    tree.signatureDefs = []
    return Model(pack(tree))


def subset(model, operators, inputs, outputs, shapes=None):
    """A model of these operators of the primary subgraph. `shapes` gives tensors the shapes they had when running."""
    source = model.tree.subgraphs[0]
    control = any(model.operator_name(op) in CONTROL for op in operators)
    used = []
    for k in list(inputs) + [k for op in operators for k in list(op.inputs) + list(op.outputs)] + list(outputs):
        if k >= 0 and k not in used:
            used.append(k)
    number = {old: new for new, old in enumerate(used)} | {-1: -1}
    tree = copy.copy(model.tree)
    tree.signatureDefs, tree.metadata, tree.metadataBuffer = [], [], []
    if not control:
        tree.buffers = [schema.BufferT()]
    graph = copy.copy(source)
    graph.tensors = []
    for k in used:
        tensor = copy.copy(source.tensors[k])
        if shapes and k in shapes:
            tensor.shape, tensor.shapeSignature = np.asarray(shapes[k], np.int32), None
            tensor.hasRank = True
        if not control:
            buffer = 0
            if model.is_constant(tensor):
                buffer = len(tree.buffers)
                tree.buffers.append(model.tree.buffers[tensor.buffer])
            tensor.buffer = buffer
        graph.tensors.append(tensor)
    graph.operators = []
    if not control:
        tree.operatorCodes = []
    for op in operators:
        op = copy.copy(op)
        if not control:
            tree.operatorCodes.append(model.tree.operatorCodes[op.opcodeIndex])
            op.opcodeIndex = len(tree.operatorCodes) - 1
        op.inputs = [number[int(k)] for k in op.inputs]
        op.outputs = [number[int(k)] for k in op.outputs]
        op.intermediates = None if not control else op.intermediates
        graph.operators.append(op)
    graph.inputs = [number[int(k)] for k in inputs]
    graph.outputs = [number[int(k)] for k in outputs]
    tree.subgraphs = [graph] + (list(model.tree.subgraphs[1:]) if control else [])
    return pack(tree)


def fed_tensors(model, op):
    """The tensors an operator must be fed: neither constants, nor state, nor left out."""
    tensors = model.tree.subgraphs[0].tensors
    fed = []
    for k in op.inputs:
        if k >= 0 and k not in fed and not tensors[k].isVariable and not model.is_constant(tensors[k]):
            fed.append(int(k))
    return fed
