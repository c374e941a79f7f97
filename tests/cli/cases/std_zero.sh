plait run tests/models/digits_whole_int8.tflite --std 0 --random-input
