plait run tests/cli/files/digits.json tests/cli/files/rows.json
