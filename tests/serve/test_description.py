# SPDX-License-Identifier: Apache-2.0
"""schemathesis makes requests of the OpenAPI description, right ones and wrong ones of every field: no answer is 5xx, and none
is one that the description does not have."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fault_server import LONG, VARIANTS
from plait_server import MODELS, ROOT, Server
from served_models import identity

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
# What a right request is depends on the model, too: which tensors it has is not in the description.
CHECKS = ["--checks", "all", "--exclude-checks", "positive_data_acceptance"]
AMOUNT = ["--max-examples", "300"] if LONG else ["--max-examples", "4", "--seed", "1", "--phases", "coverage,fuzzing"]


@pytest.mark.skipif(not SCHEMATHESIS.exists(), reason="schemathesis is not installed")
@pytest.mark.parametrize("variant", VARIANTS or [None])
def test_schemathesis(tmp_path, variant):
    models = tmp_path / "models"
    models.mkdir()
    (models / "batches.tflite").write_bytes((MODELS / "dynamic_batch_fp32.tflite").read_bytes())
    (models / "texts.tflite").write_bytes(identity("S"))
    (models / "broken.tflite").write_bytes(b"nothing")
    with Server("--repository", models, variant=variant) as server:
        done = subprocess.run([SCHEMATHESIS, "run", ROOT / "server/openapi.json", "--url", server.url, *CHECKS, *AMOUNT, "--no-color",
                               "--warnings", "off"], cwd=tmp_path, capture_output=True, text=True,
                              env={**os.environ, "PYTHONHASHSEED": "0"})
        print(done.stdout)
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        made = int(re.search(r"(\d+) generated", done.stdout)[1])
        assert made > 200 and f"Tested: {len(re.findall('operationId', (ROOT / 'server/openapi.json').read_text()))}" in done.stdout
