plait
