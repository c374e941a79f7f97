plait run digits=tests/models/digits_whole_int8.tflite --random-input --output digits.x=$TMP/x.npy
