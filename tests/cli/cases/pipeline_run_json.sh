plait run tests/cli/files/digits.json --input picture=examples/digit_7.png --top 1 --output digit="$TMP/digit.npy" --output features="$TMP/features.npy" --json | python3 tests/cli/show_json.py
