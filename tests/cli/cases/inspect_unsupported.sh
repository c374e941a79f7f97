plait inspect tests/cli/files/custom_operators.tflite tests/cli/files/equal_names.tflite
