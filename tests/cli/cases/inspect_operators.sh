plait inspect --ops tests/models/digits_features_int8.tflite tests/models/control_while_fp32.tflite
