# SPDX-License-Identifier: Apache-2.0
"""The engines that bench/compare.py puts side by side, each in a process of its own.

    python engines.py NAME

answers requests on its input, a line of JSON each. The engine is imported once; every model is opened in a child that
is forked then, so that what it takes can be measured, and nothing is left of it.
"""
import ctypes
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
BATCH_SECONDS = 100e-6  # shorter runs are timed together


class Plait:
    def __init__(self):
        sys.path.insert(0, str(ROOT / "tests/python"))
        import plait_c
        self.plait_c = plait_c
        self.function = plait_c.api().invoke

    def open(self, path, threads):
        self.interpreter = self.plait_c.Interpreter(threads=threads)
        self.model = self.interpreter.load(path, "model")
        self.interpreter.allocate()

    def feed(self, arrays):
        for tensor, array in zip(self.model.inputs(), arrays, strict=True):
            tensor.write(array)
        function, handle = self.function, self.model.handle
        self.model.invoke()
        return lambda: function(handle)

    def profile(self, seconds):
        """[(operator's index, name, share of the time)] of runs of that long."""
        api, entry = self.plait_c.api(), self.plait_c.ProfileEntry()
        self.interpreter.check(api.profile_enable(self.model.handle, True))
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self.model.invoke()
        found = []
        for k in range(api.profile_count(self.model.handle)):
            self.interpreter.check(api.profile_at(self.model.handle, k, ctypes.byref(entry)))
            found.append((entry.operator_index, entry.name.decode(), entry.nanoseconds / max(1, entry.calls) / 1e3))
        self.interpreter.check(api.profile_enable(self.model.handle, False))
        return found


class LiteRT:
    def __init__(self):
        from ai_edge_litert import interpreter
        self.litert = interpreter

    def open(self, path, threads):
        self.interpreter = self.litert.Interpreter(model_path=path, num_threads=threads)
        self.interpreter.allocate_tensors()

    def feed(self, arrays):
        for detail, array in zip(self.interpreter.get_input_details(), arrays, strict=True):
            if tuple(detail["shape"]) != array.shape:
                raise ValueError("other shapes")
            self.interpreter.set_tensor(detail["index"], array)
        self.interpreter.invoke()
        # Without the layer in Python, which would count in models of a few microseconds.
        return self.interpreter._interpreter.Invoke


