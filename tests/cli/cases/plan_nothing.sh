plait plan tests/models/digits_whole_int8.tflite
