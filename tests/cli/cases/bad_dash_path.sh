plait inspect -- --nowhere
