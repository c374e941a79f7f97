# SPDX-License-Identifier: Apache-2.0
"""on_ray.py MODEL SHARE: plait.serve and plait.Predictor on a Ray of this machine. Every answer is held against single runs.
Prints what was measured, as JSON. SHARE: a folder, or "" for none. tests/deploy/test_ray.py runs it with Ray's environment.
"""
import json
import socket
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import ray
from ray import serve

import plait
import plait.serve

REQUESTS, AT_ONCE = 600, 32


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def made_values(predictor, count):
    """Random values for the one input."""
    [(name, facts)] = predictor.inputs.items()
    random, dtype, shape = np.random.default_rng(1), facts["dtype"], tuple(facts["shape"])
    if dtype.kind == "f":
        return name, [random.normal(size=shape).astype(dtype) for _ in range(count)]
    return name, [random.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, dtype, True) for _ in range(count)]


def replica_memory():
    """[proportional, private] KiB of each replica's process."""
    sizes = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if b"ServeReplica" not in (process / "cmdline").read_bytes():
                continue
            lines = dict(line.split()[:2] for line in (process / "smaps_rollup").read_text().splitlines()[1:])
            sizes.append([int(lines["Pss:"]), int(lines["Private_Dirty:"]) + int(lines["Private_Clean:"])])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sizes


def ask(handle, name, values, wanted):
    """So many requests, AT_ONCE of them at a time; returns how many a second."""
    began, waiting = time.monotonic(), []
    for number in range(REQUESTS):
        if len(waiting) == AT_ONCE:
            check(*waiting.pop(0), wanted)
        which = number % len(values)
        waiting.append((handle.predict.remote({name: values[which]}), which))
    for one in waiting:
        check(*one, wanted)
    return REQUESTS / (time.monotonic() - began)


def check(response, which, wanted):
    for name, array in response.result(timeout_s=60).items():
        assert array.tobytes() == wanted[which][name].tobytes(), f"request {which}: other bits"


def ask_by_http(port, name, value, wanted):
    facts = {"name": name, "datatype": plait.inference_json.NAMES[value.dtype], "shape": list(value.shape)}
    url = f"http://127.0.0.1:{port}/"
    with urllib.request.urlopen(url, json.dumps({"inputs": [facts | {"data": value.reshape(-1).tolist()}]}).encode()) as answer:
        assert json.load(answer)["outputs"] == plait.inference_json.written("", wanted)["outputs"]
    try:
        urllib.request.urlopen(url, json.dumps({"inputs": [facts | {"data": []}]}).encode())
    except urllib.error.HTTPError as error:
        assert error.code == 400 and "do not fit shape" in json.load(error)["error"]
    else:
        raise AssertionError("a request without data was answered")


def serve_with(model, share, replicas, port, predictor, told):
    name, values = made_values(predictor, 8)
    wanted = predictor.batch([{name: value} for value in values])
    application = plait.serve.deployment(model, share=share, num_replicas=replicas, ray_actor_options={"num_cpus": 0.1})
    handle = serve.run(application, route_prefix="/")
    ask(handle, name, values, wanted)
    rate = ask(handle, name, values, wanted)
    ask_by_http(port, name, values[0], wanted[0])
    sizes = replica_memory()
    assert len(sizes) == replicas, sizes
    told[f"replicas_{replicas}"] = {"requests_per_second": round(rate), "proportional_kib": [size[0] for size in sizes],
                                    "private_kib": [size[1] for size in sizes]}
    serve.shutdown()
    serve.start(http_options={"host": "127.0.0.1", "port": port})


def map_data(model, predictor, told):
    name, values = made_values(predictor, 400)
    wanted = np.stack([one[predictor.outputs[0]][0] for one in predictor.batch([{name: value} for value in values])])
    rows = [{name: value[0], "number": number} for number, value in enumerate(values)]
    began = time.monotonic()
    found = ray.data.from_items(rows).map_batches(plait.Predictor, fn_constructor_args=(model,), batch_size=50,
                                                  compute=ray.data.ActorPoolStrategy(size=2)).take_all()
    told["rows_per_second"] = round(len(rows) / (time.monotonic() - began))
    assert sorted(row["number"] for row in found) == list(range(len(rows)))
    for row in found:
        assert np.asarray(row[predictor.outputs[0]]).tobytes() == wanted[row["number"]].tobytes(), f"row {row['number']}"


def main(model, share):
    told, port, predictor = {}, free_port(), plait.Predictor(model)
    with tempfile.TemporaryDirectory(prefix="ray", dir="/tmp") as folder:
        ray.init(num_cpus=8, include_dashboard=False, _temp_dir=folder, object_store_memory=100 << 20, log_to_driver=False)
        serve.start(http_options={"host": "127.0.0.1", "port": port})
        for replicas in (1, 3):
            serve_with(model, share or None, replicas, port, predictor, told)
        map_data(model, predictor, told)
        serve.shutdown()
        ray.shutdown()
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
