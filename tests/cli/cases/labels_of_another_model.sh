printf "a\nb\n" >$TMP/labels.txt
plait run tests/models/digits_whole_int8.tflite --input digits_whole_int8=examples/digit_7.png --top 1 --labels $TMP/labels.txt
