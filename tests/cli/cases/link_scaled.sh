plait run a=tests/models/control_while_fp32.tflite b=tests/models/control_while_fp32.tflite --link a.v=b.x,scale=0.5,offset=1 \
    --random-input --output a.v=$TMP/v.npy 2>/dev/null
