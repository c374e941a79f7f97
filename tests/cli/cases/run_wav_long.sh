python3 tests/cli/make_wav.py 1 100 >$TMP/x.wav
plait run c=tests/models/digits_classifier_fp32.tflite --input c=$TMP/x.wav --top 1
