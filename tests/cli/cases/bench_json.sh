plait bench tests/cli/files/digits.json --input picture=examples/digit_3.png --rounds 3 --json 2>/dev/null | python3 tests/cli/show_json.py
