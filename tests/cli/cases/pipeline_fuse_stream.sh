plait fuse tests/cli/files/rows.json -o "$TMP/whole.tflite"; code=$?; ls "$TMP"; exit $code
