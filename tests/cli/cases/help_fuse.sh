plait help fuse
