plait fuse tests/models/digits_features_int8.tflite
