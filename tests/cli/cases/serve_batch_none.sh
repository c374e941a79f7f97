plait serve --batch x=0 nowhere.tflite
