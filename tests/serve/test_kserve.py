# SPDX-License-Identifier: Apache-2.0
"""plait serve as the kserve package's client sees it, in an environment of its own: it brings 450 MB along."""
import subprocess
from pathlib import Path

import numpy as np
import pytest

from plait_server import ROOT
from served_models import TYPES, server, values_of  # noqa: F401

PYTHON = ROOT / ".cache/kserve/bin/python"
UNKNOWN = ("BF16",)  # to that client


@pytest.mark.skipif(not PYTHON.exists(), reason="no environment for kserve; scripts/test-long makes it")
def test_kserve_client(server, tmp_path):
    known = [name for name in TYPES if name not in UNKNOWN]
    np.savez(tmp_path / "arrays.npz", **{name: values_of(name) for name in known})
    done = subprocess.run([PYTHON, Path(__file__).with_name("kserve_client.py"), server.url, tmp_path / "arrays.npz"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    forms = [f"infer {name} {form}" for name in [*known, "BYTES"] for form in ("binary", "json") if (name, form) != ("FP16", "json")]
    assert done.stdout.split("\n")[:-1] == ["health", *forms, "batches", "refused"]
