for i in 0 1 2 3 4 5 6 7 8 9; do echo "$i  number $i"; done >$TMP/labels.txt
plait run tests/models/digits_whole_int8.tflite --input digits_whole_int8=examples/digit_7.png --top 1 --labels $TMP/labels.txt
