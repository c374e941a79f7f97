# SPDX-License-Identifier: Apache-2.0
"""Small models whose shapes depend on data, for the tests of what is prepared while running.

    python tests/python/late_models.py    writes tests/models/late_fp32.tflite and .npz anew
"""
from pathlib import Path

import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema

import tiny

OWN = Path(__file__).resolve().parents[1] / "models"


def chain():
    """Rows [begin, end) of x, times weights, plus a bias, summed: every shape depends on begin and end."""
    graph, fixed = tiny.Graph(), np.random.default_rng(1)
    x = graph.tensor(np.float32, [9, 6], name="x")
    begin = graph.tensor(np.int32, [2], name="begin")
    end = graph.tensor(np.int32, [2], name="end")
    ones = graph.tensor(np.int32, [2], data=[1, 1])
    weights = graph.tensor(np.float32, [4, 6], data=fixed.normal(size=(4, 6)))
    bias = graph.tensor(np.float32, [4], data=fixed.normal(size=4))
    part, product = graph.tensor(np.float32, [1, 6]), graph.tensor(np.float32, [1, 4])
    positive, sums = graph.tensor(np.float32, [1, 4], name="positive"), graph.tensor(np.float32, [1], name="sums")
    axis = graph.tensor(np.int32, [1], data=[1])
    graph.op("STRIDED_SLICE", [x, begin, end, ones], [part], schema.StridedSliceOptionsT())
    graph.op("FULLY_CONNECTED", [part, weights, bias], [product], schema.FullyConnectedOptionsT())
    graph.op("RELU", [product], [positive])
    graph.op("SUM", [positive, axis], [sums], schema.ReducerOptionsT())
    return graph.build([x, begin, end], [positive, sums])


def while_op(graph, inputs, outputs, condition=1, body=2):
    options = schema.WhileOptionsT()
    options.condSubgraphIndex, options.bodySubgraphIndex = condition, body
    graph.op("WHILE", inputs, outputs, options)


def countdown(graph, shapes):
    """The condition of a loop with a counter and these variables: the counter is positive."""
    condition = graph.subgraph()
    variables = [condition.tensor(np.int32, [1])] + [condition.tensor(np.float32, shape) for shape in shapes]
    zero, flag = condition.tensor(np.int32, [1], data=[0]), condition.tensor(np.bool_, [1])
    condition.op("GREATER", [variables[0], zero], [flag], schema.GreaterOptionsT())
    condition.close(variables, [flag])


def growing_body(graph, negations=0):
    """count - 1, and y with one more row, turned around so often."""
    body = graph.subgraph()
    count, y = body.tensor(np.int32, [1]), body.tensor(np.float32, [1, 2])
    one, row = body.tensor(np.int32, [1], data=[1]), body.tensor(np.float32, [1, 2], data=[[1, 2]])
    less, longer = body.tensor(np.int32, [1]), body.tensor(np.float32, [2, 2])
    body.op("SUB", [count, one], [less], schema.SubOptionsT())
    body.op("CONCATENATION", [y, row], [longer], schema.ConcatenationOptionsT())
    for _ in range(negations):
        turned = body.tensor(np.float32, [2, 2])
        body.op("NEG", [longer], [turned], schema.NegOptionsT())
        longer = turned
    body.close([count, y], [less, longer])


def growing_loop():
    """while count > 0: count -= 1; y = concat(y, a row)"""
    graph = tiny.Graph()
    countdown(graph, [[1, 2]])
    growing_body(graph)
    count, y = graph.tensor(np.int32, [1]), graph.tensor(np.float32, [1, 2])
    end, grown = graph.tensor(np.int32, [1]), graph.tensor(np.float32, [1, 2])
    doubled = graph.tensor(np.float32, [1, 2])
    while_op(graph, [count, y], [end, grown])
    graph.op("ADD", [grown, grown], [doubled], schema.AddOptionsT())
    return graph.build([count, y], [end, doubled])


