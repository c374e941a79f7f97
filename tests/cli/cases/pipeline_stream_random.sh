plait run tests/cli/files/rows.json --random-input=3
