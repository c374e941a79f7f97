plait inspect --json --memory tests/models/digits_features_int8.tflite tests/cli/files/custom_operators.tflite 2>/dev/null | python3 tests/cli/show_json.py
