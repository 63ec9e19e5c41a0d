"""Logs and metrics, for the floors that touch the world."""
