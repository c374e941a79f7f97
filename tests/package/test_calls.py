# SPDX-License-Identifier: Apache-2.0
"""Calls with what they do not take, or not yet: LiteRT's Interpreter and plait's give the same answer, or the same type of
exception with the same words."""
import numpy as np
import pytest

import both
import models
from both import litert, open_litert, open_plait, plait

PATH = models.OWN / "digits_whole_int8.tflite"
X = np.zeros((1, 8, 8, 1), np.int8)

# What to do with an interpreter, and words that both exceptions have; None where LiteRT's are pybind's or C++'s own.
CALLS = {
    "set, an index that is a float": (lambda i: i.set_tensor(0.0, X), None),
    "set, an index that is text": (lambda i: i.set_tensor("0", X), None),
    "set, NumPy's integer": (lambda i: i.set_tensor(np.int64(0), X), "unallocated"),
    "set, a list": (lambda i: i.set_tensor(0, X.tolist()), "Got value of type INT64"),
    "set, nothing": (lambda i: i.set_tensor(0, None), "Cannot set tensor: "),
    "set, below 0": (lambda i: i.set_tensor(-1, X), "Invalid tensor index -1 exceeds max tensor index"),
    "set, not in one piece": (lambda i: i.set_tensor(0, np.zeros((1, 8, 8, 2), np.int8)[..., :1]), "unallocated"),
    "set, another order of axes": (lambda i: i.set_tensor(0, np.asfortranarray(X)), "unallocated"),
    "set, another order of bytes": (lambda i: i.set_tensor(0, X.astype(">i2")), "Got value of type INT16"),
    "set, a constant": (lambda i: i.set_tensor(1, X), "Cannot set tensor: "),
    "set, an output": (lambda i: i.set_tensor(18, np.zeros((1, 10), np.int8)), "unallocated"),
    "set, by names": (lambda i: i.set_tensor(tensor_index=0, value=X), "unallocated"),
    "get, text": (lambda i: i.get_tensor("a"), None),
    "get, a float": (lambda i: i.get_tensor(1.0), None),
    "get, nothing": (lambda i: i.get_tensor(None), None),
    "get, NumPy's integer": (lambda i: i.get_tensor(np.int32(0)).shape, "Tensor data is null. Run allocate_tensors()"),
    "get, no such subgraph": (lambda i: i.get_tensor(0, 5), "Invalid subgraph index 5 exceeds max subgraph index 1"),
    "get, subgraph below 0": (lambda i: i.get_tensor(0, -1), "Invalid subgraph index -1"),
    "get, by names": (lambda i: i.get_tensor(tensor_index=0, subgraph_index=0).shape, "Tensor data is null"),
    "resize, text": (lambda i: i.resize_tensor_input(0, "abc"), "invalid literal for int()"),
    "resize, below 0": (lambda i: i.resize_tensor_input(0, [-1, 8, 8, 1]), None),
    "resize, floats": (lambda i: i.resize_tensor_input(0, [1.0, 8, 8, 1]), None),
    "resize, no list": (lambda i: i.resize_tensor_input(0, 3), "Shape should be 1D instead of 0."),
    "resize, no dimension": (lambda i: i.resize_tensor_input(0, []), None),
    "resize, no such tensor": (lambda i: i.resize_tensor_input(99, [1]), None),
    "resize, by names": (lambda i: i.resize_tensor_input(input_index=0, tensor_size=(1, 8, 8, 1), strict=True), None),
    "resize, then invoke": (lambda i: (i.resize_tensor_input(0, [2, 8, 8, 1]), i.invoke()), "not ready"),
    "resize, then get": (lambda i: (i.resize_tensor_input(0, [2, 8, 8, 1]), i.get_tensor(0)), "Tensor data is null"),
    "resize, then set": (lambda i: (i.resize_tensor_input(0, [2, 8, 8, 1]),
                                    i.set_tensor(0, np.zeros((2, 8, 8, 1), np.int8))), "Tensor is unallocated"),
    "resize to what cannot be": (lambda i: (i.resize_tensor_input(0, [1, 9]), i.allocate_tensors()), "CONV_2D"),
    "resize to nothing": (lambda i: (i.resize_tensor_input(0, [0, 8, 8, 1]), i.allocate_tensors(), i.invoke(),
                                     i.get_output_details()[0]["shape"].tolist()), None),
    "details, no such subgraph": (lambda i: i.get_tensor_details(7), "subgraph_index is out of range: 7"),
    "details, text": (lambda i: i.get_tensor_details("a"), None),
    "details of one, below 0": (lambda i: i._get_tensor_details(-1, 0), "Invalid tensor index -1"),
    "details of one, text": (lambda i: i._get_tensor_details("1", 0)["index"], None),
    "an operator below 0": (lambda i: i._get_op_details(-1), "Invalid node index"),
    "an operator too many": (lambda i: i._get_op_details(99), "Invalid node index"),
    "a signature that is a number": (lambda i: i.get_signature_runner(5), "Invalid signature_key provided: \"5\"."),
    "a view of no tensor": (lambda i: i.tensor(99)(), "Invalid tensor index 99"),
    "a view, text": (lambda i: i.tensor("a")(), None),
    "what calls return": (lambda i: (i.allocate_tensors(), i.set_tensor(0, X), i.invoke(), i.reset_all_variables(),
                                     i.resize_tensor_input(0, [1, 8, 8, 1])), None),
    "zero points": (lambda i: i.experimental_compress_quantization_zero_points, None),
}

