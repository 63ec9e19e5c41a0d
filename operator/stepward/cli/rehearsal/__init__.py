"""Workflows without the world: mocks that answer their calls, and files of test cases."""
