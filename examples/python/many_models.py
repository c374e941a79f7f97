# SPDX-License-Identifier: Apache-2.0
"""Many models in one interpreter: what they need together, and a second stream of one of them."""
from pathlib import Path

import numpy as np
import plait

MODELS = Path(__file__).resolve().parents[1] / "models"

with plait.Runtime(threads=2) as runtime:
    for path in sorted(MODELS.glob("*.tflite")):
        runtime.load(path)
    runtime["anomaly_0"].clone("anomaly_0_again")
    for name in runtime:
        model = runtime[name]
        model(*[np.zeros(end["shape"], end["dtype"]) for end in model.inputs])
    stats = runtime.stats()
    print(runtime)
    print(f"arena {stats['arena_bytes']} bytes, alone they would need {stats['arena_sum_bytes']}; "
          f"constants {stats['constant_bytes']}, alone {stats['constant_sum_bytes']}")
