plait run tests/models/digits_whole_int8.tflite --json=yes
