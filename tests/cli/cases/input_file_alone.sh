plait run digits=tests/models/digits_whole_int8.tflite --input examples/digit_3.png
