plait --help
