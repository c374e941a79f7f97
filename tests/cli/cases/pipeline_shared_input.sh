plait run tests/cli/files/shared.json --input picture=examples/digit_3.png
plait fuse tests/cli/files/shared.json --check -o "$TMP/whole.tflite" && plait inspect "$TMP/whole.tflite" | grep -E "input|output|operators"
