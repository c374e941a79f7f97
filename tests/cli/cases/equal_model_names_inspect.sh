plait inspect tests/models/control_if_fp32.tflite tests/models/control_if_fp32.tflite
