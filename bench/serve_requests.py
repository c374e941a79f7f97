#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What plait serve costs beside the models: time of a request, requests a second, memory and start of fifty models.

    .cache/venv/bin/python bench/serve_requests.py [--plait build/release/plait] [--model FILE] [--seconds S]

A request has binary tensor data and goes over a connection that is kept. Its time stands beside those of a health probe and
of a bare echo of as many bytes between two processes, in turns: what the machine takes to wake a process twice is in all three.
That is another time where both processes share a processor than where a sleeping one has to be woken, so both are measured.
Needs wrk (Debian's package) for the rates; the client shares the machine's processors with the server.
"""
import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/python"))
import tiny  # noqa: E402
import turns  # noqa: E402

SHARED = ROOT.parent / "shared"
DTYPES = {"INT8": np.int8, "UINT8": np.uint8, "FP32": np.float32}


class Server:
    def __init__(self, program, *arguments):
        begin = time.perf_counter()
        self.process = subprocess.Popen([program, "serve", "--port", "0", *map(str, arguments)], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if found := re.search(r"event=ready address=http://127.0.0.1:(\d+)", line):
                break
        else:
            sys.exit("the server did not start")
        self.port, self.start_seconds = int(found[1]), time.perf_counter() - begin

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.read()

    def connect(self):
        connected = socket.create_connection(("127.0.0.1", self.port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected


def request_of(server, name):
    """JSON and binary data of a request for all outputs."""
    metadata = json.loads(server.get(f"/v2/models/{name}"))
    inputs, binary = [], b""
    for tensor in metadata["inputs"]:
        values = np.zeros([max(dim, 1) for dim in tensor["shape"]], DTYPES[tensor["datatype"]])
        inputs.append({"name": tensor["name"], "datatype": tensor["datatype"], "shape": values.shape,
                       "parameters": {"binary_data_size": values.nbytes}})
        binary += values.tobytes()
    return json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode(), binary


def echo():
    """The other end of a connection to a process that sends back what comes, and the process."""
    listener = socket.create_server(("127.0.0.1", 0))
    process = os.fork()
    if process == 0:
        connected, _ = listener.accept()
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connected.recv(1 << 20):
            connected.sendall(data)
        os._exit(0)
    connected = socket.create_connection(listener.getsockname())
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected, process


def exchange(connected, data, size):
    """Nanoseconds until so many bytes have come back."""
    begin = time.perf_counter_ns()
    connected.sendall(data)
    while size > 0:
        size -= len(connected.recv(1 << 20))
    return time.perf_counter_ns() - begin


def answer_size(connected, data):
    connected.sendall(data)
    found = connected.recv(1 << 20)
    head, _, _ = found.partition(b"\r\n\r\n")
    size = len(head) + 4 + int(re.search(rb"\r\nContent-Length: (\d+)", head)[1])
    while len(found) < size:
        found += connected.recv(1 << 20)
    return size


def statistics_of(server, name):
    return json.loads(server.get(f"/v2/models/{name}/stats"))["model_stats"][0]["inference_stats"]


def time_in_turns(server, name, runs, sizes, seconds):
    """Medians in microseconds of each run, and means of what the server says of its own parts."""
    times = {kind: [] for kind in runs}
    before = statistics_of(server, name)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for kind, run in runs.items():
            times[kind] += [exchange(*run, sizes[kind]) for _ in range(50)]
    inside = {}
    for kind, part in statistics_of(server, name).items():
        if count := part["count"] - before[kind]["count"]:
            inside[kind] = (part["ns"] - before[kind]["ns"]) / count / 1e3
    return {kind: statistics.median(taken) / 1e3 for kind, taken in times.items()}, inside


def time_requests(server, name, seconds):
    text, binary = request_of(server, name)
    data = (f"POST /v2/models/{name}/infer HTTP/1.1\r\nHost: x\r\nInference-Header-Content-Length: {len(text)}\r\n"
            f"Content-Length: {len(text) + len(binary)}\r\n\r\n").encode() + text + binary
    probe = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    echoing, process = echo()
    runs = {"request": (server.connect(), data), "probe": (server.connect(), probe), "echo": (echoing, data)}
    sizes = {kind: len(data) if kind == "echo" else answer_size(*run) for kind, run in runs.items()}
    print(f"request of {len(data)} bytes, answer of {sizes['request']}")
    all_processors = os.sched_getaffinity(0)
    first, last = {min(all_processors)}, {max(all_processors)}
    for places, here, there in (("the client's processor", first, first), ("another processor", first, last)):
        turns.keep_on(here, os.getpid())
        turns.keep_on(there, server.process.pid, process)
        medians, inside = time_in_turns(server, name, runs, sizes, seconds)
        beyond = medians["request"] - inside["compute_infer"]
        print(f"server on {places}: median {medians['request']:.1f} us; model {inside['compute_infer']:.1f}, beyond it {beyond:.1f}; "
              f"probe {medians['probe']:.1f}; echo {medians['echo']:.1f}; beyond model and echo {beyond - medians['echo']:.1f}")
        print("  inside it, us: " + ", ".join(f"{kind} {part:.1f}" for kind, part in inside.items()))
    turns.keep_on(all_processors, os.getpid(), server.process.pid)
    echoing.close()


def load(server, name, folder, seconds, connections, delay=0):
    """What wrk says: requests a second, within what half and 99 % were answered, and what went wrong."""
    text, binary = request_of(server, name)
    (folder / "body").write_bytes(text + binary)
    script = (f'wrk.method = "POST"\nwrk.body = io.open("{folder}/body", "rb"):read("*a")\n'
              f'wrk.headers["Inference-Header-Content-Length"] = "{len(text)}"\n')
    if delay:
        script += f"function delay() return math.random(0, {2 * delay}) end\n"
    (folder / "post.lua").write_text(script)
    said = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--latency", "-s", folder / "post.lua",
                           f"http://127.0.0.1:{server.port}/v2/models/{name}/infer"], capture_output=True, text=True).stdout
    half, most = (re.search(rf"^ +{part}% +(\S+)", said, re.MULTILINE)[1] for part in (50, 99))
    return (f"{re.search(r'Requests/sec: +(.+)', said)[1]} requests/s, half within {half}, 99 % within {most} "
            + "".join(re.findall(r"(?:Non-2xx|Socket errors).*", said)))


def time_rates(server, name, seconds, folder):
    for connections, delay in ((2, 0), (8, 0), (32, 0), (64, 6)):
        paced = f", each waits {delay} ms between two" if delay else ""
        print(f"{connections} connections{paced}: {load(server, name, folder, seconds, connections, delay)}")


def dense_model(layers=4, width=1024):
    """A model that reads 16 MB of weights for each run, whatever rows it has."""
    graph, rng = tiny.Graph(), np.random.default_rng(1)
    first = last = graph.tensor(np.float32, [1, width])
    for _ in range(layers):
        weights = graph.tensor(np.float32, [width, width], data=rng.standard_normal((width, width)) / 32)
        last = graph.op("FULLY_CONNECTED", [last, weights, -1], [graph.tensor(np.float32, [1, width])],
                        schema.FullyConnectedOptionsT())
    return graph.build([first], [last])


def time_batches(program, seconds, folder):
    (folder / "dense.tflite").write_bytes(dense_model())
    for says, options in (("one by one", ["--batch", 1]), ("together", [])):
        with Server(program, folder / "dense.tflite", *options) as server:
            print(f"dense model, 32 connections, {says}: {load(server, 'dense', folder, seconds, 32)}")


def resident(pid, kind):
    return int(re.search(rf"{kind}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def many_models(program):
    files = sorted((path for path in [*SHARED.rglob("*.tflite"), *ROOT.glob("tests/models/*.tflite")]
                    if "optests" not in path.parts), key=lambda path: path.stat().st_size)
    arguments, loaded = [], 0
    for path in files:
        done = subprocess.run([program, "inspect", path], capture_output=True)
        if done.returncode == 0 and loaded < 50:
            arguments.append(f"m{loaded}={path}")
            loaded += 1
    with Server(program, *arguments) as server:
        text = server.get("/metrics").decode()
        kinds = dict(re.findall(r'plait_memory_bytes{kind="(\w+)"} (\d+)', text))
        known = sum(int(kinds[kind]) for kind in ("arenas", "constants", "io", "state"))
        whole, private = (resident(server.process.pid, kind) for kind in ("VmRSS", "RssAnon"))
        rollup = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
        own = sum(int(size) for size in re.findall(r"Private_(?:Clean|Dirty):\s+(\d+)", rollup)) * 1024
        print(f"{loaded} models: ready after {server.start_seconds:.2f} s, {whole / 1e6:.1f} MB resident, "
              f"{(whole - known) / 1e6:.1f} beyond constants, inputs, outputs, state and arenas; "
              f"{(own - known) / 1e6:.1f} without what other processes have, too, {(private - known) / 1e6:.1f} without what is mapped "
              f"of files (libraries)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plait", default=str(ROOT / "build/release/plait"))
    parser.add_argument("--model", default=str(SHARED / "models/tiny/ad01_int8.tflite"))
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    with Server(options.plait, f"model={options.model}") as server, tempfile.TemporaryDirectory() as folder:
        time_requests(server, "model", options.seconds)
        if shutil.which("wrk"):
            time_rates(server, "model", options.seconds, Path(folder))
            time_batches(options.plait, options.seconds, Path(folder))
    many_models(options.plait)


if __name__ == "__main__":
    main()
