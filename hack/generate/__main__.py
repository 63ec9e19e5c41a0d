"""Writes every generated page: `make docs`."""

from generate import compatibility, resources

for page in (compatibility, resources):
    page.PAGE.write_text(page.render(), encoding="utf-8")
