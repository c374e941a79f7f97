# 8 bits, 28 x 0
{ printf 'BM\000\000\000\000\000\000\000\000\066\004\000\000\050\000\000\000\034\000\000\000\000\000\000\000\001\000\010\000'
  head -c 1200 /dev/zero; } >$TMP/x.bmp
plait run digits=tests/models/digits_whole_int8.tflite --input digits=$TMP/x.bmp
