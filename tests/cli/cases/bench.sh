plait bench tests/cli/files/digits.json other=tests/models/digits_whole_int8.tflite --rounds 3 --warm-up 1 2>/dev/null >$TMP/table.txt
sed -n '1,/^$/p;/median/,/^$/p' $TMP/table.txt
sed '1,/calls/d' $TMP/table.txt | awk '{print $3, $4, $5}' | sort
