plait run a=tests/models/digits_whole_int8.tflite b=tests/models/edge_dead_bottleneck_fp32.tflite --random-input=7 --top 2
