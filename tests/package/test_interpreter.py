# SPDX-License-Identifier: Apache-2.0
"""The same checks on LiteRT's Interpreter and on plait's: no difference."""
import gc
import re
import sys
import threading
import time

import numpy as np
import pytest

import both
import models
import tiny
from both import OPENERS, answer, difference, open_litert, open_plait, outcome, plait

OWN = models.OWN
FLOAT, STATEFUL = OWN / "digits_whole_int8.tflite", OWN / "stateful_fp32.tflite"


@pytest.fixture(params=OPENERS)
def opener(request):
    return OPENERS[request.param]


# ---- what a model is -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", both.files(), ids=models.label)
def test_details(path):
    theirs, ours = open_litert(path), open_plait(path)
    for name in ("get_input_details", "get_output_details", "get_signature_list", "num_subgraphs", "_get_ops_details"):
        assert difference(outcome(getattr(theirs, name)), outcome(getattr(ours, name)), name) is None
    for subgraph in range(ours.num_subgraphs()):
        found = ours.get_tensor_details(subgraph)
        # LiteRT adds tensors of its own behind the file's.
        assert difference(theirs.get_tensor_details(subgraph)[:len(found)], found, f"subgraph {subgraph}") is None
    with pytest.raises(ValueError):
        ours.get_tensor_details(ours.num_subgraphs())


@pytest.mark.parametrize("path", both.operator_tests(), ids=lambda path: path.stem)
def test_operators_before_and_after(path):
    """Details, what a call refuses, and shapes and types of answers: of an operator's model, in the order of a program."""
    theirs, ours = open_litert(path), open_plait(path)
    assert difference(theirs._get_ops_details(), ours._get_ops_details()) is None
    with np.load(path.with_suffix(".npz")) as stored:
        arrays = [stored[name] for name in stored.files if re.fullmatch(r"in_\d+", name)]
    assert outcome(theirs.allocate_tensors) is outcome(ours.allocate_tensors)
    for detail, array in zip(ours.get_input_details(), arrays):
        assert outcome(lambda: theirs.set_tensor(detail["index"], array)) is outcome(
            lambda: ours.set_tensor(detail["index"], array))
    assert outcome(theirs.invoke) is outcome(ours.invoke)
    for name in ("get_input_details", "get_output_details", "get_tensor_details"):
        expected, found = outcome(getattr(theirs, name)), outcome(getattr(ours, name))
        if name == "get_tensor_details":  # LiteRT adds tensors of its own, and what is between the ends depends on who runs
            ends = {detail["index"] for detail in ours.get_input_details() + ours.get_output_details()}
            expected, found = ([d for d in details if d["index"] in ends] for details in (expected, found))
        assert difference(expected, both.with_known_signatures(found, expected), name) is None
    for detail in ours.get_output_details():
        expected, found = (outcome(lambda: one.get_tensor(detail["index"])) for one in (theirs, ours))
        if expected is ValueError and (found is ValueError or 0 in detail["shape"]):
            continue  # LiteRT does not give what is empty
        assert type(expected) is type(found)
        assert (expected.shape, expected.dtype) == (found.shape, found.dtype)


@pytest.mark.parametrize("name", ["signatures_fp32", "stateful_fp32", "dynamic_batch_fp32"])
def test_details_of_signatures(name):
    theirs, ours = open_litert(OWN / f"{name}.tflite"), open_plait(OWN / f"{name}.tflite")
    for key in theirs.get_signature_list():
        a, b = theirs.get_signature_runner(key), ours.get_signature_runner(key)
        assert difference(a.get_input_details(), b.get_input_details()) is None
        assert difference(a.get_output_details(), b.get_output_details()) is None


# ---- running ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", [p for p in both.files() if p.parent == OWN], ids=models.label)
def test_answers(path):
    """Types and shapes of outputs; bits where the model is of integers alone."""
    model = models.Model(path.read_bytes())
    theirs, ours = open_litert(path), open_plait(path)
    for seed in range(3):
        arrays = model.random_inputs(seed)
        expected, found = answer(theirs, arrays), answer(ours, arrays)
        assert [(a.shape, a.dtype) for a in expected] == [(a.shape, a.dtype) for a in found]
        if all(a.dtype.kind != "f" for a in expected):
            assert difference(expected, found) is None


def test_bytes_and_paths_open_the_same():
    arrays = models.Model(FLOAT.read_bytes()).random_inputs(1)
    assert difference(answer(open_plait(FLOAT.read_bytes()), arrays), answer(open_plait(FLOAT), arrays)) is None


