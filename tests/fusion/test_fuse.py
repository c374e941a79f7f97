# SPDX-License-Identifier: Apache-2.0
"""Fused files: LiteRT's reference kernels load them and give, bit for bit, what they give for the models one after
another; plait gives for both what it gives for the linked models (--check)."""
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import fusing
import models
import oracle
import plait_c
import tiny
from fusing import Chain, assert_same, fuse, plait, read

OWN, SHARED = models.OWN, models.SHARED
ZOO, VISION = SHARED / "zoo" / "multi", SHARED / "models" / "vision"
needs_shared = pytest.mark.skipif(not ZOO.exists(), reason="../shared is not there")


def check(tmp_path, sources, links=(), options=(), kept=(), runs=3, check_plait=True):
    """links: (from, output, to, input, its text, convert)."""
    out = tmp_path / "fused.tflite"
    data = fuse(sources, [text for *_, text, _ in links], out, *options, *(["--check"] if check_plait else []))
    chain = Chain(sources, [(a, j, b, k, convert) for a, j, b, k, _, convert in links])
    assert_same(chain, data, runs, kept)
    return read(data)


def chain_of(*names, convert=None):
    return [(a, 0, b, 0, f"{a}={b}", convert) for a, b in zip(names, names[1:])]


# ---- the combinations ----------------------------------------------------------------------------------------------

@needs_shared
def test_embedding_extractor_and_head(tmp_path):
    sources = {"features": VISION / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite",
               "head": VISION / "mobilenet_quant_v1_224_head_layers.tflite"}
    check(tmp_path, sources, chain_of("features", "head"), runs=1)


@pytest.mark.parametrize("kind", ["int8", pytest.param("fp32", marks=needs_shared)])
def test_digits_features_and_classifier(tmp_path, kind):
    folder = OWN if kind == "int8" else ZOO
    sources = {"features": folder / f"digits_features_{kind}.tflite",
               "head": folder / f"digits_classifier_{kind}.tflite"}
    model = check(tmp_path, sources, chain_of("features", "head"))
    single = sum(len(read(path.read_bytes()).operators()) for path in sources.values())
    assert len(model.operators()) == single                      # equal ends: no operator between
    if kind == "int8":
        whole = oracle.open_reference((OWN / "digits_whole_int8.tflite").read_bytes())
        fused = oracle.open_reference(model.data)
        for seed in range(5):
            inputs = model.random_inputs(seed)
            assert fusing.bits(oracle.invoke(whole, inputs)) == fusing.bits(oracle.invoke(fused, inputs))


def test_another_scale_takes_an_adapter(tmp_path):
    sources = {"features": OWN / "digits_features_int8.tflite", "head": OWN / "digits_classifier_own_int8.tflite"}
    ends = [oracle.open_reference(path.read_bytes()) for path in sources.values()]
    given, taken = ends[0].get_output_details()[0], ends[1].get_input_details()[0]
    convert = fusing.adapter("QUANTIZE", schema.QuantizeOptionsT(), np.int8, given["shape"], given["quantization"],
                             np.int8, taken["shape"], taken["quantization"])
    model = check(tmp_path, sources, chain_of("features", "head", convert=convert))
    names = [model.operator_name(op) for _, op in model.operators()]
    assert names.count("QUANTIZE") == 1


@needs_shared
@pytest.mark.parametrize("kind", ["int8", "fp32"])
def test_trunk_and_three_heads(tmp_path, kind):
    sources = {name: ZOO / f"{name}_{kind}.tflite" for name in ("trunk", "head_a", "head_b", "head_c")}
    links = [("trunk", 0, head, 0, f"trunk={head}", None) for head in ("head_a", "head_b", "head_c")]
    model = check(tmp_path, sources, links)
    assert len(model.tree.subgraphs[0].outputs) == 3
    assert len(model.operators()) <= sum(len(read(path.read_bytes()).operators()) for path in sources.values())


def test_a_shared_trunk_runs_once(tmp_path):
    """Three cameras whose models begin with the same layers, fed by one source."""
    cameras = {f"camera_{c}": models.ROOT / "examples" / "models" / f"camera_{c}.tflite" for c in "abc"}
    details = oracle.open_reference(cameras["camera_a"].read_bytes()).get_input_details()[0]
    quantization = details["quantization"] if details["quantization"][0] else None
    source = tmp_path / "source.tflite"
    source.write_bytes(tiny.relu(details["dtype"], [int(d) for d in details["shape"]], quantization))
    model = check(tmp_path, {"source": source} | cameras,
                  [("source", 0, name, 0, f"source={name}", None) for name in cameras])
    each = [len(read(path.read_bytes()).operators()) for path in cameras.values()]
    assert len(model.operators()) <= 1 + 1.2 * max(each)         # two of three copies of the trunk are gone


