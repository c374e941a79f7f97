# SPDX-License-Identifier: Apache-2.0
"""Models for the tests of TensorFlow Lite's API that are made on the spot."""
import struct

import numpy as np

import tiny


def rnn():
    """A state that is a variable tensor."""
    graph = tiny.Graph()
    x = graph.tensor(np.float32, (1, 2), name="x")
    constants = [graph.tensor(np.float32, shape, data=np.linspace(-1, 1, int(np.prod(shape))))
                 for shape in ((3, 2), (3, 3), (3,))]
    state = graph.tensor(np.float32, (1, 3), name="state")
    graph.graph.tensors[state].isVariable = True
    y = graph.tensor(np.float32, (1, 3), name="y")
    options = tiny.schema.RNNOptionsT()
    options.fusedActivationFunction = tiny.schema.ActivationFunctionType.TANH
    graph.op("RNN", [x, *constants, state], [y], options=options)
    return graph.build([x], [y])


def affine():
    """A custom operator, and RELU behind it; and what a file may say beside the model."""
    graph = tiny.Graph()
    for name, data in (("min_runtime_version", b"2.3.0\0\0\0"), ("twice", b"first"), ("twice", b"\0second"), ("empty", b"")):
        graph.metadata(name, data)
    x, middle, y = (graph.tensor(np.float32, (1, 4), name=name) for name in ("x", "middle", "y"))
    graph.custom("Affine", [x], [middle], struct.pack("ff", 2, 1), version=3)
    graph.op("RELU", [middle], [y])
    return graph.build([x], [y])


def ones():
    """A custom operator whose output depends on data, and one behind it that sees the shape only then."""
    graph = tiny.Graph()
    count = graph.tensor(np.int32, (1,), name="count")
    middle, y = graph.tensor(np.float32, (1,), name="middle"), graph.tensor(np.float32, (1,), name="y")
    graph.custom("Ones", [count], [middle])
    graph.op("ADD", [middle, middle], [y], options=tiny.schema.AddOptionsT())
    return graph.build([count], [y])


def words():
    """A custom operator on strings."""
    graph = tiny.Graph()
    x, y = (graph.tensor("S", (2,), name=name) for name in ("x", "y"))
    graph.custom("Twice", [x], [y])
    return graph.build([x], [y])


def texts():
    """Strings that go through as they are, of an open number."""
    graph = tiny.Graph()
    x, y = (graph.tensor("S", (1,), name=name, signature=[-1]) for name in ("x", "y"))
    shape = graph.tensor(np.int32, (1,), data=[-1], name="shape")
    graph.op("RESHAPE", [x, shape], [y])
    return graph.build([x], [y])


def quantized():
    """Scales per tensor and per channel, and an open dimension."""
    graph = tiny.Graph()
    x = graph.tensor(np.int8, (1, 3), quantization=(0.5, -2), name="x", signature=[-1, 3])
    weights = graph.tensor(np.int8, (2, 3), quantization=(0.25, 0), data=np.arange(6) - 3, name="weights")
    of = graph.graph.tensors[weights].quantization
    of.scale, of.zeroPoint, of.quantizedDimension = [0.25, 0.125], [0, 0], 0
    bias = graph.tensor(np.int32, (2,), data=[1, 2], name="bias")
    y = graph.tensor(np.int8, (1, 2), quantization=(1.5, 3), name="y", signature=[-1, 2])
    graph.op("FULLY_CONNECTED", [x, weights, bias], [y], options=tiny.schema.FullyConnectedOptionsT(), version=4)
    return graph.build([x], [y])


def one_good_signature():
    """Two signatures; of "bad" the shapes do not go together, which allocating it says."""
    graph = tiny.Graph()
    ends = [graph.tensor(np.float32, (1, 2), name=name) for name in ("x", "y")]
    graph.op("RELU", ends[:1], ends[1:])
    other = graph.subgraph()
    a, b, c = (other.tensor(np.float32, (1, size), name=name) for size, name in ((2, "a"), (3, "b"), (3, "c")))
    other.op("ADD", [a, b], [c], options=tiny.schema.AddOptionsT())
    other.close([a, b], [c])
    graph.model.signatureDefs = [signature("good", 0, {"x": 0}, {"y": 1}),
                                 signature("bad", 1, {"a": a, "b": b}, {"c": c})]
    return graph.build(ends[:1], ends[1:])


def signature(key, subgraph, inputs, outputs):
    def named(tensors):
        made = []
        for name, index in tensors.items():
            made.append(tiny.schema.TensorMapT())
            made[-1].name, made[-1].tensorIndex = name, index
        return made
    made = tiny.schema.SignatureDefT()
    made.signatureKey, made.subgraphIndex = key, subgraph
    made.inputs, made.outputs = named(inputs), named(outputs)
    return made


ALL = {"rnn": rnn, "affine": affine, "ones": ones, "words": words, "texts": texts, "quantized": quantized,
       "one_good_signature": one_good_signature}


def write(folder):
    """All of them as files; name: path."""
    paths = {}
    for name, make in ALL.items():
        paths[name] = folder / f"{name}.tflite"
        paths[name].write_bytes(make())
    return paths
