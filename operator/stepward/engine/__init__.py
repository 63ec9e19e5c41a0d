"""Floor 2: Program x State x Event -> State, Effects. No clock, no chance, no I/O."""
