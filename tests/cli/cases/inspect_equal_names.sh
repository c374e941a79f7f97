plait inspect tests/cli/files/equal_names.tflite
