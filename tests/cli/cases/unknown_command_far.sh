plait frobnicate
