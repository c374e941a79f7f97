plait run f=examples/models/digits_features.tflite c=examples/models/digits_classifier.tflite --link f=c \
    --input f=examples/digit_7.png --output f.output=$TMP/features.npy --top 1
cmp -n 8 $TMP/features.npy examples/digits.npy && wc -c <$TMP/features.npy
