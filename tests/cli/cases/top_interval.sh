plait top /tmp --interval often
