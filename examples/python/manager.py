# SPDX-License-Identifier: Apache-2.0
"""A manager of models: any of them by number or name."""
from pathlib import Path

import numpy as np
import plait

MODELS = Path(__file__).resolve().parents[1] / "models"

with plait.ModelManager(sorted(MODELS.glob("anomaly_*.tflite"))) as manager:
    for name in manager.names:
        detail = manager.get_input_details(name)[0]
        answer = manager.run_inference(name, np.zeros(detail["shape"], detail["dtype"]))
        print(name, answer.shape, float(answer.reshape(-1)[0]))
