# SPDX-License-Identifier: Apache-2.0
"""The examples in Python run as they stand."""
import os
import subprocess
import sys

import pytest

import both

EXAMPLES = sorted((both.ROOT / "examples" / "python").glob("*.py"))
WORDS = {"one_model": "float32", "two_models": "<plait.Interpreter", "chain": "digit 0\ndigit 2\ndigit 0\ndigit 4\ndigit 8\ndigit 7", "manager": "anomaly_0", "pipeline": "digit 0",
         "many_models": "alone they would need"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example(path):
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(both.PACKAGE)})
    assert done.returncode == 0, done.stderr
    assert WORDS[path.stem] in done.stdout or path.stem == "one_model" and "int8" in done.stdout, done.stdout
