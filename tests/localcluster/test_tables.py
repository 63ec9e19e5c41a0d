"""Tables look as kubectl prints them."""

from localcluster import tables


def test_columns_are_aligned_and_wide_ones_left_out() -> None:
    table = {
        "columnDefinitions": [
            {"name": "Name", "priority": 0},
            {"name": "Error", "priority": 1},
            {"name": "Age", "priority": 0},
        ],
        "rows": [{"cells": ["order", None, "3s"]}, {"cells": ["a-longer-name", "first\nsecond", "12m"]}],
    }
    assert tables.render(table) == "NAME            AGE\norder           3s\na-longer-name   12m"
    assert tables.render(table, wide=True).splitlines()[2] == "a-longer-name   first...   12m"


def test_an_empty_table_is_its_header() -> None:
    assert tables.render({"columnDefinitions": [{"name": "Name", "priority": 0}], "rows": None}) == "NAME"
