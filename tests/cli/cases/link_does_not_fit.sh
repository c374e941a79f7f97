plait run a=tests/models/digits_whole_int8.tflite b=tests/models/digits_classifier_int8.tflite --link a=b --random-input
