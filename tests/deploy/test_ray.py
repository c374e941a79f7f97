# SPDX-License-Identifier: Apache-2.0
"""plait.serve on a real Ray, in an environment of its own (.cache/ray, which scripts/test-long makes): tests/deploy/on_ray.py
holds every answer against single runs; here its replicas' memory is looked at.
"""
import json
import os
import subprocess

import numpy as np
import pytest

import tiny
from plait_server import ROOT

RAY, PACKAGE = ROOT / ".cache/ray/bin/python", ROOT / ".cache/package"
WIDE, NARROW = 4096, 1024
WEIGHTS = 2 * WIDE * NARROW * 4 // 1024  # KiB


def wide_model(path):
    graph, random = tiny.Graph(), np.random.default_rng(3)
    ends = [graph.tensor(np.float32, [1, width], name=name) for width, name in ((NARROW, "x"), (WIDE, "m"), (NARROW, "y"))]
    for source, target, shape in ((ends[0], ends[1], (WIDE, NARROW)), (ends[1], ends[2], (NARROW, WIDE))):
        weights = graph.tensor(np.float32, shape, data=random.normal(size=shape).astype(np.float32))
        graph.op("FULLY_CONNECTED", [source, weights], [target], tiny.schema.FullyConnectedOptionsT())
    path.write_bytes(graph.build([ends[0]], [ends[2]]))
    return path


def on_ray(model, share):
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(PACKAGE)}
    done = subprocess.run([RAY, ROOT / "tests/deploy/on_ray.py", model, share], env=environment, capture_output=True,
                          text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-5000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.long
def test_replicas(tmp_path):
    if not RAY.exists():
        pytest.skip("Ray is not installed: scripts/test-long does")
    model = wide_model(tmp_path / "wide.tflite")
    apart, together = on_ray(model, ""), on_ray(model, tmp_path / "shared")
    print(apart, together, sep="\n")
    for told in (apart, together):
        assert len(told["replicas_3"]["private_kib"]) == 3 and told["rows_per_second"] > 0
    saved = [sum(told["replicas_3"]["proportional_kib"]) for told in (apart, together)]
    assert saved[0] - saved[1] > WEIGHTS, "three replicas have one copy of the weights, not three"
