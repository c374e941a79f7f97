# A model that runs for each box: what each run gives, and of which box; the boxes by themselves; and nothing where there are none.
python3 tests/cli/make_npy.py "|i1" "(1, 8, 8, 1)" False 64 >$TMP/x.npy
for more in "" --last; do plait run tests/cli/files/boxes.json --input picture=$TMP/x.npy $more; done
plait run tests/cli/files/boxes.json --input picture=$TMP/x.npy --json | python3 tests/cli/show_json.py
plait run tests/cli/files/no_boxes.json --input picture=$TMP/x.npy
plait fuse tests/cli/files/boxes.json -o $TMP/f.tflite
