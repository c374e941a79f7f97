# SPDX-License-Identifier: Apache-2.0
"""Which types and versions of each operator LiteRT takes, and whether plait takes the same ones, and answers alike.

    python tests/conformance/type_sweep.py [OPERATOR ...] [--versions] [--each] [--all]

The models are those of ../shared/optests with one operator, a few different ones of each. In each, all tensors that have
the type of an output are given another type, with their constants; and the operator every version. What LiteRT takes,
with the reference kernels or the optimized ones, plait must take; --all prints what only plait takes as well. --each
gives other types to single tensors, too: there LiteRT often reads numbers of one type as those of another. The exit code
is 1 if plait refuses or answers otherwise, and EXPECTED and EXPECTED_OF_ONE have no reason for it.
"""
import argparse
import collections
import copy
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python"), str(HERE.parent / "graphs")]
import compare  # noqa: E402
import models  # noqa: E402
import optests  # noqa: E402
import peers  # noqa: E402
from peers import Died, Peer, run_litert, run_plait  # noqa: E402

from ai_edge_litert import schema_py_generated as schema  # noqa: E402

TYPE = schema.TensorType
NAMES = {number: name for name, number in vars(TYPE).items() if not name.startswith("_")}
DTYPES = dict(models.TYPES) | {TYPE.COMPLEX128: np.complex128}
PACKED = {TYPE.INT4: (4, True), TYPE.UINT4: (4, False), TYPE.INT2: (2, True)}
SWEPT = [*DTYPES, TYPE.BFLOAT16, *PACKED]
QUANTIZED = (TYPE.INT8, TYPE.UINT8, TYPE.INT16, *PACKED)
CONTROL = ("IF", "WHILE", "CALL_ONCE", "STABLEHLO_COMPOSITE", "STABLEHLO_CASE")
MODELS_EACH = 4
LARGEST_VERSION = 20
# (operator, new type or None for any, or version): why plait does otherwise.
READS_RAW = "LiteRT does not look at the type and reads the bytes as those of another"
EXPECTED = {
    ("ARG_MAX", "INT64"): "the option names the output's type", ("ARG_MIN", "INT64"): "the option names the output's type",
    ("FAKE_QUANT", None): READS_RAW, ("LSH_PROJECTION", None): READS_RAW, ("HASHTABLE_LOOKUP", None): READS_RAW,
    ("MATRIX_DIAG", None): "the reference takes them for float32 and reads outside", ("MATRIX_SET_DIAG", None): READS_RAW,
    ("ONE_HOT", "INT64"): "its depth is read as int32", ("PRELU", "INT16"): "its factors are read as int8",
    ("BATCH_TO_SPACE_ND", "UINT32"): READS_RAW, ("SPACE_TO_BATCH_ND", "UINT32"): READS_RAW, ("BROADCAST_TO", "UINT4"): READS_RAW,
    ("SVDF", "INT8"): READS_RAW, ("FULLY_CONNECTED", "UINT8"): READS_RAW,
    ("FULLY_CONNECTED", "INT16"): "the reference is wrong: see ../shared/optests/README.md", ("SUM", "INT16"): "the same",
    ("SUM", "INT8"): "without quantization the reference is wrong",
    ("LOCAL_RESPONSE_NORMALIZATION", "version 1"): "the reference is wrong",
    ("EMBEDDING_LOOKUP", "INT2"): "rows that are no whole bytes", ("SVDF", "FLOAT32"): READS_RAW,
}
# The same where one tensor alone has another type.
EXPECTED_OF_ONE = {("CONV_2D", None): READS_RAW, ("BIDIRECTIONAL_SEQUENCE_LSTM", None): READS_RAW}


def to_bytes(values, kind):
    """Numbers as a tensor of that type holds them."""
    if kind in PACKED:
        bits, signed = PACKED[kind]
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        fields = np.clip(values, low, high).astype(np.int64).reshape(-1) & ((1 << bits) - 1)
        each = 8 // bits
        fields = np.concatenate([fields, np.zeros(-len(fields) % each, np.int64)]).reshape(-1, each)
        return sum(fields[:, k] << k * bits for k in range(each)).astype(np.uint8)
    if kind == TYPE.BFLOAT16:
        return (np.float32(values).view(np.uint32) >> 16).astype(np.uint16)
    dtype = np.dtype(DTYPES[kind])
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.clip(np.rint(np.real(values)), info.min, info.max).astype(dtype)
    return np.asarray(values).astype(dtype)


