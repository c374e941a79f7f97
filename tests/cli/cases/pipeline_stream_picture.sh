plait run tests/cli/files/rows.json --input rows=examples/digit_3.png
