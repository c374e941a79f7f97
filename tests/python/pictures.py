# SPDX-License-Identifier: Apache-2.0
"""Pictures for tests: uncompressed BMP files, read and resized in a few lines that can be checked by eye."""
import struct

import numpy as np


def read_bmp(path):
    """uint8 array [height, width, 3], RGB."""
    data = path.read_bytes()
    offset, = struct.unpack_from("<I", data, 10)
    header, width, height, _, depth = struct.unpack_from("<IiiHH", data, 14)
    row = (width * depth // 8 + 3) // 4 * 4
    pixels = np.frombuffer(data, np.uint8, row * abs(height), offset).reshape(abs(height), row)
    if height > 0:
        pixels = pixels[::-1]
    if depth == 8:
        palette = np.frombuffer(data, np.uint8, 4 * 256, 14 + header).reshape(256, 4)
        return np.ascontiguousarray(palette[pixels[:, :width]][..., 2::-1])
    return np.ascontiguousarray(pixels[:, :width * 3].reshape(abs(height), width, 3)[..., ::-1])


def resize_nearest(picture, height, width):
    """Output pixel y takes input row floor(y * height_in / height_out)."""
    rows = np.arange(height) * picture.shape[0] // height
    columns = np.arange(width) * picture.shape[1] // width
    return np.ascontiguousarray(picture[rows][:, columns])
