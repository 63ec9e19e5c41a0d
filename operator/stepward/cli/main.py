"""The command line: which verb, with which flags, and what becomes of what goes wrong.

Each verb imports what it needs when it runs, so that `--help` and a wrong flag cost nothing.
"""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NoReturn

import stepward
from stepward.cli import exitcodes, manual, output


def main(arguments: Sequence[str]) -> int:
    """Run the command line *arguments* (without the program's name) and return the exit code."""
    debug = "--debug" in arguments or bool(os.environ.get("STEPWARD_DEBUG"))
    # Nearly all that is made here stays until the end: looking for garbage every 700 objects finds none.
    gc.set_threshold(50_000, 20, 20)
    try:
        return guard(lambda: _dispatch(list(arguments)), debug=debug)
    finally:
        # The process ends. Without this, Python would look for garbage in all that was imported: 20 ms.
        gc.freeze()


def guard(command: Callable[[], int], *, debug: bool) -> int:
    """Run *command* and return its exit code; whatever it raises becomes a message and a code."""
    try:
        return command()
    except output.CommandError as refusal:
        output.note(f"error: {refusal}")
        if refusal.see:
            output.note(f"See '{refusal.see} --help'.")
        return refusal.code
    except KeyboardInterrupt as interruption:
        output.note(str(interruption) or "interrupted")
        return exitcodes.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has enough; a later flush must not complain about it.
        output.discard_stdout()
        return exitcodes.BROKEN_PIPE
    except Exception as fault:  # noqa: BLE001 - the last place where a fault can become a message
        output.note_fault(fault, debug=debug)
        return exitcodes.FAULT


def program_name(invoked_as: str) -> str:
    """Return how the user spells the command, given *invoked_as*, the path it was started by."""
    return "kubectl stepward" if PurePath(invoked_as).name == "kubectl-stepward" else "stepward"


@dataclass(frozen=True, slots=True)
class Verb:
    """One command: what its page says, which flags it takes, what it does."""

    page: manual.Page
    declare: Callable[[argparse.ArgumentParser], None]
    perform: Callable[[argparse.Namespace], int]


def _dispatch(arguments: list[str]) -> int:
    program = program_name(sys.argv[0])
    word, *rest = arguments or ["--help"]
    if word in ("-h", "--help", "help"):
        output.emit(manual.render_overview(program, [verb.page for verb in VERBS.values()]))
        return exitcodes.OK
    if word == "--version":
        output.emit(f"stepward {stepward.__version__}\n")
        return exitcodes.OK
    if word not in VERBS:
        kind = "flag before the command:" if word.startswith("-") else "command"
        raise output.CommandError(_unknown(kind, word, VERBS), see=program)
    verb = VERBS[word]
    parser = _Parser(program, verb)
    try:
        parsed = parser.parse(rest)
    except _HelpWanted:
        output.emit(parser.format_help())
        return exitcodes.OK
    return verb.perform(parsed)


def _unknown(kind: str, word: str, known: Iterable[str]) -> str:
    import difflib  # most words are known

    near = difflib.get_close_matches(word, known, n=1)
    return f"unknown {kind} '{word}'" + (f"; did you mean '{near[0]}'?" if near else "")


class _HelpWanted(Exception):
    """`--help` was met; nothing after it matters."""


class _Help(argparse.Action):
    """The flag `--help`: argparse's own would print and exit by itself, past `output` and `guard`."""

    def __call__(self, *_: Any) -> NoReturn:
        raise _HelpWanted


class _Parser(argparse.ArgumentParser):
    """argparse for one verb, with our pages and errors, and without guessing shortened flags."""

    def __init__(self, program: str, verb: Verb) -> None:
        super().__init__(prog=f"{program} {verb.page.name}", add_help=False, allow_abbrev=False)
        self._program = program
        self._page = verb.page
        verb.declare(self)
        self.add_argument(
            "--debug", action="store_true", help="Show the traceback of a fault of Stepward's own"
        )
        self.add_argument("-h", "--help", action=_Help, nargs=0, help="Show this page")

    def parse(self, arguments: list[str]) -> argparse.Namespace:
        """Return the flags in *arguments*; raise _HelpWanted or CommandError."""
        # Intermixed: `check a.yaml -o json b.yaml` names two files.
        parsed, strangers = self.parse_known_intermixed_args(arguments)
        for stranger in strangers:
            if stranger.startswith("-"):
                flags = [flag for action in self._actions for flag in action.option_strings]
                self.error(_unknown("flag", stranger.partition("=")[0], flags))
            self.error(f"there is nothing to do with '{stranger}'")
        return parsed

    def format_help(self) -> str:
        """Return the verb's page."""
        return manual.render_page(self._program, self._page, self._actions)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise output.CommandError(message, see=self.prog)


def _output_format(word: str) -> str:
    if word != "json":
        raise argparse.ArgumentTypeError(f"must be 'json'; got '{word}'")
    return word


