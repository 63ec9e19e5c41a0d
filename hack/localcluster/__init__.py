"""A real Kubernetes control plane on this machine: provisioning, starting, talking to it, the demo.

Tools of the checkout; nothing of the product imports them.
"""
