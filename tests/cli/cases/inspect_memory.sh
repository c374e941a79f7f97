plait inspect --memory tests/models/digits_features_int8.tflite tests/models/digits_classifier_int8.tflite tests/models/detector_int8.tflite
