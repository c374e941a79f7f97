# SPDX-License-Identifier: Apache-2.0
"""Several independent models by number or name, in few lines."""
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait import tensors
from plait.names import name_of
from plait.runtime import Model, Runtime


class ModelManager:
    """Loads models and runs any of them.

        with plait.ModelManager(["a.tflite", "b.tflite"]) as manager:
            result = manager.run_inference("b", data)

    model_paths: a list of paths, or a dictionary {name: path}. Two files of one name get numbers: a, a_1, ... What cannot
    be loaded is an error that says which file, and nothing stays loaded."""

    def __init__(self, model_paths: Sequence[str | os.PathLike] | Mapping[str, str | os.PathLike],
                 num_threads: int = 1) -> None:
        named = model_paths.items() if isinstance(model_paths, Mapping) else [(None, path) for path in model_paths]
        self._runtime = Runtime(threads=num_threads)
        self._models: list[Model] = []
        for name, path in named:
            self._models.append(self._load(name, path))
        if not self._models:
            raise ValueError("model_paths is empty: there is nothing to manage")
        self._runtime.allocate()

    def _load(self, name: str | None, path: str | os.PathLike) -> Model:
        if not os.path.exists(path):
            raise FileNotFoundError(f"model file not found: {path}")
        if name is None:
            name = stem = name_of(path)
            count = 0
            while name in self._runtime:
                count += 1
                name = f"{stem}_{count}"
        return self._runtime.load(path, name)

    @property
    def names(self) -> list[str]:
        """The models' names in their order."""
        return [model.name for model in self._models]

    def __len__(self) -> int:
        return len(self._models)

    def model(self, which: int | str) -> Model:
        """The plait.Model of a number or a name."""
        if isinstance(which, (int, np.integer)):
            if not 0 <= which < len(self._models):
                raise IndexError(f"there is no model {which}: there are {len(self._models)}, counted from 0")
            return self._models[which]
        return self._runtime[which]

    def get_input_details(self, which: int | str) -> list[dict[str, Any]]:
        """What a model takes: a list of dictionaries, as plait.Interpreter gives them."""
        return self._details(which, "inputs")

    def get_output_details(self, which: int | str) -> list[dict[str, Any]]:
        """What a model gives."""
        return self._details(which, "outputs")

    def _details(self, which: int | str, ends: str) -> list[dict[str, Any]]:
        return [d | {"quantization": tensors.pair(d["scales"], d["zero_points"])} for d in getattr(self.model(which), ends)]

    def run_inference(self, which: int | str, data: Any) -> Any:
        """Runs a model: data is its input, a list of its inputs, or a dictionary by name. Returns its output, or a list
        of them."""
        model = self.model(which)
        if isinstance(data, dict):
            for name, value in data.items():
                model.set(name, value)
        else:
            values = list(data) if isinstance(data, (list, tuple)) and len(model.inputs) > 1 else [data]
            if len(values) != len(model.inputs):
                raise ValueError(f"model '{model.name}' takes {len(model.inputs)} inputs, found {len(values)}")
            for k, value in enumerate(values):
                model.set(k, np.asarray(value))
        model.invoke()
        outputs = [model.get(k) for k in range(len(model.outputs))]
        return outputs[0] if len(outputs) == 1 else outputs

    def close(self) -> None:
        """Ends all models."""
        self._models.clear()
        self._runtime.close()

    def __enter__(self) -> "ModelManager":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return "\n".join([f"<plait.ModelManager of {len(self)} models>"] + [f"  {k}: {m!r}" for k, m in enumerate(self._models)])
