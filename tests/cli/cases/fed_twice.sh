plait run digits=tests/models/digits_whole_int8.tflite --input digits=examples/digit_3.png --input digits.#0=examples/digit_7.png
