plait serve --log loud nowhere.tflite
