# SPDX-License-Identifier: Apache-2.0
"""Operators that move, pick, sort and combine elements: any cutting of their work gives the same bits."""
import sys
from pathlib import Path

import numpy as np
import pytest

from programs import run, variants

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("conformance", "python")]
import shape_cases as cases  # noqa: E402

DATA = {"FILL": 1, "SCATTER_ND": 1, "SPLIT": 1, "ONE_HOT": 2, "SPARSE_TO_DENSE": 2}  # the input to feed, if not 0
CASES = 3


def models(folder):
    """Files of cases that plait accepts, with everything constant but their data."""
    paths = []
    for operator, draw in sorted(cases.DRAW.items()):
        made, seed = 0, 1000
        while made < CASES and seed < 1040:
            case, seed = draw(np.random.default_rng(seed)), seed + 1
            case.constants = set(range(len(case.inputs))) - {DATA.get(operator, 0)}
            data = case.build()
            if not all(array.size for array in case.inputs) or cases.plait(data, case.fed())[0] != "ok":
                continue
            made += 1
            paths.append(folder / f"{operator}-{seed}.tflite")
            paths[-1].write_bytes(data)
    return paths


# Their one input is what their shapes, or whether they can run at all, depend on.
CHANGING = ("BROADCAST_ARGS", "RANGE")


@pytest.mark.parametrize("variant", variants())
def test_ranges(variant, tmp_path):
    paths = [path for path in models(tmp_path) if not path.name.startswith(CHANGING)]
    assert len(paths) > 2 * len(cases.DRAW)
    run("ranges", variant, paths, "--count", 2)
