# SPDX-License-Identifier: Apache-2.0
"""plait itself: many models by name in one interpreter."""
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from plait import _core, crops, tensors
from plait.request import Request


class Model:
    """One model of a Runtime. Called with its inputs, in order or by name, it returns its outputs: one array, or a tuple
    of them."""

    def __init__(self, runtime: "Runtime", core: _core.Model) -> None:
        self._runtime, self._core = runtime, core
        self._lock = threading.RLock()  # between finding a tensor by number and using it, the file stays the same
        self._ins, self._outs = core.inputs(), core.outputs()

    @property
    def name(self) -> str:
        return self._core.name

    def _details(self, index: int) -> dict[str, Any]:
        name, dtype, kind, shape, signature, scales, zero_points, dimension = self._core.facts(index)
        return {"name": name, "index": index, "shape": shape, "shape_signature": signature,
                "dtype": dtype, "type": tensors.NAMES[kind].lower(), "scales": np.frombuffer(scales, np.float32),
                "zero_points": np.frombuffer(zero_points, np.int32), "quantized_dimension": dimension}

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """What it takes: a list of dictionaries."""
        return [self._details(k) for k in self._ins]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """What it gives: a list of dictionaries."""
        return [self._details(k) for k in self._outs]

    def _place(self, which: int | str, indices: list[int]) -> int:
        if isinstance(which, int):
            if not 0 <= which < len(indices):
                raise IndexError(f"model '{self.name}' has {len(indices)}, found number {which}")
            return indices[which]
        names = [self._core.facts(k)[0] for k in indices]
        if names.count(which) != 1:
            raise KeyError(f"model '{self.name}': '{which}' is {'unknown' if which not in names else 'ambiguous'}; there "
                           f"are {', '.join(names)}")
        return indices[names.index(which)]

    def _checked(self, index: int, value: Any) -> np.ndarray:
        """An array that fits an input."""
        name, _, kind, shape, *_ = self._core.facts(index)
        array = np.ascontiguousarray(value)
        if tensors.type_of(array) != kind or array.shape != shape:
            raise ValueError(f"model '{self.name}': input '{name}' takes {tensors.NAMES[kind].lower()}{list(shape)}, found "
                             f"{array.dtype.name}{list(array.shape)}; resize() changes the shape")
        return array

    def set(self, which: int | str, value: Any) -> None:
        """Copies an array into an input, by number or name."""
        self._runtime._plan()
        with self._lock:
            self._set(self._place(which, self._ins), value)

    def _set(self, index: int, value: Any) -> None:
        if self._core.set(index, value):
            return
        array, kind = self._checked(index, value), self._core.facts(index)[2]
        self._core.write(index, tensors.pack_strings(array) if kind == tensors.STRING else array)

    def get(self, which: int | str = 0) -> np.ndarray:
        """A copy of an output, by number or name."""
        with self._lock:
            index = self._place(which, self._outs)
            _, _, kind, shape, *_ = self._core.facts(index)
            return tensors.copy_out(self._core, index, kind, shape)

    def view(self, which: int | str = 0, of: str = "output") -> np.ndarray:
        """An array over the memory of an output (or of="input") itself: no copy. It is valid until the model is resized,
        linked anew or unloaded."""
        self._runtime._plan()
        with self._lock:
            index = self._place(which, self._outs if of == "output" else self._ins)
            return np.asarray(self._core.view(index, self._core))

    def resize(self, which: int | str, shape: Sequence[int]) -> None:
        """Gives an input another shape; the plan is made anew when the model is next used."""
        with self._lock:
            self._core.resize(self._ins.index(self._place(which, self._ins)), shape)
        self._runtime._stale = True

    def push(self, which: int | str, rows: Any) -> None:
        """Gives an input that is a stream rows, and runs, with each hop of them, this model and what is linked from it."""
        index = self._place(which, self._ins)
        self._runtime._plan()
        name, dtype, kind, *_ = self._core.facts(index)
        array = np.ascontiguousarray(rows)
        if tensors.type_of(array) != kind:
            raise ValueError(f"model '{self.name}': input '{name}' takes rows of {tensors.NAMES[kind].lower()}, found "
                             f"{array.dtype.name}")
        self._core.push(index, array)

    def on_run(self, function: Callable[[], object] | None) -> None:
        """Calls function() each time the model has run in a set with windows; it can read outputs, and change nothing. What
        it raises is raised by push() or run(). None: no more."""
        self._core.on_run(function)

    def reuse(self, operator: int) -> tuple[int, int, str | None] | None:
        """Of an operator of a model with windows: (new rows it computes, rows of its output, None), or (0, 0, why it
        computes all of them); None where it has nothing to do with windows."""
        self._runtime._plan()
        return self._core.reuse(operator)

    def invoke(self) -> None:
        """Runs this model on what its inputs hold."""
        self._runtime._plan()
        self._core.invoke()

    def run(self) -> None:
        """Runs the whole set of models that are linked with this one, from sources to sinks."""
        self._runtime._plan()
        self._core.run()

    def submit(self, *values: Any, deadline: float | None = None, late: str = "run", surplus: str = "refuse",
               whole: bool = False) -> Request:
        """Asks for a run and returns at once: request.result() waits for the outputs, `await request` does in a coroutine.

        values: arrays for the inputs, in order, which must not change until it has run; without any it runs on what the
        inputs hold then. deadline: seconds from now; those with the earliest go first. late: "run" or "drop" what cannot
        begin before its deadline. surplus: "refuse" it, or "drop" the oldest that waits, where as many wait as set_queue() says.
        whole: all models of the linked set. set_class() says which models go first."""
        self._runtime._plan()
        with self._lock:
            inputs = [(self._core, self._place(k, self._ins), self._checked(self._place(k, self._ins), value))
                      for k, value in enumerate(values)]
            arrays = [np.empty(self._core.facts(index)[3], self._core.facts(index)[1]) for index in self._outs]
            outputs = [(self._core, index, array) for index, array in zip(self._outs, arrays)]
            request = Request(self._runtime._engine, arrays[0] if len(arrays) == 1 else tuple(arrays))
            return request._submit(self._core, inputs, outputs, whole, deadline, late, surplus)

    def set_class(self, number: int) -> None:
        """How urgent it is, from 0, as all are at first, to 15: a higher class interrupts a lower one."""
        self._core.set_class(number)

    def set_queue(self, most: int) -> None:
        """How many of its requests may wait (8 at first)."""
        self._core.set_queue(most)

    @property
    def timing(self) -> dict[str, int]:
        """Nanoseconds, as measured while it ran: its own time (own, own_worst, in own_runs), its longest part, the longest
        part of a lower class (blocking), what switching and waking a thread take, what the machine takes
        (Runtime.measure_machine), and the longest wait, made of these; and its class."""
        self._runtime._plan()
        return self._core.timing()

    def __call__(self, *values: Any, **named: Any) -> Any:
        for k, value in enumerate(values):
            self.set(k, value)
        for name, value in named.items():
            self.set(name, value)
        self.invoke()
        outputs = tuple(self.get(k) for k in range(len(self._outs)))
        return outputs[0] if len(outputs) == 1 else outputs

    def clone(self, name: str) -> "Model":
        """Another stream of this model: own inputs, outputs and state; file, weights and plan are shared."""
        return self._runtime._add(self._core.clone(name))

    def replace(self, source: str | os.PathLike | bytes) -> None:
        """Gives the model another file, a path or its bytes, in one step: what runs in another thread ends on the old one,
        what starts afterwards runs on the new one. Links, threads and shapes stay; state begins anew. If anything fails, the
        old file stays. Other threads may go on calling set(), invoke() and get() where inputs and outputs are the same; arrays
        of view() go on where type and size are the same."""
        content = isinstance(source, (bytes, bytearray, memoryview))
        with self._lock:
            self._core.replace(**{"content" if content else "path": source})
            self._ins, self._outs = self._core.inputs(), self._core.outputs()

    def reset(self) -> None:
        """Sets variables and state back."""
        self._core.reset()

    def set_threads(self, count: int) -> None:
        """Most threads this model uses, the calling one included."""
        self._core.set_threads(count)
        self._runtime._stale = True

    @property
    def memory(self) -> dict[str, int]:
        """Bytes by kind: arena, constants, inputs and outputs, state."""
        return self._core.memory()

    def profile(self) -> list[tuple[str, int, int, int]]:
        """[(operator, number, calls, nanoseconds)] since the last call; the first call begins to measure."""
        return self._core.profile()

    def __repr__(self) -> str:
        return f"<plait.Model {self.name}: {tensors.told(self._core)}>"