class Base:
    """A model with one operator, or one of its operators, and inputs."""

    def __init__(self, case, data, inputs, place=(0, 0)):
        self.case, self.inputs, self.place = case, inputs, place
        self.tree = schema.ModelT.InitFromPackedBuf(data, 0)
        self.graph, self.op = self.find(self.tree)

    @classmethod
    def made(cls, case, data):
        """Made by a test, with inputs of ones."""
        base = cls(case, data, [])
        tensors = [base.graph.tensors[k] for k in base.graph.inputs]
        base.inputs = [np.ones(tensor.shape, DTYPES[tensor.type]) for tensor in tensors]
        return base

    @classmethod
    def stored(cls, case, place=(0, 0)):
        """Of ../shared/optests."""
        with np.load(optests.FOLDER / (case + ".npz")) as arrays:
            inputs = [arrays[f"in_{k}"] for k in range(len(arrays["in_names"]))]
        return cls(case, (optests.FOLDER / (case + ".tflite")).read_bytes(), inputs, place)

    def find(self, tree):
        """The subgraph and the operator, in this tree or a changed copy."""
        graph = tree.subgraphs[self.place[0]]
        return graph, graph.operators[self.place[1]]

    def kind(self):
        """What makes models of one operator different here."""
        tensors = [self.graph.tensors[k] if k >= 0 else None for k in [*self.op.inputs, *self.op.outputs]]
        return tuple((t.type, t.buffer > 0 and self.data(t) is not None) if t else None for t in tensors)

    def data(self, tensor):
        data = self.tree.buffers[tensor.buffer].data
        return data if data is not None and len(data) else None

    def places(self):
        """Indices of the operator's tensors of types that can be swapped."""
        found = {int(k) for k in [*self.op.inputs, *self.op.outputs] if k >= 0}
        return [k for k in sorted(found) if self.graph.tensors[k].type in DTYPES and self.graph.tensors[k].sparsity is None]

    def swapped(self, places, kind):
        """(bytes, inputs) with the tensors at these places of another type."""
        tree, inputs = copy.deepcopy(self.tree), list(self.inputs)
        graph, _ = self.find(tree)
        for place in places:
            tensor = graph.tensors[place]
            data = self.data(tensor)
            if data is not None:
                values = np.frombuffer(bytes(data), DTYPES[tensor.type])
                buffer = schema.BufferT()
                buffer.data = np.frombuffer(np.ascontiguousarray(to_bytes(values, kind)).tobytes(), np.uint8)
                tensor.buffer = len(tree.buffers)
                tree.buffers.append(buffer)
            elif place in graph.inputs:
                k = list(graph.inputs).index(place)
                inputs[k] = to_bytes(inputs[k], kind).reshape(inputs[k].shape) if kind not in PACKED else to_bytes(inputs[k], kind)
            tensor.type = kind
            quantize(tensor, kind)
        return models.pack(tree), inputs

    def versioned(self, version):
        tree = copy.deepcopy(self.tree)
        tree.operatorCodes[self.op.opcodeIndex].version = version
        return models.pack(tree), self.inputs


def quantize(tensor, kind):
    has_scale = tensor.quantization is not None and tensor.quantization.scale is not None and len(tensor.quantization.scale)
    if kind in QUANTIZED and not has_scale:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = np.float32([0.25]), np.int64([0])
    elif kind not in QUANTIZED and kind != TYPE.INT32:
        tensor.quantization = None
    elif has_scale:
        tensor.quantization.zeroPoint = np.zeros_like(np.atleast_1d(tensor.quantization.zeroPoint))


def bases(names):
    """{operator: its different models}"""
    found = collections.defaultdict(dict)
    for row in optests.cases():
        operators = row["ops"].split()
        if len(operators) != 1 or (names and operators[0] not in names) or row["needs_resize"] == "1":
            continue
        if row["optest"].startswith("sig/") or len(found[operators[0]]) >= MODELS_EACH:
            continue
        try:
            base = Base.stored(row["case"])
        except (ValueError, KeyError):
            continue
        if len(base.graph.operators) == 1:
            found[operators[0]].setdefault(base.kind(), base)
    return {name: list(each.values()) for name, each in found.items()}


