# SPDX-License-Identifier: Apache-2.0
"""Models cut at every tensor that is a cut, and fused again: LiteRT's reference kernels give the bits of the whole for
both. The short form takes a few cuts of each model, PLAIT_LONG=1 all."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import fusing
import models
import oracle
from fusing import bits, fuse, plait, read

SHORT_CUTS = 2
HANDLES = (schema.TensorType.RESOURCE, schema.TensorType.VARIANT)  # no values that could be handed over


def model_paths():
    paths = models.model_paths()
    if not fusing.LONG:
        paths = [path for path in paths if path.stat().st_size < 300000]
    return [path for path in paths if path.stem not in oracle.REFUSED_BY_LITERT]


def constants_only(model):
    """Tensors that do not depend on any input: both sides can have them."""
    graph = model.tree.subgraphs[0]
    fixed = {k for k, tensor in enumerate(graph.tensors) if model.is_constant(tensor)}
    for op in graph.operators:
        if model.operator_name(op) in models.CONTROL | {"VAR_HANDLE", "CUSTOM", "READ_VARIABLE"} or not len(op.inputs):
            continue
        if all(k < 0 or k in fixed for k in op.inputs):
            fixed.update(int(k) for k in op.outputs)
    return fixed


def is_cut(model, tensor, fixed):
    """By the definition: without this tensor, what depends on it is not connected to what comes before it, and
    something depends on it. Found by colouring, unlike what is tested."""
    graph = model.tree.subgraphs[0]
    after = {tensor}
    second = set()
    for number, op in enumerate(graph.operators):
        if any(int(k) in after for k in op.inputs):
            second.add(number)
            after.update(int(k) for k in op.outputs)
    if not second:
        return False
    before, first = {tensor}, set()
    for number in reversed(range(len(graph.operators))):
        op = graph.operators[number]
        if any(int(k) in before for k in op.outputs):
            first.add(number)
            before.update(int(k) for k in op.inputs if k >= 0)
    # Everything that is joined to the second side by a tensor other than the cut belongs to it.
    grown = True
    while grown:
        grown = False
        touched = {int(k) for number in second
                   for k in list(graph.operators[number].inputs) + list(graph.operators[number].outputs)
                   if k >= 0 and int(k) != tensor and int(k) not in fixed}
        for number, op in enumerate(graph.operators):
            if number not in second and any(int(k) in touched for k in list(op.inputs) + list(op.outputs)) and \
                    not all(int(k) in fixed for k in op.outputs):
                second.add(number)
                grown = True
    return not first & second


def cuts_of(model):
    graph, fixed = model.tree.subgraphs[0], constants_only(model)
    made = [int(k) for op in graph.operators for k in op.outputs if int(k) not in fixed]
    cuts = [k for k in made if graph.tensors[k].type not in HANDLES and is_cut(model, k, fixed)]
    return cuts, [k for k in made if k not in cuts]


def names_of(interpreter):
    return [detail["name"] for detail in interpreter.get_output_details()]


def split_and_fuse(path, tensor, folder):
    first, second = folder / "first.tflite", folder / "second.tflite"
    done = plait("split", path, "--at", f"#{tensor}", "-o", first, second)
    assert done.returncode == 0, (path.stem, tensor, done.stderr)
    outputs = [int(k) for k in models.read(path).tree.subgraphs[0].outputs]
    fixed = read(first.read_bytes())
    given = len(fixed.tree.subgraphs[0].outputs) - 1
    keep = []
    if tensor in outputs:
        names = [fixed.tree.subgraphs[0].tensors[k].name for k in fixed.tree.subgraphs[0].outputs]
        given = names.index(models.read(path).tree.subgraphs[0].tensors[tensor].name)
        keep = ["--keep", f"a.#{given}"]
    return fuse({"a": first, "b": second}, [f"a.#{given}=b.#0"], folder / "fused.tflite", *keep)


@pytest.mark.parametrize("path", model_paths(), ids=models.label)
def test_every_cut(tmp_path, path):
    model = models.read(path)
    if oracle.lacks_reference(model):
        pytest.skip("LiteRT's reference resolver lacks an operator")
    cuts, others = cuts_of(model)
    if not fusing.LONG:
        cuts, others = cuts[:: max(1, len(cuts) // SHORT_CUTS)][:SHORT_CUTS], others[:3]
    for tensor in others:
        done = plait("split", path, "--at", f"#{tensor}", "-o", tmp_path / "x", tmp_path / "y")
        assert done.returncode == 5 and "'" in done.stderr, (tensor, done.stderr)
        assert list(tmp_path.iterdir()) == []
    inputs = model.random_inputs(3)
    expected = None
    for tensor in cuts:
        folder = tmp_path / str(tensor)
        folder.mkdir()
        whole = oracle.open_reference(split_and_fuse(path, tensor, folder))
        if expected is None:
            alone = oracle.open_reference(model.data)
            found = oracle.invoke(alone, inputs)
            expected = sorted(zip(names_of(alone), bits(found)))
        alone_inputs = [d["name"] for d in oracle.litert.Interpreter(model_content=model.data).get_input_details()]
        fed = dict(zip(alone_inputs, inputs))
        order = [d["name"] for d in whole.get_input_details()]
        if len(set(alone_inputs)) == len(alone_inputs):
            arrays = [fed[name] if name in fed else fed[name.split("/", 1)[1]] for name in order]
        else:
            arrays = inputs
        answer = bits(oracle.invoke(whole, arrays))
        assert sorted(answer) == sorted(b for _, b in expected), tensor
    print(path.stem, len(cuts), "cuts")


def test_a_tensor_that_both_sides_need_is_named(tmp_path):
    import tiny
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [4], name="x")
    a = graph.op("RELU", [x], [graph.tensor(np.float32, [4], name="a")])
    b = graph.op("TANH", [a], [graph.tensor(np.float32, [4], name="b")])
    c = graph.op("ADD", [a, b], [graph.tensor(np.float32, [4], name="c")])
    path = tmp_path / "m.tflite"
    path.write_bytes(graph.build([x], [c]))
    done = plait("split", path, "--at", "b", "-o", tmp_path / "p", tmp_path / "q")
    assert done.returncode == 5 and "'a'" in done.stderr and "both sides" in done.stderr
    assert plait("split", path, "--at", "b", "a", "-o", tmp_path / "p", tmp_path / "q").returncode == 5
    assert plait("split", path, "--at", "nothing", "-o", tmp_path / "p", tmp_path / "q").returncode == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.tflite"]


def test_two_tensors_at_once(tmp_path):
    import tiny
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [4], name="x")
    a = graph.op("RELU", [x], [graph.tensor(np.float32, [4], name="a")])
    b = graph.op("TANH", [x], [graph.tensor(np.float32, [4], name="b")])
    c = graph.op("ADD", [a, b], [graph.tensor(np.float32, [4], name="c")])
    path = tmp_path / "m.tflite"
    path.write_bytes(graph.build([x], [c]))
    done = plait("split", path, "--at", "a", "b", "-o", tmp_path / "p.tflite", tmp_path / "q.tflite")
    assert done.returncode == 0, done.stderr
    sources = {"p": tmp_path / "p.tflite", "q": tmp_path / "q.tflite"}
    data = fuse(sources, ["p.a=q.a", "p.b=q.b"], tmp_path / "f.tflite", "--check")
    value = np.float32([1, -2, 3, -4])
    assert bits(oracle.invoke(oracle.open_reference(data), [value])) == \
        bits(oracle.invoke(oracle.open_reference(path.read_bytes()), [value]))
