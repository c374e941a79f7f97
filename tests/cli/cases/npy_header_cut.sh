printf "\223NUMPY\001\000\166\000{" >$TMP/x.npy
plait run classifier=tests/models/digits_classifier_fp32.tflite --input classifier=$TMP/x.npy
