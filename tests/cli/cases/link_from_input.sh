plait run a=tests/models/digits_whole_int8.tflite b=tests/models/digits_features_int8.tflite --link a=b,input --input a=examples/digit_3.png
