"""Floor 5: where kube and the engine meet. The only floor that knows kopf."""
