# SPDX-License-Identifier: Apache-2.0
"""A server with a model for each data type and some more, for the tests of this folder: `server`, to be imported."""
import json

import ml_dtypes
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import tiny
from plait_server import MODELS, Server

TYPES = {"BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
         "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16,
         "BF16": ml_dtypes.bfloat16, "FP32": np.float32, "FP64": np.float64}
NO_JSON = ("FP16", "BF16")
CHAIN = {"models": {"features": "digits_features_int8.tflite", "head": "digits_classifier_int8.tflite"},
         "links": [{"from": "features", "to": "head"}], "inputs": {"image": "features"}, "outputs": {"scores": "head"}}


def values_of(datatype, shape=(2, 3)):
    """Extremes and small ones."""
    dtype = np.dtype(TYPES[datatype])
    if datatype == "BOOL":
        return np.array([1, 0, 0, 1, 1, 0], bool).reshape(shape)
    if dtype.kind in "iu":
        most = min(np.iinfo(dtype).max, 2**63 - 1)
        return np.array([np.iinfo(dtype).min, most, 0, 1, 2, 3], dtype).reshape(shape)
    return np.array([0.1, -2.5, 0, 1e-3, 65504 if datatype == "FP16" else 3e38, -1], dtype).reshape(shape)


def identity(dtype, shape=(2, 3)):
    """A model that gives back what it gets: a shape alone changes."""
    graph, options = tiny.Graph(), schema.ReshapeOptionsT()
    source = graph.tensor(dtype, shape, name="in")
    target = graph.tensor(dtype, shape[::-1], name="out")
    options = schema.ReshapeOptionsT()
    options.newShape = list(shape[::-1])
    graph.op("RESHAPE", [source, graph.tensor(np.int32, [2], data=shape[::-1])], [target], options)
    return graph.build([source], [target])


def adder():
    """Takes any number of elements, it says, and can add three."""
    graph = tiny.Graph()
    source = graph.tensor(np.float32, [3], name="x", signature=[-1])
    target = graph.tensor(np.float32, [3], name="y", signature=[-1])
    graph.op("ADD", [source, graph.tensor(np.float32, [3], data=[1, 2, 3])], [target], schema.AddOptionsT())
    return graph.build([source], [target])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    tiny.TYPES.update({np.dtype(ml_dtypes.bfloat16): schema.TensorType.BFLOAT16,
                       np.dtype(np.float64): schema.TensorType.FLOAT64, np.dtype(np.uint16): schema.TensorType.UINT16})
    for name, dtype in {**TYPES, "BYTES": "S"}.items():
        (folder / f"same_{name}.tflite").write_bytes(identity(dtype))
    (folder / "adder.tflite").write_bytes(adder())
    pipeline = {**CHAIN, "models": {name: str(MODELS / path) for name, path in CHAIN["models"].items()}}
    (folder / "chain.json").write_text(json.dumps(pipeline))
    models = [MODELS / f"{name}.tflite" for name in ("digits_whole_int8", "dynamic_batch_fp32", "stateful_fp32",
                                                     "control_while_fp32", "signatures_fp32")]
    with Server("digits=" + str(models[0]), *models[1:], "--repository", folder) as running:
        yield running
