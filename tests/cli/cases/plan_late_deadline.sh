plait plan --deadlines tests/models/digits_whole_int8.tflite --every digits_whole_int8=5ms --deadline digits_whole_int8=6ms
