plait run tests/cli/files/digits.json --input pictures=examples/digit_3.png
