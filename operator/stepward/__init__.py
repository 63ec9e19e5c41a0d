"""Stepward: a Kubernetes operator for workflows in the syntax of Google Cloud Workflows."""

__version__ = "0.1.0"
