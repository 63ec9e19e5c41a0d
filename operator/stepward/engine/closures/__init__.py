"""Instructions and expressions as closures: all that runs without the machine's help."""
