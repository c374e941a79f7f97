mkdir $TMP/socks
PLAIT_WATCH=$TMP/socks plait bench tests/models/digits_whole_int8.tflite --rounds 1000000 >/dev/null 2>&1 &
bench=$!
until ls $TMP/socks/*.plait >/dev/null 2>&1; do sleep 0.05; done
plait top $TMP/socks --times 2 --interval 100ms
PLAIT_WATCH=$TMP/socks plait top --json >$TMP/report.json
python3 -c "import json; print([m['name'] for m in json.load(open('$TMP/report.json'))['models']])"
kill $bench
