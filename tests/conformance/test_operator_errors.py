# SPDX-License-Identifier: Apache-2.0
"""Every operator of the list refuses what it cannot take when the model is allocated, and says which operator, which tensor,
what was found and what is expected: models of one operator, or with it, and one thing of it made wrong after the other.
What depends on data may fail while running, with the same words in front. Nothing may crash."""
import copy
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from flatbuffers import flexbuffers

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "graphs")]
import custom_models  # noqa: E402
import models  # noqa: E402
import optests  # noqa: E402
import plait_c  # noqa: E402
import tiny  # noqa: E402
import type_sweep  # noqa: E402
from peers import Peer  # noqa: E402

from ai_edge_litert import schema_py_generated as schema  # noqa: E402

TYPE = schema.TensorType
OPERATORS = sorted(optests.supported_operators())
NUMBERS = (-(1 << 31), -7, -1, 0, 1, 2, 9, 77, (1 << 31) - 1)
FORM = r"model 'wrong': operator \d+ \([\w.]+\): \S.{8,}"
ANY_NUMBER_OF_TENSORS = {"IF", "WHILE", "CALL_ONCE", "STABLEHLO_COMPOSITE", "STABLEHLO_CASE", "ADD_N"}  # what is called says


def attempt(data, inputs):
    """(stage, message): "read", "allocate" or "run" where it ended, None if it ran."""
    with plait_c.Interpreter(memory_limit_bytes=1 << 28) as interpreter:
        stage = "read"
        try:
            model = interpreter.load(data, "wrong")
            stage = "allocate"
            interpreter.allocate()
            stage = "run"
            if inputs is not None:
                model(inputs)
        except plait_c.PlaitError as error:
            return stage, str(error)
    return None, ""


PEER = Peer(attempt)


def tried(data, inputs=None):
    good, answer = PEER.run(data, inputs)
    assert good, answer
    stage, message = answer
    # What is no operator's matter has a form of its own; see tests/mutate.
    if stage == "allocate" and "operators that are not supported" not in message:
        assert re.search(FORM, message), message
    if stage == "run" and "operator" in message:
        assert re.search(r"operator \d+ \([\w.]+\)", message), message
    return stage, message


def bare(name, inputs, outputs, dtype=np.float32):
    """An operator with so many tensors and nothing more."""
    graph = tiny.Graph()
    given = [graph.tensor(dtype, [1, 2, 2, 1]) for _ in range(inputs)]
    made = [graph.tensor(dtype, [1, 2, 2, 1]) for _ in range(outputs)]
    if hasattr(schema.BuiltinOperator, name):
        graph.op(name, given, made, version=2 if name == "BROADCAST_TO" else 1)
    else:
        graph.custom(name, given, made)
    return graph.build(given, made)


@pytest.mark.parametrize("name", OPERATORS)
def test_number_of_tensors(name):
    """60 of each are too many, and none of each too few, for every operator."""
    stage, message = tried(bare(name, 60, 60))
    if name not in ANY_NUMBER_OF_TENSORS:
        assert stage == "read" or re.search(r"found \d+ (in|out)puts, expected \d+", message), message
    for inputs, outputs in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (3, 3)):
        tried(bare(name, inputs, outputs))
    stages = [tried(bare(name, inputs, 1, np.complex64))[0] for inputs in (0, 1, 2, 3)]
    assert name in ANY_NUMBER_OF_TENSORS or "allocate" in stages or "read" in stages


# ---- models that are right, with one thing made wrong ------------------------------------------------------------------

BASES = {}
LONG = os.environ.get("PLAIT_LONG") == "1"


def inside(rows, name):
    """The smallest of these models that has the operator beside others."""
    for row in sorted(rows, key=lambda row: len(row["ops"].split())):
        if name not in row["ops"].split() or row["needs_resize"] == "1":
            continue
        tree = schema.ModelT.InitFromPackedBuf((optests.FOLDER / (row["case"] + ".tflite")).read_bytes(), 0)
        for place in [(g, k) for g, graph in enumerate(tree.subgraphs) for k in range(len(graph.operators))]:
            base = type_sweep.Base.stored(row["case"], place)
            if tree.operatorCodes[base.op.opcodeIndex].builtinCode == getattr(schema.BuiltinOperator, name):
                return [base]
    return []


def shape_of_shape():
    """No stored model has SHAPE with a shape that is known."""
    graph = tiny.Graph()
    x, y = graph.tensor(np.float32, [2, 3]), graph.tensor(np.int32, [2])
    options = schema.ShapeOptionsT()
    options.outType = TYPE.INT32
    graph.op("SHAPE", [x], [y], options)
    return graph.build([x], [y])


