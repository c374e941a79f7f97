plait run nowhere.tflite
