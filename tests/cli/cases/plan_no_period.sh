plait plan --deadlines tests/models/digits_whole_int8.tflite
