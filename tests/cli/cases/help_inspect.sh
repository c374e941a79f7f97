plait inspect --help
