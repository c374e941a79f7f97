python3 tests/cli/make_npy.py "|i1" "(1, 8, 8, 1)" False 64 2 >$TMP/x.npy
plait run digits=tests/models/digits_whole_int8.tflite --input digits=$TMP/x.npy --top 1
