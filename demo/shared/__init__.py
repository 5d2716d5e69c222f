"""What several tabs need: the models, the picture input, the line that says what a model is."""
