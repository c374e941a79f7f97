plait serve --batch-delay here=soon nowhere.tflite
