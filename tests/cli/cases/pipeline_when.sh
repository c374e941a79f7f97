plait run tests/cli/files/when.json --input picture=examples/digit_3.png
plait fuse tests/cli/files/when.json -o "$TMP/whole.tflite"
