python3 tests/cli/make_wav.py 1 64 >$TMP/x.wav
plait run c=tests/models/digits_classifier_int8.tflite --input c=$TMP/x.wav
