# SPDX-License-Identifier: Apache-2.0
"""Pictures as inputs: resized, and made elements of, as the command line does it, to the bit."""
import numpy as np


def _nearest(have: int, want: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The position is added up, as Pillow's NEAREST does, so that ties are rounded alike."""
    step = have / want
    at = np.add.accumulate(np.concatenate(([step * 0.5], np.full(want - 1, step))))
    pixels = np.minimum(at.astype(np.int64), have - 1)
    return pixels, pixels, np.zeros(want, np.float32)


def _bilinear(have: int, want: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two pixels that each new one lies between, with the weight of the second."""
    at = np.clip((np.arange(want) + 0.5) * have / want - 0.5, 0, have - 1)
    first = at.astype(np.int64)
    return first, np.minimum(first + 1, have - 1), (at - first).astype(np.float32)


def _mix(first: np.ndarray, second: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return first + (second - first) * weight


def resize(picture: np.ndarray, height: int, width: int, method: str) -> np.ndarray:
    """uint8 [height, width, channels] of another size."""
    if picture.shape[:2] == (height, width):
        return picture
    find = _nearest if method == "nearest" else _bilinear
    top, bottom, down = find(picture.shape[0], height)
    left, right, across = find(picture.shape[1], width)
    values = picture.astype(np.float32)
    upper, lower = (_mix(values[rows][:, left], values[rows][:, right], across[None, :, None]) for rows in (top, bottom))
    return (_mix(upper, lower, down[:, None, None]) + np.float32(0.5)).astype(np.uint8)


def elements(picture: np.ndarray, dtype: np.dtype, mean: float, deviation: float) -> np.ndarray:
    """The bytes of a picture as an input takes them: uint8 as they are, int8 byte - 128, float (byte - mean) / deviation."""
    if dtype == np.uint8:
        return picture
    if dtype == np.int8:
        return (picture ^ 128).view(np.int8)
    return ((picture - np.float64(mean)) / deviation).astype(np.float32)


def fit(picture: np.ndarray, shape: tuple[int, ...], dtype: np.dtype, settings: tuple[str, float, float]) -> np.ndarray:
    """A picture of any size, uint8 [height, width] or [height, width, channels], as an input of this shape."""
    method, mean, deviation = settings
    flat = picture[:, :, None] if picture.ndim == 2 else picture
    channels = shape[-1] if len(shape) > 2 else 1
    if flat.dtype != np.uint8 or flat.ndim != 3 or flat.shape[2] != channels or dtype not in (np.uint8, np.int8, np.float32):
        raise ValueError(f"a picture is uint8 [height,width,{channels}], for inputs of uint8, int8 or float32; found "
                         f"{picture.dtype.name}{list(picture.shape)} for {np.dtype(dtype).name}{list(shape)}")
    rows = -3 if len(shape) > 2 else -2
    sized = resize(flat, shape[rows], shape[rows + 1], method)
    return elements(sized, dtype, mean, deviation).reshape(shape)
