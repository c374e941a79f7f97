python3 tests/cli/make_npy.py "<i4" "()" False 2147483647 >$TMP/n.npy
plait run w=tests/models/control_while_fp32.tflite --input w.n=$TMP/n.npy --random-input --timeout 0.3
