# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite's Interpreter on plait.

Everything that can be called here is called as in tf.lite, and answers the same. What a program of TensorFlow Lite's does
not see: all interpreters of a process are models of one plait interpreter, so they share its arena, its threads and
equal weights, and still run at the same time when they are invoked from several threads.
"""
import enum
import itertools
import operator
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from plait import _core, tensors
from plait.loaded_model import LoadedModel, told_sparsity
from plait.signature_runner import SignatureRunner


@enum.unique
class OpResolverType(enum.Enum):
    """Which kernels to use. plait has one set, exact like the reference: all of these mean the same."""
    AUTO = 0
    BUILTIN = 1
    BUILTIN_REF = 2
    BUILTIN_WITHOUT_DEFAULT_DELEGATES = 3


class Delegate:
    """Delegates replace operators by code for one device. plait runs every operator itself and takes none."""

    def __init__(self, library: str, options: dict | None = None) -> None:
        raise ValueError(f"plait does not load delegates: {library} was asked for. Leave experimental_delegates out: "
                         "all operators run on the CPU, with kernels chosen for it.")


def load_delegate(library: str, options: dict | None = None) -> NoReturn:
    """Raises ValueError, as TensorFlow Lite does where a delegate cannot be loaded: programs go on without it then."""
    try:
        Delegate(library, options)
    except ValueError as error:
        raise ValueError(f"Failed to load delegate from {library}\n{error}") from None
    raise AssertionError("no delegate is ever loaded")


class Interpreter:
    """Runs one TensorFlow Lite model.

        interpreter = plait.Interpreter("model.tflite", num_threads=2)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], array)
        interpreter.invoke()
        result = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    Arguments are tf.lite.Interpreter's. model_path or model_content (bytes) is needed. Of the experimental ones
    experimental_preserve_all_tensors keeps every tensor for get_tensor(); the others choose between kernels or delegates
    of TensorFlow Lite's and change nothing here. ValueError: the file is no model, or asks for operators that are not
    there; the text says which."""

    def __init__(self, model_path: str | os.PathLike | None = None, model_content: bytes | None = None,
                 experimental_delegates: Sequence[Delegate] | None = None, num_threads: int | None = None,
                 experimental_op_resolver_type: enum.Enum = OpResolverType.AUTO,
                 experimental_preserve_all_tensors: bool = False,
                 experimental_disable_delegate_clustering: bool = False,
                 experimental_default_delegate_latest_features: bool = False,
                 experimental_compress_quantization_zero_points: bool = False,
                 experimental_disable_delegate_node_fusion: bool = False,
                 experimental_force_delegate_node_profiling: bool = False) -> None:
        self._interpreter: Any = None  # a LoadedModel; views hold it, and are counted by that
        if getattr(experimental_op_resolver_type, "name", None) not in OpResolverType.__members__:
            raise ValueError(f"Unrecognized passed in op resolver type: {experimental_op_resolver_type}")
        if num_threads is not None:
            if not isinstance(num_threads, int):
                raise ValueError("type of num_threads should be int")
            if num_threads < 1:
                raise ValueError("num_threads should >= 1")
        if model_path and model_content:
            raise ValueError("Can't both provide `model_path` and `model_content`")
        if not model_path and not model_content:
            raise ValueError("`model_path` or `model_content` must be specified.")
        if model_content and not isinstance(model_content, (bytes, bytearray, memoryview)):
            raise TypeError(f"model_content should be bytes, found {type(model_content).__name__}")
        if experimental_delegates:
            raise ValueError("plait runs every operator itself: experimental_delegates must be left out")
        self._experimental_compress_quantization_zero_points = experimental_compress_quantization_zero_points
        path = os.fspath(model_path) if model_path else None
        try:
            self._interpreter = LoadedModel(path, model_content, num_threads or 1, experimental_preserve_all_tensors)
        except _core.Error as error:
            raise ValueError(f"Could not open '{path}'. {error}" if path else str(error)) from None
        self._ready: set[int] = set()
        self._inputs: dict[int, dict[int, int]] = {}
        self._signature_defs = self.get_signature_list()

    def __del__(self) -> None:
        self._interpreter = None

    def __repr__(self) -> str:
        if self._interpreter is None:
            return "<plait.Interpreter, closed>"
        path = self._interpreter.source.get("path", "from memory")
        return f"<plait.Interpreter {path}: {tensors.told(self._interpreter.primary)}>"

    # ---- running

    def _safe_to_run(self) -> bool:
        return sys.getrefcount(self._interpreter) == 2

    def _ensure_safe(self) -> None:
        """RuntimeError while an array shows the interpreter's own memory: what runs next may move it."""
        if not self._safe_to_run():
            raise RuntimeError("There is at least 1 reference to internal data in the interpreter in the form of a numpy "
                               "array or slice. Be sure to only hold the function returned from tensor() if you are using "
                               "raw data access.")

    def allocate_tensors(self) -> None:
        """Plans memory for the shapes as they are now. Needed before the first invoke() and after resizing."""
        self._ensure_safe()
        self._allocate(0)

    def _allocate(self, subgraph: int) -> None:
        try:
            self._interpreter.handle(subgraph).allocate()
        except _core.Error as error:
            raise RuntimeError(str(error)) from None
        self._ready.add(subgraph)

    def invoke(self) -> None:
        """Runs the model on its inputs. Other threads go on meanwhile."""
        if sys.getrefcount(self._interpreter) != 2:
            self._ensure_safe()
        self._invoke(0)

    def _invoke(self, subgraph: int) -> None:
        if subgraph not in self._ready:
            raise RuntimeError("Invoke called on model that is not ready: call allocate_tensors() first.")
        try:
            self._interpreter.handles[subgraph].invoke()
        except _core.Error as error:
            raise RuntimeError(str(error)) from None

    def reset_all_variables(self) -> None:
        """Sets variable tensors back to zero. Resources (variables that are assigned, tables) keep what they have."""
        self._interpreter.primary.reset_tensors()

    # ---- values

    def set_tensor(self, tensor_index: int, value: Any) -> None:
        """Copies `value` into an input. ValueError if its type or shape is not the tensor's."""
        try:
            if type(tensor_index) is int and self._interpreter.primary.set(tensor_index, value):
                return
        except _core.Error as error:
            raise self._cannot_set(error, 0) from None
        self._set(tensor_index, value, 0)

    def _cannot_set(self, error: _core.Error, subgraph: int) -> ValueError:
        if subgraph not in self._ready:
            return ValueError("Cannot set tensor: Tensor is unallocated. Try calling allocate_tensors() first")
        return ValueError(f"Cannot set tensor: {error}")

    def _set(self, index: int, value: Any, subgraph: int) -> None:
        model, index = self._interpreter, operator.index(index)
        handle = model.handle(subgraph)
        array = np.asarray(value)
        name, _, kind, _, _ = model.fact(index, subgraph)
        found = tensors.type_of(array)
        if found != kind:
            raise ValueError(f"Cannot set tensor: Got value of type {tensors.NAMES[found]} but expected type "
                             f"{tensors.NAMES[kind]} for input {index}, name: {name} ")
        shape = model.shape(index, subgraph)[0]
        if array.ndim != len(shape):
            raise ValueError(f"Cannot set tensor: Dimension mismatch. Got {array.ndim} but expected {len(shape)} for input "
                             f"{index}.")
        for k, (got, expected) in enumerate(zip(array.shape, shape)):
            if got != expected:
                raise ValueError(f"Cannot set tensor: Dimension mismatch. Got {got} but expected {expected} for dimension "
                                 f"{k} of input {index}.")
        try:
            if kind == tensors.STRING:
                handle.write(index, tensors.pack_strings(array))
            else:
                handle.write(index, np.ascontiguousarray(array))
        except _core.Error as error:
            raise self._cannot_set(error, subgraph) from None

    def get_tensor(self, tensor_index: int, subgraph_index: int = 0) -> np.ndarray:
        """A copy of the tensor's value: an output, an input, a constant, or with experimental_preserve_all_tensors any."""
        if subgraph_index == 0 and type(tensor_index) is int:
            array = self._interpreter.primary.get(tensor_index)
            if array is not None:
                return array
        return self._get(operator.index(tensor_index), operator.index(subgraph_index))

    def _get(self, index: int, subgraph: int) -> np.ndarray:
        model = self._interpreter
        handle, kind = model.handle(subgraph), model.fact(index, subgraph)[2]
        shape = model.shape(index, subgraph)[0]
        try:
            return tensors.copy_out(handle, index, kind, shape)
        except _core.Error as error:
            refused = error
        try:
            return tensors.copy_out(model.constant(subgraph), index, kind, shape)
        except _core.Error:
            why = f": {refused}" if subgraph in self._ready else ""
            raise ValueError(f"Tensor data is null. Run allocate_tensors() first{why}") from None

    def tensor(self, tensor_index: int) -> Callable[[], np.ndarray]:
        """A function that returns a view of the tensor's own memory (of one without dimensions, its value). Keep the
        function, not what it returns: while a view is alive, allocate_tensors(), resize_tensor_input() and invoke() raise
        RuntimeError."""
        return lambda: self._view(operator.index(tensor_index))

    def _view(self, index: int) -> np.ndarray:
        view = self._interpreter.primary.view(index, self._interpreter)
        if view is None:
            raise ValueError("Tensor data is null. Run allocate_tensors() first")
        array = np.asarray(view)
        return array if array.ndim > 0 else array[()]

    # ---- shapes

    def resize_tensor_input(self, input_index: int, tensor_size: Sequence[int], strict: bool = False) -> None:
        """Gives an input another shape, from the next allocate_tensors() on. strict: only dimensions that
        shape_signature leaves open (-1) may change."""
        self._ensure_safe()
        shape = np.array(tensor_size, dtype=np.int32)
        if shape.ndim != 1:
            raise ValueError(f"Shape should be 1D instead of {shape.ndim}.")
        self._resize(operator.index(input_index), shape.tolist(), strict, 0)

    def _resize(self, index: int, shape: Sequence[int], strict: bool, subgraph: int) -> None:
        model, shape = self._interpreter, tuple(shape)
        handle = model.handle(subgraph)
        if subgraph not in self._inputs:
            self._inputs[subgraph] = {tensor: k for k, tensor in enumerate(handle.inputs())}
        if not 0 <= index < handle.tensor_count:
            raise RuntimeError(f"Invalid tensor index {index} exceeds max tensor index {handle.tensor_count}")
        now, signature = model.shape(index, subgraph)
        if now == shape:
            return
        for k, (known, size) in enumerate(itertools.zip_longest(signature, shape) if strict else ()):
            if known not in (-1, size):
                raise RuntimeError(f"Attempting to resize dimension {k} of tensor {index} with value {known} to {size}. "
                                   "ResizeInputTensorStrict only allows mutating unknown dimensions identified by -1.")
        if index not in self._inputs[subgraph]:
            raise ValueError(f"Tensor {index} is no input: only inputs can be resized")
        try:
            handle.resize(self._inputs[subgraph][index], shape)
        except _core.Error as error:
            raise RuntimeError(str(error)) from None
        self._ready.discard(subgraph)

    # ---- what the model is

    def _get_tensor_details(self, tensor_index: int, subgraph_index: int) -> dict[str, Any]:
        model, index = self._interpreter, int(tensor_index)
        name, dtype, _, pair, parameters = model.fact(index, int(subgraph_index))
        if dtype is None:
            raise ValueError("Could not get tensor details")
        shape, signature = model.shape(index, int(subgraph_index))
        return {"name": name, "index": index, "shape": np.array(shape, np.int32),
                "shape_signature": np.array(signature, np.int32), "dtype": dtype, "quantization": pair,
                "quantization_parameters": dict(parameters),
                "sparsity_parameters": told_sparsity(model.handle(int(subgraph_index)).sparsity(index))}

    def get_input_details(self) -> list[dict[str, Any]]:
        """A list of dictionaries: name, index, shape, shape_signature (-1: open), dtype, quantization (scale and zero
        point, where there is one), quantization_parameters (scales, zero_points, quantized_dimension),
        sparsity_parameters."""
        return [self._get_tensor_details(k, 0) for k in self._interpreter.primary.inputs()]

    def get_output_details(self) -> list[dict[str, Any]]:
        """As get_input_details(), of the outputs."""
        return [self._get_tensor_details(k, 0) for k in self._interpreter.primary.outputs()]

    def get_tensor_details(self, subgraph_index: int = 0) -> list[dict[str, Any]]:
        """As get_input_details(), of every tensor of a subgraph."""
        count = self.num_subgraphs()
        if subgraph_index < 0 or subgraph_index >= count:
            raise ValueError(f"subgraph_index is out of range: {subgraph_index} for the model, which has {count} subgraphs.")
        found = []
        for k in range(self._interpreter.handle(subgraph_index).tensor_count):
            try:
                found.append(self._get_tensor_details(k, subgraph_index))
            except ValueError:
                pass
        return found

    def _get_op_details(self, op_index: int) -> dict[str, Any]:
        operators = self._interpreter.primary.operators()
        if not 0 <= op_index < len(operators):
            raise ValueError("Invalid node index")
        name, inputs, outputs = operators[op_index]
        def types(indices: list[int]) -> list:
            return [self._get_tensor_details(k, 0)["dtype"] for k in indices if k != -1]
        return {"index": int(op_index), "op_name": name, "inputs": np.array(inputs, np.int32),
                "outputs": np.array(outputs, np.int32), "operand_types": types(inputs), "result_types": types(outputs)}

    def _get_ops_details(self) -> list[dict[str, Any]]:
        return [self._get_op_details(k) for k in range(len(self._interpreter.primary.operators()))]

    def num_subgraphs(self) -> int:
        """How many subgraphs the file has."""
        return self._interpreter.primary.subgraph_count

    # ---- signatures

    def _get_full_signature_list(self) -> dict[str, dict[str, dict[str, int]]]:
        return {key: {"inputs": inputs, "outputs": outputs}
                for key, (inputs, outputs) in self._interpreter.primary.signatures().items()}

    def get_signature_list(self) -> dict[str, dict[str, list[str]]]:
        """{key: {"inputs": [names], "outputs": [names]}}"""
        return {key: {"inputs": list(ends["inputs"]), "outputs": list(ends["outputs"])}
                for key, ends in self._get_full_signature_list().items()}

    def get_signature_runner(self, signature_key: str | None = None) -> SignatureRunner:
        """A callable that runs a signature. The key may be left out where there is one only."""
        if signature_key is None:
            if len(self._signature_defs) != 1:
                raise ValueError("SignatureDef signature_key is None and model has "
                                 f"{len(self._signature_defs)} Signatures. None is only allowed when the model has 1 "
                                 "SignatureDef")
            signature_key = next(iter(self._signature_defs))
        return SignatureRunner(interpreter=self, signature_key=signature_key)

    @property
    def experimental_compress_quantization_zero_points(self) -> bool:
        return self._experimental_compress_quantization_zero_points

    def _native_handle(self) -> int:
        raise NotImplementedError("there is no tflite::Interpreter of C++ to point at: plait's own API is plait.h")

    # ---- beyond TensorFlow Lite

    @property
    def labels(self) -> dict[str, list[str]]:
        """The labels that the file brings in its metadata: {file name: [lines]}."""
        from plait.labels import labels
        return labels(self._interpreter.source.get("path") or self._interpreter.source["content"])


class InterpreterWithCustomOps(Interpreter):
    """Custom operators of TensorFlow Lite's are C++ code that its resolver knows by address. Here they are registered
    through plait_register_op() or TfLiteOperator in C; a list of registerers is refused, so that nothing is left out
    unseen."""

    def __init__(self, custom_op_registerers: Sequence | None = None, **kwargs: Any) -> None:
        if custom_op_registerers:
            raise ValueError("plait does not call registerers of TensorFlow Lite's C++ resolver: register custom operators "
                             "through the C API")
        super().__init__(**kwargs)
