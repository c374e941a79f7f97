plait inspect slow=tests/models/detector_int8.tflite fast=tests/models/digits_whole_int8.tflite --class fast=3 --timing --rounds 20 2>/dev/null | sed "1,/time:/d"
plait inspect tests/models/digits_whole_int8.tflite --timing --rounds 5 --json 2>/dev/null | sed "s/.*\"timing\"//" | tr , "\n" | sed "s/: [1-9][0-9]*/: N/"
