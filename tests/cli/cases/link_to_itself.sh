plait run a=tests/models/digits_whole_int8.tflite --link a=a --random-input
