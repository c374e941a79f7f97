mkdir $TMP/none
plait top $TMP/none --times 1
