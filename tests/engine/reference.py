"""A second interpreter of the language, as plain as can be: it copies whatever is assigned.

It shares nothing with the engine. Programs are trees of tuples; `render` writes one as a workflow, and
`execute` says what the workflow must do: result or error, log entries, steps. Written from language.md.
"""

import decimal
import json
import math
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

Tree: TypeAlias = tuple[Any, ...]
"""An expression or a step: its kind, then its parts."""

MAX: Final = 2**63 - 1
MIN: Final = -(2**63)


class Raised(Exception):
    """An error on its way out: *value* is what `except` binds."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


class Returned(Exception):
    """A routine's result on its way out."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


def error(tag: str) -> Raised:
    """Return an error of the engine. Its wording is not of interest here."""
    more = ["LookupError"] if tag in {"KeyError", "IndexError"} else []
    return Raised({"message": "", "tags": [tag, *more]})


# --- text ----------------------------------------------------------------------------------------


def expression(tree: Tree) -> str:
    """Return the text of an expression."""
    match tree:
        case ("constant", value):
            return json.dumps(value, ensure_ascii=False)
        case ("variable", name):
            return str(name)
        case ("list", *items):
            return "[" + ", ".join(map(expression, items)) + "]"
        case ("unary", symbol, operand):
            return f"({symbol} {expression(operand)})"
        case ("binary", symbol, left, right):
            return f"({expression(left)} {symbol} {expression(right)})"
        case ("index", container, key):
            return f"{expression(container)}[{expression(key)}]"
        case ("member", container, name):
            return f"{expression(container)}.{name}"
        case ("call", name, *arguments):
            return f"{name}({', '.join(map(expression, arguments))})"
        case _:
            raise ValueError(tree)


def template(tree: Tree) -> Any:
    """Return the YAML value of an expression; maps can be written outside of `${}` only."""
    match tree:
        case ("map", *entries):
            return {key: template(value) for key, value in entries}
        case ("list", *items):
            return [template(item) for item in items]
        case _:
            return whole(tree)


def whole(tree: Tree) -> str:
    """Return the text of an expression that is the whole of a value."""
    return "${" + expression(tree) + "}"


def render(program: dict[str, Tree]) -> str:
    """Return the workflow of *program*: routine name -> `("routine", parameters, steps)`."""
    names = iter(range(10**6))

    def steps(trees: list[Tree]) -> list[Any]:
        return [{f"s{next(names)}": step(tree)} for tree in trees]

    def step(tree: Tree) -> dict[str, Any]:
        match tree:
            case ("assign", *writes):
                return {"assign": [{target(name, path): template(value)} for name, path, value in writes]}
            case ("log", value):
                return {"call": "sys.log", "args": {"data": template(value)}}
            case ("call", name, arguments, result):
                given = [template(argument) for argument in arguments]
                return {"call": name, "args": given, "result": result}
            case ("switch", *cases):
                return {"switch": [{"condition": whole(c), "steps": steps(body)} for c, body in cases]}
            case ("for", variable, items, body):
                return {"for": {"value": variable, "in": template(items), "steps": steps(body)}}
            case ("try", body, variable, handler):
                return {"try": {"steps": steps(body)}, "except": {"as": variable, "steps": steps(handler)}}
            case ("raise", value):
                return {"raise": whole(value)}
            case ("return", value):
                return {"return": template(value)}
            case _:
                raise ValueError(tree)

    def target(name: str, path: list[Tree]) -> str:
        keys = (f".{key[1]}" if key[0] == "name" else f"[{expression(key)}]" for key in path)
        return name + "".join(keys)

    routines = {
        name: {"params": parameters, "steps": steps(body)} for name, (_, parameters, body) in program.items()
    }
    return json.dumps(routines, ensure_ascii=False)


# --- values --------------------------------------------------------------------------------------


def copied(value: Any) -> Any:
    """Return a copy that shares nothing, not even with itself, as `copy.deepcopy` lets it."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def kind(value: Any) -> str:
    """Return the language's name of a type, which for lists and maps is Python's."""
    names = {bool: "boolean", int: "integer", float: "double", str: "string", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def is_number(value: Any) -> bool:
    """Return whether *value* is an integer or a double."""
    return kind(value) in {"integer", "double"}


def equal(left: Any, right: Any) -> bool:
    """Return whether two values are equal: numbers by value, others only to their like."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if kind(left) != kind(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        return set(left) == set(right) and all(equal(left[key], right[key]) for key in left)
    return bool(left == right)


