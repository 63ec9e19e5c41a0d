"""Random programs for the reference interpreter and the engine alike.

Most of what they do is of the right type, so that they get somewhere; the rest is not.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from engine import reference
from engine.reference import Tree

VARIABLES: Final = {"n": "number", "k": "number", "s": "text", "m": "map", "l": "list", "x": "any"}
"""Name -> what the variable usually holds."""
KEYS: Final = ("a", "b", "c")
CONSTANTS: Final = {
    "number": (0, 1, 2, 3, -1, 7, 0.0, 0.5, -2.5, 2.0, 1e18, 1e308, 2**62, 2**63 - 1, -(2**63)),
    "text": ("", "x", "é", "a", "10"),
    "boolean": (True, False),
    "any": (None,),
}
KINDS: Final = ("number", "text", "boolean", "map", "list", "any")
MISTAKES: Final = 0.01
"""How often an expression is of any type instead of the right one."""
EXPRESSION_CHARACTERS: Final = 400


@dataclass
class Author:
    """Writes one random program."""

    seed: int
    loops: int = 0
    errors: int = 0
    calls: int = 0
    """How many calls of routines stand in expressions."""
    locals: list[str] = field(default_factory=list)
    """Variables of the loops around, which hold anything."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - tests want the same programs again
        self._pick = self._random.choice

    def program(self) -> dict[str, Tree]:
        """Return a main routine and another one, which calls nothing, so that it ends."""
        return {"main": self._routine([], ("sub",)), "sub": self._routine(["m", "x"], ())}

    def _routine(self, parameters: list[str], callees: Sequence[str]) -> Tree:
        made: list[Tree] = [
            (name, [], self.start(kind)) for name, kind in VARIABLES.items() if name not in parameters
        ]
        body = self.steps(2, 2, callees) if callees else self.steps(1, 0, ())
        result = ("return", ("list", *[("variable", name) for name in VARIABLES]))
        return ("routine", parameters, [("assign", *made), *body, result])

    def start(self, kind: str) -> Tree:
        """Return what a variable that usually holds *kind* begins with: nothing has a value yet."""
        some = [self.constant(self._pick(list(CONSTANTS))) for _ in KEYS]
        if kind == "map":
            return ("map", *zip(KEYS, some, strict=True))
        return ("list", *some) if kind == "list" else self.constant(kind)

    # --- steps -----------------------------------------------------------------------------------

    def steps(self, least: int, depth: int, callees: Sequence[str]) -> list[Tree]:
        """Return some steps, nested at most *depth*."""
        return [self.step(depth, callees) for _ in range(self._random.randint(least, least + 1))]

    def step(self, depth: int, callees: Sequence[str]) -> Tree:
        """Return one step."""
        makers: list[Callable[[], Tree]] = [self.assign] * 8
        makers += [lambda: ("log", ("map", ("v", self.value(2, callees))))] * 2
        makers += [lambda: self.call(callees)] * 2 if callees else []
        if depth:
            makers += [lambda: self.switch(depth, callees)] * 2
            makers += [lambda: self.loop(depth, callees)] * 2
            makers += [lambda: self.attempt(depth, callees)] * 3
        if depth < 2:
            makers.append(lambda: ("raise", self.expression(self._pick(("text", "map")), 1, ())))
            makers.append(lambda: ("return", self.value(1, ())))
        return self._pick(makers)()

    def assign(self) -> Tree:
        """Return an assignment step with a few writes."""
        return ("assign", *[self.write() for _ in range(self._random.randint(1, 3))])

    def write(self) -> Tree:
        """Return one write: to a variable, or along a path."""
        roll = self._random.random()
        if roll < 0.5:
            name = self._pick(list(VARIABLES))
            return (name, [], self.value(3, ()) if name == "x" else self.expression(VARIABLES[name], 3, ()))
        if roll < 0.9:
            deeper = [self.key() for _ in range(self._pick((0, 0, 1, 2)))]
            # what is below `deep` is usually a map, or not there yet
            first = ("name", "deep") if deeper else self.key()
            return ("m", [first, *deeper], self.value(2, ()))
        last = ("binary", "-", ("call", "len", ("variable", "l")), ("constant", 1))
        return ("l", [self._pick((("constant", 0), last))], self.value(2, ()))

    def key(self) -> Tree:
        """Return a key of a path."""
        if self._random.random() < MISTAKES:
            return self.expression("any", 1, ())
        return self._pick((("name", self._pick(KEYS)), ("constant", self._pick(KEYS)), self.leaf("text")))

    def call(self, callees: Sequence[str]) -> Tree:
        """Return a step that calls a routine."""
        return ("call", self._pick(callees), [self.expression("map", 2, ()), self.value(2, ())], "x")

    def switch(self, depth: int, callees: Sequence[str]) -> Tree:
        cases = [
            (self.expression("boolean", 2, callees), self.steps(1, depth - 1, callees))
            for _ in range(self._random.randint(1, 2))
        ]
        return ("switch", *cases)

    def loop(self, depth: int, callees: Sequence[str]) -> Tree:
        self.loops += 1
        variable = f"v{self.loops}"
        items = self.value(2, ()) if self._random.random() < MISTAKES else self.expression("list", 2, ())
        self.locals.append(variable)
        body = self.steps(1, depth - 1, callees)
        self.locals.remove(variable)
        return ("for", variable, items, body)

    def attempt(self, depth: int, callees: Sequence[str]) -> Tree:
        self.errors += 1
        variable = f"e{self.errors}"
        body = self.steps(1, depth - 1, callees)
        seen = ("log", ("map", ("v", ("variable", variable))))
        return ("try", body, variable, [seen, *self.steps(0, depth - 1, callees)])

    # --- expressions -----------------------------------------------------------------------------

    def value(self, depth: int, callees: Sequence[str]) -> Tree:
        """Return an expression of any type, or a map or list with expressions in it."""
        roll = self._random.random()
        if depth and roll < 0.2:
            keys = self._random.sample(KEYS, self._random.randint(0, 3))
            return ("map", *[(key, self.value(depth - 1, ())) for key in keys])
        if depth and roll < 0.4:
            return ("list", *[self.value(depth - 1, ()) for _ in range(self._random.randint(0, 3))])
        return self.expression("any", depth, callees)

    def expression(self, kind: str, depth: int, callees: Sequence[str]) -> Tree:
        """Return an expression that usually yields *kind* and is not too long."""
        while True:
            made = self.part(kind, depth, callees)
            if len(reference.expression(made)) <= EXPRESSION_CHARACTERS:
                return made

    def part(self, kind: str, depth: int, callees: Sequence[str] = ()) -> Tree:
        """Return an expression that usually yields *kind*."""
        if self._random.random() < MISTAKES:
            kind = self._pick(KINDS)
        if depth == 0:
            return self.leaf(kind)
        makers: dict[str, Callable[[int, Sequence[str]], Tree]] = {
            "number": self.number,
            "text": self.text,
            "boolean": self.boolean,
            "map": self.map,
            "list": self.list,
            "any": self.any,
        }
        return makers[kind](depth - 1, callees)

    def leaf(self, kind: str) -> Tree:
        """Return a variable or constant."""
        names = [name for name, usual in VARIABLES.items() if kind in {usual, "any"}]
        names += self.locals if kind == "any" else []
        if not names or (kind in CONSTANTS and self._random.random() < 0.4):
            return self.constant(kind)
        return ("variable", self._pick(names))

    def constant(self, kind: str) -> Tree:
        """Return a constant."""
        return ("constant", self._pick(CONSTANTS[kind]))

    def number(self, depth: int, callees: Sequence[str]) -> Tree:
        roll = self._random.random()
        if roll < 0.3:
            return self.leaf("number")
        if roll < 0.45:
            return ("call", "len", self.part(self._pick(("text", "map", "list")), depth))
        if roll < 0.55:
            return ("unary", "-", self.part("number", depth))
        symbol = self._pick(("+", "-", "*", "+", "-", "*", "/", "//", "%"))
        return ("binary", symbol, self.part("number", depth), self.part("number", depth, callees))

    def text(self, depth: int, _: Sequence[str]) -> Tree:
        if self._random.random() < 0.5:
            return self.leaf("text")
        sides = [self.part("text", depth), self.part(self._pick(("text", "number", "boolean")), depth)]
        self._random.shuffle(sides)
        return ("binary", "+", *sides)

    def boolean(self, depth: int, callees: Sequence[str]) -> Tree:
        roll = self._random.random()
        if roll < 0.3:
            kind = self._pick(("number", "text"))
            return (
                "binary",
                self._pick(("<", "<=", ">", ">=")),
                self.part(kind, depth),
                self.part(kind, depth),
            )
        if roll < 0.5:
            return ("binary", self._pick(("==", "!=")), self.part("any", depth), self.part("any", depth))
        if roll < 0.65:
            return ("binary", "in", self.part("any", depth), self.part(self._pick(("list", "map")), depth))
        if roll < 0.75:
            return ("unary", "not", self.part("boolean", depth))
        left, right = self.part("boolean", depth), self.part("boolean", depth, callees)
        return ("binary", self._pick(("and", "or")), left, right)

    def map(self, depth: int, _: Sequence[str]) -> Tree:
        if self._random.random() < 0.6:
            return self.leaf("map")
        return ("call", "map.merge", self.part("map", depth), self.part("map", depth))

    def list(self, depth: int, _: Sequence[str]) -> Tree:
        roll = self._random.random()
        if roll < 0.4:
            return self.leaf("list")
        if roll < 0.7:
            return ("list", *[self.part("any", depth) for _ in range(self._random.randint(0, 3))])
        return ("call", "list.concat", self.part("list", depth), self.part("any", depth))

    def any(self, depth: int, callees: Sequence[str]) -> Tree:
        roll = self._random.random()
        if roll < 0.3:
            return self.leaf("any")
        if roll < 0.45:
            return ("member", self.accessible("map", depth), self._pick(KEYS))
        if roll < 0.55:
            return ("index", self.accessible("list", depth), ("constant", self._pick((0, 0, 0, 1))))
        if roll < 0.62:
            return ("call", "map.get", self.part("any", depth), self.part("text", depth))
        if roll < 0.68:
            return ("call", "default", self.part("any", depth), self.part("any", depth))
        if callees and roll < 0.78:
            self.calls += 1
            return ("call", self._pick(callees), self.part("map", depth), self.part("any", depth))
        return self.part(self._pick(KINDS), depth)

    def accessible(self, kind: str, depth: int) -> Tree:
        """Return an expression that may stand before a dot: a number would be read on."""
        made = self.part(kind, depth)
        return self.leaf(kind) if made[0] == "constant" else made


def same(left: Any, right: Any) -> bool:
    """Return whether two results are the same, kind for kind; what errors say does not matter."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = left.keys() - ({"message"} if "tags" in left else set())
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in keys)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)
