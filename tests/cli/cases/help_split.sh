plait help split
