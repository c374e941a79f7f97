python3 tests/cli/make_npy.py "|i1" "(6, 8, 1)" False 48 >$TMP/x.npy
plait run tests/cli/files/rows.json --input rows=$TMP/x.npy
