plait inspect tests/models/signatures_fp32.tflite
