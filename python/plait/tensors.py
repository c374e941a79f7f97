# SPDX-License-Identifier: Apache-2.0
"""What tensors are and how their bytes become arrays: shared by Interpreter and Runtime."""
import numpy as np

from plait import _core

INT4, UINT4, INT2, STRING, RESOURCE = 18, 21, 20, 5, 14  # numbers of plait_type
OWN_DTYPES = {STRING: np.bytes_, RESOURCE: np.object_, 19: None}   # where NumPy's names for memory and for values differ
NAMES = {0: "NOTYPE", 1: "FLOAT32", 2: "INT32", 3: "UINT8", 4: "INT64", 5: "STRING", 6: "BOOL", 7: "INT16",
         8: "COMPLEX64", 9: "INT8", 10: "FLOAT16", 11: "FLOAT64", 12: "COMPLEX128", 13: "UINT64", 14: "RESOURCE",
         15: "VARIANT", 16: "UINT32", 17: "UINT16", 18: "INT4", 19: "BFLOAT16", 20: "INT2", 21: "UINT4"}
NUMBERS = {"float32": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int16": 7, "complex64": 8, "int8": 9,
           "float16": 10, "float64": 11, "complex128": 12, "uint64": 13, "uint32": 16, "uint16": 17}
BITS = {INT4: 4, UINT4: 4, INT2: 2}


def type_of(array: np.ndarray) -> int:
    """The plait_type of an array's elements, 0 if there is none."""
    if array.dtype.kind in "SUO":
        return STRING
    return NUMBERS.get(array.dtype.name, 0)


def pack_strings(array: np.ndarray) -> bytes:
    """TensorFlow Lite's layout: the count, where each begins and the last ends, then their bytes."""
    texts = [text.encode() if isinstance(text, str) else bytes(text) for text in array.reshape(-1)]
    places = np.cumsum([4 * (len(texts) + 2)] + [len(text) for text in texts], dtype=np.int64)
    return np.concatenate(([len(texts)], places)).astype(np.int32).tobytes() + b"".join(texts)


def unpack_strings(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    if not data:
        return np.zeros(shape, dtype=object)
    count = int(np.frombuffer(data, np.int32, 1)[0])
    places = np.frombuffer(data, np.int32, count + 1, 4)
    array = np.empty(count, dtype=object)
    for k in range(count):
        array[k] = data[places[k]:places[k + 1]]
    return array.reshape(shape)


def unpack_bits(data: bytes, kind: int, shape: tuple[int, ...]) -> np.ndarray:
    """Elements of 4 or 2 bits, the lowest first, as whole bytes."""
    bits = BITS[kind]
    packed = np.frombuffer(data, np.uint8)
    parts = np.stack([(packed >> shift) & ((1 << bits) - 1) for shift in range(0, 8, bits)], axis=-1).reshape(-1)
    parts = parts[:int(np.prod(shape, dtype=np.int64))]
    if kind == UINT4:
        return parts.reshape(shape)
    sign = 1 << (bits - 1)
    return ((parts ^ sign).astype(np.int16) - sign).astype(np.int8).reshape(shape)


def copy_out(model: _core.Model, index: int, kind: int, shape: tuple[int, ...]) -> np.ndarray:
    """The tensor's value as a new array, or as a scalar if it has no dimensions."""
    array = None if kind == STRING or kind in BITS else model.get(index)
    if array is not None:
        return array
    data = model.read(index)
    if kind == STRING:
        array = unpack_strings(data, shape)
    elif kind in BITS:
        array = unpack_bits(data, kind, shape)
    else:
        array = np.ndarray(shape, model.facts(index)[1], bytearray(data))
    return array if shape else array[()]


def pair(scales: np.ndarray, zero_points: np.ndarray) -> tuple[float, int]:
    """What TensorFlow Lite calls the quantization of a tensor: (0.0, 0) where there is not one scale for all of it."""
    return (float(scales[0]), int(zero_points[0])) if len(scales) == 1 else (0.0, 0)


def told(model: _core.Model) -> str:
    """What a model takes and gives, and what memory it has, for __repr__."""
    def ends(indices: list[int]) -> str:
        facts = [model.facts(k) for k in indices]
        return ", ".join(f"{name} {NAMES[kind].lower()}{list(shape)}" for name, _, kind, shape, *_ in facts)
    memory = model.memory()
    return (f"{ends(model.inputs())} -> {ends(model.outputs())}; constants {memory['constant_bytes']}, arena "
            f"{memory['arena_bytes']}, inputs and outputs {memory['io_bytes']} bytes")