def swapping_loop():
    """while count > 0: count -= 1; a, b = b, concat(a, a): variables come out in each other's places."""
    graph = tiny.Graph()
    countdown(graph, [[2], [1]])
    body = graph.subgraph()
    count, a, b = body.tensor(np.int32, [1]), body.tensor(np.float32, [2]), body.tensor(np.float32, [1])
    one, less = body.tensor(np.int32, [1], data=[1]), body.tensor(np.int32, [1])
    both = body.tensor(np.float32, [4])
    body.op("SUB", [count, one], [less], schema.SubOptionsT())
    body.op("CONCATENATION", [a, a], [both], schema.ConcatenationOptionsT())
    body.close([count, a, b], [less, b, both])
    ends = [graph.tensor(np.int32, [1]), graph.tensor(np.float32, [2]), graph.tensor(np.float32, [1])]
    outs = [graph.tensor(np.int32, [1]), graph.tensor(np.float32, [2]), graph.tensor(np.float32, [1])]
    while_op(graph, ends, outs)
    return graph.build(ends, outs)


def endless_loop():
    """while true: x = -x"""
    graph = tiny.Graph()
    condition, body = graph.subgraph(), graph.subgraph()
    x, flag = condition.tensor(np.float32, [1]), condition.tensor(np.bool_, [1], data=[True])
    condition.close([x], [flag])
    x, y = body.tensor(np.float32, [1]), body.tensor(np.float32, [1])
    body.op("NEG", [x], [y], schema.NegOptionsT())
    body.close([x], [y])
    x, y = graph.tensor(np.float32, [1]), graph.tensor(np.float32, [1])
    while_op(graph, [x], [y])
    return graph.build([x], [y])


def branches():
    """abs of x or of concat(x, x), by a flag."""
    graph = tiny.Graph()
    same, twice = graph.subgraph(), graph.subgraph()
    x = same.tensor(np.float32, [3])
    same.close([x], [x])
    x, xx = twice.tensor(np.float32, [3]), twice.tensor(np.float32, [6])
    twice.op("CONCATENATION", [x, x], [xx], schema.ConcatenationOptionsT())
    twice.close([x], [xx])
    flag, x, y = graph.tensor(np.bool_, [1]), graph.tensor(np.float32, [3]), graph.tensor(np.float32, [3])
    z = graph.tensor(np.float32, [3])
    options = schema.IfOptionsT()
    options.thenSubgraphIndex, options.elseSubgraphIndex = 1, 2
    graph.op("IF", [flag, x], [y], options)
    graph.op("ABS", [y], [z], schema.AbsOptionsT())
    return graph.build([flag, x], [z])


def deep_loops(levels, negations=0):
    """Loops in loops; all but the innermost run once, since that lowers the counter to 0, and grows what all of them
    have."""
    graph = tiny.Graph()
    countdown(graph, [[1, 2]])
    growing_body(graph, negations)
    parts = [graph.subgraph() for _ in range(levels - 1)] + [graph]
    for level, part in enumerate(parts):
        ends = [part.tensor(np.int32, [1]), part.tensor(np.float32, [1, 2])]
        outs = [part.tensor(np.int32, [1]), part.tensor(np.float32, [1, 2])]
        while_op(part, ends, outs, 1, level + 2)
        part.close(ends, outs)
    return graph.build(ends, outs)


def nested_loop():
    """A loop in the branch of an IF, which grows what a loop around it grows."""
    graph = tiny.Graph()
    countdown(graph, [[1, 2]])
    growing_body(graph)
    loop, skip = graph.subgraph(), graph.subgraph()
    outer = graph.subgraph()
    ends = [loop.tensor(np.int32, [1]), loop.tensor(np.float32, [1, 2])]
    outs = [loop.tensor(np.int32, [1]), loop.tensor(np.float32, [1, 2])]
    while_op(loop, ends, outs)
    loop.close(ends, [outs[1]])
    ends = [skip.tensor(np.int32, [1]), skip.tensor(np.float32, [1, 2])]
    skip.close(ends, [ends[1]])
    count, y = outer.tensor(np.int32, [1]), outer.tensor(np.float32, [1, 2])
    one, two = outer.tensor(np.int32, [1], data=[1]), outer.tensor(np.int32, [1], data=[2])
    less, flag = outer.tensor(np.int32, [1]), outer.tensor(np.bool_, [1])
    grown = outer.tensor(np.float32, [1, 2])
    outer.op("SUB", [count, one], [less], schema.SubOptionsT())
    outer.op("GREATER", [count, two], [flag], schema.GreaterOptionsT())
    options = schema.IfOptionsT()
    options.thenSubgraphIndex, options.elseSubgraphIndex = 3, 4
    outer.op("IF", [flag, count, y], [grown], options)
    outer.close([count, y], [less, grown])
    ends = [graph.tensor(np.int32, [1]), graph.tensor(np.float32, [1, 2])]
    outs = [graph.tensor(np.int32, [1]), graph.tensor(np.float32, [1, 2])]
    while_op(graph, ends, outs, 1, 5)
    return graph.build(ends, outs)


