"""The command `stepward`: `stepward operator` is the operator, everything else the command line.

Only here do the two upper rooms of the house meet; neither imports the other.
"""

import sys


def main() -> int:
    """Run the command in `sys.argv` and return its exit code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["operator"]:
        from stepward.controllers import app  # imported late: the command line needs no kopf

        return app.main(arguments[1:])
    from stepward.cli import main as cli

    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
