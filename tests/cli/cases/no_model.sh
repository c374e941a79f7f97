plait run --top 3
