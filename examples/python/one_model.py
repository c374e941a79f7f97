# SPDX-License-Identifier: Apache-2.0
"""One model, as TensorFlow Lite programs run it. Usage: one_model.py [MODEL.tflite]"""
import sys
from pathlib import Path

import numpy as np
import plait as tflite  # was: import tflite_runtime.interpreter as tflite

MODELS = Path(__file__).resolve().parents[1] / "models"

interpreter = tflite.Interpreter(sys.argv[1] if len(sys.argv) > 1 else str(MODELS / "anomaly_0.tflite"))
interpreter.allocate_tensors()
for detail in interpreter.get_input_details():
    interpreter.set_tensor(detail["index"], np.ones(detail["shape"], detail["dtype"]))
interpreter.invoke()
for detail in interpreter.get_output_details():
    value = interpreter.get_tensor(detail["index"])
    print(detail["name"], value.dtype, value.shape, value.reshape(-1)[:4])