def strings():
    """Of strings: as another shape, which equal the first, and one picked by index."""
    graph = tiny.Graph()
    texts, index = graph.tensor("S", [4], name="texts"), graph.tensor(np.int32, [1], name="index")
    shape, square = graph.tensor(np.int32, [2], data=[2, 2]), graph.tensor("S", [2, 2], name="square")
    picked, equal = graph.tensor("S", [1], name="picked"), graph.tensor(np.bool_, [2, 2], name="equal")
    graph.op("RESHAPE", [texts, shape], [square], schema.ReshapeOptionsT())
    graph.op("GATHER", [texts, index], [picked], schema.GatherOptionsT(), version=5)
    graph.op("EQUAL", [square, picked], [equal], schema.EqualOptionsT(), version=3)
    return graph.build([texts, index], [square, picked, equal])


def positives():
    """The positive elements of x, doubled, and a loop that runs once for each of them: for any x. A dense layer in front
    and one behind keep the arena in use around what is late."""
    graph, fixed = tiny.Graph(), np.random.default_rng(2)
    countdown(graph, [[1, 2]])
    growing_body(graph)
    x = graph.tensor(np.float32, [4, 5], name="x")
    weights = graph.tensor(np.float32, [6, 5], data=fixed.normal(size=(6, 5)))
    bias, none = graph.tensor(np.float32, [6], data=fixed.normal(size=6)), graph.tensor(np.float32, [], data=0)
    dense, flags = graph.tensor(np.float32, [4, 6]), graph.tensor(np.bool_, [4, 6])
    places, picked = graph.tensor(np.int64, [1, 2]), graph.tensor(np.float32, [1])
    doubled, count = graph.tensor(np.float32, [1], name="positive"), graph.tensor(np.int32, [2])
    first, size = graph.tensor(np.int32, [1], data=[0]), graph.tensor(np.int32, [1], data=[1])
    turns, start = graph.tensor(np.int32, [1]), graph.tensor(np.float32, [1, 2], data=[[0.5, 0.25]])
    left, grown = graph.tensor(np.int32, [1]), graph.tensor(np.float32, [1, 2], name="grown")
    behind = graph.tensor(np.float32, [4, 6], name="dense")
    graph.op("FULLY_CONNECTED", [x, weights, bias], [dense], schema.FullyConnectedOptionsT())
    graph.op("GREATER", [dense, none], [flags], schema.GreaterOptionsT())
    graph.op("WHERE", [flags], [places], schema.WhereOptionsT())
    graph.op("GATHER_ND", [dense, places], [picked], schema.GatherNdOptionsT())
    graph.op("ADD", [picked, picked], [doubled], schema.AddOptionsT())
    options = schema.ShapeOptionsT()
    options.outType = schema.TensorType.INT32
    graph.op("SHAPE", [places], [count], options)
    graph.op("SLICE", [count, first, size], [turns], schema.SliceOptionsT())
    while_op(graph, [turns, start], [left, grown])
    graph.op("RELU", [dense], [behind])
    return graph.build([x], [doubled, grown, behind])


def main():
    data, x = positives(), np.random.default_rng(3).normal(size=(4, 5)).astype(np.float32)
    reference = litert.Interpreter(model_content=data, experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF)
    reference.allocate_tensors()
    reference.set_tensor(reference.get_input_details()[0]["index"], x)
    reference.invoke()
    answers = {f"ref_{k}": reference.get_tensor(d["index"]) for k, d in enumerate(reference.get_output_details())}
    (OWN / "late_fp32.tflite").write_bytes(data)
    np.savez_compressed(OWN / "late_fp32.npz", in_names=["x"], out_names=["positive", "grown", "dense"], in_0=x,
                        **answers)


if __name__ == "__main__":
    main()
