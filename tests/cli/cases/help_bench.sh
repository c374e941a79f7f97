plait help bench
