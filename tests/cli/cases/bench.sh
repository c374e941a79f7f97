plait bench tests/cli/files/digits.json other=tests/models/digits_whole_int8.tflite --rounds 3 --warm-up 1 2>/dev/null
