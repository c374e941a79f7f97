# SPDX-License-Identifier: Apache-2.0
"""Every real model against LiteRT's reference kernels (contract 4.2): stored inputs and random ones.

Models whose operators are all integer: every bit, end to end. Others: the rule for floats end to end; inputs on which a
model does not meet it (float results that are quantized again amplify an ulp) are compared operator by operator, each
operator fed the reference's own tensors, and there every single one must meet it. Models with hybrid operators are
compared operator by operator in any case.
"""
import os

import numpy as np
import pytest

import compare
import models
import operators
import oracle
import plait_c
import tiny

LONG = os.environ.get("PLAIT_LONG") == "1"
PATHS = models.model_paths()
every_model = pytest.mark.parametrize("path", PATHS, ids=models.label)
with_stored_inputs = pytest.mark.parametrize("path", [path for path in PATHS if path.with_suffix(".npz").exists()],
                                             ids=models.label)
hybrid_models = pytest.mark.parametrize("path", [path for path in PATHS if models.read(path).hybrid()],
                                        ids=models.label)


def random_count(model):
    """20 in the long form; in the short one fewer where the reference needs long."""
    return 20 if LONG or model.multiply_adds() < 100e6 else 4


def plait_answers(model, calls):
    """The outputs of the calls, made in this order on one fresh interpreter: what oracle.answers() gives."""
    with plait_c.Interpreter() as interpreter:
        loaded = interpreter.load(model.data, "model")
        interpreter.allocate()
        targets = {key: loaded if key is None else loaded.signature(key) for key, _ in calls}
        found = []
        for key, inputs in calls:
            target = targets[key]
            if any(t.shape != a.shape for t, a in zip(target.inputs(), inputs, strict=True)):
                for k, array in enumerate(inputs):
                    target.resize(k, array.shape)
                interpreter.allocate()
            found.append(target(inputs))
        return found


def differences(ours, reference):
    return [f"output {k}: {text}" for k, (a, b) in enumerate(zip(ours, reference, strict=True))
            if (text := compare.difference(a, b))]


def judge(path, calls, reference):
    """Asserts that plait answers the calls as it must."""
    model = models.read(path)
    failed = []
    for number, (call, ours, theirs) in enumerate(zip(calls, plait_answers(model, calls), reference, strict=True)):
        wrong = differences(ours, theirs)
        if wrong and not model.integer_only():
            print(f"call {number} end to end: {'; '.join(wrong)}: compared operator by operator")
            wrong = operators.complaints(*operators.of_call(model, call))
        failed += [f"call {number} {call[0] or ''}: {text}" for text in wrong]
    assert not failed, "\n".join(failed[:20])


def stored_calls(model, path):
    """(calls, answers) of the .npz beside a file, in the order oracle.answers() uses; an answer may be None."""
    with np.load(path) as stored:
        if "calls" not in stored.files:
            inputs = [stored[f"in_{k}"] for k in range(len(stored["in_names"]))]
            outputs = [stored[f"ref_{k}"] for k in range(len(stored["out_names"]))] if "ref_0" in stored else None
            return [(None, inputs)], [outputs]
        calls, answers = [], []
        for k, key in enumerate(str(key) for key in stored["calls"]):
            _, takes, gives = model.signatures()[key]
            calls.append((key, [np.asarray(stored[f"{k}/in/{name}"]) for name, _ in takes]))
            answers.append([np.asarray(stored[f"{k}/ref/{name}"]) for name, _ in gives])
        return calls, answers


@with_stored_inputs
def test_stored_inputs(path):
    for file in [path.with_suffix(".npz")] + sorted(path.parent.glob(path.stem + ".b*.npz")):
        calls, answers = stored_calls(models.read(path), file)
        if None in answers:
            answers = oracle.answers(path, calls)
        judge(path, calls, answers)


def random_calls(model, count):
    signatures = model.signatures()
    if len(signatures) < 2:
        return [(None, model.random_inputs(seed)) for seed in range(count)]
    keys = list(signatures)
    return [(keys[seed % len(keys)], model.random_inputs(seed, signatures[keys[seed % len(keys)]][0],
                                                         [k for _, k in signatures[keys[seed % len(keys)]][1]]))
            for seed in range(count)]


@every_model
def test_random_inputs(path):
    model = models.read(path)
    calls = random_calls(model, random_count(model))
    if len(calls) < 20:
        print(f"{len(calls)} of 20 random inputs: PLAIT_LONG=1 runs them all")
    sequences = [calls] if model.stateful() else [[call] for call in calls]
    for sequence in sequences:
        judge(path, sequence, oracle.answers(path, sequence))


@hybrid_models
def test_operators_of_hybrid_models(path):
    model, found = models.read(path), []
    for call in random_calls(model, 20 if LONG else 2):
        found += operators.complaints(*operators.of_call(model, call))
    assert not found, "\n".join(found[:20])


def test_our_copies_are_there():
    """So that this file has teeth in a clone alone."""
    assert len(list(models.OWN.glob("*.tflite"))) >= 8
    assert len(list(models.OWN.glob("*.npz"))) >= 8


UNKNOWN = {"Mine", "Yours"}


def model_of_unknown_operators():
    graph = tiny.Graph()
    values = [graph.tensor(np.float32, [4]) for _ in range(3)]
    for k, name in enumerate(sorted(UNKNOWN)):
        graph.op("CUSTOM", [values[k]], [values[k + 1]])
        graph.model.operatorCodes[k].customCode = name.encode()
    return graph.build([values[0]], [values[2]])


def test_missing_operators_are_listed_at_once():
    data = model_of_unknown_operators()
    with plait_c.Interpreter() as interpreter:
        loaded = interpreter.load(data, "model", allow_unsupported=True)
        assert {info.name.decode() for info in loaded.operators() if not info.supported} == UNKNOWN
        with pytest.raises(plait_c.PlaitError) as refused:
            interpreter.allocate()
        assert refused.value.status == plait_c.UNSUPPORTED
        assert all(name in refused.value.message for name in UNKNOWN), refused.value.message
    with plait_c.Interpreter() as interpreter:
        with pytest.raises(plait_c.PlaitError) as refused:
            interpreter.load(data, "model")
        assert refused.value.status == plait_c.UNSUPPORTED
        assert all(name in refused.value.message for name in UNKNOWN), refused.value.message
        assert plait_c.api().model_count(interpreter.handle) == 0


@every_model
def test_arena_is_within_its_bound(path):
    with plait_c.Interpreter() as interpreter:
        loaded = interpreter.load(path, "model")
        interpreter.allocate()
        memory = loaded.memory()
    assert memory.arena_bytes <= 1.02 * memory.arena_bound_bytes + 256
    assert memory.arena_bound_bytes <= memory.arena_sum_bytes
