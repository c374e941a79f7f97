plait serve --tls-cert here.pem nowhere.tflite
