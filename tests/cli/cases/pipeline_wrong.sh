plait run tests/cli/files/wrong.json --input picture=examples/digit_3.png