class Runtime:
    """Many models by name in one interpreter: one arena, one pool of threads, every equal weight once.

        with plait.Runtime(threads=2) as runtime:
            runtime.load("features.tflite")
            runtime.load("classifier.tflite")
            runtime.link("features", "classifier")
            runtime["features"].set(0, picture)
            runtime["features"].run()
            scores = runtime["classifier"].get()

    threads: workers a model may use. lanes: models that may run at once without new memory, and threads for what is
    submitted. memory_limit: bytes, 0 for the default. requests: that may be under way at once. share: a folder through which
    processes share their packed weights; it must be this user's alone. sleep_below_class: what would exceed the limit has
    idle models of lower classes sleep (docs/memory.md); 0: none."""

    def __init__(self, threads: int = 1, lanes: int = 1, memory_limit: int = 0, requests: int = 64,
                 share: str | os.PathLike | None = None, sleep_below_class: int = 0) -> None:
        self._engine = _core.Engine(threads=threads, lanes=lanes, memory_limit=memory_limit, requests=requests, share=share,
                                    sleep_below_class=sleep_below_class)
        self._models: dict[str, Model] = {}
        self._links: list[tuple[str, str]] = []
        self._pipelines: list[_core.Pipeline] = []
        self._stale = False

    def _add(self, core: _core.Model) -> Model:
        model = Model(self, core)
        self._models[model.name] = model
        self._stale = True
        return model

    def _plan(self) -> None:
        if self._stale:
            self.allocate()

    def measure_machine(self, seconds: float = 1) -> dict[str, int]:
        """Looks for so long at what the system takes from threads that run, in nanoseconds: usual, in 99 of 100 milliseconds no
        more, which is in the longest wait of Model.timing from now on, and longest; of so many milliseconds."""
        return dict(zip(("usual", "longest", "milliseconds"), self._engine.measure_machine(round(seconds * 1e9))))

    def load(self, source: str | os.PathLike | bytes, name: str | None = None) -> Model:
        """Loads a file (a path, whose name is the model's if there is no other) or its bytes, which need a name. Returns the
        Model."""
        if isinstance(source, (bytes, bytearray, memoryview)):
            if name is None:
                raise ValueError("a model that is given as bytes needs a name")
            return self._add(self._engine.load(name, content=source))
        return self._add(self._engine.load(name, path=source))

    def link(self, source: str, target: str, **options: Any) -> None:
        """Feeds an output to an input, without a copy: "model" or "model.tensor", first dot counts. Options: cast, reshape,
        scale, offset, from_input (source is an input: both models get what it is fed); for a window hop, axis, zeros.
        For a condition, without which the target always runs with the source: threshold (an element of the output is so much
        or more; with index, that one; with until, it holds from then on until none is so much as that), best (element number
        so-and-so is the largest) or every (in every so-many-th run); when_output: another output of the source's model that
        is looked at. For a part of a picture crop, as a pipeline file has it with the boxes inside: {"boxes": {"from":
        "detector.boxes", "scores": "detector.scores", "threshold": 0.6, ...}, "margin": 0.25}; the target then runs once for each
        box. What does not fit is refused with both tensors named."""
        (from_model, output), (to_model, to_input) = (end.partition(".")[::2] for end in (source, target))
        if options.get("crop") is not None:
            options["crop"] = crops.crop_of(options["crop"])
        self._engine.link(from_model, output, to_model, to_input, **options)
        self._links.append((source, target))
        self._stale = True

    def stream(self, target: str, hop: int, axis: int = 0, zeros: int = 0, **options: Any) -> None:
        """Makes an input, "model" or "model.tensor", a window whose rows are pushed: it moves on by `hop` rows along `axis`
        of the input, behind `zeros` rows of zeros. Options: scale, offset. unlink() takes it away."""
        to_model, _, to_input = target.partition(".")
        self._engine.stream(to_model, to_input, hop, axis, zeros, **options)
        self._stale = True

    def unlink(self, target: str) -> None:
        """Takes the link away that feeds an input, "model" or "model.tensor"; it is fed by set() again."""
        to_model, _, to_input = target.partition(".")
        self._engine.unlink(to_model, to_input)
        self._links = [link for link in self._links if link[1] != target]
        self._stale = True

    def unload(self, name: str) -> None:
        """Takes a model and its links away. Arrays that view() gave of it end with it."""
        self[name]._core.unload()
        del self._models[name]
        self._links = [(a, b) for a, b in self._links if name not in (a.partition(".")[0], b.partition(".")[0])]
        self._stale = True

    def allocate(self) -> None:
        """Plans what changed. Done when a model is used, too."""
        self._engine.allocate()
        self._stale = False

    def watch(self, path: str | os.PathLike | None) -> None:
        """Opens a socket at which `plait top` reads how the models do, for this user alone; None closes it."""
        self._engine.watch(path)

    def stats(self) -> dict[str, Any]:
        """Memory and counts of the whole interpreter as a dictionary."""
        return self._engine.stats()

    def _add_pipeline(self, pipeline: _core.Pipeline) -> list[Model]:
        self._pipelines.append(pipeline)
        return [self._add(core) for core in pipeline.models()]

    def _unload_pipeline(self, pipeline: _core.Pipeline) -> None:
        names = [core.name for core in pipeline.models()]
        pipeline.unload()
        self._pipelines.remove(pipeline)
        for name in names:
            del self._models[name]
        self._stale = True

    def close(self) -> None:
        """Unloads all models and pipelines."""
        for pipeline in list(self._pipelines):
            self._unload_pipeline(pipeline)
        for name in list(self._models):
            self.unload(name)

    def __getitem__(self, name: str) -> Model:
        if name not in self._models:
            raise KeyError(f"there is no model '{name}'; there are: {', '.join(self._models) or 'none'}")
        return self._models[name]

    def __contains__(self, name: object) -> bool:
        return name in self._models

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def __enter__(self) -> "Runtime":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        lines = [f"<plait.Runtime of {len(self)} models, {self.stats()['memory_bytes']} bytes>"]
        lines += [f"  {model!r}" for model in self._models.values()]
        lines += [f"  {source} -> {target}" for source, target in self._links]
        return "\n".join(lines)
