"""A slow, obvious reading of a spec: one assignment at a time, dictionaries and fractions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

from posg.compiler.model import Agent, GameModel, Rule, Symbol, Variable
from posg.compiler.pipeline import Compiled, Request, compile_game
from posg.compiler.program import load
from posg.grammar import syntax
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source

Values = dict[tuple[Variable, bool], Any]
Law = dict[Any, Fraction]


def compile_bag(text: str, **request: Any) -> tuple[Compiled | None, Bag]:
    bag = Bag()
    program = load(Source("test", text), lambda path: Path(path).read_text(encoding="utf-8"), bag)
    return (None if program is None else compile_game(program, Request(**request), bag)), bag


def compiled(text: str, **request: Any) -> Compiled:
    result, bag = compile_bag(text, **request)
    assert result is not None, [(d.code, d.facts) for d in bag.diagnostics]
    return result


def plain(value: Any) -> Any:
    return value.name if isinstance(value, Symbol) else value


class Slow:
    """Rules of a resolved game, evaluated on one assignment."""

    def __init__(self, model: GameModel, step: int = 1) -> None:
        self.model = model
        self.scope = model.scope
        self.step = step

    def members(self, domain: syntax.Domain | None, local: Mapping[str, Any]) -> list[Any]:
        match domain:
            case None:
                return list(self.model.agents)
            case syntax.RangeDomain():
                low = self.value(domain.low, {}, local)
                high = self.value(domain.high, {}, local)
                return list(range(int(low), int(high) + 1))
            case syntax.SetDomain():
                return [self.value(v, {}, local) for v in domain.values]
            case syntax.NamedDomain(name="bool"):
                return [False, True]
            case _:
                return [plain(v) for v in self.scope.domains[domain.name].values]

    def value(self, node: Any, seen: Values, local: Mapping[str, Any]) -> Any:
        def go(part: Any) -> Any:
            return self.value(part, seen, local)

        match node:
            case syntax.Number() | syntax.Boolean():
                return node.value
            case syntax.Step():
                return Fraction(self.step)
            case syntax.Name() if node.name in local and not node.indices:
                return plain(local[node.name])
            case syntax.Name(name="reward"):
                agent = go(node.indices[0])
                return self.reward(agent, seen)
            case syntax.Name():
                return self.name(node, seen, local)
            case syntax.Call():
                arguments = [go(part) for part in node.arguments]
                match node.function:
                    case "min" | "max" | "abs":
                        return {"min": min, "max": max, "abs": abs}[node.function](*arguments)
                    case "clamp":
                        return min(max(arguments[0], arguments[1]), arguments[2])
                define = self.scope.defines[node.function]
                return self.value(
                    define.body, seen, dict(zip(define.parameters or (), arguments, strict=True))
                )
            case syntax.Unary(op=syntax.UnaryOp.NOT):
                return not go(node.operand)
            case syntax.Unary():
                return -go(node.operand)
            case syntax.Binary():
                return self.binary(node, go)
            case syntax.Membership(domain=syntax.RangeDomain() as domain):
                return go(domain.low) <= go(node.value) <= go(domain.high)
            case syntax.Membership():
                return go(node.value) in self.members(node.domain, local)
            case syntax.TupleExpr():
                return tuple(go(part) for part in node.items)
            case syntax.If():
                return go(node.then if go(node.condition) else node.otherwise)
            case syntax.Match():
                return go(self.arm(node, seen, local))
            case syntax.Quantified():
                each = [
                    self.value(node.body, seen, {**local, node.name: member})
                    for member in self.members(node.domain, local)
                ]
                match node.quantifier.value:
                    case "all":
                        return all(each)
                    case "any":
                        return any(each)
                    case "count" | "sum":
                        return sum(each, Fraction(0))
                    case "max":
                        return max(each)
                    case _:
                        return min(each)
        raise AssertionError(node)

    def name(self, node: syntax.Name, seen: Values, local: Mapping[str, Any]) -> Any:
        name = node.name
        if name in self.scope.parameters:
            return self.scope.parameters[name].value
        if name in self.scope.families:
            key = tuple(self.value(index, seen, local) for index in node.indices)
            for known, variable in self.scope.families[name].members.items():
                if tuple(plain(v) for v in known) == key:
                    return seen[variable, node.primed]
            raise AssertionError(key)
        if name in self.scope.defines:
            return self.value(self.scope.defines[name].body, seen, {})
        if name in self.scope.agent_families:
            return self.scope.agent_families[name][int(self.value(node.indices[0], seen, local))]
        return self.scope.agent_names.get(name, name)

    def binary(self, node: syntax.Binary, go: Callable[[Any], Any]) -> Any:
        op = node.op.value
        if op == "and":
            return go(node.left) and go(node.right)
        if op == "or":
            return go(node.left) or go(node.right)
        left, right = go(node.left), go(node.right)
        match op:
            case "==":
                return left == right
            case "!=":
                return left != right
            case "<":
                return left < right
            case "<=":
                return left <= right
            case ">":
                return left > right
            case ">=":
                return left >= right
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return Fraction(left) / right
            case _:
                return left % right

    def arm(self, node: syntax.Match, seen: Values, local: Mapping[str, Any]) -> Any:
        subject = self.value(node.subject, seen, local)
        for arm in node.arms:
            if self.fits(arm.pattern, subject, seen, local):
                return arm.value
        raise AssertionError(subject)

    def fits(self, pattern: Any, subject: Any, seen: Values, local: Mapping[str, Any]) -> bool:
        match pattern:
            case syntax.WildcardPattern():
                return True
            case syntax.ValuePattern():
                return bool(self.value(pattern.value, seen, local) == subject)
            case syntax.TuplePattern():
                return all(
                    self.fits(p, s, seen, local)
                    for p, s in zip(pattern.items, subject, strict=True)
                )
            case _:
                return any(self.fits(p, subject, seen, local) for p in pattern.options)

    def law(
        self, node: Any, seen: Values, local: Mapping[str, Any], targets: tuple[Variable, ...]
    ) -> Law:
        match node:
            case syntax.If():
                taken = node.then if self.value(node.condition, seen, local) else node.otherwise
                return self.law(taken, seen, local, targets)
            case syntax.Match():
                return self.law(self.arm(node, seen, local), seen, local, targets)
            case syntax.Name() if node.name in self.scope.defines and node.name not in local:
                return self.law(self.scope.defines[node.name].body, seen, {}, targets)
            case syntax.Call() if node.function in self.scope.defines:
                define = self.scope.defines[node.function]
                arguments = [self.value(part, seen, local) for part in node.arguments]
                bound = dict(zip(define.parameters or (), arguments, strict=True))
                return self.law(define.body, seen, bound, targets)
            case syntax.Uniform(values=None):
                every = self.joint(targets)
                return {value: Fraction(1, len(every)) for value in every}
            case syntax.Uniform():
                law: Law = {}
                for part in node.values or ():
                    value = self.value(part, seen, local)
                    law[value] = law.get(value, Fraction(0)) + Fraction(1, len(node.values or ()))
                return law
            case syntax.Distribution():
                law = {}
                for entry in node.entries:
                    value = self.value(entry.value, seen, local)
                    chance = self.value(entry.probability, seen, local)
                    law[value] = law.get(value, Fraction(0)) + chance
                if node.otherwise is not None:
                    rest = [value for value in self.joint(targets) if value not in law]
                    total = self.value(node.otherwise, seen, local)
                    law |= {value: Fraction(total) / len(rest) for value in rest}
                return law
            case _:
                return {self.value(node, seen, local): Fraction(1)}

    @staticmethod
    def joint(targets: tuple[Variable, ...]) -> list[Any]:
        if len(targets) == 1:
            return [plain(v) for v in targets[0].domain.values]
        return [tuple(plain(v) for v in c) for c in product(*(t.domain.values for t in targets))]

    def outcomes(
        self, rules: tuple[Rule, ...], seen: Values, primed: bool
    ) -> Iterator[tuple[Values, Fraction]]:
        """Joint outcomes of several rules; each waits until what it reads is known."""
        if not rules:
            yield seen, Fraction(1)
            return
        for place, rule in enumerate(rules):
            try:
                law = self.law(rule.value, seen, rule.bindings, rule.targets)
            except KeyError:
                continue
            rest = rules[:place] + rules[place + 1 :]
            for value, chance in law.items():
                if chance == 0:
                    continue
                parts = (value,) if len(rule.targets) == 1 else value
                more = dict(zip(((t, primed) for t in rule.targets), parts, strict=True))
                for found, later in self.outcomes(rest, {**seen, **more}, primed):
                    yield found, chance * later
            return
        raise AssertionError("a cycle")

    def reward(self, agent: Agent, seen: Values) -> Any:
        rule = next(rule for rule in self.model.rewards if rule.agent == agent)
        return self.value(rule.value, seen, rule.bindings)
