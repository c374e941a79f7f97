plait run a=tests/models/digits_whole_int8.tflite --random-input --output a=$TMP/no/x.npy
