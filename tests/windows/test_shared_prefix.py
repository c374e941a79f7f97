# SPDX-License-Identifier: Apache-2.0
"""Models that begin alike on the same data compute that once: same bits as each by itself, in any order of invocations."""
import os

import numpy as np
import pytest

import plait_c
import streamed
import tiny
from random_network import FLOAT, Network

COUNT = 1000 if os.environ.get("PLAIT_LONG") else 100


class Begun(Network):
    """A random network whose first steps depend on `seed` and whose further ones on `head`."""

    def __init__(self, seed, head, trunk_steps):
        self.head_seed, self.left = head, trunk_steps
        super().__init__(seed)

    def step(self):
        if self.left == 0:
            self.random = np.random.default_rng(self.head_seed)
        self.left -= 1
        super().step()


class Set:
    """Some of them behind one model that hands its input on; or all of them get what the first is fed."""

    def __init__(self, networks, whole=False, from_input=False, **options):
        first = networks[0]
        quantization = None if first.dtype == FLOAT else first.values[0][2]
        self.networks, self.interpreter = networks, plait_c.Interpreter(**options)
        if not from_input:
            self.source = self.interpreter.load(streamed.same(first.dtype, [1, int(np.prod(first.shape))], quantization), "source")
        self.models = [self.interpreter.load(network.file, f"model{k}") for k, network in enumerate(networks)]
        if from_input:
            self.source, *others = self.models
        for model in others if from_input else self.models:
            self.interpreter.link(self.source.name, "", model.name, "", reshape=not from_input, from_input=from_input)
        if whole:
            self.interpreter.check(plait_c.api().set_whole(self.source.handle, True))
        self.interpreter.allocate()
        for model in self.models:
            self.interpreter.check(plait_c.api().profile_enable(model.handle, True))

    def steps(self):
        return [plait_c.api().profile_count(model.handle) for model in self.models]

    def feed(self, data):
        self.source.inputs()[0].write(data.reshape(self.source.inputs()[0].shape))

    def outputs(self, k):
        return [output.read().tobytes() for output in self.models[k].outputs()]


def alone(network, data):
    with plait_c.Interpreter() as interpreter:
        model = interpreter.load(network.file, "model")
        interpreter.allocate()
        return [output.tobytes() for output in model([data])]


def check(seed):
    """How many operators were shared."""
    random = np.random.default_rng([seed, 1])
    trunk, count = int(random.integers(1, 6)), int(random.integers(2, 5))
    networks = [Begun(seed, [seed, int(random.integers(3))], trunk) for _ in range(count)]
    inputs = [np.ascontiguousarray(networks[0].window(networks[0].rows(networks[0].shape[networks[0].window_axis])))
              for _ in range(3)]
    wanted = [[alone(network, data) for network in networks] for data in inputs]
    with plait_c.Interpreter() as apart:
        handles = [apart.load(network.file, f"model{k}") for k, network in enumerate(networks)]
        apart.allocate()
        for model in handles:
            apart.check(plait_c.api().profile_enable(model.handle, True))
        separate = sum(plait_c.api().profile_count(model.handle) for model in handles)
    for whole, from_input in ((False, False), (True, False), (False, True), (True, True)):
        group = Set(networks, whole, from_input)
        with group.interpreter:
            for data, answers in zip(inputs, wanted):
                group.feed(data)
                group.source.run()
                assert [group.outputs(k) for k in range(count)] == answers, (seed, whole, from_input)
            shared = separate - sum(group.steps())
            if whole:
                continue
            last = list(wanted[-1])
            for turn in range(6):  # each by itself; what the others have stays
                which = int(random.integers(3))
                group.feed(inputs[which])
                if not from_input:
                    group.source.invoke()
                k = int(random.integers(count))
                group.models[k].invoke()
                last[k] = wanted[which][k]
                assert [group.outputs(j) for j in range(count)] == last, (seed, turn)
    return shared


def test_random_networks():
    assert sum(check(seed) for seed in range(COUNT)) > COUNT


