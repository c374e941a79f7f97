python3 tests/cli/make_npy.py "<f4" "(3, 16, 16, 3)" False 9216 >$TMP/x.npy
plait run a=tests/models/dynamic_batch_fp32.tflite --input a=$TMP/x.npy
