plait run a=tests/models/dynamic_batch_fp32.tflite --input a=examples/digit_3.png --top 1
