plait run two=tests/cli/files/equal_names.tflite
