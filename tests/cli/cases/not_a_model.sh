plait run README.md