def bases(name):
    if not BASES:
        BASES.update(type_sweep.bases([]))
        for custom, data in {**custom_models.all_models(), "SHAPE": shape_of_shape()}.items():
            BASES[custom] = [type_sweep.Base.made(custom, data)]
    if name not in BASES:
        BASES[name] = inside(optests.cases(), name)
    return BASES[name][:4 if LONG else 1]


def wrong_tensors(base):
    """(what, bytes): an input or output less or more, or left out."""
    for field in ("inputs", "outputs"):
        for change in ("less", "more", "out"):
            tree = copy.deepcopy(base.tree)
            graph, op = base.find(tree)
            places = [int(k) for k in getattr(op, field)]
            if not places:
                continue
            changed = {"less": places[:-1], "more": places + places[-1:], "out": [-1] + places[1:]}[change]
            setattr(op, field, np.array(changed, np.int32))
            if len(graph.operators) == 1:
                graph.outputs = np.array([k for k in op.outputs if k >= 0], np.int32)
            yield f"{field} {change}", models.pack(tree)


def wrong_shapes(base):
    for place in base.places():
        for change in (lambda s: s + [2], lambda s: s[:-1], lambda s: [d + 1 for d in s], lambda s: [0] + s[1:], lambda s: [2] * 8):
            tree = copy.deepcopy(base.tree)
            tensor = base.find(tree)[0].tensors[place]
            if base.data(tensor) is not None:
                continue
            tensor.shape, tensor.shapeSignature = np.array(change([int(d) for d in tensor.shape]), np.int32), None
            yield f"shape {list(tensor.shape)} of tensor {place}", models.pack(tree)


def wrong_options(base):
    options = base.op.builtinOptions or base.op.builtinOptions2
    for field, value in vars(options).items() if options is not None else ():
        for number in NUMBERS if isinstance(value, (int, float)) else ():
            tree = copy.deepcopy(base.tree)
            _, op = base.find(tree)
            setattr(op.builtinOptions or op.builtinOptions2, field, number)
            try:
                yield f"option {field} {number}", models.pack(tree)
            except Exception:  # noqa: BLE001, S112: the field cannot hold it
                continue


def wrong_custom_options(base):
    """Those of custom operators: every value another number, or left out, and bytes that are none."""
    if base.op.customOptions is None or not len(base.op.customOptions):
        return
    right = bytes(base.op.customOptions)
    values = flexbuffers.Loads(right)
    changed = [{**values, key: number} for key in values for number in NUMBERS]
    changed += [{key: values[key] for key in values if key != left} for left in values]
    for data in [right[:-1], b"\xff" * 5, *(bytes(flexbuffers.Dumps(each)) for each in changed)]:
        tree = copy.deepcopy(base.tree)
        base.find(tree)[1].customOptions = np.frombuffer(data, np.uint8)
        yield f"custom options {data.hex()}", models.pack(tree)


def wrong_constants(base):
    for place in base.places():
        tensor = base.graph.tensors[place]
        if base.data(tensor) is None or tensor.type not in (TYPE.INT32, TYPE.INT64):
            continue
        values = np.frombuffer(bytes(base.data(tensor)), type_sweep.DTYPES[tensor.type])
        for k in range(min(len(values), 4)):
            for number in NUMBERS:
                tree = copy.deepcopy(base.tree)
                changed = values.copy()
                changed[k] = number
                tree.buffers[tensor.buffer].data = np.frombuffer(changed.tobytes(), np.uint8)
                yield f"constant {place}[{k}] = {number}", models.pack(tree)


@pytest.mark.skipif(not optests.FOLDER.exists(), reason="no ../shared/optests")
@pytest.mark.parametrize("name", [name for name in OPERATORS if name not in type_sweep.CONTROL])
def test_one_thing_wrong(name):
    refused, found, swapped = set(), bases(name), 0
    for base in found:
        assert tried(models.pack(base.tree), base.inputs)[0] is None
        for make in (wrong_tensors, wrong_shapes, wrong_options, wrong_custom_options, wrong_constants):
            for what, data in make(base):
                stage, message = tried(data, base.inputs)
                if stage == "allocate" or (stage == "read" and not len(base.op.inputs)):  # who reads its output fails first
                    refused.add(make.__name__)
        for what, data, inputs in type_sweep.variants(base):
            stage, message = tried(data, inputs)
            swapped += 1
            if stage == "allocate":
                refused.add("types")
                assert re.search(r"found|expected|supported|cannot|must|needs?|not|fit", message), message
    assert found and "wrong_tensors" in refused
    # Of any type, or of strings, which are not swapped.
    assert "types" in refused or swapped < 20 or name in ("SHAPE", "RANK", "BITCAST", "STRIDED_SLICE")