def _declare_output(parser: argparse.ArgumentParser, about: str) -> None:
    parser.add_argument("-o", "--output", metavar="json", type=_output_format, help=about)


def _declare_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="Source of the workflow, YAML or JSON; - is standard input"
    )
    data = parser.add_mutually_exclusive_group()
    data.add_argument(
        "--data", metavar="JSON", help="Argument of the execution, JSON or YAML; none unless given"
    )
    data.add_argument("--data-file", metavar="FILE", help="File that holds the argument; - is standard input")
    parser.add_argument(
        "--env",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="Variable for sys.get_env; may be repeated, and may replace a built-in one",
    )
    parser.add_argument(
        "--workflow",
        metavar="ID=FILE",
        action="append",
        default=[],
        help="Source of a workflow that this one may start; may be repeated",
    )
    parser.add_argument(
        "--mocks", metavar="FILE", help="Answer calls from this file instead of the world, in no time"
    )
    parser.add_argument("--auth", action="store_true", help="Let steps with auth use your Google credentials")
    _declare_output(parser, "Print the outcome as one JSON object, and nothing else, on standard output")


def _run(parsed: argparse.Namespace) -> int:
    from stepward.cli import local  # the engine is only for those who run

    options = local.Options(
        data=parsed.data,
        data_file=parsed.data_file,
        assignments=parsed.env,
        workflows=parsed.workflow,
        mocks=parsed.mocks,
        auth=parsed.auth,
        as_json=parsed.output is not None,
    )
    return local.run(parsed.file, options)


def _declare_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", help="Sources, YAML or JSON; - is standard input")
    _declare_output(parser, "Print the diagnostics as one JSON object, and nothing else, on standard output")


def _check(parsed: argparse.Namespace) -> int:
    from stepward.cli import check  # the language is only for those who check

    return check.check(parsed.files, as_json=parsed.output is not None)


def _declare_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", help="Files of test cases, or folders to look for them in"
    )
    parser.add_argument(
        "-k", metavar="TEXT", default="", help="Run only the cases with TEXT in their name or their file's"
    )
    parser.add_argument("--junit", metavar="FILE", help="Write a report in JUnit's XML to this file")


def _test(parsed: argparse.Namespace) -> int:
    from stepward.cli.rehearsal import suite  # only for those who test

    return suite.run(parsed.paths, wanted=parsed.k, junit_file=parsed.junit)


VERBS = {
    "run": Verb(
        manual.Page(
            name="run",
            summary="Run a workflow on this machine, with no cluster",
            about="The engine is the operator's own. Steps may call loopback addresses; connectors fail,\n"
            "and so do calls that need Google credentials, without --auth. Callbacks arrive at a server on\n"
            "this machine. What sys.log writes goes to standard error, with the URLs of callbacks that are\n"
            "waited for, and the progress of the steps if that is a terminal.",
            usage="FILE",
            examples=(
                ("Run a workflow", "run hello.yaml"),
                ("Give it an argument", "run order.yaml --data '{\"id\": 8813}'"),
                (
                    "Read the source from standard input and the argument from a file",
                    "run - --data-file order.json",
                ),
                ("Set what sys.get_env reads", "run order.yaml --env REGION=north --env STAGE=test"),
                ("Use the result in a script", "run order.yaml -o json | jq .result"),
                ("Answer its calls from a file, with no network", "run order.yaml --mocks mocks.yaml"),
                ("Let it start another workflow", "run order.yaml --workflow ship=ship.yaml"),
            ),
            exit_codes=tuple(exitcodes.MEANINGS),
        ),
        _declare_run,
        _run,
    ),
    "check": Verb(
        manual.Page(
            name="check",
            summary="Check sources of workflows without running them",
            about="Every error is shown with its place, a stable code and, where there is one, a way to\n"
            "mend it. Warnings leave a source valid.",
            usage="FILE...",
            examples=(
                ("Check one source", "check order.yaml"),
                ("Check many", "check workflows/*.yaml"),
                ("Give an editor the diagnostics", "check order.yaml -o json"),
            ),
            exit_codes=tuple(code for code in exitcodes.MEANINGS if code != exitcodes.UNSUCCESSFUL),
        ),
        _declare_check,
        _check,
    ),
    "test": Verb(
        manual.Page(
            name="test",
            summary="Run test cases of workflows, without network and in no time",
            about="Of folders, the files *_test.yaml and *.test.yaml are run. Mocks answer the calls,\n"
            "time is virtual, and a call that no mock answers fails its case. docs/testing-workflows.md\n"
            "describes the files.",
            usage="PATH...",
            examples=(
                ("Run the cases of every file below a folder", "test workflows/"),
                ("Run some of them", "test workflows/order_test.yaml -k refund"),
                ("Give a CI system its report", "test workflows/ --junit report.xml"),
            ),
            exit_codes=tuple(exitcodes.MEANINGS),
        ),
        _declare_test,
        _test,
    ),
}
