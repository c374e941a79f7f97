plait run detector=tests/models/control_if_fp32.tflite --random-input=3
