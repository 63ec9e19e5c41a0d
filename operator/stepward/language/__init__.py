"""Floor 1: from the text of a workflow to a checked `Program`. Pure."""
