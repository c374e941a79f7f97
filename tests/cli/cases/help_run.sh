plait help run
