plait inspect tests/cli/files/boxes.json
plait inspect tests/cli/files/boxes.json --json | python3 -c "import json, sys; print(json.load(sys.stdin)['pipeline'])"
plait inspect tests/cli/files/boxes.json --svg $TMP/x.svg >$TMP/out && grep -c "each box" $TMP/x.svg
