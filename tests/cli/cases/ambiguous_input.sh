plait run two=tests/cli/files/equal_names.tflite --input two.x=examples/digit_3.png