def variants(base, each=True):
    """(what is changed, bytes, inputs)"""
    tensors, outputs = base.graph.tensors, {int(k) for k in base.op.outputs}
    groups = {(place,) for place in base.places()} if each else set()
    for kind in {tensors[place].type for place in base.places()}:
        group = tuple(place for place in base.places() if tensors[place].type == kind)
        if each or (outputs & set(group) and set(group) - outputs):
            groups.add(group)
    inputs = [int(k) for k in base.op.inputs]
    def told(place):
        return f"input {inputs.index(place)}" if place in inputs else f"output {list(base.op.outputs).index(place)}"
    for places in sorted(groups):
        for kind in SWEPT:
            if any(tensors[place].type == kind for place in places):
                continue
            was = "/".join(sorted({NAMES[tensors[place].type] for place in places}))
            yield f"{was} -> {NAMES[kind]} of {', '.join(told(place) for place in places)}", *base.swapped(places, kind)


class Sweep:
    def __init__(self, show_all):
        self.litert, self.plait = Peer(run_litert), Peer(run_plait)
        self.counts, self.show_all, self.good = collections.Counter(), show_all, True

    @staticmethod
    def ask(peer, *arguments, **options):
        try:
            return peer.run(*arguments, **options)
        except Died as death:
            return None, str(death)

    def look(self, operator, base, change, data, inputs):
        verdict, words = self.judge(data, inputs)
        self.counts[verdict] += 1
        if verdict not in ("both", "neither", "LiteRT died", "more" if not self.show_all else ""):
            self.tell(verdict, operator, change, base.case, words)

    def judge(self, data, inputs):
        good, answers = self.ask(self.litert, data, inputs)
        if not good:
            other, others = self.ask(self.litert, data, inputs, optimized=True)
            good, answers = (other, others) if other else (good if other is not None else None, answers)
        mine_good, mine = self.ask(self.plait, data, inputs)
        if mine_good is None:
            return "plait died", mine
        if good is None:
            return "LiteRT died", answers
        if good and not mine_good:
            return "refused", mine
        if mine_good and not good:
            return "more", answers
        if not good:
            return "neither", ""
        wrong = [compare.difference(a.view(b.dtype) if a.dtype.itemsize == b.dtype.itemsize else a, b)
                 for a, b in zip(mine, answers, strict=True) if a.size == b.size]  # packed ones are read as bytes here
        return ("other", next(filter(None, wrong))) if any(wrong) else ("both", "")

    def tell(self, verdict, operator, change, case, words):
        kind, _, places = change.split(" -> ")[-1].partition(" of ")
        known = EXPECTED if "," in places or not places else EXPECTED | EXPECTED_OF_ONE
        if verdict in ("refused", "other") and ((operator, kind) in known or (places and (operator, None) in known)):
            return
        self.good = self.good and verdict == "more"
        print(f"{verdict:8}{operator:32}{change} [{case}]: {str(words)[:200]}", flush=True)


def run(operators, versions_only, each, show_all):
    peers.SECONDS = 3  # what a wrong type makes of a size must not take longer
    sweep = Sweep(show_all)
    for operator, models_of_it in sorted(bases(operators).items()):
        for number, base in enumerate(models_of_it):
            for version in range(1, LARGEST_VERSION + 1) if number == 0 else ():
                sweep.look(operator, base, f"version {version}", *base.versioned(version))
            if not versions_only and operator not in CONTROL:
                for change, data, inputs in variants(base, each):
                    sweep.look(operator, base, change, data, inputs)
    print(dict(sweep.counts))
    return sweep.good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operators", nargs="*")
    parser.add_argument("--versions", action="store_true", help="versions alone")
    parser.add_argument("--each", action="store_true", help="single tensors, too")
    parser.add_argument("--all", action="store_true", help="print what only plait takes, too")
    asked = parser.parse_args()
    return 0 if run(asked.operators, asked.versions, asked.each, asked.all) else 1


if __name__ == "__main__":
    sys.exit(main())
