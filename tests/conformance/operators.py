# SPDX-License-Identifier: Apache-2.0
"""Operator by operator: every operator of a model alone, fed the tensors the reference had there.

This is how models are compared whose float results are quantized again inside: end to end one ulp anywhere becomes a
step of a quantized value, so only single operators can be held to the rule.
"""
import numpy as np

import compare
import models
import oracle
import plait_c

WHILE_STEPS = 3  # iterations of a loop that are looked at, when the loop as a whole does not meet the rule


def complaints(model, inputs, where=""):
    """What is wrong with plait's operators on these inputs: a list of messages, empty if all is right."""
    values = oracle.all_tensors(model, inputs)
    graph = model.tree.subgraphs[0]
    found, pending = [], []
    with plait_c.Interpreter() as interpreter:
        for index, op in enumerate(graph.operators):
            name = model.operator_name(op)
            fed = models.fed_tensors(model, op)
            made = [int(k) for k in op.outputs if int(k) in values]  # a loop has outputs that nobody reads
            if not made or any(k not in values for k in fed):
                found.append(f"{where}operator {index} {name}: its tensors cannot be read, so it cannot be compared")
                continue
            shapes = {k: values[k].shape for k in fed + made}
            data = models.subset(model, [op], fed, made, shapes)
            pending.append((index, op, fed, made, interpreter.load(data, f"operator{index}")))
        interpreter.allocate()
        for index, op, fed, made, loaded in pending:
            outputs = loaded([values[k] for k in fed])
            unit = state_unit(model, op, values)
            wrong = [compare.difference(a, values[k], absolute=unit) for a, k in zip(outputs, made, strict=True)]
            told = [f"{where}operator {index} {model.operator_name(op)}, output {k}: {text}"
                    for k, text in enumerate(wrong) if text]
            if told and model.operator_name(op) in ("IF", "WHILE"):
                told = inside(model, op, [values[int(k)] if int(k) in values else constant(model, k)
                                          for k in op.inputs], f"{where}{index}/")
            found += told
    return found


def state_unit(model, op, values):
    """What an output may be off by beside the relative rule. A hybrid recurrent operator quantizes its own float state
    again at every step, so one ulp of tanh may turn a tie there: contract 4.2 allows one unit of that quantization."""
    if model.operator_name(op) != "UNIDIRECTIONAL_SEQUENCE_LSTM":
        return compare.ABSOLUTE
    weights = model.tree.subgraphs[0].tensors[op.inputs[2]].type
    output = values[int(op.outputs[0])]
    if weights != models.schema.TensorType.INT8 or output.dtype != np.float32:
        return compare.ABSOLUTE
    return float(np.abs(output).max()) / 127


def of_call(model, call):
    """(model whose primary subgraph is the called signature's, inputs in that subgraph's order)."""
    key, inputs = call
    if key is None:
        return model, inputs
    subgraph, takes, _ = model.signatures()[key]
    by_tensor = {tensor: array for (_, tensor), array in zip(takes, inputs, strict=True)}
    return models.with_primary(model, subgraph), [by_tensor[int(k)] for k in model.tree.subgraphs[subgraph].inputs]


def constant(model, k):
    tensor = model.tree.subgraphs[0].tensors[k]
    dtype = np.dtype(models.TYPES[tensor.type])
    shape = [] if tensor.shape is None else [int(d) for d in tensor.shape]
    return np.frombuffer(bytes(model.tree.buffers[tensor.buffer].data), dtype).reshape(shape)


def inside(model, op, state, where):
    """The same for the subgraphs that IF or WHILE runs, on the values that the reference would run them on."""
    options = op.builtinOptions
    if model.operator_name(op) == "IF":
        branch = options.thenSubgraphIndex if state[0].reshape(-1)[0] else options.elseSubgraphIndex
        return complaints(models.with_primary(model, branch), state[1:], f"{where}branch ")
    condition = models.with_primary(model, options.condSubgraphIndex)
    body = models.with_primary(model, options.bodySubgraphIndex)
    found = []
    for step in range(WHILE_STEPS):
        found += complaints(condition, state, f"{where}condition, step {step}: ")
        if not oracle.invoke(oracle.open_reference(condition.data), state)[0].reshape(-1)[0]:
            break
        found += complaints(body, state, f"{where}body, step {step}: ")
        state = oracle.invoke(oracle.open_reference(body.data), state)
    return found
