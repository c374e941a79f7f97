plait serve --log-format json nowhere.tflite
