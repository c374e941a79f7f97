plait --version
