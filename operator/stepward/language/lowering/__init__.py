"""Syntax tree to `Program`: flat code, slots instead of names, addresses instead of step names.

Runs only on a workflow that the checks found nothing wrong with, so it trusts every name.
"""
