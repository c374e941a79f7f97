# SPDX-License-Identifier: Apache-2.0
"""Two independent models, each in an Interpreter of its own: they share arena and threads all the same."""
from pathlib import Path

import numpy as np
import plait

MODELS = Path(__file__).resolve().parents[1] / "models"

interpreters = [plait.Interpreter(str(MODELS / f"anomaly_{k}.tflite")) for k in range(2)]
for number, interpreter in enumerate(interpreters):
    interpreter.allocate_tensors()
    detail = interpreter.get_input_details()[0]
    interpreter.set_tensor(detail["index"], np.full(detail["shape"], number, detail["dtype"]))
    interpreter.invoke()
for interpreter in interpreters:
    print(interpreter)