def test_resizing(opener):
    interpreter = opener(OWN / "dynamic_batch_fp32.tflite")
    detail = interpreter.get_input_details()[0]
    shape = [5, *detail["shape"][1:]]
    interpreter.resize_tensor_input(detail["index"], shape, strict=True)
    interpreter.allocate_tensors()
    assert interpreter.get_input_details()[0]["shape"].tolist() == shape
    assert interpreter.get_output_details()[0]["shape"][0] == 5
    interpreter.set_tensor(detail["index"], np.ones(shape, np.float32))
    interpreter.invoke()
    assert interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).shape[0] == 5
    with pytest.raises(RuntimeError, match="with value 16 to 1. ResizeInputTensorStrict only allows mutating unknown dimensions"):
        interpreter.resize_tensor_input(detail["index"], [5, 1, *shape[2:]], strict=True)


def test_variables_go_on_and_are_reset():
    """State between calls, of resources (by signatures) and of variable tensors, is what LiteRT has."""
    theirs, ours = open_litert(STATEFUL), open_plait(STATEFUL)
    runners = [one.get_signature_runner("step") for one in (theirs, ours)]
    feed = {name: np.ones(d["shape"], d["dtype"]) for name, d in runners[0].get_input_details().items()}
    answers = []
    for k in range(4):
        if k == 2:
            theirs.reset_all_variables(), ours.reset_all_variables()
        expected, found = (runner(**feed) for runner in runners)
        assert list(expected) == list(found)
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], 1e-5, 1e-6)
        answers.append(found)
    assert any(not np.array_equal(answers[0][name], answers[1][name]) for name in answers[0])


def test_variable_tensors_go_on_and_are_reset():
    sys.path.append(str(both.ROOT / "tests" / "dropin"))
    content = __import__("made_models").rnn()
    theirs, ours = open_litert(content), open_plait(content)
    answers = []
    for k in range(5):
        if k == 3:
            theirs.reset_all_variables(), ours.reset_all_variables()
        expected, found = (answer(one, [np.float32([[1, -2]])])[0] if k == 0 else again(one) for one in (theirs, ours))
        np.testing.assert_allclose(found, expected, 1e-5, 1e-6)
        answers.append(found)
    assert not np.array_equal(answers[0], answers[1]) and np.array_equal(answers[0], answers[3])


def again(interpreter):
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def test_any_order_of_ends(opener):
    """What an interpreter gave goes on without it, and interpreters of one content without each other."""
    content = (OWN / "signatures_fp32.tflite").read_bytes()
    first, second = opener(content), opener(content)
    runner = first.get_signature_runner(next(iter(first.get_signature_list())))
    detail = second.get_input_details()[0]
    view, details = second.tensor(detail["index"]), second.get_tensor_details()
    feed = {name: np.ones(d["shape"], d["dtype"]) for name, d in runner.get_input_details().items()}
    expected = runner(**feed)
    second.allocate_tensors()
    view()[...] = 2
    del first, content
    gc.collect()
    assert all(np.array_equal(value, expected[name]) for name, value in runner(**feed).items())
    del second
    gc.collect()
    assert (view() == 2).all() and len(details) > 3
    del runner
    gc.collect()
    assert (view() == 2).all()


def test_signatures_give_equal_answers():
    theirs, ours = open_litert(OWN / "signatures_fp32.tflite"), open_plait(OWN / "signatures_fp32.tflite")
    for key in theirs.get_signature_list():
        a, b = theirs.get_signature_runner(key), ours.get_signature_runner(key)
        random = np.random.default_rng(3)
        feed = {name: random.standard_normal(d["shape"]).astype(d["dtype"]) for name, d in a.get_input_details().items()}
        expected, found = a(**feed), b(**feed)
        assert list(expected) == list(found)
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], 1e-5, 1e-6)


# ---- copies and views ------------------------------------------------------------------------------------------------

def test_views_are_the_memory_itself_and_stop_runs(opener):
    interpreter = opener(FLOAT)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    view = interpreter.tensor(detail["index"])
    view()[:] = 7
    assert (interpreter.get_tensor(detail["index"]) == 7).all()
    held = view()
    for call in (interpreter.invoke, interpreter.allocate_tensors,
                 lambda: interpreter.resize_tensor_input(detail["index"], detail["shape"])):
        with pytest.raises(RuntimeError, match="There is at least 1 reference to internal data"):
            call()
    part = held[..., :1]
    del held
    with pytest.raises(RuntimeError):
        interpreter.invoke()
    del part
    interpreter.invoke()