def addition(path, activation, constant, version=1, name="c"):
    """x + constant, with an activation."""
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [1, 4], name="x")
    y = graph.tensor(np.float32, [1, 4], name="y")
    options = schema.AddOptionsT()
    options.fusedActivationFunction = activation
    graph.op("ADD", [x, graph.tensor(np.float32, [1, 4], data=constant, name=name)], [y], options, version)
    path.write_bytes(graph.build([x], [y]))
    return path


RELU, CONSTANT = schema.ActivationFunctionType.RELU, [[1, -2, 3, -4]]


@pytest.mark.parametrize("other, count", [
    (dict(activation=0, constant=CONSTANT, name="d"), 2), (dict(activation=RELU, constant=CONSTANT), 3),
    (dict(activation=0, constant=[[1, -2, 3, -5]]), 3), (dict(activation=0, constant=CONSTANT, version=2), 3),
], ids=["same", "options", "constants", "version"])
def test_only_what_computes_the_same_is_shared(tmp_path, other, count):
    source = tmp_path / "source.tflite"
    source.write_bytes(tiny.relu(np.float32, [1, 4]))
    sources = {"source": source, "a": addition(tmp_path / "a.tflite", 0, CONSTANT),
               "b": addition(tmp_path / "b.tflite", **other)}
    model = check(tmp_path, sources, [("source", 0, name, 0, f"source={name}", None) for name in "ab"])
    assert len(model.operators()) == count
    assert len(model.tree.subgraphs[0].outputs) == 2


@needs_shared
@pytest.mark.parametrize("kind", ["int8", "fp32"])
def test_sixteen_detectors_side_by_side(tmp_path, kind):
    sources = {f"anomaly_{k:02}": ZOO / f"anomaly_{k:02}_{kind}.tflite" for k in range(16)}
    model = check(tmp_path, sources)
    assert len(model.tree.subgraphs[0].inputs) == len(model.tree.subgraphs[0].outputs) == 16
    names = [t.name for t in model.tree.subgraphs[0].tensors]
    assert len(set(names)) == len(names)
    size = sum(path.stat().st_size for path in sources.values())
    assert len(model.data) < 1.01 * size


def test_reshape_between(tmp_path):
    def layer(shape, name):
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(tiny.relu(np.float32, shape))
        return path
    sources = {"a": layer([2, 3, 4], "a"), "b": layer([6, 4], "b"), "c": layer([1, 24], "c")}
    links = [("a", 0, "b", 0, "a=b,reshape", lambda x: x.reshape(6, 4)),
             ("b", 0, "c", 0, "b=c,reshape", lambda x: x.reshape(1, 24))]
    check(tmp_path, sources, links)


def test_scale_and_offset_between(tmp_path):
    path = tmp_path / "a.tflite"
    path.write_bytes(tiny.relu(np.float32, [1, 64]))

    def convert(x):
        for operator, options, factor in (("MUL", schema.MulOptionsT(), 0.3), ("ADD", schema.AddOptionsT(), -1.7)):
            x = fusing.adapter(operator, options, np.float32, [1, 64], None, np.float32, [1, 64], None,
                               [(np.float32, [], factor)])(x)
        return x
    check(tmp_path, {"a": path, "b": path}, [("a", 0, "b", 0, "a=b,scale=0.3,offset=-1.7", convert)])


STATE = ["control_if_fp32", "control_while_fp32", "control_nested_fp32", "stateful_fp32"]


@pytest.mark.parametrize("options", [(), ("--keep-signatures",)], ids=["whole", "with signatures"])
def test_control_flow_and_variables(tmp_path, options):
    sources = {f"m{k}": OWN / f"{name}.tflite" for k, name in enumerate(STATE + STATE[-1:])}
    model = check(tmp_path, sources, options=options, runs=4)
    keys = model.signatures()
    assert keys["serving_default"][0] == 0
    if options:
        expected = [key for path in sources.values() for key in read(path.read_bytes()).signatures()]
        assert len(keys) == len(expected) + 1


