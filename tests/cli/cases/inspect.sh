plait inspect tests/models/digits_whole_int8.tflite tests/models/dynamic_batch_fp32.tflite
