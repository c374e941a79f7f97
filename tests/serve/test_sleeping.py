# SPDX-License-Identifier: Apache-2.0
"""A server whose models do not fit into its limit of memory together: they sleep for each other."""
import numpy as np

from fault_server import metric
from plait_server import ROOT, Server, binary_input

FILES = [ROOT / "examples" / "models" / f"{name}.tflite" for name in
         ("anomaly_0", "anomaly_1", "anomaly_2", "anomaly_3", "camera_a", "camera_b", "camera_c")]


def ask(server, path):
    model = server.get(f"/v2/models/{path.stem}").json
    fed = [binary_input(one["name"], one["datatype"], np.full([max(1, d) for d in one["shape"]], 7, np.int8))
           for one in model["inputs"]]
    data = b"".join(np.full([max(1, d) for d in one["shape"]], 7, np.int8).tobytes() for one in model["inputs"])
    answer = server.infer(path.stem, {"inputs": fed}, data)
    assert answer.status == 200, answer.error
    return answer.json["outputs"]


def test_models_sleep_for_each_other():
    with Server(*FILES) as server:
        wanted = [ask(server, path) for path in FILES]
        assert metric(server, "plait_wakes_total") == 0
        room = int(metric(server, 'plait_memory_bytes{kind="allocated"}'))
    with Server(*FILES, "--memory-limit", room - 400_000, "--sleep-below", 1) as server:
        for _ in range(3):
            assert [ask(server, path) for path in FILES] == wanted
        assert metric(server, "plait_wakes_total") > 3 and metric(server, "plait_sleeping_models") > 0
        assert metric(server, "plait_sleeping_bytes") > 100_000
        assert metric(server, 'plait_memory_bytes{kind="allocated_peak"}') <= room - 400_000
