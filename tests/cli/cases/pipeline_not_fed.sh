plait run tests/cli/files/digits.json
