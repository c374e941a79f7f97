plait run tests/models/digits_whole_int8.tflite --random-input --timeout 60 --top 1
