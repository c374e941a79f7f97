python3 tests/cli/make_npy.py "<f4" "(1, 8, 8, 1)" False 256 >$TMP/x.npy
plait run digits=tests/models/digits_whole_int8.tflite --input digits=$TMP/x.npy
