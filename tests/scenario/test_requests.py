# SPDX-License-Identifier: Apache-2.0
"""Classes and requests: requests.c over models that are made here."""
import numpy as np
import pytest

import programs
import tiny

VARIANTS = programs.variants()
pytestmark = pytest.mark.skipif(not VARIANTS, reason="no static library is built: run scripts/build")


def custom_chain(*names):
    graph = tiny.Graph()
    tensors = [graph.tensor(np.float32, (1, 4)) for _ in range(len(names) + 1)]
    for name, source, target in zip(names, tensors, tensors[1:]):
        graph.custom(name, [source], [target])
    return graph.build([tensors[0]], [tensors[-1]])


def sum_of_two():
    graph = tiny.Graph()
    left, right, out = (graph.tensor(np.float32, (1, 4)) for _ in range(3))
    graph.op("ADD", [left, right], [out])
    return graph.build([left, right], [out])


@pytest.mark.parametrize("variant", VARIANTS)
def test_requests(variant, tmp_path):
    paths = [tmp_path / name for name in ("steps.tflite", "mark.tflite", "pair.tflite")]
    paths[0].write_bytes(custom_chain("Step", "Step"))
    paths[1].write_bytes(custom_chain("Mark"))
    paths[2].write_bytes(sum_of_two())
    programs.run("requests", variant, paths, "--count", 20 if programs.LONG else 3)


@pytest.mark.parametrize("variant", VARIANTS)
def test_requests_for_the_same_models(variant):
    paths = [programs.OWN / "digits_features_int8.tflite", programs.OWN / "digits_classifier_int8.tflite"]
    programs.run("contended", variant, paths, "--count", 20000 if programs.LONG else 2000)
