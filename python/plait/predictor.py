# SPDX-License-Identifier: Apache-2.0
"""A model or a pipeline as one callable: named arrays in, named arrays out."""
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.names import name_of
from plait.pipeline import Pipeline
from plait.request import Request
from plait.runtime import Model, Runtime


def _named(model: Model, ends: list[dict[str, Any]], which: int) -> dict[str, dict[str, Any]]:
    """Inputs (0) or outputs (1) of a model by the names that requests to `plait serve` use: their signature's, else their
    own, else "#index", also where two have the same."""
    numbers = {one["index"] for one in ends}
    of_signatures = [{index: name for name, index in signature[which].items()}
                     for signature in model._core.signatures().values()]
    fitting = next((names for names in of_signatures if set(names) == numbers), {})
    names = [fitting.get(one["index"]) or one["name"] for one in ends]
    return {name if name and names.count(name) == 1 else f"#{number}": one
            for number, (name, one) in enumerate(zip(names, ends, strict=True))}


class Predictor:
    """A .tflite file or a pipeline (.json), by the names of its inputs and outputs:

        digits = plait.Predictor("digits.tflite")
        digits.predict({"image": pixels})["scores"]      # one run
        digits.batch([{"image": one}, {"image": other}]) # several, on `lanes` threads
        dataset.map_batches(plait.Predictor, fn_constructor_args=("digits.tflite",), concurrency=2)     # Ray Data

    lanes: runs at once. threads: of a run. waiting: runs that may wait; batch() and map_batches take any number. share: a folder
    through which processes of one machine share their packed weights, made if it is not there."""

    def __init__(self, source: str | os.PathLike, *, lanes: int = 1, threads: int = 1, waiting: int = 64,
                 share: str | os.PathLike | None = None) -> None:
        if share is not None:
            os.makedirs(share, mode=0o700, exist_ok=True)
        self._waiting = waiting
        self._runtime = Runtime(threads=threads, lanes=lanes, requests=waiting + lanes, share=share)
        self.name = name_of(source)
        self._pipeline = Pipeline(source, runtime=self._runtime) if os.fspath(source).endswith(".json") else None
        if self._pipeline is None:
            self._model = self._runtime.load(source)
            self._inputs = _named(self._model, self._model.inputs, 0)
            self._outputs = list(_named(self._model, self._model.outputs, 1))
        else:
            self._inputs, self._outputs = self._pipeline.inputs, list(self._pipeline.outputs)
        for name in self._runtime:
            self._runtime[name].set_queue(waiting)

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """What it takes, by name: type, shape and quantization."""
        return self._inputs

    @property
    def outputs(self) -> list[str]:
        """Names of what it gives."""
        return self._outputs

    def _fitted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Each input, as it is or, of a model that takes one in a row, without the first dimension."""
        if set(values) != set(self._inputs):
            raise KeyError(f"'{self.name}' takes {', '.join(self._inputs)}; found {', '.join(values) or 'nothing'}")
        fitted = {}
        for name, value in values.items():
            array, shape = np.asarray(value), tuple(self._inputs[name]["shape"])
            fitted[name] = array.reshape(shape) if shape[:1] == (1,) and array.shape == shape[1:] else array
        return fitted

    def submit(self, values: Mapping[str, Any]) -> Request:
        """Asks for a run and returns at once; `told(request.result())` or `told(await request)` are its outputs."""
        fitted = self._fitted(values)
        if self._pipeline is not None:
            return self._pipeline.submit(**fitted)
        return self._model.submit(*(fitted[name] for name in self._inputs))

    def told(self, result: Any) -> dict[str, np.ndarray]:
        """The outputs of a request by name."""
        if isinstance(result, dict):
            return result
        return dict(zip(self._outputs, result if isinstance(result, tuple) else (result,), strict=True))

    def predict(self, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """One run."""
        return self.told(self.submit(values).result())

    def batch(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, np.ndarray]]:
        """A run for each item, as many at once as there are lanes, with the bits of one after the other."""
        results = []
        for start in range(0, len(items), self._waiting):
            requests = [self.submit(item) for item in items[start:start + self._waiting]]
            results += [self.told(request.result()) for request in requests]
        return results

    def __call__(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Columns in, the same columns and those of the outputs out: a run for each row, for Ray Data's map_batches. Columns
        that are no inputs are kept; an output that has an input's name takes its place."""
        columns = {name: batch[name] for name in self._inputs if name in batch}
        results = self.batch([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])
        told = {name: np.stack([one[name] for one in results]) for name in self._outputs} if results else {}
        return {**batch, **{name: array[:, 0] if array.shape[1:2] == (1,) else array for name, array in told.items()}}

    def close(self) -> None:
        """Unloads what it has."""
        if self._pipeline is not None:
            self._pipeline.close()
        self._runtime.close()
