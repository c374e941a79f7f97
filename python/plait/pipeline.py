# SPDX-License-Identifier: Apache-2.0
"""A pipeline file as one thing to call: models, links between them, and names for what goes in and comes out."""
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from plait import pictures
from plait.request import Request
from plait.runtime import Model, Runtime


class Pipeline:
    """A pipeline file (docs/pipelines.md):

        with plait.Pipeline("camera.json") as camera:
            scores = camera(picture=pixels)["scores"]
            for label, score, index in camera.best("scores"):
                print(label, score)

        with plait.Pipeline("words.json") as words:     # an input whose rows are pushed
            while samples := microphone.read(320):
                for results in words.push("sound", samples):
                    if results["states"]["word"]["changed"]:    # of an output with a threshold
                        print(results["word"])

        with plait.Pipeline("faces.json") as faces:     # a model that runs for each box
            for results in faces.runs(picture=pixels):
                print(results)

    source: a path, the text as bytes, or the same as a dictionary; paths in these two are relative to `folder`. runtime: where
    its models are loaded; one of its own if left out, with `options` (threads, lanes, memory_limit)."""

    def __init__(self, source: str | os.PathLike | bytes | Mapping[str, Any], folder: str | os.PathLike = ".",
                 runtime: Runtime | None = None, **options: Any) -> None:
        self._own = runtime is None
        self.runtime = Runtime(**options) if runtime is None else runtime
        if isinstance(source, Mapping):
            source = json.dumps(source).encode()
        engine = self.runtime._engine
        self._core = (engine.load_pipeline(text=source, folder=folder) if isinstance(source, bytes)
                      else engine.load_pipeline(path=source))
        self._models = self.runtime._add_pipeline(self._core)
        self._inputs = {name: rest for name, *rest in self._core.inputs()}
        self._outputs = {name: rest for name, *rest in self._core.outputs()}
        self._labels: dict[str, list[str]] = {}
        self._results: list[dict[str, Any]] = []
        self._function: Callable[[dict[str, Any]], object] | None = None
        self._watch()

    def _watch(self) -> None:
        """Collects what each run of a model gives by name, or gives it to the function of on_result()."""
        names: dict[int, list[str]] = {}
        for name, ((number, _), *_) in self._outputs.items():
            names.setdefault(number, []).append(name)
        for number, of_model in names.items():
            model = self._models[number]
            model.on_run(lambda model=model, of_model=of_model: self._ran(model, of_model))

    def _ran(self, model: Model, names: list[str]) -> None:
        box = model._core.box()
        results = ({} if box is None else {"box": self._told(box)}) | self._all(names)
        if self._function is not None:
            self._function(results)
        else:
            self._results.append(results)

    # ---- what it is

    @property
    def models(self) -> dict[str, Model]:
        """Its models by name."""
        return {model.name: model for model in self._models}

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """What it takes, by name: type, shape and quantization as of a model's, whether it is a stream, and what the file
        says of pictures and sound."""
        return {name: self._models[targets[0][0]]._details(targets[0][1]) |
                {"name": name, "stream": stream, "picture": picture, "sound_rate": rate}
                for name, (targets, stream, picture, rate) in self._inputs.items()}

    @property
    def outputs(self) -> dict[str, dict[str, Any]]:
        """What it gives, by name; "threshold": (from, until, element or -1) where it is on or off."""
        return {name: self._models[number]._details(index) | {"name": name, "top": top, "labels": labels, "threshold": threshold}
                for name, ((number, index), top, labels, _, threshold) in self._outputs.items()}

    @staticmethod
    def _find(name: str, among: dict[str, list], what: str) -> list:
        if name not in among:
            raise KeyError(f"there is no {what} '{name}'; {what}s: {', '.join(among)}")
        return among[name]

    # ---- use

    def set(self, name: str, value: Any) -> None:
        """Feeds an input, and so every model input it is. Where the file calls it a picture, it takes uint8
        [height,width,channels] of any size."""
        for model, index, fitted in self._fitted(name, value):
            model.set(model._ins.index(index), fitted)

    def _fitted(self, name: str, value: Any) -> list[tuple[Model, int, Any]]:
        """What each model gets that an input feeds."""
        targets, stream, picture, _ = self._find(name, self._inputs, "input")
        if stream:
            raise ValueError(f"the rows of input '{name}' are pushed: push()")
        fitted = []
        for number, index in targets:
            model = self._models[number]
            if picture is not None:
                self.runtime._plan()
                _, dtype, _, shape, *_ = model._core.facts(index)
                if np.shape(value) != shape or np.asarray(value).dtype != dtype:
                    value = pictures.fit(np.asarray(value), shape, dtype, picture)
            fitted.append((model, index, value))
        return fitted

    @staticmethod
    def _told(box: tuple[float, float, float, float, float, int]) -> dict[str, float]:
        return dict(zip(("top", "left", "bottom", "right", "score", "index"), box))

    def get(self, name: str) -> Any:
        """A copy of an output as the last run left it: an array; of boxes a list, the best first, of their top, left, bottom
        and right (0 to 1 of the picture), score and index."""
        (number, index), _, _, is_boxes, _ = self._find(name, self._outputs, "output")
        if is_boxes:
            return [self._told(box) for box in self._core.boxes(list(self._outputs).index(name))]
        model = self._models[number]
        return model.get(model._outs.index(index))

    def state(self, name: str) -> dict[str, Any]:
        """Of an output with a threshold: whether it is "on", whether the last run "changed" that, and how many "changes" there
        were. Results have it of all such outputs as "states"."""
        if self._find(name, self._outputs, "output")[-1] is None:
            raise ValueError(f"output '{name}' has no threshold")
        return dict(zip(("on", "changed", "changes"), self._core.state(name)))

    def _all(self, names: Iterable[str]) -> dict[str, Any]:
        """These outputs, and of those with a threshold whether they are on."""
        states = {name: self.state(name) for name in names if self._outputs[name][-1] is not None}
        return ({"states": states} if states else {}) | {name: self.get(name) for name in names}

    def run(self) -> None:
        """Runs all its models on what its inputs hold, linked ones from sources to sinks."""
        self.runtime._plan()
        self._core.run()

    def runs(self, **values: Any) -> list[dict[str, Any]]:
        """Feeds inputs by name, runs, and returns what each run of a model gave, in order: a model runs once for each box that
        is cut out for it, which is there as "box", and not at all where a condition does not hold. Of a pipeline in which
        every model runs once, that is all outputs, once. on_result() does not take them."""
        function, self._function = self._function, None
        try:
            for name, value in values.items():
                self.set(name, value)
            self._results.clear()
            self.run()
        finally:
            self._function = function
        results, self._results = self._results, []
        return results or [self._all(self._outputs)]

    def __call__(self, **values: Any) -> dict[str, Any]:
        """Feeds inputs by name, runs, and returns all outputs by name."""
        for name, value in values.items():
            self.set(name, value)
        self._results.clear()
        self.run()
        self._results.clear()
        return self._all(self._outputs)

    def submit(self, deadline: float | None = None, late: str = "run", surplus: str = "refuse", **values: Any) -> Request:
        """Asks for a run of the whole pipeline and returns at once, as Model.submit(): inputs by name, and as the result a
        dictionary of outputs. Lists of boxes are none of these."""
        self.runtime._plan()
        inputs = [(model._core, index, model._checked(index, fitted)) for name, value in values.items()
                  for model, index, fitted in self._fitted(name, value)]
        results, outputs = {}, []
        for name, ((number, index), _, _, is_boxes, _) in self._outputs.items():
            if is_boxes:
                continue
            core = self._models[number]._core
            results[name] = np.empty(core.facts(index)[3], core.facts(index)[1])
            outputs.append((core, index, results[name]))
        request = Request(self.runtime._engine, results)
        return request._submit(self._core, inputs, outputs, True, deadline, late, surplus)

    def push(self, name: str, rows: Any) -> list[dict[str, Any]]:
        """Gives a stream rows, any number of them. Returns the named outputs of each run of a model that this led to, in
        order; nothing if on_result() takes them."""
        targets, *_ = self._find(name, self._inputs, "input")
        self._results.clear()
        for number, index in targets:
            model = self._models[number]
            model.push(model._ins.index(index), rows)
        results, self._results = self._results, []
        return results

    def on_result(self, function: Callable[[dict[str, Any]], object] | None) -> None:
        """Calls function(results) with the named outputs of a model, each time it has run in a set with windows. What it
        raises is raised by push(). None: push() returns them again."""
        self._function = function

    def best(self, name: str, top: int | None = None, value: np.ndarray | None = None) -> list[tuple[str | None, float, int]]:
        """[(label, score, index)] of the best elements of an output, or of a value of its that push() gave: as many as
        `top`, the file, or 5 says; the label is None where the file gives none."""
        (number, index), wanted, labels, is_boxes, _ = self._find(name, self._outputs, "output")
        if is_boxes:
            raise ValueError(f"output '{name}' is boxes, of which get() gives the best first")
        details = self._models[number]._details(index)
        raw = np.asarray(self.get(name) if value is None else value).reshape(-1)
        scores = raw.astype(np.float64)
        if raw.dtype.kind in "iu" and len(details["scales"]) == 1:
            scores = (scores - int(details["zero_points"][0])) * float(details["scales"][0])
        order = np.lexsort((np.arange(len(scores)), -scores))[:top or wanted or 5]
        names = self._read_labels(labels) if labels is not None else []
        return [(names[k] if len(names) == len(scores) else None, float(scores[k]), int(k)) for k in order]

    def _read_labels(self, path: str) -> list[str]:
        """One a line; where every line begins with its index ("0 background"), without it."""
        if path not in self._labels:
            with open(path, encoding="utf-8") as file:
                lines = [line.rstrip() for line in file.read().rstrip().split("\n")]
            numbered = [re.match(r"\s*0*(\d+)(?::|\s)\s*(.*)", line) for line in lines]
            if all(found and int(found[1]) == k for k, found in enumerate(numbered)):
                lines = [found[2] for found in numbered if found]
            self._labels[path] = lines
        return self._labels[path]

    def reset(self) -> None:
        """Sets variables and state back, and begins all windows anew."""
        self.runtime._plan()
        for model in self._models:
            model.reset()

    def close(self) -> None:
        """Unloads its models."""
        if self._core in self.runtime._pipelines:
            for model in self._models:
                model.on_run(None)
            self.runtime._unload_pipeline(self._core)
        if self._own:
            self.runtime.close()

    def __enter__(self) -> "Pipeline":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        ends = [f"  {name}: {dtype.name}{list(shape)}" for name, dtype, shape in
                ((one["name"], one["dtype"], one["shape"]) for one in (*self.inputs.values(), *self.outputs.values()))]
        return "\n".join([f"<plait.Pipeline of {len(self._models)} models: {', '.join(self.models)}>", *ends])
