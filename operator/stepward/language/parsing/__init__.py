"""Nodes to syntax tree. Everything wrong is reported, and what can be made sense of is kept."""
