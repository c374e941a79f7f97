# SPDX-License-Identifier: Apache-2.0
"""LiteRT and plait in processes of their own: what one of them dies of costs one model."""
import multiprocessing
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python"), str(HERE.parent / "conformance")]
import plait_c  # noqa: E402

SECONDS = 30  # that one model may take


# What the reference kernels say of operators that they have not got.
LACKS = ("Didn't find op for builtin opcode", "unresolved custom op")


class Died(Exception):
    pass


def open_litert(data, optimized):
    from ai_edge_litert import interpreter as litert
    resolvers = litert.OpResolverType
    resolver = resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES if optimized else resolvers.BUILTIN_REF
    return litert.Interpreter(model_content=data, num_threads=1, experimental_op_resolver_type=resolver)


def run_litert(data, inputs, optimized=False):
    """The outputs. Operators that the reference kernels lack, or have wrong (`optimized`), by the optimized ones."""
    try:
        return invoke_litert(open_litert(data, optimized), inputs)
    except (ValueError, RuntimeError) as error:
        if optimized or not any(words in str(error) for words in LACKS):
            raise
    return run_litert(data, inputs, True)


def invoke_litert(runner, inputs):
    runner.allocate_tensors()
    for detail, array in zip(runner.get_input_details(), inputs, strict=True):
        runner.set_tensor(detail["index"], array)
    runner.invoke()
    return [get_litert(runner, detail) for detail in runner.get_output_details()]


def get_litert(runner, detail):
    import numpy as np
    try:
        return np.array(runner.get_tensor(detail["index"]))
    except ValueError:
        if 0 not in detail["shape"]:
            raise
        return np.zeros(detail["shape"], detail["dtype"])  # LiteRT does not read a tensor without elements


def run_plait(data, inputs, **options):
    with plait_c.Interpreter(**options) as interpreter:
        model = interpreter.load(data, "graph")
        interpreter.allocate()
        return [output.copy() for output in model(inputs)]


def serve(run, pipe):
    signal.signal(signal.SIGTERM, lambda *_: plait_c.leave())
    while True:
        arguments, options = pipe.recv()
        try:
            pipe.send((True, run(*arguments, **options)))
        except Exception as error:  # noqa: BLE001: whatever it says is the answer
            pipe.send((False, f"{type(error).__name__}: {error}"))


class Peer:
    """run(data, inputs) in another process: (True, outputs) or (False, what it said). Died if the process did."""

    def __init__(self, run):
        self.run_function, self.process = run, None

    def start(self):
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(target=serve, args=(self.run_function, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def run(self, *arguments, **options):
        if self.process is None:
            self.start()
        try:
            self.pipe.send((arguments, options))
            if self.pipe.poll(SECONDS):
                return self.pipe.recv()
            self.process.kill()
        except (EOFError, ConnectionError):
            pass
        self.process.join()
        code, self.process = self.process.exitcode, None
        raise Died(f"ended with {code}")
