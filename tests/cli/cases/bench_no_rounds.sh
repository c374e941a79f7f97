plait bench tests/cli/files/digits.json --rounds 0
