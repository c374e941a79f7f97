plait plan --deadlines slow=tests/models/detector_int8.tflite fast=tests/models/digits_whole_int8.tflite --class fast=1 --every fast=1s --every slow=2s --deadline slow=1.5s --rounds 20 2>/dev/null
