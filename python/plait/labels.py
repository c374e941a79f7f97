# SPDX-License-Identifier: Apache-2.0
"""Files that a .tflite brings along: its metadata writer appends them as a ZIP archive behind the model."""
import io
import os
import zipfile


def associated_files(model: str | os.PathLike | bytes) -> dict[str, bytes]:
    """{name: bytes} of what stands behind the model. `model`: a path, or the file's bytes."""
    source = io.BytesIO(model) if isinstance(model, (bytes, bytearray, memoryview)) else os.fspath(model)
    try:
        with zipfile.ZipFile(source) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except zipfile.BadZipFile:
        return {}


def labels(model: str | os.PathLike | bytes) -> dict[str, list[str]]:
    """{name: [lines]} of the text files among them: one label a line, as label files are."""
    return {name: content.decode("utf-8", "replace").splitlines() for name, content in associated_files(model).items()
            if name.endswith(".txt")}
