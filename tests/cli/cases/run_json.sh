plait run a=tests/models/digits_whole_int8.tflite b=tests/models/edge_dead_bottleneck_fp32.tflite --random-input --top 2 --json --profile \
    --output b=$TMP/b.npy 2>/dev/null | python3 tests/cli/show_json.py
