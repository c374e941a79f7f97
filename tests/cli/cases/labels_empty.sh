plait run tests/models/digits_whole_int8.tflite --random-input --labels /dev/null
