"""Floor 5: the command `stepward`, which is also `kubectl stepward`."""
