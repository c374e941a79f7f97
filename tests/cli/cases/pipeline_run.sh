plait run tests/cli/files/digits.json --input picture=examples/digit_3.png
