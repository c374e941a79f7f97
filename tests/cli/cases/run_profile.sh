plait run a=tests/models/digits_classifier_int8.tflite --random-input --profile
