plait run a=tests/models/control_while_fp32.tflite b=tests/models/signatures_fp32.tflite --link a.lambda=b.gain,reshape --random-input --top 1
