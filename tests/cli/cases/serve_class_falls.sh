plait serve --class here=5-3 nowhere.tflite
