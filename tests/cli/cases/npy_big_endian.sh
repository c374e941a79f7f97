python3 tests/cli/make_npy.py ">f4" "(1, 64)" False 256 >$TMP/x.npy
plait run classifier=tests/models/digits_classifier_fp32.tflite --input classifier=$TMP/x.npy
