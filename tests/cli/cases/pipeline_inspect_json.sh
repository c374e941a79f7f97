plait inspect tests/cli/files/rows.json --json | python3 tests/cli/show_json.py | grep -A30 pipeline
