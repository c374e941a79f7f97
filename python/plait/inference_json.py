# SPDX-License-Identifier: Apache-2.0
"""Inference requests and answers of the Open Inference Protocol as JSON, to and from named arrays."""
from collections.abc import Mapping
from typing import Any

import numpy as np

TYPES = {"BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64, "INT8": np.int8,
         "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP32": np.float32, "FP64": np.float64}
NAMES = {np.dtype(dtype): name for name, dtype in TYPES.items()}


def _field(one: Any, name: str, kind: type, where: str) -> Any:
    if not isinstance(one, Mapping) or not isinstance(one.get(name), kind):
        raise ValueError(f"{where}: it needs '{name}'")
    return one[name]


def _read_input(one: Any, number: int) -> tuple[str, np.ndarray]:
    name = _field(one, "name", str, f"input {number}")
    where = f"input '{name}'"
    datatype, shape = _field(one, "datatype", str, where), _field(one, "shape", list, where)
    if datatype not in TYPES:
        raise ValueError(f"{where}: datatype {datatype} has no form in JSON here; there are {', '.join(TYPES)}")
    data = _field(one, "data", list, where)
    try:
        found = np.array(data)
        values = found.astype(TYPES[datatype])
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{where}: data is no array of numbers") from error
    if values.dtype.kind in "iub" and not np.array_equal(values, found):
        raise ValueError(f"{where}: data is no {datatype}")
    if any(not isinstance(size, int) or size < 0 for size in shape) or values.size != np.prod(shape, dtype=np.int64):
        raise ValueError(f"{where}: {values.size} elements do not fit shape {shape}")
    return name, values.reshape(shape)


def read(document: Any) -> dict[str, np.ndarray]:
    """The inputs of a request; ValueError says what is wrong with it."""
    inputs = _field(document, "inputs", list, "the request")
    return dict(_read_input(one, number) for number, one in enumerate(inputs))


def _written_data(array: np.ndarray) -> list:
    """What is not finite has no form in JSON: null."""
    flat = array.reshape(-1).tolist()
    return flat if array.dtype.kind != "f" else [value if np.isfinite(value) else None for value in flat]


def written(model: str, outputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The answer with these outputs."""
    return {"model_name": model,
            "outputs": [{"name": name, "datatype": NAMES[array.dtype], "shape": list(array.shape), "data": _written_data(array)}
                        for name, array in outputs.items()]}
