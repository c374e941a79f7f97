plait run tests/cli/files/strings.tflite --input strings.texts=tests/cli/files/texts.npy --input strings.index=tests/cli/files/index.npy
plait run tests/cli/files/strings.tflite --input strings.texts=tests/cli/files/texts.npy --input strings.index=tests/cli/files/index.npy --json
plait run tests/cli/files/strings.tflite --input strings.texts=tests/cli/files/texts.npy --input strings.index=tests/cli/files/index.npy --output strings.square=$TMP/square.npy >/dev/null
tail -c 40 $TMP/square.npy | tr '\0' '.'
