plait run a=tests/models/detector_int8.tflite --random-input --threads 2 2>/dev/null
plait run a=tests/models/detector_int8.tflite --random-input 2>/dev/null
