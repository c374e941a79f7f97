plait fuse tests/cli/files/digits.json --check -o "$TMP/whole.tflite" && plait run "$TMP/whole.tflite" --input whole=examples/digit_3.png --resize nearest --top 2