class OpenVINO:
    def __init__(self):
        import openvino
        self.openvino = openvino

    def open(self, path, threads):
        self.core = self.openvino.Core()
        model = self.core.read_model(path)
        shapes = {port: [d.get_length() if d.is_static else 1 for d in port.partial_shape] for port in model.inputs}
        if any(port.partial_shape.is_dynamic for port in model.inputs):
            model.reshape(shapes)
        # Floats as floats: its default is a precision with outputs off by up to a fifth.
        self.compiled = self.core.compile_model(model, "CPU", {
            "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False})

    def feed(self, arrays):
        request = self.compiled.create_infer_request()
        for port, array in zip(self.compiled.inputs, arrays, strict=True):
            request.set_tensor(port, self.openvino.Tensor(np.ascontiguousarray(array)))
        request.infer()
        bare = super(type(request), request).infer
        return lambda: bare({}, False, False)


class MNN:
    """Runs a file of its own format, which its converter made of ours; that is not timed."""

    def __init__(self):
        import MNN as mnn
        self.mnn = mnn

    def prepare(self, path):
        """In a child, since the converter ends the process where it fails. Its command would report home."""
        folder = ROOT / ".cache" / "mnn"
        folder.mkdir(parents=True, exist_ok=True)
        converted = folder / (Path(path).stem + ".mnn")
        if not converted.exists():
            import _tools
            partial = converted.with_suffix(".part")
            source = str(Path(path).absolute())
            os.chdir(folder)  # it leaves a file of its own where it is
            _tools.mnnconvert(["mnnconvert", "-f", "TFLITE", "--modelFile", source, "--MNNModel", str(partial),
                               "--bizCode", "bench"])
            partial.rename(converted)
        return str(converted)

    def open(self, path, threads):
        self.interpreter = self.mnn.Interpreter(path)
        self.session = self.interpreter.createSession({"backend": "CPU", "numThread": threads, "precision": "high"})

    def feed(self, arrays):
        kinds = {"float32": self.mnn.Halide_Type_Float, "int32": self.mnn.Halide_Type_Int,
                 "uint8": self.mnn.Halide_Type_Uint8}
        tensors = self.interpreter.getSessionInputAll(self.session)
        for tensor, array in zip(tensors.values(), arrays, strict=True):
            # Quantized models take floats here; what they are makes no difference to the time.
            array = array.astype(np.float32) if array.dtype.name not in kinds else array
            host = self.mnn.Tensor(array.shape, kinds[array.dtype.name], np.ascontiguousarray(array),
                                   self.mnn.Tensor_DimensionType_Tensorflow)
            tensor.copyFrom(host)
        run, session = self.interpreter.runSession, self.session
        if run(session) != 0:
            raise RuntimeError("cannot run it")
        return lambda: run(session)


ENGINES = {"plait": Plait, "LiteRT": LiteRT, "OpenVINO": OpenVINO, "MNN": MNN}


def private_bytes():
    """What is resident and not code: memory of our own, and what of files is mapped as data."""
    total, code = 0, False
    for line in open("/proc/self/smaps"):
        words = line.split()
        if not words[0].endswith(":"):
            code = len(words) > 5 and (".so" in words[5] or "/bin/" in words[5])
        elif words[0] == "Rss:" and not code:
            total += int(words[1]) * 1024
    return total


def run_turn(run, seconds):
    """The median time of a run over about that long; the first batch warms the caches."""
    run()
    start = time.perf_counter()
    run()
    count = max(1, round(BATCH_SECONDS / max(time.perf_counter() - start, 1e-7)))
    times, end = [], time.perf_counter() + seconds
    while len(times) < 2 or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(count):
            run()
        times.append((time.perf_counter() - start) / count)
    return statistics.median(times) * 1e6


class Session:
    """One opened model."""

    def __init__(self, engine, path, threads, arrays):
        ctypes.CDLL(None).malloc_trim(0)  # else what was freed before would hide what is taken now
        before, start = private_bytes(), time.perf_counter()
        engine.open(path, threads)
        self.engine, self.run = engine, engine.feed(arrays)
        self.opened = {"load_us": (time.perf_counter() - start) * 1e6, "bytes": private_bytes() - before}

    def answer(self, request):
        if request["do"] == "turn":
            return {"us": run_turn(self.run, request["seconds"])}
        if request["do"] == "profile":
            return {"operators": self.engine.profile(request["seconds"])}
        if request["do"] == "sample":
            import kernel_share
            return {"shares": kernel_share.sample(self.run, request["seconds"])}
        raise ValueError(request["do"])


def serve(engine, request, requests, reply):
    """In the child: the model, until it is closed."""
    try:
        with np.load(request["inputs"]) as stored:
            arrays = [stored[name] for name in stored.files]
        session = Session(engine, request["path"], request["threads"], arrays)
        reply(session.opened)
        for line in requests:
            request = json.loads(line)
            if request["do"] == "close":
                break
            reply(session.answer(request))
    except Exception as error:
        reply({"error": f"{type(error).__name__}: {error}"})
    os._exit(0)


def in_child(work):
    """Runs it in a child; its exit status."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def main(name):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # libraries talk

    def reply(answer):
        print(json.dumps(answer), file=answers, flush=True)

    requests = os.fdopen(os.dup(0), "rb", buffering=0)  # unbuffered: the child reads on where we stopped
    try:
        engine = ENGINES[name]()
    except Exception as error:
        reply({"error": f"{type(error).__name__}: {error}"})
        return
    reply({"ready": True})
    for line in requests:
        request = json.loads(line)
        if request["do"] == "prepare":
            def convert():
                reply({"path": engine.prepare(request["path"])})
                os._exit(0)
            if not hasattr(engine, "prepare"):
                reply({"path": request["path"]})
            elif in_child(convert) != 0:
                reply({"error": "cannot be converted"})
        elif request["do"] == "open" and in_child(lambda: serve(engine, request, requests, reply)) != 0:
            reply({"error": "ended"})


if __name__ == "__main__":
    main(sys.argv[1])
