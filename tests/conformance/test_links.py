# SPDX-License-Identifier: Apache-2.0
"""Links between models: equal ends are one buffer, other ends get LiteRT's own operators in between. The oracle is
LiteRT's reference on one file that holds both models and the adapter's operators."""
import numpy as np
import oracle
import plait_c
import pytest
import tiny

MODELS = plait_c.ROOT / "tests" / "models"
RNG = np.random.default_rng(5)


def litert(data, *inputs):
    return oracle.invoke(oracle.open_reference(data), list(inputs))


def digits(count=20):
    return [RNG.integers(-128, 128, (1, 8, 8, 1)).astype(np.int8) for _ in range(count)]


def open_chain(interpreter, *files, **options):
    """Loads the files as m0, m1, ... and links each to the next."""
    models = [interpreter.load(f, f"m{k}") for k, f in enumerate(files)]
    for k in range(len(files) - 1):
        interpreter.link(f"m{k}", "", f"m{k + 1}", "", **options)
    return models


@pytest.mark.parametrize("whole", [False, True])
def test_a_chain_equals_the_whole_model(whole):
    with plait_c.Interpreter() as interpreter:
        first, last = open_chain(interpreter, MODELS / "digits_features_int8.tflite",
                                 MODELS / "digits_classifier_int8.tflite")
        alone = interpreter.load(MODELS / "digits_whole_int8.tflite", "whole")
        plait_c.api().set_whole(first.handle, whole)
        interpreter.allocate()
        for x in digits():
            x = x.reshape(first.inputs()[0].shape)
            first.inputs()[0].write(x)
            last.run()
            np.testing.assert_array_equal(last.outputs()[0].read(), alone([x])[0])
        if whole:
            with pytest.raises(plait_c.PlaitError) as refused:
                last.invoke()
            assert refused.value.status == plait_c.INVALID_ARGUMENT


def test_equal_ends_are_one_buffer():
    with plait_c.Interpreter() as interpreter:
        data = tiny.relu(np.float32, [1, 4])
        first, last = open_chain(interpreter, data, data)
        interpreter.allocate()
        api = plait_c.api()
        assert api.tensor_data(first.outputs()[0].handle) == api.tensor_data(last.inputs()[0].handle)


def test_invoking_one_model_runs_it_on_what_its_producer_last_produced():
    with plait_c.Interpreter() as interpreter:
        data = tiny.relu(np.float32, [1, 4])
        first, last = open_chain(interpreter, data, data)
        interpreter.allocate()
        one, two = np.float32([[1, -2, 3, -4]]), np.float32([[5, 6, -7, 8]])
        first([one])
        last.invoke()
        np.testing.assert_array_equal(last.outputs()[0].read(), np.maximum(one, 0))
        first.inputs()[0].write(two)                    # fed but not run: the link still holds the first result
        last.invoke()
        np.testing.assert_array_equal(last.outputs()[0].read(), np.maximum(one, 0))
        last.run()
        np.testing.assert_array_equal(last.outputs()[0].read(), np.maximum(two, 0))


ADAPTERS = {
    "requantize": (np.int8, (0.05, 3), np.int8, (0.11, -20), {}),
    "uint8 to int8": (np.uint8, (0.05, 128), np.int8, (0.05, 0), {}),
    "int8 to uint8": (np.int8, (0.02, -128), np.uint8, (0.07, 5), {}),
    "dequantize": (np.int8, (0.05, 3), np.float32, None, {}),
    "quantize": (np.float32, None, np.int8, (0.05, 3), {}),
    "scale and offset": (np.float32, None, np.float32, None,
                         {"has_scale": True, "scale": 0.1, "has_offset": True, "offset": 2.0}),
    "scale": (np.float32, None, np.float32, None, {"has_scale": True, "scale": 0.3}),
    "scale of quantized": (np.int8, (0.05, 3), np.int8, (0.11, -20), {"has_scale": True, "scale": 0.7}),
}


def joined(from_type, from_quantization, to_type, to_quantization, options):
    """The two RELU models and their adapter in one file."""
    graph = tiny.Graph()
    x = graph.tensor(from_type, [1, 256], from_quantization)
    y = graph.op("RELU", [x], [graph.tensor(from_type, [1, 256], from_quantization)],
                 version=1 if from_quantization is None else 2)
    arithmetic = "has_scale" in options or "has_offset" in options
    if from_quantization is not None and (arithmetic or to_quantization is None):
        y = graph.op("DEQUANTIZE", [y], [graph.tensor(np.float32, [1, 256])], version=2)
        from_quantization = None
    for key, name in ("scale", "MUL"), ("offset", "ADD"):
        if "has_" + key in options:
            factor = graph.tensor(np.float32, [], data=options[key])
            y = graph.op(name, [y, factor], [graph.tensor(np.float32, [1, 256])])
    if to_quantization is not None:
        y = graph.op("QUANTIZE", [y], [graph.tensor(to_type, [1, 256], to_quantization)],
                     version=1 if from_quantization is None else 2)
    z = graph.op("RELU", [y], [graph.tensor(to_type, [1, 256], to_quantization)],
                 version=1 if to_quantization is None else 2)
    return graph.build([x], [z])


