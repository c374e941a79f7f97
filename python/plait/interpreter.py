# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite's Interpreter on plait.

Everything that can be called here is called as in tf.lite, and answers the same. What a program of TensorFlow Lite's does
not see: all interpreters of a process are models of one plait interpreter, so they share its arena, its threads and
equal weights, and still run at the same time when they are invoked from several threads.
"""
import enum
import itertools
import os
import sys
import threading

import numpy as np

from plait import _core, tensors

_lock = threading.Lock()
_numbers = itertools.count()
_shared = None


def shared_engine():
    """The interpreter that all of a process share; made anew after fork() in a child that had none."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = _core.Engine()
        return _shared


@enum.unique
class OpResolverType(enum.Enum):
    """Which kernels to use. plait has one set, exact like the reference: all of these mean the same."""
    AUTO = 0
    BUILTIN = 1
    BUILTIN_REF = 2
    BUILTIN_WITHOUT_DEFAULT_DELEGATES = 3


class Delegate:
    """Delegates replace operators by code for one device. plait runs every operator itself and takes none."""

    def __init__(self, library, options=None):
        raise ValueError(f"plait does not load delegates: {library} was asked for. Leave experimental_delegates out: "
                         "all operators run on the CPU, with kernels chosen for it.")


def load_delegate(library, options=None):
    """Raises ValueError, as TensorFlow Lite does where a delegate cannot be loaded: programs go on without it then."""
    try:
        return Delegate(library, options)
    except ValueError as error:
        raise ValueError(f"Failed to load delegate from {library}\n{error}") from None


class _Model:
    """One file as loaded, its subgraphs, and what does not change of their tensors. numpy views hold it, and while any
    does, Interpreter refuses to run."""

    def __init__(self, path, content, threads, keep_all):
        self.source = {"path": path} if path is not None else {"content": content}
        self.primary = shared_engine().load(f"python-{next(_numbers)}", keep_all_tensors=keep_all, **self.source)
        if threads != 1:
            self.primary.set_threads(threads)
        self.handles = {0: self.primary}
        self.known = {}
        self.constants = None

    def handle(self, subgraph):
        if subgraph not in self.handles:
            self.handles[subgraph] = self.primary.subgraph(subgraph)
        return self.handles[subgraph]

    def fact(self, index, subgraph):
        """(name, dtype, type number, quantization, quantization parameters)"""
        key = (subgraph, index)
        if key not in self.known:
            name, dtype, kind, _, _, scales, zero_points, dimension = self.handle(subgraph).facts(index)
            scales, zero_points = np.frombuffer(scales, np.float32), np.frombuffer(zero_points, np.int32)
            pair = (float(scales[0]), int(zero_points[0])) if len(scales) == 1 else (0.0, 0)
            self.known[key] = (name, tensors.OWN_DTYPES.get(kind, dtype and dtype.type), kind, pair, {"scales": scales, "zero_points": zero_points, "quantized_dimension": dimension,
                                      "block_size": 0})
        return self.known[key]

    def shape(self, index, subgraph):
        return self.handle(subgraph).facts(index)[3:5]

    def constant(self, index, subgraph):
        """A constant of which this model keeps the packed form only: read from the file again."""
        if self.constants is None:
            self.constants = shared_engine().load(f"python-{next(_numbers)}", **self.source)
            self.constants.set_threads(1)
        return self.constants.subgraph(subgraph)


def _told_sparsity(sparsity):
    """How a sparse constant is stored, as TensorFlow Lite tells it; {} of a dense tensor."""
    if sparsity is None:
        return {}
    order, blocks, dimensions = sparsity
    told = [{"format": 0, "dense_size": part} if isinstance(part, int) else
            {"format": 1, "array_segments": np.array(part[0], np.int32), "array_indices": np.array(part[1], np.int32)}
            for part in dimensions]
    return {"traversal_order": np.array(order, np.int32), "block_map": np.array(blocks, np.int32), "dim_metadata": told}


