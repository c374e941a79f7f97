# Numbers that cannot be, and what is of a window where there is none: none of it is passed over.
for wrong in window=0 window=-1 window=1x window= window=99999999999 zeros=-1,window=1 scale=x axis=1 zeros=2; do
    plait run f=tests/models/digits_features_int8.tflite h=tests/models/digits_classifier_int8.tflite \
        --link "f=h,$wrong" --random-input && echo "passed over: $wrong"
done
exit 1
