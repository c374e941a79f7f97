head -c 60 examples/digit_3.png >$TMP/cut.png
plait run digits=tests/models/digits_whole_int8.tflite --input digits=$TMP/cut.png