def test_one_input_for_several():
    """What is fed once is for all; an input that gets it cannot be fed, and a window is one model's alone."""
    network = Begun(5, 5, 9)
    data = np.ascontiguousarray(network.window(network.rows(network.shape[network.window_axis])))
    group = Set([network, network], from_input=True)
    with group.interpreter as interpreter:
        first, second = group.models
        with pytest.raises(plait_c.PlaitError, match="is linked: its producer feeds it"):
            second.inputs()[0].write(data)
        third = interpreter.load(network.file, "third")
        interpreter.link("model1", "", "third", "", from_input=True)
        interpreter.allocate()
        first.inputs()[0].write(data)
        third.invoke()
        assert [output.read().tobytes() for output in third.outputs()] == alone(network, data)
        with pytest.raises(plait_c.PlaitError, match="not for model 'model1' too"):
            interpreter.stream("model0", "", hop=1, axis=network.window_axis)
        interpreter.check(plait_c.api().unlink(interpreter.handle, b"model1", b""))
        interpreter.allocate()
        second.inputs()[0].write(data)
        second.invoke()
        assert group.outputs(1) == alone(network, data)


def test_equal_models_share_all_but_their_outputs():
    network = Begun(5, 5, 9)
    group = Set([network, network, network])
    with group.interpreter:
        first, *others = group.steps()
        assert others == [others[0]] * 2 and others[0] < first


class Sum:
    """exp(x + constant)."""
    dtype, shape = FLOAT, (1, 3)
    values = [(0, (1, 3), None)]

    def __init__(self, constant):
        graph = tiny.Graph()
        x, hidden, y = (graph.tensor(np.float32, [1, 3], name=name) for name in ("x", "hidden", "y"))
        add = tiny.schema.AddOptionsT()
        graph.op("ADD", [x, graph.tensor(np.float32, [1, 3], data=np.float32([constant]))], [hidden], add)
        graph.op("EXP", [hidden], [y], tiny.schema.ExpOptionsT())
        self.file = graph.build([x], [y])


@pytest.mark.parametrize("constants,shared", [([[1, 2, 3], [1, 2, 3]], 1), ([[1, 2, 3], [1, 2, 4]], 0)])
def test_constants_count_by_content(constants, shared):
    """Equal ones of two files are the same, and one number less is not."""
    networks = [Sum(constant) for constant in constants]
    group = Set(networks)
    with group.interpreter:
        data = np.float32([[0.5, -1, 2]])
        group.feed(data)
        group.source.run()
        assert [group.outputs(k) for k in range(2)] == [alone(network, data) for network in networks]
        assert group.steps() == [2, 2 - shared]
        first, second = (model.sharing(0) for model in group.models)
        if shared:
            assert (first.models, first.computed_by, second.computed_by, second.operator_index) == (1, None, b"model0", 0)
            assert second.work > 0 and second.output_bytes == 12 and second.why_not is None
            assert group.models[1].sharing(1).why_not == b"its output is one of its model"
        else:
            assert first is None and second.why_not == b"it has other constants, or other inputs"


def leaky(alpha, op="LEAKY_RELU"):
    """exp(op(x))."""
    graph = tiny.Graph()
    x, hidden, y = (graph.tensor(np.float32, [1, 3], name=name) for name in ("x", "hidden", "y"))
    options = tiny.schema.LeakyReluOptionsT() if op == "LEAKY_RELU" else None
    if options is not None:
        options.alpha = alpha
    graph.op(op, [x], [hidden], options)
    graph.op("EXP", [hidden], [y], tiny.schema.ExpOptionsT())
    return graph.build([x], [y])


@pytest.mark.parametrize("other,why", [(leaky(0.5), None), (leaky(0.25), b"it has other options"),
                                       (leaky(0.5, "TANH"), b"it is another operator")])
def test_why_not_shared(other, why):
    with plait_c.Interpreter() as interpreter:
        interpreter.load(leaky(0.5), "a")
        model = interpreter.load(other, "b")
        interpreter.link("a", "x", "b", "x", from_input=True)
        assert model.sharing(0) is None
        interpreter.allocate()
        assert model.sharing(0).why_not == why
        assert model.sharing(0).computed_by == (b"a" if why is None else None)


