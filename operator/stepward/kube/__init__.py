"""Floor 4: the only speaker to the Kubernetes API server. Speaks JSON, never engine state."""
