plait run f=tests/models/digits_features_int8.tflite --link f