def exponent_of(first):
    """y = -exp(x), where x comes first or is made by `first`, whose result is an output as well."""
    graph = tiny.Graph()
    x, middle, hidden, y = (graph.tensor(np.float32, [1, 3], name=name) for name in ("x", "middle", "hidden", "y"))
    if first is not None:
        graph.op(first, [x], [middle])
    graph.op("EXP", [x if first is None else middle], [hidden], tiny.schema.ExpOptionsT())
    graph.op("NEG", [hidden], [y], tiny.schema.NegOptionsT())
    return graph.build([x], [y] if first is None else [middle, y])


def test_what_a_model_does_with_its_own_output_does_not_come_before_it():
    """Two models do the same with an output of the first: there it is no beginning."""
    with plait_c.Interpreter() as interpreter:
        first = interpreter.load(exponent_of("TANH"), "first")
        second = interpreter.load(exponent_of(None), "second")
        interpreter.link("first", "middle", "second", "x")
        interpreter.allocate()
        for value in (0.5, -2.0):
            first.inputs()[0].write(np.float32([[value, 0, 1]]))
            first.run()
            found = [tensor.read() for tensor in (*first.outputs(), *second.outputs())]
            assert np.allclose(found[0], np.tanh(np.float32([[value, 0, 1]])), atol=1e-6)
            assert np.allclose(found[1], -np.exp(found[0]), atol=1e-6)
            assert found[2].tobytes() == found[1].tobytes()


def test_unloading_the_first_leaves_the_others():
    networks = [Begun(11, [11, k], 3) for k in range(3)]
    data = np.ascontiguousarray(networks[0].window(networks[0].rows(networks[0].shape[networks[0].window_axis])))
    group = Set(networks)
    with group.interpreter:
        group.models[0].unload()
        group.interpreter.allocate()
        group.feed(data)
        group.source.run()
        assert [group.outputs(k) for k in (1, 2)] == [alone(networks[k], data) for k in (1, 2)]


@pytest.mark.parametrize("threads", [2, 4])
def test_threads(threads):
    networks = [Begun(3, [3, k], 4) for k in range(3)]
    data = np.ascontiguousarray(networks[0].window(networks[0].rows(networks[0].shape[networks[0].window_axis])))
    group = Set(networks, threads=threads)
    with group.interpreter:
        group.feed(data)
        group.source.run()
        assert [group.outputs(k) for k in range(3)] == [alone(network, data) for network in networks]


def reverse():
    """What is not made where its input is."""
    graph = tiny.Graph()
    x, y = (graph.tensor(np.float32, [1, 3], name=name) for name in "xy")
    graph.op("REVERSE_V2", [x, graph.tensor(np.int32, [1], data=[1])], [y], tiny.schema.ReverseV2OptionsT())
    return graph.build([x], [y])


def test_an_adapted_input_stays_for_the_other_model():
    """What an adapter makes of an output is for both models, also when the second runs by itself later."""
    with plait_c.Interpreter() as interpreter:
        source, a, b, c = (interpreter.load(data, name) for name, data in (
            ("source", exponent_of(None)), ("a", exponent_of(None)), ("b", leaky(0.5)), ("c", reverse())))
        network = Network(3)
        other = interpreter.load(network.file, "other")
        interpreter.link("source", "", "a", "", has_scale=True, scale=0.5)
        for name in "bc":
            interpreter.link("a", "", name, "", from_input=True)
        interpreter.allocate()
        source.inputs()[0].write(np.float32([[0, 1, -1]]))
        source.invoke()
        a.invoke()
        assert other.memory().arena_bytes > 0
        other([network.window(network.rows(network.shape[network.window_axis]))])  # has the arena in between
        b.invoke()
        c.invoke()
        taken = -np.exp(np.float32([[0, 1, -1]])) / 2
        assert np.allclose(a.outputs()[0].read(), -np.exp(taken), atol=1e-5)
        assert np.allclose(b.outputs()[0].read(), np.exp(taken / 2), atol=1e-5)
        assert np.allclose(c.outputs()[0].read(), taken[:, ::-1], atol=1e-5)
