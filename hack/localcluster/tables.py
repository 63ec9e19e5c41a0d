"""Prints the tables that the API server renders, as kubectl does."""

from localcluster.api import TABLE, Api, Object


def fetch(api: Api, path: str, *, wide: bool = False) -> str:
    """Return the table of the collection at *path* as text; *wide* adds the columns of `-o wide`."""
    return render(api.get(path, accept=TABLE), wide=wide)


def render(table: Object, *, wide: bool = False) -> str:
    """Return a `meta.k8s.io/v1` Table as aligned text."""
    shown = [
        index for index, column in enumerate(table["columnDefinitions"]) if wide or not column["priority"]
    ]
    header = [table["columnDefinitions"][index]["name"].upper() for index in shown]
    rows = [[_cell(row["cells"][index]) for index in shown] for row in table.get("rows") or ()]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return "\n".join(_line(cells, widths) for cells in [header, *rows])


def _cell(value: object) -> str:
    """Return one line for a cell: kubectl cuts a text at its first line break, too."""
    text = "" if value is None else str(value)
    first, rest, _ = text.partition("\n")
    return first + ("..." if rest else "")


def _line(cells: list[str], widths: list[int]) -> str:
    return "   ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