def random_values(dtype):
    if dtype == np.float32:
        return (RNG.standard_normal((1, 256)) * 5).astype(np.float32)
    return RNG.permutation(np.arange(256) + np.iinfo(dtype).min).astype(dtype).reshape(1, 256)


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapters_are_litert_operators(name):
    from_type, from_quantization, to_type, to_quantization, options = ADAPTERS[name]
    with plait_c.Interpreter() as interpreter:
        first, last = open_chain(interpreter, tiny.relu(from_type, [1, 256], from_quantization),
                                 tiny.relu(to_type, [1, 256], to_quantization), **options)
        interpreter.allocate()
        whole = joined(from_type, from_quantization, to_type, to_quantization, options)
        for _ in range(3):
            x = random_values(from_type)
            first.inputs()[0].write(x)
            last.run()
            np.testing.assert_array_equal(last.outputs()[0].read(), litert(whole, x)[0])


def test_reshape_adapter():
    with plait_c.Interpreter() as interpreter:
        first, last = open_chain(interpreter, tiny.relu(np.float32, [2, 6]), tiny.relu(np.float32, [3, 4]),
                                 reshape=True)
        interpreter.allocate()
        x = RNG.standard_normal((2, 6)).astype(np.float32)
        first.inputs()[0].write(x)
        last.run()
        np.testing.assert_array_equal(last.outputs()[0].read(), np.maximum(x, 0).reshape(3, 4))


def test_cast_adapter():
    graph = tiny.Graph()
    x = graph.tensor(np.int32, [4], name="x")
    one = graph.tensor(np.int32, [1], data=[1])
    graph.op("ADD", [x, one], [graph.tensor(np.int32, [4], name="y")])
    with plait_c.Interpreter() as interpreter:
        first, last = open_chain(interpreter, tiny.relu(np.float32, [4]), graph.build([x], [2]), cast=True)
        interpreter.allocate()
        first.inputs()[0].write(np.float32([1.9, -3.5, 7.0, 2.5]))
        last.run()
        np.testing.assert_array_equal(last.outputs()[0].read(), [2, 1, 8, 3])


def test_own_scale_of_a_real_model_gets_an_adapter():
    with plait_c.Interpreter() as interpreter:
        first, last = open_chain(interpreter, MODELS / "digits_features_int8.tflite",
                                 MODELS / "digits_classifier_own_int8.tflite")
        interpreter.allocate()
        (scale_in,), (zero_in,), _ = first.outputs()[0].quantization()
        (scale_out,), (zero_out,), _ = last.inputs()[0].quantization()
        shape = first.outputs()[0].shape
        graph = tiny.Graph()
        x = graph.tensor(np.int8, shape, (scale_in, zero_in))
        y = graph.op("QUANTIZE", [x], [graph.tensor(np.int8, shape, (scale_out, zero_out))], version=2)
        adapter = graph.build([x], [y])
        for image in digits():
            features = first([image.reshape(first.inputs()[0].shape)])[0]
            last.run()
            expected = litert((MODELS / "digits_classifier_own_int8.tflite").read_bytes(), *litert(adapter, features))
            np.testing.assert_array_equal(last.outputs()[0].read(), expected[0])


def test_fan_out_and_a_diamond():
    float_4 = tiny.relu(np.float32, [1, 4])
    graph = tiny.Graph()
    a, b = graph.tensor(np.float32, [1, 4], name="a"), graph.tensor(np.float32, [1, 4], name="b")
    add = graph.build([a, b], [graph.op("ADD", [a, b], [graph.tensor(np.float32, [1, 4], name="sum")])])
    with plait_c.Interpreter() as interpreter:
        models = {name: interpreter.load(data, name) for name, data in
                  dict(sink=add, left=float_4, source=float_4, right=float_4).items()}
        for link in (("source", "", "left", ""), ("source", "", "right", ""), ("left", "", "sink", "a"),
                     ("right", "", "sink", "b")):
            interpreter.link(*link)
        interpreter.allocate()
        x = np.float32([[1, -2, 3, 4]])
        models["source"].inputs()[0].write(x)
        models["sink"].run()
        np.testing.assert_array_equal(models["sink"].outputs()[0].read(), 2 * np.maximum(x, 0))


