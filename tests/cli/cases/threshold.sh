# Outputs of a pipeline that are on or off: beside their elements, behind their best ones, of each run of a stream, as JSON.
m=$PWD/tests/models
outputs='"y": {"from": "head", "threshold": 0.5, "until": 0.2, "index": 7}, "b": {"from": "head", "top": 1, "threshold": 2}'
echo "{\"models\": {\"f\": \"$m/digits_features_int8.tflite\", \"head\": \"$m/digits_classifier_int8.tflite\"},
 \"links\": [{\"from\": \"f\", \"to\": \"head\"}], \"inputs\": {\"x\": \"f\"}, \"outputs\": {$outputs}}" > "$TMP/p.json"
plait run "$TMP/p.json" --input x=examples/digit_7.png 2>/dev/null
plait run "$TMP/p.json" --input x=examples/digit_7.png --output "y=$TMP/y.npy" 2>/dev/null
show='import json, sys; print([o.get("state") or {k: o.get(k) for k in ("threshold", "until", "index")} for o in eval("json.load(sys.stdin)" + sys.argv[1])])'
plait run "$TMP/p.json" --input x=examples/digit_7.png --json 2>/dev/null | python3 -c "$show" '["outputs"]'
plait inspect "$TMP/p.json" 2>/dev/null | grep "is on from"
plait inspect "$TMP/p.json" --json 2>/dev/null | python3 -c "$show" '["pipeline"]["outputs"]'
# A stream: each run that is shown says it.
cp tests/mutate/pipelines/stream.json $m/digits_features_int8.tflite $m/digits_classifier_int8.tflite "$TMP"
python3 tests/cli/make_npy.py '|i1' '(1, 16, 8, 1)' False 128 > "$TMP/rows.npy"
plait run "$TMP/stream.json" --input "pushed=$TMP/rows.npy" 2>&1 | grep scores
plait run "$TMP/stream.json" --input "pushed=$TMP/rows.npy" --json 2>/dev/null | python3 -c "$show" '["outputs"][0]["runs"]'
