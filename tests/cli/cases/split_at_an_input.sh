plait split tests/models/control_if_fp32.tflite --at '#0' -o "$TMP/a.tflite" "$TMP/b.tflite"; code=$?; ls "$TMP"; exit $code
