"""Floor 0: what a value of the language is. Knows nothing of text, steps or the world."""
