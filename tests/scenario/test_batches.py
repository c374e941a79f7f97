# SPDX-License-Identifier: Apache-2.0
"""Which models take several runs as one (plait_check_batch), and that these give the same bits."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import plait_c
import programs
from programs import LONG, NEED_A_SHAPE, all_models, refused, run, small_models
from tiny import Graph

VARIANTS = programs.variants()
TIMES, WIDTH = 3, 4


@pytest.mark.parametrize("variant", VARIANTS)
def test_models(variant):
    told = run("batches", variant, all_models() if LONG and variant == "release" else small_models(), timeout=3600)
    assert told.count(" in one, ") > 20


@pytest.mark.parametrize("variant", VARIANTS)
def test_operators(variant):
    """Those of ../shared/optests: whatever may be one run has the bits of many. Fewer where it must be short."""
    paths = [path for path in sorted((programs.SHARED / "optests").glob("*.tflite")) if path.stem not in NEED_A_SHAPE]
    run("batches", variant, paths if LONG else paths[::7 if variant == "release" else 47], timeout=3600)


def constant(graph, values, dtype=np.int32):
    values = np.asarray(values, dtype)
    return graph.tensor(dtype, values.shape, data=values)


def reshape(graph, tensor, shape, made):
    return graph.op("RESHAPE", [tensor, constant(graph, shape)], [graph.tensor(np.float32, made)], schema.ReshapeOptionsT())


def softmax(graph, tensor, shape):
    options = schema.SoftmaxOptionsT()
    options.beta = 1.0
    return graph.op("SOFTMAX", [tensor], [graph.tensor(np.float32, shape)], options)


def rows_apart(graph, x):
    """Softmax of each row: the only one here that can be a batch."""
    return softmax(graph, x, [1, WIDTH])


def rows_apart_for_a_while(graph, x):
    """The shapes of all ends follow, but the softmax is over all rows."""
    return reshape(graph, softmax(graph, reshape(graph, x, [1, -1], [1, WIDTH]), [1, WIDTH]), [-1, WIDTH], [1, WIDTH])


def number_of_rows(graph, x):
    """Divides by the number of rows: shapes say nothing of it."""
    options = schema.ShapeOptionsT()
    options.outType = schema.TensorType.INT32
    shape = graph.op("SHAPE", [x], [graph.tensor(np.int32, [2])], options)
    sizes = graph.op("CAST", [shape], [graph.tensor(np.float32, [2])], schema.CastOptionsT())
    begin, end, step = (constant(graph, [number]) for number in (0, 1, 1))
    count = graph.op("STRIDED_SLICE", [sizes, begin, end, step], [graph.tensor(np.float32, [1])], schema.StridedSliceOptionsT())
    return graph.op("DIV", [x, count], [graph.tensor(np.float32, [1, WIDTH])], schema.DivOptionsT())


def mean_of_rows(graph, x):
    options = schema.ReducerOptionsT()
    options.keepDims = True
    mean = graph.op("MEAN", [x, constant(graph, [0])], [graph.tensor(np.float32, [1, WIDTH])], options)
    return graph.op("SUB", [x, mean], [graph.tensor(np.float32, [1, WIDTH])], schema.SubOptionsT())


def fixed_shape(graph, x):
    return reshape(graph, x, [1, WIDTH], [1, WIDTH])


def rows_exchanged(graph, x):
    """Rows of the output are those of the input in another order."""
    return graph.op("REVERSE_V2", [x, constant(graph, [0])], [graph.tensor(np.float32, [1, WIDTH])], schema.ReverseV2OptionsT())


def rows_not_first(graph, x):
    return graph.op("TRANSPOSE", [x, constant(graph, [1, 0])], [graph.tensor(np.float32, [WIDTH, 1])], schema.TransposeOptionsT())


def load(interpreter, make):
    graph = Graph()
    x = graph.tensor(np.float32, [1, WIDTH], name="x")
    y = make(graph, x)
    model = interpreter.load(graph.build([x], [y]), "model")
    interpreter.allocate()
    return model


def check(model, times=TIMES):
    model.interpreter.check(plait_c.api().check_batch(model.handle, times))


def test_rows_apart():
    with plait_c.Interpreter() as interpreter:
        model = load(interpreter, rows_apart)
        check(model)
        rows = np.random.default_rng(1).normal(size=(TIMES, WIDTH)).astype(np.float32)
        whole = model.clone("whole")
        whole.resize(0, rows.shape)
        interpreter.allocate()
        together = whole([rows])[0]
        assert all(np.array_equal(model([row[None]])[0][0], answer) for row, answer in zip(rows, together, strict=True))


@pytest.mark.parametrize("make, words", [
    (rows_apart_for_a_while, "RESHAPE"), (number_of_rows, "DIV"), (mean_of_rows, "MEAN"), (fixed_shape, "RESHAPE"),
    (rows_exchanged, "REVERSE_V2"), (rows_not_first, "output")], ids=lambda value: getattr(value, "__name__", ""))
def test_rows_that_meet(make, words):
    with plait_c.Interpreter() as interpreter:
        model = load(interpreter, make)
        with pytest.raises(plait_c.PlaitError) as error:
            check(model)
        assert words in error.value.message and f"{TIMES} runs in one" in error.value.message


def test_bad_use():
    with plait_c.Interpreter() as interpreter:
        model = load(interpreter, rows_apart)
        refused(plait_c.STATUS.index("INVALID_ARGUMENT"), lambda: check(model, 0), "times is less than 1")
        model.resize(0, [5, WIDTH])
        refused(plait_c.STATUS.index("NOT_ALLOCATED"), lambda: check(model), "not allocated")
        interpreter.allocate()
        check(model)
        interpreter.load(programs.OWN / "digits_features_int8.tflite", "features")
        head = interpreter.load(programs.OWN / "digits_classifier_int8.tflite", "head")
        interpreter.link("features", "", "head", "")
        interpreter.allocate()
        refused(plait_c.STATUS.index("UNSUPPORTED"), lambda: check(head), "linked")
        assert plait_c.api().check_batch(None, 2) == plait_c.STATUS.index("INVALID_ARGUMENT")
