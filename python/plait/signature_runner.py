# SPDX-License-Identifier: Apache-2.0
"""Signatures of a model as functions."""
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from plait.interpreter import Interpreter


class SignatureRunner:
    """Runs one signature: called with the inputs by name, it returns a dictionary of the outputs by name. Made by
    Interpreter.get_signature_runner()."""

    def __init__(self, interpreter: "Interpreter | None" = None, signature_key: str | None = None) -> None:
        if not interpreter:
            raise ValueError("None interpreter provided.")
        if not signature_key:
            raise ValueError("None signature_key provided.")
        signatures = interpreter._get_full_signature_list()
        if signature_key not in signatures:
            raise ValueError(f'Invalid signature_key provided: "{signature_key}".')
        self._interpreter = interpreter
        self._signature_key = signature_key
        self._inputs = signatures[signature_key]["inputs"]
        self._outputs = signatures[signature_key]["outputs"].items()
        self._subgraph_index = interpreter._interpreter.primary.signature(signature_key).subgraph_index

    def __call__(self, **kwargs: Any) -> dict[str, np.ndarray]:
        if len(kwargs) != len(self._inputs):
            raise ValueError("Invalid number of inputs provided for running a SignatureDef, expected "
                             f"{len(self._inputs)} vs provided {len(kwargs)}")
        owner, subgraph = self._interpreter, self._subgraph_index
        for name, value in kwargs.items():
            if name not in self._inputs:
                raise ValueError(f"Invalid Input name ({name}) for SignatureDef")
            owner._resize(self._inputs[name], value.shape, False, subgraph)
        owner._allocate(subgraph)
        for name, value in kwargs.items():
            owner._set(self._inputs[name], value, subgraph)
        owner._invoke(subgraph)
        return {name: owner.get_tensor(index, subgraph) for name, index in self._outputs}

    def get_input_details(self) -> dict[str, dict[str, Any]]:
        """{name: details}, as Interpreter.get_input_details() gives them."""
        return {name: self._interpreter._get_tensor_details(index, self._subgraph_index)
                for name, index in self._inputs.items()}

    def get_output_details(self) -> dict[str, dict[str, Any]]:
        """{name: details}, as Interpreter.get_output_details() gives them."""
        return {name: self._interpreter._get_tensor_details(index, self._subgraph_index) for name, index in self._outputs}

    def __repr__(self) -> str:
        return f"<plait.SignatureRunner {self._signature_key!r} of {self._interpreter!r}>"
