plait fuse features=tests/models/digits_features_int8.tflite other=tests/models/dynamic_batch_fp32.tflite --link features=other -o "$TMP/whole.tflite"; code=$?; ls "$TMP"; exit $code
