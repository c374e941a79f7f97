plait run two=tests/cli/files/equal_names.tflite --input two=examples/digit_3.png
