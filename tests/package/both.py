# SPDX-License-Identifier: Apache-2.0
"""LiteRT's Interpreter and plait's side by side. The package is what scripts/build made, unpacked to .cache/package by
scripts/test; PLAIT_PACKAGE names another folder."""
import importlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import interpreter as litert

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("python", "conformance")]
PACKAGE = Path(os.environ.get("PLAIT_PACKAGE") or ROOT / ".cache" / "package")
if not (PACKAGE / "plait").exists():
    pytest.skip(f"the package is not unpacked in {PACKAGE}: scripts/build, then scripts/test", allow_module_level=True)
sys.path.insert(0, str(PACKAGE))
plait = importlib.import_module("plait")

import models  # noqa: E402


def open_litert(source, **options):
    """The reference kernels, whose bits plait has."""
    options.setdefault("experimental_op_resolver_type", litert.OpResolverType.BUILTIN_REF)
    return litert.Interpreter(**named(source), **options)


def open_plait(source, **options):
    return plait.Interpreter(**named(source), **options)


def named(source):
    return {"model_content": source} if isinstance(source, bytes) else {"model_path": str(source)}


OPENERS = {"litert": open_litert, "plait": open_plait}


def difference(a, b, place=""):
    """Where two answers differ, types and dtypes included; None if nowhere."""
    if type(a) is not type(b):
        return f"{place}: {a!r} is a {type(a).__name__}, {b!r} a {type(b).__name__}"
    if isinstance(a, dict):
        if list(a) != list(b):
            return f"{place}: keys {list(a)}, {list(b)}"
        return next(filter(None, (difference(a[k], b[k], f"{place}.{k}") for k in a)), None)
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            return f"{place}: {len(a)} of them, {len(b)}"
        return next(filter(None, (difference(x, y, f"{place}[{k}]") for k, (x, y) in enumerate(zip(a, b)))), None)
    if isinstance(a, np.ndarray):
        same = a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
        return None if same else f"{place}: {a!r} {a.dtype}, {b!r} {b.dtype}"
    return None if a == b else f"{place}: {a!r}, {b!r}"


def outcome(call):
    """What a call gives: its value, or the exception's type."""
    try:
        return call()
    except Exception as error:  # noqa: BLE001: which one is the question
        return type(error)


def answer(interpreter, arrays):
    interpreter.allocate_tensors()
    for detail, array in zip(interpreter.get_input_details(), arrays, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]


def files():
    """Every model that LiteRT's reference resolver opens here."""
    return [path for path in models.model_paths() if path.stem not in ("person_detect", "superres_x2_96_int8")]


# A type that NumPy does not have; ADD whose output has another type in the file, which plait refuses.
NOT_FOR_PYTHON = {"cast-19", "testdata-124", "testdata-125"}


def operator_tests():
    """A sample of ../shared/optests, all of them in the long form; of those that LiteRT opens."""
    paths = sorted((models.SHARED / "optests").glob("*.tflite"))
    paths = paths if os.environ.get("PLAIT_LONG") == "1" else paths[3::29]
    return [path for path in paths if path.stem not in NOT_FOR_PYTHON and opens(path)]


def opens(path):
    return not isinstance(outcome(lambda: open_litert(path)), type)


def with_known_signatures(found, expected):
    """Details where what is open in the file is not so any more: LiteRT forgets that of a tensor it computes early."""
    return [one | {"shape_signature": one["shape"]} if np.array_equal(other["shape_signature"], one["shape"]) and
            (one["shape_signature"] == -1).any() else one for one, other in zip(found, expected)]
