plait plan --deadlines slow=tests/models/detector_int8.tflite fast=tests/models/digits_whole_int8.tflite --class fast=1 --every fast=1s --deadline fast=1us --every slow=2s --rounds 5 2>/dev/null
