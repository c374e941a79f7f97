# SPDX-License-Identifier: Apache-2.0
"""The interpreter of plait's that all Interpreters of a process share, and what each has in it."""
import itertools
import threading
from typing import Any

import numpy as np

from plait import _core, tensors
from plait.names import name_of

MOST_THREADS = 64  # of a model; more are taken for these

_lock = threading.Lock()
_numbers = itertools.count()
_shared: _core.Engine | None = None


def shared_engine() -> _core.Engine:
    """The interpreter that all of a process share, made when the first asks for it."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = _core.Engine()
        return _shared


class LoadedModel:
    """One file as loaded, its subgraphs, and what does not change of their tensors. numpy views hold it, and while any
    does, Interpreter refuses to run."""

    def __init__(self, path: str | None, content: bytes | None, threads: int, keep_all: bool) -> None:
        self.source: dict[str, Any] = {"path": path} if path is not None else {"content": content}
        self.primary = self._load(keep_all)
        if threads != 1:
            self.primary.set_threads(min(threads, MOST_THREADS))
        self.handles = {0: self.primary}
        self.known: dict[tuple[int, int], tuple] = {}
        self.constants: _core.Model | None = None

    def _load(self, keep_all: bool) -> _core.Model:
        """The name is what messages call it: the file's, and a number."""
        name = f"{name_of(self.source.get('path', 'model'))[:64]}-{next(_numbers)}"
        return shared_engine().load(name, keep_all_tensors=keep_all, **self.source)

    def handle(self, subgraph: int) -> _core.Model:
        if subgraph not in self.handles:
            self.handles[subgraph] = self.primary.subgraph(subgraph)
        return self.handles[subgraph]

    def fact(self, index: int, subgraph: int) -> tuple:
        """(name, dtype, type number, quantization, quantization parameters)"""
        key = (subgraph, index)
        if key not in self.known:
            name, dtype, kind, _, _, *packed, dimension = self.handle(subgraph).facts(index)
            scales, zero_points = (np.frombuffer(values, of) for values, of in zip(packed, (np.float32, np.int32)))
            self.known[key] = (name, tensors.OWN_DTYPES.get(kind, dtype and dtype.type), kind,
                               tensors.pair(scales, zero_points),
                               {"scales": scales, "zero_points": zero_points, "quantized_dimension": dimension,
                                "block_size": 0})
        return self.known[key]

    def shape(self, index: int, subgraph: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self.handle(subgraph).facts(index)[3:5]

    def constant(self, subgraph: int) -> _core.Model:
        """Where constants can be read of which this model keeps the packed form only: the file once more."""
        if self.constants is None:
            self.constants = self._load(True)
        return self.constants.subgraph(subgraph)


def told_sparsity(sparsity: tuple | None) -> dict[str, Any]:
    """How a sparse constant is stored, as TensorFlow Lite tells it; {} of a dense tensor."""
    if sparsity is None:
        return {}
    order, blocks, dimensions = sparsity
    told = [{"format": 0, "dense_size": part} if isinstance(part, int) else
            {"format": 1, "array_segments": np.array(part[0], np.int32), "array_indices": np.array(part[1], np.int32)}
            for part in dimensions]
    return {"traversal_order": np.array(order, np.int32), "block_map": np.array(blocks, np.int32), "dim_metadata": told}
