printf "null\n\"quoted\"\ntab\there\ntwo\nthree\nvier\nf\303\274nf\nse\377ven\neight\nnine\n" >$TMP/labels.txt
plait run a=tests/models/digits_whole_int8.tflite --input a=examples/digit_7.png --labels $TMP/labels.txt --top 10 --json | python3 tests/cli/show_json.py
