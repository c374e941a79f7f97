plait run a=tests/models/control_while_fp32.tflite b=tests/cli/files/equal_names.tflite --random-input --output-dir $TMP/new
ls $TMP/new
