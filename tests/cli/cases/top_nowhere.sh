plait top
