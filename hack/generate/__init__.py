"""Generators of pages under docs/: each page is made from what the code or the tests know."""
