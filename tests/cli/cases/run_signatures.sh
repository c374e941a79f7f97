plait run a=tests/models/signatures_fp32.tflite --random-input --top 1
