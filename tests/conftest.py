# SPDX-License-Identifier: Apache-2.0
"""What all Python tests share: where things are, and which tests are long."""
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "python"), str(HERE / "conformance")]
LONG = os.environ.get("PLAIT_LONG") == "1"


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes minutes; runs only with PLAIT_LONG=1")


def pytest_collection_modifyitems(items):
    for item in items:
        if "long" in item.keywords and not LONG:
            item.add_marker(pytest.mark.skip(reason="long: set PLAIT_LONG=1"))


def pytest_report_header():
    import plait_c
    shared = HERE.parents[1] / "shared"
    return [f"plait under test: {plait_c.library_path()}",
            f"../shared: {'used' if shared.exists() else 'not there, its tests are skipped'}; "
            f"{'long' if LONG else 'short'} form"]
