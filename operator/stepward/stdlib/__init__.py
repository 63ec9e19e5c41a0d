"""Floor 3: the functions of the language. Each returns a value, or an Effect for the world."""
