plait plan --deadlines tests/models/digits_whole_int8.tflite --every digits_whole_int8=5ms --class digits_whole_int8=16
