plait run LICENSE
