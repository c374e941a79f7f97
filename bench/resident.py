#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what several models take: one LiteRT interpreter each, against one plait interpreter.

    .cache/venv/bin/python bench/resident.py [--border] [SCENARIO...]

Each measurement is a process of its own that loads the models, feeds zeros and runs each once; what
is counted is by how much its resident memory (VmRSS, file pages included) grew from before loading
to after running. Prints a table in Markdown. Scenarios of ../shared are left out where it is not.

--border compares at TensorFlow Lite's border, for programs that change a link flag: all models in one process, each in a
TfLiteInterpreter of plait's libtensorflowlite_c.so, against the sum of what LiteRT takes in a process for each of them. There
private memory is counted (USS), by how much it grew after a first small model; files that LiteRT does not run are left out.
"""
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
sys.path.insert(0, str(ROOT / "tests/python"))


def models_of(*patterns):
    return sorted(str(path) for folder, pattern in patterns for path in folder.glob(pattern))


# Name, what it is, the paths: a path that is there N times is loaded as often.
SCENARIOS = {
    "examples": ("the 9 models of examples/, 3 of which share a trunk",
                 models_of((ROOT / "examples/models", "*.tflite"))),
    "anomaly": ("16 anomaly detectors, one per machine (int8)",
                models_of((SHARED / "zoo/multi", "anomaly_*_int8.tflite"))),
    "streams": ("8 streams of mobilenet_v2 (224x224, uint8)",
                8 * models_of((SHARED / "models/vision", "mobilenet_v2_1.0_224_quant.tflite"))),
    "thousand": ("1,000 times the file of an anomaly detector (int8)",
                 1000 * models_of((SHARED / "models/tiny", "ad01_int8.tflite"))),
    "sixteen": ("16 times the file of a mobilenet_v2 (224x224, int8)",
                16 * models_of((SHARED / "models/vision", "tf2_mobilenet_v2_1.0_224_ptq.tflite"))),
    "tiny": ("the MLPerf Tiny models (int8 and float)",
             models_of((SHARED / "models/tiny", "*.tflite"))),
    "vision": ("MobileNets: three whole, one in two halves (224x224)",
               models_of((SHARED / "models/vision", "*mobilenet*224*.tflite"))),
}
SCENARIOS["shared"] = ("all of ../shared/models", models_of((SHARED / "models", "*/*.tflite")))
WARM = str(ROOT / "tests/models/digits_whole_int8.tflite")
RUNTIMES = ("litert", "litert-reference", "plait")


def resident():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024


def load_litert(paths, reference):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    kind = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    before, kept = resident(), []
    for path in paths:
        interpreter = Interpreter(model_path=path, experimental_op_resolver_type=kind, num_threads=1)
        interpreter.allocate_tensors()
        for detail in interpreter.get_input_details():
            interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
        interpreter.invoke()
        kept.append(interpreter)
    return resident() - before


def load_plait(paths):
    import plait_c
    plait_c.api()
    before = resident()
    interpreter = plait_c.Interpreter()
    models = [interpreter.load(path, f"m{number}") for number, path in enumerate(paths)]
    interpreter.allocate()
    for model in models:
        model([np.zeros(tensor.shape, tensor.dtype) for tensor in model.inputs()])
    return resident() - before


# ---- at TensorFlow Lite's border ----------------------------------------------------------------

def private():
    with open("/proc/self/smaps_rollup", encoding="ascii") as lines:
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


def run_litert(path):
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], detail["dtype"]))
    interpreter.invoke()
    return interpreter


def run_c(library, path):
    """With zeros, as everything is before it is fed."""
    options = library.TfLiteInterpreterOptionsCreate()
    library.TfLiteInterpreterOptionsSetNumThreads(options, 1)
    model = library.TfLiteModelCreateFromFile(path.encode())
    interpreter = library.TfLiteInterpreterCreate(model, options)
    library.TfLiteInterpreterOptionsDelete(options)
    if not interpreter or library.TfLiteInterpreterAllocateTensors(interpreter):
        raise RuntimeError(f"{path} is refused")
    for k in range(library.TfLiteInterpreterGetInputTensorCount(interpreter)):
        tensor = library.TfLiteInterpreterGetInputTensor(interpreter, k)
        zeros = bytes(library.TfLiteTensorByteSize(tensor))
        library.TfLiteTensorCopyFromBuffer(tensor, zeros, len(zeros))
    if library.TfLiteInterpreterInvoke(interpreter):
        raise RuntimeError(f"{path} does not run")
    return model, interpreter


def measure_border(runtime, paths):
    """In this process: what these models add to it."""
    run = run_litert
    if runtime != "litert":
        import capi
        library = capi.Library(capi.OURS)
        run = lambda path: run_c(library, path)  # noqa: E731
    kept = [run(WARM)]
    before = private()
    kept += [run(path) for path in paths]
    return private() - before


def border(names):
    print("| models | LiteRT, a process each | plait, one process, through the same C API | of it |")
    print("|---|---|---|---|")
    for name in names or ("thousand", "sixteen", "shared"):
        title, paths = SCENARIOS[name]
        alone = {path: measure("border-litert", path) for path in set(paths)}
        paths = [path for path in paths if alone[path] is not None]
        if not paths:
            continue
        apart, together = sum(alone[path] for path in paths), measure("border-plait", *paths)
        share = "" if together is None else f"{together / apart:.2f}"
        print(f"| {title}{_left_out(alone)} | {megabytes(apart)} | {megabytes(together)} | {share} |", flush=True)


def _left_out(alone):
    gone = sorted(Path(path).stem for path, taken in alone.items() if taken is None)
    return f" (without {', '.join(gone)}, which LiteRT refuses)" if gone else ""


def measure(runtime, *what):
    """In a process of its own, so that nothing is left of an earlier measurement. What: a scenario, or paths."""
    done = subprocess.run([sys.executable, __file__, "--one", runtime, *what], capture_output=True, text=True, check=False)
    return int(done.stdout.split()[-1]) if done.returncode == 0 else None


def megabytes(count):
    return "refused" if count is None else f"{count / 1e6:.1f} MB"


def main(names):
    print("| models | LiteRT, an interpreter each | the same, reference kernels | plait, one for all |")
    print("|---|---|---|---|")
    for name in names or SCENARIOS:
        title, paths = SCENARIOS[name]
        if paths:
            print(f"| {title} |", " | ".join(megabytes(measure(runtime, name)) for runtime in RUNTIMES), "|",
                  flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"] and sys.argv[2].startswith("border-"):
        sys.path.insert(0, str(ROOT / "tests/dropin"))
        print(measure_border(sys.argv[2].removeprefix("border-"), sys.argv[3:]))
    elif sys.argv[1:2] == ["--border"]:
        border(sys.argv[2:])
    elif sys.argv[1:2] == ["--one"]:
        runtime, paths = sys.argv[2], SCENARIOS[sys.argv[3]][1]
        print(load_plait(paths) if runtime == "plait" else load_litert(paths, runtime != "litert"))
    else:
        main(sys.argv[1:])
