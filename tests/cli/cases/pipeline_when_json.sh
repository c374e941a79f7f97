plait run tests/cli/files/when.json --input picture=examples/digit_3.png --json | python3 tests/cli/show_json.py
