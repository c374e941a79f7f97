plait run f=tests/models/digits_features_int8.tflite c=tests/models/digits_classifier_fp32.tflite --link f=c --input f=examples/digit_3.png --top 2
