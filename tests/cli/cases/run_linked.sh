plait run f=examples/models/digits_features.tflite c=examples/models/digits_classifier.tflite --link f.output=c.input \
    --input f=examples/digit_7.png --labels examples/digits.txt --top 3
