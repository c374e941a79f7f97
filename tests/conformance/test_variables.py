# SPDX-License-Identifier: Apache-2.0
"""Resource variables and the operators that run subgraphs, where no stored model says what must happen."""
import copy

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import models
import oracle
import plait_c

STATEFUL = models.OWN / "stateful_fp32.tflite"
WHILE = models.OWN / "control_while_fp32.tflite"
CODES = schema.BuiltinOperator


def tree_of(path):
    return schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)


def code_of(tree, operator):
    code = tree.operatorCodes[operator.opcodeIndex]
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def without_initialization(tree, subgraph):
    """Only this subgraph's operators but CALL_ONCE, as the primary one."""
    tree = copy.deepcopy(tree)
    graph = tree.subgraphs[subgraph]
    graph.operators = [op for op in graph.operators if code_of(tree, op) != CODES.CALL_ONCE]
    tree.subgraphs, tree.signatureDefs = [graph], None
    return models.pack(tree)


def test_reading_before_assigning_is_an_error():
    """LiteRT's answer, too."""
    data = without_initialization(tree_of(STATEFUL), 1)
    array = np.zeros((1, 16), np.float32)
    with pytest.raises(RuntimeError):
        oracle.invoke(oracle.open_reference(data), [array])
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "stateful")
        interpreter.allocate()
        for _ in range(2):
            with pytest.raises(plait_c.PlaitError, match="READ_VARIABLE.*before anything was assigned"):
                model([array])


def test_a_variable_of_another_shape_is_an_error():
    tree = tree_of(STATEFUL)
    for operator in tree.subgraphs[1].operators:
        if code_of(tree, operator) == CODES.READ_VARIABLE:
            tensor = tree.subgraphs[1].tensors[operator.outputs[0]]
            if len(tensor.shape) == 2:
                tensor.shape = np.array([32], np.int32)
    data = models.pack(tree)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(data, "stateful").signature(signature_of(tree, 1))
        interpreter.allocate()
        with pytest.raises(plait_c.PlaitError, match=r"the variable holds float32 \[1,32\], expected float32 \[32\]"):
            model([np.zeros((1, 16), np.float32)])


def signature_of(tree, subgraph):
    return next(s.signatureKey.decode() for s in tree.signatureDefs if s.subgraphIndex == subgraph)


def test_a_loop_that_mixes_up_its_variables_is_refused():
    tree = tree_of(WHILE)
    operator = next(op for op in tree.subgraphs[0].operators if code_of(tree, op) == CODES.WHILE)
    body = tree.subgraphs[operator.builtinOptions.bodySubgraphIndex]
    body.outputs = np.roll(body.outputs, 1)
    with plait_c.Interpreter() as interpreter:
        with pytest.raises(plait_c.PlaitError, match=r"WHILE.*output \d"):
            interpreter.load(models.pack(tree), "loop")
            interpreter.allocate()


def test_reset_initializes_again():
    """After a reset the first answers come again: CALL_ONCE has not run."""
    array = np.random.default_rng(0).standard_normal((1, 16)).astype(np.float32)
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(STATEFUL)
        interpreter.allocate()
        target = model.signature(signature_of(tree_of(STATEFUL), 1))
        first = target([array])
        second = target([array])
        assert any(not np.array_equal(a, b) for a, b in zip(first, second, strict=True))
        interpreter.check(plait_c.api().reset_variables(model.handle))
        assert all(np.array_equal(a, b) for a, b in zip(first, target([array]), strict=True))
