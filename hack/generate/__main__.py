"""Writes every generated page: `make docs`."""

from generate import command, compatibility, resources

for page in (command, compatibility, resources):
    page.PAGE.write_text(page.render(), encoding="utf-8")
