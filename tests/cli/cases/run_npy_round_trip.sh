plait run d=tests/models/digits_features_int8.tflite --input d=examples/digit_3.png --output d=$TMP/a.npy
plait run c=tests/models/digits_classifier_int8.tflite --input c=$TMP/a.npy --top 1
