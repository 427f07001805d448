"""A slow and obvious reader of Dec-POMDP and POMDP files, and a writer of random ones.

The reader keeps every cell in a dictionary and takes each statement apart by itself; it knows only
correct files.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from random import Random

Cells = dict[tuple[int, ...], Fraction]


@dataclass
class Reference:
    """What a file says; tables by joint action, then states and joint observations."""

    agents: list[str] = field(default_factory=list)
    discount: Fraction = Fraction(1)
    sign: int = 1
    states: list[str] = field(default_factory=list)
    actions: list[list[str]] = field(default_factory=list)
    observations: list[list[str]] = field(default_factory=list)
    start: list[Fraction] = field(default_factory=list)
    tables: dict[str, Cells] = field(default_factory=dict)


def names_of(line: str, prefix: str, first: int = 0) -> list[str]:
    words = line.split()
    if len(words) == 1 and words[0].isdigit():
        return [f"{prefix}{k}" for k in range(first, int(words[0]) + first)]
    return words


def indices(word: str, names: list[str]) -> list[int]:
    if word == "*":
        return list(range(len(names)))
    return [names.index(word) if word in names else int(word)]


def joint_indices(text: str, groups: list[list[str]]) -> list[int]:
    words = text.split()
    everything = list(product(*(range(len(names)) for names in groups)))
    if words == ["*"]:
        return list(range(len(everything)))
    if len(words) == 1 and len(groups) > 1:
        return [int(words[0])]
    chosen = set(product(*(indices(w, g) for w, g in zip(words, groups, strict=True))))
    return [k for k, codes in enumerate(everything) if codes in chosen]


def read(text: str, *, single: bool = False) -> Reference:
    lines = [line.split("#")[0].strip() for line in text.split("\n")]
    lines = [line for line in lines if line]
    statements: list[list[str]] = []
    for line in lines:
        head = line.split(":")[0].strip()
        if ":" in line and head.split()[0] in (
            *("agents", "discount", "values", "states", "start", "actions", "observations"),
            *("T", "O", "R"),
        ):
            statements.append([line])
        else:
            statements[-1].append(line)
    found = Reference(tables={"T": {}, "O": {}, "R": {}})
    if single:
        found.agents = ["player"]
    for first, *rest in statements:
        head, _, tail = first.partition(":")
        below = " ".join(rest)
        match head.strip():
            case "agents":
                found.agents = names_of(tail, "agent_", 1)
            case "discount":
                found.discount = Fraction(tail.strip())
            case "values":
                found.sign = -1 if tail.strip() == "cost" else 1
            case "states":
                found.states = names_of(f"{tail} {below}", "s")
            case "start":
                found.start = read_start(f"{tail} {below}".split(), found.states)
            case "start include" | "start exclude":
                listed = {k for word in tail.split() for k in indices(word, found.states)}
                inside = head.strip() == "start include"
                kept = [(k in listed) == inside for k in range(len(found.states))]
                found.start = [Fraction(k, sum(kept)) for k in kept]
            case "actions":
                found.actions = [names_of(line, "a") for line in [tail, *rest] if line.strip()]
            case "observations":
                found.observations = [names_of(line, "o") for line in [tail, *rest] if line.strip()]
            case kind:
                fill(found, kind, first, rest, single)
    size = len(found.states)
    found.start = found.start or [Fraction(1, size)] * size
    return found


def read_start(words: list[str], states: list[str]) -> list[Fraction]:
    if words == ["uniform"]:
        return [Fraction(1, len(states))] * len(states)
    if len(words) == 1 and len(states) > 1:
        return [Fraction(k in indices(words[0], states)) for k in range(len(states))]
    return [Fraction(word) for word in words]


def fill(found: Reference, kind: str, first: str, rest: list[str], single: bool) -> None:
    fields = [part.strip() for part in first.split(":")[1:]]
    axes = {
        "T": ("a", "s", "s"),
        "O": ("a", "s", "o"),
        "R": ("a", "s", "s", "o"),
    }[kind]
    if single and rest == [] and len(fields) == len(axes):  # T: a : s : s' p
        last, value = fields[-1].split()
        fields[-1:] = [last, value]
    values = " ".join([*fields[len(axes) :], *rest]).split()
    selectors = [text for text in fields[: len(axes)] if text]
    groups = {"a": found.actions, "s": [found.states], "o": found.observations}
    sizes = {key: len(list(product(*names))) for key, names in groups.items()}
    chosen = [joint_indices(t, groups[axis]) for t, axis in zip(selectors, axes, strict=False)]
    free = axes[len(selectors) :]
    inner = list(product(*(range(sizes[axis]) for axis in free)))
    if values == ["uniform"]:
        numbers = [Fraction(1, sizes[free[-1]])] * len(inner)
    elif values == ["identity"]:
        numbers = [Fraction(s == t) for s, t in inner]
    elif values == ["reset"]:
        numbers = [found.start[cell[-1]] for cell in inner]
    else:
        numbers = [Fraction(word) for word in values]
    for outer in product(*chosen):
        for cell, number in zip(inner, numbers, strict=True):
            found.tables[kind][(*outer, *cell)] = number


class Writer:
    """Writes random correct files that use every form."""

    def __init__(self, seed: int, *, single: bool = False) -> None:
        self.random = Random(seed)
        self.single = single
        self.agents = 1 if single else self.random.choice([1, 2, 2, 3])
        self.states = self.random.randint(1, 4)
        self.actions = [self.random.randint(1, 3) for _ in range(self.agents)]
        self.observations = [self.random.randint(1, 3) for _ in range(self.agents)]
        self.lines: list[str] = []

    def names(self, count: int, words: str) -> list[str] | None:
        """Names, or None for things that are only counted."""
        if self.random.random() < 0.4:
            return None
        stems = self.random.sample(words.split(), count)
        return [self.random.choice([stem, f"{stem}-x", f"{stem}_1"]) for stem in stems]

    def word(self, code: int, names: list[str] | None) -> str:
        named = names is not None and self.random.random() < 0.7
        return names[code] if named and names is not None else str(code)

    def write(self) -> str:
        random, lines = self.random, self.lines
        state_names = self.names(self.states, "left state up step true s0 i")
        action_names = [self.names(k, "listen open act match i s") for k in self.actions]
        seen_names = [self.names(k, "hear left nothing obs else") for k in self.observations]
        self.groups = {"s": [state_names], "a": action_names, "o": seen_names}
        self.sizes = {"s": [self.states], "a": self.actions, "o": self.observations}
        if not self.single:
            lines.append(
                f"agents: {self.agents}"
                if random.random() < 0.5
                else "agents: " + " ".join(["ann", "bob-2", "s"][: self.agents])
            )
        lines.append(f"discount: {random.choice(['1', '0.9', '.5', '1.0e0'])}")
        lines.append(f"values: {random.choice(['reward', 'cost'])}")
        lines.append(f"states: {self.declared(state_names, self.states)}")
        lines.extend(self.start(state_names))
        for word, key in (("actions", "a"), ("observations", "o")):
            rows = [
                self.declared(names, count)
                for names, count in zip(self.groups[key], self.sizes[key], strict=True)
            ]
            lines.extend([f"{word}: {rows[0]}"] if self.single else [f"{word}:", *rows])
        statements: list[list[str]] = []
        for kind in "TO":
            statements.append(self.law(kind, "*", None))
            for _ in range(random.randint(0, 6)):
                state = None if random.random() < 0.3 else self.state()
                statements.append(self.law(kind, self.joint("a"), state))
        rewards = [self.reward() for _ in range(random.randint(0, 6))]
        body = [*statements, *rewards]
        # Laws stay in order; rewards go anywhere between them.
        body = statements
        for reward in rewards:
            body.insert(random.randint(0, len(body)), reward)
        for statement in body:
            lines.extend(statement)
        return "\n".join(self.decorated(lines)) + random.choice(["", "\n", "\r\n"])

    def decorated(self, lines: list[str]) -> list[str]:
        """Comments, blank lines and blanks."""
        found: list[str] = []
        for line in lines:
            if self.random.random() < 0.1:
                found.append(self.random.choice(["# T: * : * : * : 1", "", "  ", "#"]))
            text = line.replace(" : ", self.random.choice([" : ", ": ", " :", "  :\t"]))
            found.append(text + self.random.choice(["", "", "", " ", "  # = 0.1 : 0.9"]))
        return found

    def declared(self, names: list[str] | None, count: int) -> str:
        return str(count) if names is None else " ".join(names)

    def start(self, names: list[str] | None) -> list[str]:
        size = self.states
        listed = self.random.sample(range(size), self.random.randint(1, size))
        words = " ".join(self.word(code, names) for code in listed)
        forms = [
            ["start:", "uniform"],
            ["start: " + " ".join(self.probabilities(size))],
            ["start:", " ".join(self.probabilities(size))],
            [f"start include: {words}"],
        ]
        if size > 1:
            forms.append([f"start: {self.word(listed[0], names)}"])
        if len(listed) < size:
            forms.append([f"start exclude: {words}"])
        return self.random.choice(forms)

    def probabilities(self, size: int) -> list[str]:
        """A random law; now and then rounded thirds or a point."""
        kind = self.random.random()
        if kind < 0.2 and size == 3:
            return ["0.333333333333", "0.333333333333", "0.333333333333"]
        if kind < 0.4:
            place = self.random.randrange(size)
            return ["1.0" if k == place else "0" for k in range(size)]
        cuts = sorted(self.random.randint(0, 20) for _ in range(size - 1))
        parts = [b - a for a, b in zip([0, *cuts], [*cuts, 20], strict=True)]
        return [f"{part / 20:g}" for part in parts]

    def state(self) -> str:
        if self.random.random() < 0.3:
            return "*"
        return self.word(self.random.randrange(self.states), self.groups["s"][0])

    def joint(self, key: str) -> str:
        """A joint action or observation in one of its forms."""
        sizes, groups = self.sizes[key], self.groups[key]
        kind = self.random.random()
        if kind < 0.2:
            return "*"
        if kind < 0.4 and len(sizes) > 1:
            size = 1
            for part in sizes:
                size *= part
            return str(self.random.randrange(size))
        return " ".join(
            "*" if self.random.random() < 0.2 else self.word(self.random.randrange(size), names)
            for size, names in zip(sizes, groups, strict=True)
        )

    def law(self, kind: str, action: str, state: str | None) -> list[str]:
        """Rows of T or O for all states or some, as a matrix, rows or entries."""
        columns = self.states
        if kind == "O":
            columns = 1
            for part in self.observations:
                columns *= part
        colon = "" if self.single else " :"
        if state is None:
            word = self.random.choice(["uniform", "identity", "matrix", "matrix"])
            if word == "identity" and kind == "O":
                word = "uniform"
            rows = [" ".join(self.probabilities(columns)) for _ in range(self.states)]
            return [f"{kind}: {action}{colon}", *(rows if word == "matrix" else [word])]
        form = self.random.random()
        if form < 0.2:
            return [f"{kind}: {action} : {state}{colon}", "uniform"]
        if form < 0.3 and self.single and kind == "T":
            return [f"{kind}: {action} : {state}", "reset"]
        law = self.probabilities(columns)
        if form < 0.6:
            return [f"{kind}: {action} : {state}{colon}", " ".join(law)]
        end = "" if self.single else " :"
        found = [f"{kind}: {action} : {state} : *{end} 0"]
        for column, weight in enumerate(law):
            name = self.word(column, self.groups["s"][0]) if kind == "T" else str(column)
            if kind == "O" and self.agents == 1:
                name = self.word(column, self.groups["o"][0])
            found.append(f"{kind}: {action} : {state} : {name}{end} {weight}")
        return found

    def reward(self) -> list[str]:
        random = self.random
        action, state, after = self.joint("a"), self.state(), self.state()
        columns = 1
        for part in self.observations:
            columns *= part

        def number() -> str:
            return random.choice(["1", "-2.5", "+3", "1e-1", "0", "-0.125"])

        colon = "" if self.single else " :"
        form = random.random()
        if form < 0.3:
            return [f"R: {action} : {state} : * : *{colon} {number()}"]
        if form < 0.6:
            seen = self.joint("o")
            return [f"R: {action} : {state} : {after} : {seen}{colon} {number()}"]
        if form < 0.8:
            row = " ".join(number() for _ in range(columns))
            return [f"R: {action} : {state} : {after}{colon}", row]
        rows = [" ".join(number() for _ in range(columns)) for _ in range(self.states)]
        return [f"R: {action} : {state}{colon}", *rows]