class SignatureRunner:
    """Runs one signature: called with the inputs by name, it returns a dictionary of the outputs by name. Made by
    Interpreter.get_signature_runner()."""

    def __init__(self, interpreter=None, signature_key=None):
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

    def __call__(self, **kwargs):
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

    def get_input_details(self):
        """{name: details}, as Interpreter.get_input_details() gives them."""
        return {name: self._interpreter._get_tensor_details(index, self._subgraph_index)
                for name, index in self._inputs.items()}

    def get_output_details(self):
        """{name: details}, as Interpreter.get_output_details() gives them."""
        return {name: self._interpreter._get_tensor_details(index, self._subgraph_index) for name, index in self._outputs}

    def __repr__(self):
        return f"<plait.SignatureRunner {self._signature_key!r} of {self._interpreter!r}>"


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

    def __init__(self, model_path=None, model_content=None, experimental_delegates=None, num_threads=None,
                 experimental_op_resolver_type=OpResolverType.AUTO, experimental_preserve_all_tensors=False,
                 experimental_disable_delegate_clustering=False, experimental_default_delegate_latest_features=False,
                 experimental_compress_quantization_zero_points=False, experimental_disable_delegate_node_fusion=False,
                 experimental_force_delegate_node_profiling=False):
        self._interpreter = None
        self._custom_op_registerers = getattr(self, "_custom_op_registerers", [])
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
        if experimental_delegates:
            raise ValueError("plait runs every operator itself: experimental_delegates must be left out")
        self._experimental_compress_quantization_zero_points = experimental_compress_quantization_zero_points
        try:
            self._interpreter = _Model(os.fspath(model_path) if model_path else None, model_content, num_threads or 1,
                                       experimental_preserve_all_tensors)
        except _core.Error as error:
            raise ValueError(f"Could not open '{os.fspath(model_path)}'. {error}" if model_path else str(error)) from None
        self._path = os.fspath(model_path) if model_path else None
        self._ready = set()
        self._inputs = {}
        self._signature_defs = self.get_signature_list()

    def __del__(self):
        self._interpreter = None

    def __repr__(self):
        if self._interpreter is None:
            return "<plait.Interpreter, closed>"
        def told(details):
            return ", ".join(f"{d['name']} {np.dtype(d['dtype']).name}{list(map(int, d['shape']))}" for d in details)
        memory = self._interpreter.primary.memory()
        return (f"<plait.Interpreter {self._path or 'from memory'}: {told(self.get_input_details())} -> "
                f"{told(self.get_output_details())}; constants {memory['constant_bytes']}, arena {memory['arena_bytes']}, "
                f"inputs and outputs {memory['io_bytes']} bytes>")

    # ---- running

    def _safe_to_run(self):
        return sys.getrefcount(self._interpreter) == 2

    def _ensure_safe(self):
        """RuntimeError while an array shows the interpreter's own memory: what runs next may move it."""
        if not self._safe_to_run():
            raise RuntimeError("There is at least 1 reference to internal data in the interpreter in the form of a numpy "
                               "array or slice. Be sure to only hold the function returned from tensor() if you are using "
                               "raw data access.")

    def allocate_tensors(self):
        """Plans memory for the shapes as they are now. Needed before the first invoke() and after resizing."""
        self._ensure_safe()
        self._allocate(0)

    def _allocate(self, subgraph):
        try:
            self._interpreter.handle(subgraph).allocate()
        except _core.Error as error:
            raise RuntimeError(str(error)) from None
        self._ready.add(subgraph)

    def invoke(self):
        """Runs the model on its inputs. Other threads go on meanwhile."""
        self._ensure_safe()
        self._invoke(0)

    def _invoke(self, subgraph):
        if subgraph not in self._ready:
            raise RuntimeError("Invoke called on model that is not ready: call allocate_tensors() first.")
        try:
            self._interpreter.handles[subgraph].invoke()
        except _core.Error as error:
            raise RuntimeError(str(error)) from None

    def reset_all_variables(self):
        """Sets variable tensors back to zero."""
        self._interpreter.primary.reset()

    # ---- values

    def set_tensor(self, tensor_index, value):
        """Copies `value` into an input. ValueError if its type or shape is not the tensor's."""
        try:
            if type(tensor_index) is int and self._interpreter.primary.set(tensor_index, value):
                return
        except _core.Error as error:
            raise ValueError(f"Cannot set tensor: {error}") from None
        self._set(tensor_index, value, 0)

    def _set(self, index, value, subgraph):
        model, index = self._interpreter, int(index)
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
            raise ValueError(f"Cannot set tensor: {error}") from None

    def get_tensor(self, tensor_index, subgraph_index=0):
        """A copy of the tensor's value: an output, an input, a constant, or with experimental_preserve_all_tensors any."""
        model = self._interpreter
        if subgraph_index == 0 and type(tensor_index) is int and 0 in self._ready:
            kind = model.known.get((0, tensor_index), (0, 0, 0))[2]
            if kind in tensors.NUMBERS.values():
                try:
                    return model.primary.get(tensor_index)
                except _core.Error:
                    pass
        return self._get(int(tensor_index), int(subgraph_index))

    def _get(self, index, subgraph):
        model = self._interpreter
        handle, kind = model.handle(subgraph), model.fact(index, subgraph)[2]
        shape = model.shape(index, subgraph)[0]
        try:
            return tensors.copy_out(handle, index, kind, shape)
        except _core.Error as error:
            refused = error
        try:
            return tensors.copy_out(model.constant(index, subgraph), index, kind, shape)
        except _core.Error:
            raise ValueError(f"Tensor data is null. Run allocate_tensors() first: {refused}") from None

    def tensor(self, tensor_index):
        """A function that returns a view of the tensor's own memory. Keep the function, not what it returns: while a view
        is alive, allocate_tensors(), resize_tensor_input() and invoke() raise RuntimeError."""
        return lambda: self._view(int(tensor_index))

    def _view(self, index):
        view = self._interpreter.primary.view(index, self._interpreter)
        if view is None:
            raise ValueError("Tensor data is null. Run allocate_tensors() first")
        return np.asarray(view)

    # ---- shapes

    def resize_tensor_input(self, input_index, tensor_size, strict=False):
        """Gives an input another shape, from the next allocate_tensors() on. strict: only dimensions that
        shape_signature leaves open (-1) may change."""
        self._ensure_safe()
        self._resize(int(input_index), np.array(tensor_size, dtype=np.int32), strict, 0)

    def _resize(self, index, shape, strict, subgraph):
        model, shape = self._interpreter, tuple(int(d) for d in shape)
        handle = model.handle(subgraph)
        if subgraph not in self._inputs:
            self._inputs[subgraph] = {tensor: k for k, tensor in enumerate(handle.inputs())}
        if not 0 <= index < handle.tensor_count:
            raise RuntimeError(f"Tensor {index} does not exist: there are {handle.tensor_count}")
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
            raise ValueError(str(error)) from None
        self._ready.discard(subgraph)

    # ---- what the model is

    def _get_tensor_details(self, tensor_index, subgraph_index):
        model, index = self._interpreter, int(tensor_index)
        name, dtype, _, pair, parameters = model.fact(index, int(subgraph_index))
        if dtype is None:
            raise ValueError("Could not get tensor details")
        shape, signature = model.shape(index, int(subgraph_index))
        return {"name": name, "index": index, "shape": np.array(shape, np.int32),
                "shape_signature": np.array(signature, np.int32), "dtype": dtype, "quantization": pair,
                "quantization_parameters": dict(parameters),
                "sparsity_parameters": _told_sparsity(model.handle(int(subgraph_index)).sparsity(index))}

    def get_input_details(self):
        """A list of dictionaries: name, index, shape, shape_signature (-1: open), dtype, quantization (scale and zero
        point, where there is one), quantization_parameters (scales, zero_points, quantized_dimension),
        sparsity_parameters."""
        return [self._get_tensor_details(k, 0) for k in self._interpreter.primary.inputs()]

    def get_output_details(self):
        """As get_input_details(), of the outputs."""
        return [self._get_tensor_details(k, 0) for k in self._interpreter.primary.outputs()]

    def get_tensor_details(self, subgraph_index=0):
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

    def _get_op_details(self, op_index):
        name, inputs, outputs = self._interpreter.primary.operators()[op_index]
        def types(indices):
            return [self._get_tensor_details(k, 0)["dtype"] for k in indices if k != -1]
        return {"index": int(op_index), "op_name": name, "inputs": np.array(inputs, np.int32),
                "outputs": np.array(outputs, np.int32), "operand_types": types(inputs), "result_types": types(outputs)}

    def _get_ops_details(self):
        return [self._get_op_details(k) for k in range(len(self._interpreter.primary.operators()))]

    def num_subgraphs(self):
        """How many subgraphs the file has."""
        return self._interpreter.primary.subgraph_count

    # ---- signatures

    def _get_full_signature_list(self):
        return {key: {"inputs": inputs, "outputs": outputs}
                for key, (inputs, outputs) in self._interpreter.primary.signatures().items()}

    def get_signature_list(self):
        """{key: {"inputs": [names], "outputs": [names]}}"""
        return {key: {"inputs": list(ends["inputs"]), "outputs": list(ends["outputs"])}
                for key, ends in self._get_full_signature_list().items()}

    def get_signature_runner(self, signature_key=None):
        """A callable that runs a signature. The key may be left out where there is one only."""
        if signature_key is None:
            if len(self._signature_defs) != 1:
                raise ValueError("SignatureDef signature_key is None and model has "
                                 f"{len(self._signature_defs)} Signatures. None is only allowed when the model has 1 "
                                 "SignatureDef")
            signature_key = next(iter(self._signature_defs))
        return SignatureRunner(interpreter=self, signature_key=signature_key)

    @property
    def experimental_compress_quantization_zero_points(self):
        return self._experimental_compress_quantization_zero_points

    # ---- beyond TensorFlow Lite

    @property
    def labels(self):
        """The labels that the file brings in its metadata: {file name: [lines]}."""
        from plait.labels import labels
        return labels(self._interpreter.source.get("path") or self._interpreter.source["content"])


class InterpreterWithCustomOps(Interpreter):
    """Custom operators of TensorFlow Lite's are C++ code that its resolver knows by address. Here they are registered
    through plait_register_op() or TfLiteOperator in C; a list of registerers is refused, so that nothing is left out
    unseen."""

    def __init__(self, custom_op_registerers=None, **kwargs):
        if custom_op_registerers:
            raise ValueError("plait does not call registerers of TensorFlow Lite's C++ resolver: register custom operators "
                             "through the C API")
        super().__init__(**kwargs)
