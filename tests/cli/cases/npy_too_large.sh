python3 tests/cli/make_npy.py "<f4" "(2147483647, 2147483647, 2147483647)" False 0 >$TMP/x.npy
plait run classifier=tests/models/digits_classifier_fp32.tflite --input classifier=$TMP/x.npy
