# SPDX-License-Identifier: Apache-2.0
"""The answers plait must give: LiteRT's reference kernels, and TFLite Micro where LiteRT refuses a file.

Answers are kept under .cache/oracle, since the reference kernels are slow. A key covers the file, the inputs and the
version of the wheel, so nothing old is ever used.
"""
import hashlib
import importlib.metadata
import os
from pathlib import Path

import numpy as np
from ai_edge_litert import interpreter as litert

import models

CACHE = models.ROOT / ".cache" / "oracle"
REFERENCE = litert.OpResolverType.BUILTIN_REF
OPTIMIZED = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
REFUSED_BY_LITERT = ("person_detect",)  # quantized_dimension of biases; the oracle is TFLite Micro
VERSION = importlib.metadata.version("ai-edge-litert") + importlib.metadata.version("tflite-micro")


def remember(model, calls, compute):
    """compute() or what it gave before for the same file and calls: a list of lists of arrays."""
    key = hashlib.sha256((VERSION + model.sha).encode())
    for name, arrays in calls:
        key.update(repr(name).encode())
        for array in arrays:
            key.update(str((array.dtype, array.shape)).encode() + np.ascontiguousarray(array).tobytes())
    path = CACHE / model.sha[:16] / (key.hexdigest()[:24] + ".npz")
    if path.exists():
        with np.load(path) as stored:
            return [[stored[f"{k}_{j}"] for j in range(int(count))] for k, count in enumerate(stored["counts"])]
    answers = compute()
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {f"{k}_{j}": array for k, answer in enumerate(answers) for j, array in enumerate(answer)}
    partial = path.with_suffix(f".{os.getpid()}.part.npz")
    np.savez_compressed(partial, counts=np.array([len(answer) for answer in answers]), **named)
    partial.rename(path)
    return answers


def answers(path, calls):
    """Outputs of calls made in this order on one fresh interpreter. A call is (signature or None, inputs): the inputs
    and outputs of a signature in the order of their names, else in the file's."""
    model = models.read(path)
    if Path(path).stem in REFUSED_BY_LITERT:
        return remember(model, calls, lambda: [_micro(model, inputs) for _, inputs in calls])
    if lacks_reference(model):
        return remember(model, calls, lambda: [_in_parts(model, inputs) for _, inputs in calls])
    return remember(model, calls, lambda: _litert(model, calls))


def _litert(model, calls):
    interpreter = open_reference(model.data)
    runners = {key: interpreter.get_signature_runner(key) for key in {key for key, _ in calls} - {None}}
    found = []
    for key, inputs in calls:
        if key is None:
            found.append(invoke(interpreter, inputs))
        else:
            names = [name for name, _ in model.signatures()[key][1]]
            outputs = runners[key](**dict(zip(names, inputs, strict=True)))
            found.append([outputs[name] for name in sorted(outputs)])
    return found


def open_reference(data, resolver=REFERENCE, keep_all=False):
    interpreter = litert.Interpreter(model_content=data, experimental_op_resolver_type=resolver,
                                     experimental_preserve_all_tensors=keep_all)
    interpreter.allocate_tensors()
    return interpreter


def invoke(interpreter, inputs):
    details = interpreter.get_input_details()
    if any(tuple(d["shape"]) != array.shape for d, array in zip(details, inputs, strict=True)):
        for d, array in zip(details, inputs):
            interpreter.resize_tensor_input(d["index"], array.shape)
        interpreter.allocate_tensors()
    for d, array in zip(details, inputs, strict=True):
        interpreter.set_tensor(d["index"], array)
    interpreter.invoke()
    return [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]


def _micro(model, inputs):
    from tflite_micro.python.tflite_micro import runtime
    interpreter = runtime.Interpreter.from_bytes(model.data)
    for k, array in enumerate(inputs):
        interpreter.set_input(array, k)
    interpreter.invoke()
    return [interpreter.get_output(k) for k in range(len(model.tree.subgraphs[0].outputs))]


def lacks_reference(model):
    """LiteRT 2.3.0's reference resolver has no DEPTH_TO_SPACE of version 2 (int8)."""
    return any(model.operator_name(op) == "DEPTH_TO_SPACE" and
               model.tree.operatorCodes[op.opcodeIndex].version > 1 for _, op in model.operators())


def _in_parts(model, inputs):
    """Operators one after another, each by the reference kernels; one that has none (it moves bytes only) by the
    optimized ones."""
    graph = model.tree.subgraphs[0]
    values = dict(zip((int(k) for k in graph.inputs), inputs, strict=True))
    for op in graph.operators:
        fed, made = models.fed_tensors(model, op), [int(k) for k in op.outputs]
        data = models.subset(model, [op], fed, made)
        resolver = OPTIMIZED if model.operator_name(op) == "DEPTH_TO_SPACE" else REFERENCE
        values.update(zip(made, invoke(open_reference(data, resolver), [values[k] for k in fed])))
    return [values[int(k)] for k in graph.outputs]


def all_tensors(model, inputs):
    """{tensor index: value} of every tensor of the primary subgraph, from a fresh interpreter that keeps them."""
    interpreter = open_reference(model.data, keep_all=True)
    invoke(interpreter, inputs)
    values = {}
    for k, tensor in enumerate(model.tree.subgraphs[0].tensors):
        if not model.is_constant(tensor) and tensor.type in models.TYPES:
            try:
                values[k] = interpreter.get_tensor(k)
            except ValueError:  # a tensor that no operator of this file touches
                continue
    return values
