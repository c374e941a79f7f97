plait inspect tests/cli/files/digits.json
