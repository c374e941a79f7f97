head -c 3000 tests/models/digits_whole_int8.tflite >$TMP/cut.tflite
plait inspect $TMP/cut.tflite