def checked(number: Any) -> Any:
    """Return *number* if the language has it."""
    fits = MIN <= number <= MAX if isinstance(number, int) else math.isfinite(number)
    if not fits:
        raise error("ValueError")
    return number


def text(value: Any) -> str:
    """Return how a value is written in a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == 0:
        return "0"
    if not isinstance(value, float) or not 1e-6 <= abs(value) < 1e21:
        return str(value)
    plain = format(decimal.Decimal(repr(value)), "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def binary(symbol: str, left: Any, right: Any) -> Any:
    """Return `left symbol right`, both of which are evaluated."""
    match symbol:
        case "==":
            return equal(left, right)
        case "!=":
            return not equal(left, right)
        case "in":
            return member(left, right)
        case "+":
            kinds = {kind(left), kind(right)}
            if "string" in kinds and kinds <= {"integer", "double", "boolean", "string"}:
                return text(left) + text(right)
        case _:
            pass
    if symbol in {"<", "<=", ">", ">="}:
        if not (is_number(left) and is_number(right)) and not (kind(left) == kind(right) == "string"):
            raise error("TypeError")
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[symbol]
    if not (is_number(left) and is_number(right)):
        raise error("TypeError")
    return arithmetic(symbol, left, right)


def arithmetic(symbol: str, left: Any, right: Any) -> Any:
    """Return the result for two numbers."""
    if symbol in {"/", "//", "%"} and right == 0:
        raise error("ZeroDivisionError")
    match symbol:
        case "+":
            return checked(left + right)
        case "-":
            return checked(left - right)
        case "*":
            return checked(left * right)
        case "/":
            return checked(left / right)
        case "//":
            whole = isinstance(left, int) and isinstance(right, int)
            return checked(left // right if whole else math.floor(checked(left / right)))
        case _:
            return checked(left % right)


def member(needle: Any, container: Any) -> bool:
    """Return `needle in container`."""
    if isinstance(container, dict):
        return isinstance(needle, str) and needle in container
    if isinstance(container, list):
        return any(equal(needle, item) for item in container)
    raise error("TypeError")


def access(container: Any, key: Any) -> Any:
    """Return `container[key]`."""
    if isinstance(container, dict):
        if not isinstance(key, str):
            raise error("TypeError")
        if key not in container:
            raise error("KeyError")
        return container[key]
    if not isinstance(container, list) or kind(key) != "integer":
        raise error("TypeError")
    if not 0 <= key < len(container):
        raise error("IndexError")
    return container[key]


# --- running -------------------------------------------------------------------------------------


@dataclass
class Execution:
    """One run of a program."""

    program: dict[str, Tree]
    logs: list[Any] = field(default_factory=list)
    steps: int = 0

    def call(self, name: str, arguments: list[Any]) -> Any:
        """Return what routine *name* returns."""
        _, parameters, body = self.program[name]
        try:
            self.run(body, dict(zip(parameters, copied(arguments), strict=True)))
        except Returned as returned:
            return returned.value
        return None

    def run(self, steps: list[Tree], variables: dict[str, Any]) -> None:
        """Run *steps* in order."""
        for step in steps:
            self.steps += 1
            self.step(step, variables)

    def step(self, step: Tree, variables: dict[str, Any]) -> None:
        """Run one step."""
        match step:
            case ("assign", *writes):
                for name, path, value in writes:
                    self.assign(name, path, value, variables)
            case ("log", value):
                self.logs.append(copied(self.evaluate(value, variables)))
            case ("call", name, arguments, result):
                given = [self.evaluate(argument, variables) for argument in arguments]
                variables[result] = copied(self.call(name, given))
            case ("switch", *cases):
                for condition, body in cases:
                    answer = self.evaluate(condition, variables)
                    if not isinstance(answer, bool):
                        raise error("TypeError")
                    if answer:
                        self.run(body, variables)
                        break
            case ("for", variable, items, body):
                self.loop(variable, self.evaluate(items, variables), body, variables)
            case ("try", body, variable, handler):
                self.steps += 1
                try:
                    self.run(body, variables)
                except Raised as raised:
                    self.steps += 1
                    self.run(handler, Scope(variables, {variable: copied(raised.value)}))
            case ("raise", value):
                what = self.evaluate(value, variables)
                raise Raised(copied(what)) if isinstance(what, str | dict) else error("TypeError")
            case ("return", value):
                raise Returned(copied(self.evaluate(value, variables)))
            case _:
                raise ValueError(step)

    def loop(self, variable: str, items: Any, body: list[Tree], variables: dict[str, Any]) -> None:
        """Run *body* for each of *items*, as they are now."""
        if not isinstance(items, list):
            raise error("TypeError")
        for item in copied(items):
            self.run(body, Scope(variables, {variable: item}))
            self.steps += 1

    def assign(self, name: str, path: list[Tree], tree: Tree, variables: dict[str, Any]) -> None:
        """Do one assignment: keys, then value, then write."""
        keys = [key[1] if key[0] == "name" else self.evaluate(key, variables) for key in path]
        value = copied(self.evaluate(tree, variables))
        if not keys:
            variables[name] = value
            return
        whole: Any = copied(variables.get(name))
        container = whole
        for key in keys[:-1]:
            if isinstance(container, dict) and isinstance(key, str):
                container = container.setdefault(key, {})
            else:
                container = access(container, key)
        if isinstance(container, dict) and isinstance(keys[-1], str):
            container[keys[-1]] = value
        else:
            access(container, keys[-1])
            container[keys[-1]] = value
        variables[name] = whole

    def evaluate(self, tree: Tree, variables: dict[str, Any]) -> Any:
        """Return the value of an expression."""
        match tree:
            case ("constant", value):
                return value
            case ("variable", name):
                return variables.get(name)
            case ("list", *items):
                return [self.evaluate(item, variables) for item in items]
            case ("map", *entries):
                return {key: self.evaluate(value, variables) for key, value in entries}
            case ("unary", symbol, operand):
                return self.unary(symbol, self.evaluate(operand, variables))
            case ("binary", ("and" | "or") as symbol, left, right):
                first = self.boolean(left, variables)
                return first if first == (symbol == "or") else self.boolean(right, variables)
            case ("binary", symbol, left, right):
                return binary(symbol, self.evaluate(left, variables), self.evaluate(right, variables))
            case ("index", container, key):
                return access(self.evaluate(container, variables), self.evaluate(key, variables))
            case ("member", container, name):
                return access(self.evaluate(container, variables), name)
            case ("call", name, *arguments):
                return self.function(name, [self.evaluate(argument, variables) for argument in arguments])
            case _:
                raise ValueError(tree)

    def boolean(self, tree: Tree, variables: dict[str, Any]) -> bool:
        """Return the value of an operand of `and` or `or`."""
        value = self.evaluate(tree, variables)
        if not isinstance(value, bool):
            raise error("TypeError")
        return value

    def unary(self, symbol: str, value: Any) -> Any:
        """Return `symbol value`."""
        if symbol == "not":
            if not isinstance(value, bool):
                raise error("TypeError")
            return not value
        if not is_number(value):
            raise error("TypeError")
        return checked(-value)

    def function(self, name: str, arguments: list[Any]) -> Any:
        """Return what a library function, or a routine, returns."""
        match name, arguments:
            case "len", [value]:
                if not isinstance(value, str | list | dict):
                    raise error("TypeError")
                return len(value)
            case "default", [value, other]:
                return other if value is None else value
            case "list.concat", [items, value]:
                if not isinstance(items, list):
                    raise error("TypeError")
                return [*items, value]
            case "map.get", [container, key]:
                if not isinstance(key, str):
                    raise error("TypeError")
                return container.get(key) if isinstance(container, dict) else None
            case "map.merge", [first, second]:
                if not isinstance(first, dict) or not isinstance(second, dict):
                    raise error("TypeError")
                return {**first, **second}
            case _:
                self.steps += 1
                return copied(self.call(name, arguments))


class Scope(dict[str, Any]):
    """The variables of a loop's body or an `except` block, on top of those around it."""

    def __init__(self, outer: dict[str, Any], own: dict[str, Any]) -> None:
        super().__init__(own)
        self._outer = outer

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name) if name in self else self._outer.get(name, default)

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            super().__setitem__(name, value)
        else:
            self._outer[name] = value
