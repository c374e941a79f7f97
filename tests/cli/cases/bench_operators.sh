plait bench tests/cli/files/rows.json --ops --rounds 4 --threads 2
