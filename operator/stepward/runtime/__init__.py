"""Floor 4: performs effects. The only floor that calls out to the targets of workflows."""
