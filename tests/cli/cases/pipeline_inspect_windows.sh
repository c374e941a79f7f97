plait inspect tests/cli/files/rows.json --ops