def test_own_signatures_run(tmp_path):
    """Every signature of the models does in the fused file what it does in its own; variables go on between calls."""
    sources = {"plain": OWN / "signatures_fp32.tflite", "a": OWN / "stateful_fp32.tflite",
               "b": OWN / "stateful_fp32.tflite"}
    data = fuse(sources, [], tmp_path / "fused.tflite", "--keep-signatures")
    whole = oracle.open_reference(data)
    keys = set(whole.get_signature_list())
    alone = {name: oracle.open_reference(path.read_bytes()) for name, path in sources.items()}
    calls = sorted((key, name) for name, path in sources.items() for key in models.read(path).signatures())
    for seed in range(3):
        for key, name in calls:                                  # reset of both, then step of both
            model = models.read(sources[name])
            subgraph, inputs, _ = model.signatures()[key]
            arrays = model.random_inputs(10 * seed + len(name + key) + ord(name[0]), subgraph, [k for _, k in inputs])
            fed = dict(zip([label for label, _ in inputs], arrays, strict=True))
            there = key if key in keys and name == "plain" else f"{name}/{key}"
            ours = whole.get_signature_runner(there)(**fed)
            theirs = alone[name].get_signature_runner(key)(**fed)
            assert sorted(ours) == sorted(theirs)
            assert all(ours[k].tobytes() == theirs[k].tobytes() for k in ours), (name, key)


def test_models_that_share_all_names(tmp_path):
    sources = {"a": OWN / "digits_whole_int8.tflite", "b": OWN / "digits_whole_int8.tflite",
               "c": OWN / "digits_features_int8.tflite"}
    model = check(tmp_path, sources)
    names = [t.name for t in model.tree.subgraphs[0].tensors if t.name]
    assert len(set(names)) == len(names)
    one = (OWN / "digits_whole_int8.tflite").stat().st_size
    assert len(model.data) < 1.3 * one                           # equal buffers are there once


def test_an_output_can_be_kept(tmp_path):
    sources = {"features": OWN / "digits_features_int8.tflite", "head": OWN / "digits_classifier_int8.tflite"}
    check(tmp_path, sources, chain_of("features", "head"), ["--keep", "features"], kept=[("features", 0)])


def test_a_fused_file_is_fused_again(tmp_path):
    first = {"features": OWN / "digits_features_int8.tflite", "head": OWN / "digits_classifier_own_int8.tflite"}
    inner = tmp_path / "inner.tflite"
    fuse(first, ["features=head"], inner)
    sources = {"x": inner, "y": inner, "s": OWN / "stateful_fp32.tflite"}
    check(tmp_path, sources)
    shown = plait("inspect", tmp_path / "fused.tflite").stdout
    for part in ("from x/features ", "from x/features>head ", "from x/head ", "from y/head ", "from s "):
        assert part in shown, shown


# ---- what is kept, and what is refused -----------------------------------------------------------------------------

def metadata_of(model):
    return {entry.name.decode(): bytes(model.tree.buffers[entry.buffer].data) for entry in model.tree.metadata}


def with_metadata(path, entries, out):
    tree = read(path.read_bytes()).tree
    tree.metadata = []
    for name, content in entries.items():
        buffer, entry = schema.BufferT(), schema.MetadataT()
        buffer.data = np.frombuffer(content, np.uint8)
        entry.name, entry.buffer = name.encode(), len(tree.buffers)
        tree.buffers.append(buffer)
        tree.metadata.append(entry)
    out.write_bytes(models.pack(tree))
    return out


def test_metadata_is_kept_and_the_highest_version_asked_for(tmp_path):
    path = OWN / "digits_whole_int8.tflite"
    entries = {"a": {"same": b"1", "other": b"2", "min_runtime_version": b"1.9.0\0"},
               "b": {"same": b"1", "other": b"3", "min_runtime_version": b"1.10.0\0"}}
    sources = {name: with_metadata(path, entries[name], tmp_path / f"{name}.tflite") for name in entries}
    found = metadata_of(check(tmp_path, sources))
    assert found.pop("min_runtime_version").rstrip(b"\0") == b"1.10.0"
    assert found.pop("plait.parts").startswith(b"0 ")
    assert found == {"same": b"1", "a/other": b"2", "b/other": b"3"}


