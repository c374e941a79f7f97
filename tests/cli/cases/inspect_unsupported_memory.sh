plait inspect --memory tests/cli/files/custom_operators.tflite tests/models/digits_features_int8.tflite
