plait run classifier=tests/models/digits_classifier_fp32.tflite --input classifier=examples/digit_3.png
