plait run a=tests/models/dynamic_batch_fp32.tflite --input a=examples/digit_3.png --mean 0 --std 255 --resize nearest --top 1
