plait help health