def test_copies_stay(opener):
    interpreter = opener(FLOAT)
    arrays = models.Model(FLOAT.read_bytes()).random_inputs(1)
    first = answer(interpreter, arrays)[0]
    kept = first.copy()
    answer(interpreter, models.Model(FLOAT.read_bytes()).random_inputs(2))
    assert np.array_equal(first, kept)


def test_without_dimensions_there_are_scalars(opener):
    interpreter = opener(tiny.relu(np.float32, ()))
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, np.float32(3))
    interpreter.invoke()
    value, view = interpreter.get_tensor(1), interpreter.tensor(1)()
    assert type(value) is type(view) is np.float32 and value == view == 3
    interpreter.invoke()  # a scalar is no view, and holds up nothing


def test_a_view_outlives_its_interpreter(opener):
    interpreter = opener(FLOAT)
    interpreter.allocate_tensors()
    view = interpreter.tensor(interpreter.get_input_details()[0]["index"])()
    view[:] = 3
    del interpreter
    gc.collect()
    assert (view == 3).all()


def test_constants_can_be_read():
    theirs, ours = open_litert(FLOAT), open_plait(FLOAT)
    theirs.allocate_tensors()
    ours.allocate_tensors()
    model = models.Model(FLOAT.read_bytes())
    for k, tensor in enumerate(model.tree.subgraphs[0].tensors):
        if model.is_constant(tensor):
            assert difference(theirs.get_tensor(k), ours.get_tensor(k)) is None


def test_everything_is_kept_where_asked():
    path = OWN / "digits_whole_int8.tflite"
    theirs = open_litert(path, experimental_preserve_all_tensors=True)
    ours = open_plait(path, experimental_preserve_all_tensors=True)
    arrays = models.Model(path.read_bytes()).random_inputs(4)
    answer(theirs, arrays), answer(ours, arrays)
    for detail in ours.get_tensor_details():
        assert difference(theirs.get_tensor(detail["index"]), ours.get_tensor(detail["index"])) is None


def test_shapes_that_only_running_tells(opener):
    graph = tiny.Graph()
    x, y = graph.tensor(np.bool_, [4], name="x"), graph.tensor(np.int64, [1, 1], name="y", signature=[-1, 1])
    graph.op("WHERE", [x], [y])
    interpreter = opener(graph.build([x], [y]))
    interpreter.allocate_tensors()
    kept = []
    for found in ([0, 2, 3], [3], [0, 1, 2, 3]):
        interpreter.set_tensor(x, np.isin(np.arange(4), found))
        interpreter.invoke()
        kept.append(interpreter.get_tensor(y))
        assert interpreter.get_output_details()[0]["shape"].tolist() == [len(found), 1]
    assert [array.reshape(-1).tolist() for array in kept] == [[0, 2, 3], [3], [0, 1, 2, 3]]


# ---- errors ----------------------------------------------------------------------------------------------------------

BAD_ARGUMENTS = [
    ({}, "`model_path` or `model_content` must be specified."),
    ({"model_path": "a", "model_content": b"b"}, "Can't both provide `model_path` and `model_content`"),
    ({"model_path": str(FLOAT), "num_threads": 0}, "num_threads should >= 1"),
    ({"model_path": str(FLOAT), "num_threads": 1.5}, "type of num_threads should be int"),
    ({"model_path": "/nowhere/x.tflite"}, "Could not open '/nowhere/x.tflite'"),
    ({"model_path": str(FLOAT), "experimental_op_resolver_type": 7}, "Unrecognized passed in op resolver type"),
    ({"model_content": b"no model at all, but long enough to be looked at"}, ""),
]


@pytest.mark.parametrize("maker", [both.litert.Interpreter, plait.Interpreter], ids=["litert", "plait"])
@pytest.mark.parametrize("arguments, words", BAD_ARGUMENTS)
def test_what_cannot_be_opened(maker, arguments, words):
    with pytest.raises(ValueError) as error:
        maker(**arguments)
    assert words in str(error.value)


def test_nothing_works_before_it_is_allocated(opener):
    interpreter = opener(FLOAT)
    detail = interpreter.get_input_details()[0]
    with pytest.raises(RuntimeError, match="not ready"):
        interpreter.invoke()
    with pytest.raises(ValueError):
        interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    with pytest.raises(ValueError):
        interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    with pytest.raises(ValueError):
        interpreter.tensor(detail["index"])()


@pytest.mark.parametrize("change, words", [
    (lambda a: a.astype(np.float64), "Got value of type FLOAT64 but expected type"),
    (lambda a: a[0], "Dimension mismatch. Got 3 but expected 4 for input"),
    (lambda a: a[:, :-1], "for dimension 1 of input"),
])
def test_values_that_do_not_fit(opener, change, words):
    interpreter = opener(FLOAT)
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    with pytest.raises(ValueError) as error:
        interpreter.set_tensor(detail["index"], change(np.zeros(detail["shape"], detail["dtype"])))
    assert "Cannot set tensor: " in str(error.value) and words in str(error.value)


