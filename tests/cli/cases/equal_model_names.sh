plait run tests/models/digits_whole_int8.tflite tests/models/digits_whole_int8.tflite
