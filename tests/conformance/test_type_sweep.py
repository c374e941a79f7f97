# SPDX-License-Identifier: Apache-2.0
"""type_sweep.py as a test: every version of every operator, and in the long form every type."""
import os

import pytest

import optests
import type_sweep


@pytest.mark.skipif(not optests.FOLDER.exists(), reason="no ../shared/optests")
def test_what_litert_takes_plait_takes():
    assert type_sweep.run([], os.environ.get("PLAIT_LONG") != "1", False, False)
