"""Which inputs can be read off a value that χ or ξ computes: codes that can be undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from posg.runtime.arrays import distinct_values

from .columns import Rows, encode
from .core import Component, Core, Register
from .evaluate import evaluate, table_frame
from .information import factorise
from .laws import Read, make_world
from .model import GameModel, Role, Variable
from .provenance import Content, Origin
from .radix import distinct

_MAX_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class _Input:
    """What a computed value reads.

    ``origins`` are the values that it stands for, none for a constant; ``codes`` are all that it
    may be coded by, -1 for ``nothing``.
    """

    read: Read
    origins: frozenset[Origin]
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Decoded:
    """Places of inputs that are fixed, by the value alone (True) or with the other inputs.

    ``codes`` are those that a register may take; none if that was not found out.
    """

    fixed: tuple[tuple[int, bool], ...]
    codes: tuple[int, ...]


class Decoder:
    """Finds what computed values give away; remembers it from step to step."""

    def __init__(self, model: GameModel, core: Core) -> None:
        self._model = model
        self._extended = replace(model, scope=core.scope)
        self._found: dict[tuple[object, ...], _Decoded] = {}
        self._ranges: dict[Origin, tuple[int, ...]] = {}

    def functions(
        self,
        computed: Register | Component,
        step: int,
        held: Mapping[Variable, Content],
    ) -> Iterator[tuple[frozenset[Origin], Origin]]:
        """List pairs: the value, together with some of its inputs, fixes another input.

        Parameters
        ----------
        step
            The value is computed in the update from this step to the next one.
        held
            Contents of the registers at that step, which are whole values.
        """
        inputs = [self._input(read, step, held) for read in computed.footprint.variables]
        if not inputs or prod(len(each.codes) for each in inputs) > _MAX_ROWS:
            return
        at = step if computed.footprint.reads_step else None
        key = (id(computed), at, *((i.codes, not i.origins) for i in inputs))
        if key not in self._found:
            self._found[key] = self._decode(computed, step, inputs)
        decoded = self._found[key]
        if isinstance(computed, Register) and decoded.codes:
            self._ranges[Origin(computed.variable, step + 1)] = decoded.codes
        for place, alone in decoded.fixed:
            others = frozenset[Origin]()
            if not alone:
                rest = (each.origins for k, each in enumerate(inputs) if k != place)
                others = others.union(*rest)
            for origin in inputs[place].origins:
                yield others, origin

    def _input(self, read: Read, step: int, held: Mapping[Variable, Content]) -> _Input:
        variable, primed = read
        every = tuple(range(len(variable.domain)))
        if variable.role is Role.REGISTER:
            origins = frozenset(held.get(variable, {}))
            itself = Origin(variable, step)
            if itself in origins:
                return _Input(read, origins, self._ranges.get(itself, (-1, *every)))
            return _Input(read, origins, every if len(origins) == 1 else (-1, *every))
        exists = step > 0 or variable in self._model.initially_observed
        if not exists or (step == 0 and variable.role is Role.ACTION):
            return _Input(read, frozenset(), (-1,))
        return _Input(read, frozenset({Origin(variable, step + primed)}), every)

    def _decode(
        self, computed: Register | Component, step: int, inputs: Sequence[_Input]
    ) -> _Decoded:
        shape = tuple(len(each.codes) for each in inputs)
        count = prod(shape)
        grid = np.unravel_index(np.arange(count), shape)
        columns: dict[Read, Rows] = {
            each.read: np.array(each.codes)[choice]
            for each, choice in zip(inputs, grid, strict=True)
        }
        world = make_world(self._extended, step=step)
        value = computed.update if isinstance(computed, Register) else computed.value
        column = evaluate(value, table_frame(world, count, columns, computed.bindings))
        if world.faults:
            return _Decoded((), ())
        codes, labels = factorise(column, count, world, self._model.agents)

        def fixed(place: int, by: Sequence[int]) -> bool:
            first, group = distinct(
                [codes, *(grid[k] for k in by)], [len(labels), *(shape[k] for k in by)], count
            )
            return bool(np.array_equal(grid[place], grid[place][first][group]))

        constant = [k for k, each in enumerate(inputs) if not each.origins]
        found: list[tuple[int, bool]] = []
        for place, each in enumerate(inputs):
            if not each.origins:
                continue
            if fixed(place, constant):
                found.append((place, True))
            elif fixed(place, [k for k in range(len(inputs)) if k != place]):
                found.append((place, False))
        taken: tuple[int, ...] = ()
        if isinstance(computed, Register):
            coded, outside = encode(column, computed.variable.domain, world.symbols)
            if not outside.any():
                taken = tuple(distinct_values(coded).tolist())
        return _Decoded(tuple(found), taken)
