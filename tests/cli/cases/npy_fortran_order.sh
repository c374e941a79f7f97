python3 tests/cli/make_npy.py "|i1" "(1, 8, 8, 1)" True 64 >$TMP/x.npy
plait run digits=tests/models/digits_whole_int8.tflite --input digits=$TMP/x.npy
