plait run tests/cli/files/digits.json --input picture=examples/digit_3.png --output digit="$TMP/a.npy" --output features="$TMP/b.npy" 2>&1 >/dev/null | grep -v written
plait run features=tests/models/digits_features_int8.tflite head=tests/models/digits_classifier_own_int8.tflite --link features=head --resize nearest --input features=examples/digit_3.png --output head="$TMP/c.npy" --output features="$TMP/d.npy" >/dev/null 2>&1
cmp "$TMP/a.npy" "$TMP/c.npy" && cmp "$TMP/b.npy" "$TMP/d.npy" && echo equal