def test_a_linked_input_follows_its_producers_shape():
    with plait_c.Interpreter() as interpreter:
        data = tiny.relu(np.float32, [1, 4], signature=[-1, 4])
        first, last = open_chain(interpreter, data, data)
        interpreter.allocate()
        first.resize(0, [3, 4])
        with pytest.raises(plait_c.PlaitError) as stale:
            last.run()
        assert stale.value.status == plait_c.NOT_ALLOCATED
        interpreter.allocate()
        x = RNG.standard_normal((3, 4)).astype(np.float32)
        first.inputs()[0].write(x)
        last.run()
        np.testing.assert_array_equal(last.outputs()[0].read(), np.maximum(x, 0))
        with pytest.raises(plait_c.PlaitError):
            last.resize(0, [2, 4])


def test_a_shape_that_no_longer_fits_is_refused_and_others_go_on():
    with plait_c.Interpreter() as interpreter:
        first, last = open_chain(interpreter, tiny.relu(np.float32, [1, 4], signature=[-1, 4]),
                                 tiny.relu(np.float32, [1, 4]))
        other = interpreter.load(tiny.relu(np.float32, [2]), "other")
        interpreter.allocate()
        first.resize(0, [3, 4])
        with pytest.raises(plait_c.PlaitError) as refused:
            interpreter.allocate()
        assert refused.value.status == plait_c.MISMATCH and "[3,4]" in refused.value.message
        np.testing.assert_array_equal(other([np.float32([-1, 2])])[0], [0, 2])
        first.resize(0, [1, 4])
        interpreter.allocate()
        last.run()


@pytest.mark.parametrize("from_data, to_data, options, words", [
    (tiny.relu(np.float32, [4]), tiny.relu(np.float32, [5]), {}, ["'y'", "'x'", "[4]", "[5]", "shapes"]),
    (tiny.relu(np.float32, [4]), tiny.relu(np.float32, [5]), {"reshape": True}, ["number of elements"]),
    (tiny.relu(np.int8, [4], (0.1, 0)), tiny.relu(np.int8, [4], (0.1, 0)), None, ["itself"]),
])
def test_what_does_not_fit_is_refused_with_both_tensors_named(from_data, to_data, options, words):
    with plait_c.Interpreter() as interpreter:
        interpreter.load(from_data, "from"), interpreter.load(to_data, "to")
        with pytest.raises(plait_c.PlaitError) as refused:
            if options is None:
                interpreter.link("from", "", "from", "")
            else:
                interpreter.link("from", "", "to", "", **options)
        assert refused.value.status == plait_c.MISMATCH
        assert all(word in refused.value.message for word in words), refused.value.message


def test_rings_and_second_producers_are_refused():
    with plait_c.Interpreter() as interpreter:
        data = tiny.relu(np.float32, [4])
        models = [interpreter.load(data, name) for name in "abc"]
        interpreter.link("a", "", "b", "")
        interpreter.link("b", "", "c", "")
        for link in (("c", "", "a", ""), ("a", "", "c", "")):
            with pytest.raises(plait_c.PlaitError) as refused:
                interpreter.link(*link)
            assert refused.value.status == plait_c.MISMATCH
        interpreter.allocate()
        models[0].inputs()[0].write(np.float32([-1, 2, -3, 4]))
        models[2].run()
        np.testing.assert_array_equal(models[2].outputs()[0].read(), [0, 2, 0, 4])


def test_unloading_the_middle_leaves_two_models():
    with plait_c.Interpreter() as interpreter:
        data = tiny.relu(np.float32, [4])
        first, middle, last = open_chain(interpreter, data, data, data)
        interpreter.allocate()
        middle.unload()
        interpreter.allocate()
        np.testing.assert_array_equal(last([np.float32([-1, 2, -3, 4])])[0], [0, 2, 0, 4])
        np.testing.assert_array_equal(first([np.float32([5, -6, 7, 8])])[0], [5, 0, 7, 8])


def test_control_flow_and_state_inside_a_linked_set():
    """Subgraphs are renumbered and variables stay each model's own."""
    paths = [MODELS / name for name in ("control_nested_fp32.tflite", "control_if_fp32.tflite")]
    with plait_c.Interpreter() as alone, plait_c.Interpreter() as linked:
        single = [alone.load(p) for p in paths]
        alone.allocate()
        models = [linked.load(p) for p in reversed(paths)][::-1]
        shape = models[1].inputs()[0].shape
        source = linked.load(tiny.relu(np.float32, shape), "source")
        linked.link("source", "", models[1].name, "#0")
        linked.allocate()
        for _ in range(10):
            inputs = [RNG.standard_normal(t.shape).astype(t.dtype) for t in single[1].inputs()]
            expected = single[1]([np.maximum(inputs[0], 0)] + inputs[1:])
            source.inputs()[0].write(inputs[0])
            for tensor, value in zip(models[1].inputs()[1:], inputs[1:]):
                tensor.write(value)
            models[1].run()
            for ours, theirs in zip(models[1].outputs(), expected):
                np.testing.assert_array_equal(ours.read(), theirs)