def test_a_buffer_that_holds_nothing_is_not_named(tmp_path):
    """LiteRT refuses a tensor whose buffer has an empty vector of data, plait does not mind: the fused file is good."""
    tree = read((OWN / "digits_whole_int8.tflite").read_bytes()).tree
    subgraph = tree.subgraphs[0]
    buffer = schema.BufferT()
    buffer.data = np.zeros(0, np.uint8)
    subgraph.tensors[subgraph.operators[0].outputs[0]].buffer = len(tree.buffers)
    tree.buffers.append(buffer)
    path = tmp_path / "empty.tflite"
    path.write_bytes(models.pack(tree))
    with pytest.raises(ValueError):
        oracle.open_reference(path.read_bytes())
    data = fuse({"a": path}, [], tmp_path / "fused.tflite", "--check")
    fusing.assert_same(Chain({"a": OWN / "digits_whole_int8.tflite"}, []), data)


def custom_model(path, options):
    graph = tiny.Graph()
    x = graph.tensor(np.float32, [4], name="x")
    y = graph.tensor(np.float32, [4], name="y")
    graph.op("CUSTOM", [x], [y])
    graph.model.operatorCodes[0].customCode = b"Mine"
    graph.graph.operators[0].customOptions = np.frombuffer(options, np.uint8)
    path.write_bytes(graph.build([x], [y]))
    return path


def test_custom_operators_and_their_options_are_kept(tmp_path):
    sources = {"a": custom_model(tmp_path / "a.tflite", b"abc"), "b": custom_model(tmp_path / "b.tflite", b"abcd")}
    model = read(fuse(sources, ["a=b"], tmp_path / "fused.tflite"))
    assert [bytes(op.customOptions) for _, op in model.operators()] == [b"abc", b"abcd"]
    assert [code.customCode for code in model.tree.operatorCodes] == [b"Mine"]


@pytest.mark.parametrize("links, words", [
    (["a.y=b.x"], ["'y'", "'x'", "float32", "int8"]),
    (["a.y=c.x"], ["'y'", "'x'", "[4]", "[5]"]),
    (["a.y=d.x", "d.y=a.x"], ["ring", "'y'", "'x'"]),
    (["a.y=d.x", "e.y=d.x"], ["'x'", "'y'", "already"]),
    (["a.y=a.x"], ["'y'", "'x'", "itself"]),
    (["a.z=d.x"], ["'z'", "unknown"]),
])
def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path, links, words):
    made = {"a": tiny.relu(np.float32, [4]), "b": tiny.relu(np.int8, [4]), "c": tiny.relu(np.float32, [5]),
            "d": tiny.relu(np.float32, [4]), "e": tiny.relu(np.float32, [4])}
    for name, data in made.items():
        (tmp_path / f"{name}.tflite").write_bytes(data)
    out = tmp_path / "out"
    out.mkdir()
    arguments = [f"{name}={tmp_path / name}.tflite" for name in made]
    for link in links:
        arguments += ["--link", link]
    done = plait("fuse", *arguments, "-o", out / "fused.tflite")
    assert done.returncode in (1, 5), done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert list(out.iterdir()) == []


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    done = plait("fuse", OWN / "digits_whole_int8.tflite", "-o", tmp_path / "nowhere" / "fused.tflite")
    assert done.returncode == 2 and "nowhere" in done.stderr


def test_the_programming_interface_checks_its_arguments(tmp_path):
    import ctypes
    with plait_c.Interpreter() as interpreter:
        dll = ctypes.CDLL(str(plait_c.library_path()))
        dll.plait_fuse.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p]
        assert dll.plait_fuse(None, None, b"x") == plait_c.INVALID_ARGUMENT
        assert dll.plait_fuse(interpreter.handle, None, b"x") == plait_c.INVALID_ARGUMENT
        empty = (ctypes.c_size_t * 8)(64)
        assert dll.plait_fuse(interpreter.handle, empty, str(tmp_path / "x").encode()) == plait_c.INVALID_ARGUMENT


def test_models_of_one_input(tmp_path):
    """Two models that begin alike get what the first is fed: one input, and the common part once."""
    paths = {"a": OWN / "digits_whole_int8.tflite", "b": OWN / "digits_features_int8.tflite"}
    model = read(fuse(paths, ["a=b,input"], tmp_path / "fused.tflite", "--check"))
    alone = [read(path.read_bytes()) for path in paths.values()]
    whole = model.tree.subgraphs[0]
    assert len(whole.inputs) == 1 and len(whole.outputs) == 2
    assert len(model.operators()) < sum(len(one.operators()) for one in alone)
    fused = oracle.open_reference(model.data)
    for seed in range(3):
        inputs = model.random_inputs(seed)
        wanted = [oracle.invoke(oracle.open_reference(one.data), inputs) for one in alone]
        assert fusing.bits(oracle.invoke(fused, inputs)) == fusing.bits([output for outputs in wanted for output in outputs])
