plait run a=tests/models/control_if_fp32.tflite --random-input=7 2>/dev/null
plait run c=tests/models/digits_whole_int8.tflite a=tests/models/control_if_fp32.tflite --random-input=7 --output c=$TMP/x.npy 2>/dev/null
plait run a=tests/models/control_if_fp32.tflite --random-input=8 2>/dev/null
