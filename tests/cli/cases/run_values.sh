plait run tests/models/digits_whole_int8.tflite --input digits_whole_int8=examples/digit_3.png
