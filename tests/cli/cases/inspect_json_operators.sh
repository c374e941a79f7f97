plait inspect --json --ops tests/models/digits_features_int8.tflite | python3 tests/cli/show_json.py