SOURCE = {"model_path": str(PATH)}
OPENED = {
    "a path object": {"model_path": PATH}, "a path in bytes": {"model_path": str(PATH).encode()},
    "text for content": {"model_content": "abc"}, "a number for a path": {"model_path": 5},
    "an empty path": {"model_path": ""}, "no content": {"model_content": b""}, "a folder": {"model_path": "/tmp"},
    "no model": {"model_content": b"x" * 100}, "True threads": SOURCE | {"num_threads": True},
    "threads in text": SOURCE | {"num_threads": "2"}, "threads below 0": SOURCE | {"num_threads": -1},
    "NumPy's number of threads": SOURCE | {"num_threads": np.int32(2)}, "many threads": SOURCE | {"num_threads": 1000},
    "no resolver": SOURCE | {"experimental_op_resolver_type": None}, "no delegates": SOURCE | {"experimental_delegates": []},
    "an unknown argument": SOURCE | {"unknown": 1},
    "everything at once": SOURCE | {f"experimental_{name}": True for name in (
        "preserve_all_tensors", "disable_delegate_clustering", "default_delegate_latest_features",
        "compress_quantization_zero_points", "disable_delegate_node_fusion", "force_delegate_node_profiling")}}


def told(call):
    """What it gives, or the type of its exception, and the text."""
    try:
        return call(), ""
    except Exception as error:  # noqa: BLE001: which one is the question
        return type(error), str(error)


@pytest.mark.parametrize("allocated", [True, False], ids=["allocated", "not allocated"])
@pytest.mark.parametrize("name", CALLS)
def test_calls(name, allocated):
    call, words = CALLS[name]

    def made(opener):
        interpreter = opener(PATH)
        if allocated:
            interpreter.allocate_tensors()
        return interpreter

    (expected, theirs), (found, ours) = (told(lambda: call(made(opener))) for opener in (open_litert, open_plait))
    assert both.difference(expected, found) is None, (theirs, ours)
    if isinstance(expected, type) and words and words in theirs:
        assert words in ours


@pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`")
@pytest.mark.parametrize("name", OPENED)
def test_constructors(name):
    expected, found = (told(lambda: maker(**OPENED[name]).num_subgraphs())[0]
                       for maker in (litert.Interpreter, plait.Interpreter))
    assert expected == found


def test_nothing_is_missing():
    for theirs, ours in ((litert.Interpreter, plait.Interpreter), (litert.SignatureRunner, plait.SignatureRunner),
                         (litert, plait.interpreter)):
        public = {name for name in dir(theirs) if not name.startswith("_") and
                  (theirs is not litert or getattr(getattr(litert, name), "__module__", None) == litert.__name__)}
        assert public <= set(dir(ours))
