# SPDX-License-Identifier: Apache-2.0
"""What models are called that are given no name."""
import os
import re


def name_of(path: str | bytes | os.PathLike) -> str:
    """As plait_load_file() makes it of a path: the file's name without its ending, "_" for what no name may have."""
    stem = os.path.splitext(os.path.basename(os.fsencode(path)))[0]
    return re.sub(rb"[^A-Za-z0-9_-]", b"_", stem).decode()
