plait run tests/cli/files/custom_operators.tflite --random-input
