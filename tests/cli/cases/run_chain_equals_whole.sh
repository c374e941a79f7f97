plait run f=tests/models/digits_features_int8.tflite c=tests/models/digits_classifier_int8.tflite --link f=c \
    --input f=examples/digit_9.png --output c=$TMP/chain.npy 2>/dev/null
plait run w=tests/models/digits_whole_int8.tflite --input w=examples/digit_9.png --output w=$TMP/whole.npy 2>/dev/null
cmp $TMP/chain.npy $TMP/whole.npy && echo equal
