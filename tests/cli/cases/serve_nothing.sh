plait serve