def test_indices_that_do_not_exist(opener):
    interpreter = opener(FLOAT)
    interpreter.allocate_tensors()
    for index in (-1, 10000):
        for call in (interpreter.get_tensor, lambda k: interpreter.set_tensor(k, np.zeros(1, np.float32))):
            with pytest.raises(ValueError):
                call(index)
        with pytest.raises(RuntimeError):
            interpreter.resize_tensor_input(index, [1])


def test_signature_errors(opener):
    interpreter = opener(OWN / "signatures_fp32.tflite")
    with pytest.raises(ValueError, match="Invalid signature_key provided"):
        interpreter.get_signature_runner("nothing")
    if len(interpreter.get_signature_list()) != 1:
        with pytest.raises(ValueError, match="None is only allowed when the model has 1"):
            interpreter.get_signature_runner()
    runner = interpreter.get_signature_runner(next(iter(interpreter.get_signature_list())))
    with pytest.raises(ValueError, match="Invalid number of inputs provided"):
        runner()
    wrong = {f"no_{name}": np.zeros(1) for name in runner.get_input_details()}
    with pytest.raises(ValueError, match="Invalid Input name"):
        runner(**wrong)


# ---- strings, threads, many ------------------------------------------------------------------------------------------

def string_model():
    graph = tiny.Graph()
    x = graph.tensor(np.bytes_, [3], name="x")
    y = graph.tensor(np.bytes_, [3], name="y")
    from ai_edge_litert import schema_py_generated as schema
    options = schema.ReshapeOptionsT()
    options.newShape = [3, 1]
    graph.op("RESHAPE", [x], [y], options)
    return graph.build([x], [y])


def test_strings(opener):
    interpreter = opener(string_model())
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, np.array([b"one", b"", b"three"], dtype=object))
    interpreter.invoke()
    found = interpreter.get_tensor(1)
    assert found.shape == (3, 1) and found.reshape(-1).tolist() == [b"one", b"", b"three"]


def test_interpreters_run_at_once(opener):
    arrays = [models.Model(FLOAT.read_bytes()).random_inputs(seed) for seed in range(4)]
    expected = [answer(opener(FLOAT), inputs)[0] for inputs in arrays]
    wrong = []

    def work(k):
        interpreter = opener(FLOAT)
        for _ in range(50):
            if not np.array_equal(answer(interpreter, arrays[k])[0], expected[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_others_go_on_while_a_model_runs():
    """invoke() gives the interpreter lock of Python back: with a thread switch only every 200 ms, nothing else would
    let this loop turn so often before the runs have ended."""
    interpreter = open_plait(both.ROOT / "examples" / "models" / "camera_a.tflite")
    interpreter.allocate_tensors()
    running, enough, turns, interval = threading.Event(), threading.Event(), 0, sys.getswitchinterval()

    def work():
        running.set()
        end = time.monotonic() + 3
        while not enough.is_set() and time.monotonic() < end:
            interpreter.invoke()
        running.clear()

    sys.setswitchinterval(0.2)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        while thread.is_alive() and turns < 100:
            turns += running.is_set()
            time.sleep(0)
        enough.set()
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert turns == 100


def test_threads_do_not_change_the_answer():
    arrays = models.Model(FLOAT.read_bytes()).random_inputs(1)
    assert difference(answer(open_plait(FLOAT), arrays), answer(open_plait(FLOAT, num_threads=3), arrays)) is None


def test_interpreters_share_weights_and_arena():
    from plait.loaded_model import shared_engine
    kept = [open_plait(FLOAT) for _ in range(3)]
    for interpreter in kept:
        interpreter.allocate_tensors()
    stats = shared_engine().stats()
    assert stats["constant_sum_bytes"] >= 2.9 * kept[0]._interpreter.primary.memory()["constant_bytes"]
    assert stats["constant_bytes"] < stats["constant_sum_bytes"]


def test_delegates_are_refused_with_a_reason():
    with pytest.raises(ValueError, match="Failed to load delegate from libedgetpu.so.1"):
        plait.load_delegate("libedgetpu.so.1")


def test_the_ways_to_import():
    import plait.interpreter as a
    from plait import lite as b
    assert a.Interpreter is b.Interpreter is plait.Interpreter
    assert b.experimental.load_delegate is a.load_delegate
    assert "Interpreter" in repr(open_plait(FLOAT))
