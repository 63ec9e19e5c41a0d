"""What the lowering of one routine shares: where code goes, what names mean, which step it is."""

from dataclasses import dataclass, field

from stepward.language.lowering.assembly import Assembler, Build, Label
from stepward.language.names import Names
from stepward.language.program import Store
from stepward.language.scopes import Layout, Scope, ScopeTable
from stepward.language.syntax import Template


@dataclass(frozen=True, slots=True)
class Around:
    """Where the names of jump targets lead from a step list."""

    labels: dict[str, Label] = field(default_factory=dict)
    """Of the steps of the list."""
    parent: "Around | None" = None
    """The list around it, unless no jump may leave this one."""
    loop_next: Label | None = None
    loop_exit: Label | None = None

    def inside(self, labels: dict[str, Label]) -> "Around":
        """Return what surrounds a list in this one, with steps of its own."""
        return Around(labels, self, self.loop_next, self.loop_exit)

    def find(self, target: str) -> Label | None:
        """Return where the step *target* begins, or None if it is none that can be reached."""
        around: Around | None = self
        while around is not None:
            if target in around.labels:
                return around.labels[target]
            around = around.parent
        return None


class Context:
    """The state of lowering one routine."""

    def __init__(self, names: Names, routine_index: dict[str, int], scopes: ScopeTable) -> None:
        self.assembler = Assembler()
        self.names = names
        self.routine_index = routine_index
        self.scopes = scopes
        self.step = ""
        """Name of the step being lowered."""
        self.calling: dict[int, tuple[Template, bool]] = {}
        """Template, and whether it needs instructions of its own, by the template's id."""
        self._free: dict[Layout, list[int]] = {}
        self._taken: list[tuple[Layout, int]] = []
        self._temporaries: dict[Layout, set[int]] = {}

    def emit(self, build: Build) -> None:
        """Append an instruction, the last of its statement that reads temporaries: they are free again."""
        self.emit_part(build)
        self.free()

    def free(self) -> None:
        """Let the temporaries taken so far be taken again."""
        for layout, slot in self._taken:
            self._free.setdefault(layout, []).append(slot)
        self._taken.clear()

    def emit_part(self, build: Build) -> None:
        """Append an instruction that leads up to the one that `emit` appends."""
        self.assembler.emit(build, self.step)

    def temporary(self, scope: Scope) -> int:
        """Return a slot for a value that the statement being lowered needs once."""
        free = self._free.get(scope.layout)
        slot = free.pop() if free else scope.layout.allocate()
        self._taken.append((scope.layout, slot))
        self._temporaries.setdefault(scope.layout, set()).add(slot)
        return slot

    def temporaries(self, scope: Scope) -> tuple[int, ...]:
        """Return the slots of all temporaries in the frame of *scope*; complete when all code is emitted."""
        return tuple(sorted(self._temporaries.get(scope.layout, ())))

    def store(self, name: str, scope: Scope) -> Store:
        """Return where variable *name* is written."""
        home = scope.find(name)
        assert home is not None, "the checks let no unknown name through"
        return Store(home.depth, home.slot)
