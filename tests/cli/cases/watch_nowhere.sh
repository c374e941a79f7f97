PLAIT_WATCH=$TMP/nowhere plait inspect tests/models/digits_whole_int8.tflite
