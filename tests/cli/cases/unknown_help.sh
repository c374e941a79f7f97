plait help nothing
