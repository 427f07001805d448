"""Frozen records for the syntax tree and the data between passes, cheap to define.

A record behaves like ``@dataclass(frozen=True, slots=True, kw_only=True)``, and type checkers take
it for one. The difference is start-up: the dataclass decorator writes and compiles seven methods
a class, which for the sixty classes of the tree costs more than parsing a file. Here they share
one set of methods.
"""

from __future__ import annotations

from typing import Any, NoReturn, dataclass_transform


class _Required:
    """Stands for "no default"."""


class _Field:
    __slots__ = ("compare", "default")

    def __init__(self, default: object, compare: bool) -> None:
        self.default = default
        self.compare = compare


def field(  # as in dataclasses, the type of the result is the annotation's
    *, default: Any = _Required, compare: bool = True
) -> Any:
    """Describe a field; with ``compare=False`` it is left out of ``==``, ``hash`` and ``repr``."""
    return _Field(default, compare)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class RecordType(type):
    """Metaclass that reads a record's fields off its annotations."""

    defaults: dict[str, object]
    compared: tuple[str, ...]

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> RecordType:
        """Make the class: slots for its own fields, and tables of all of them."""
        own: dict[str, _Field] = {}
        for key in namespace.get("__annotations__", ()):
            given = namespace.pop(key, _Required)
            own[key] = given if isinstance(given, _Field) else _Field(given, compare=True)
        record = super().__new__(cls, name, bases, {**namespace, "__slots__": tuple(own)})
        parents = [base for base in bases if isinstance(base, RecordType)]
        record.defaults = {key: value for base in parents for key, value in base.defaults.items()}
        record.defaults.update((key, field.default) for key, field in own.items())
        inherited = (key for base in parents for key in base.compared)
        record.compared = (*inherited, *(key for key, field in own.items() if field.compare))
        return record


class Record(metaclass=RecordType):
    """Base of every frozen record: what dataclasses would generate for each."""

    def __init__(self, **values: Any) -> None:  # type checkers see the fields of each subclass
        """Set every field; those without a default must be given."""
        defaults = type(self).defaults
        for name, default in defaults.items():
            value = values.get(name, default)
            if value is _Required:
                raise TypeError(f"{type(self).__name__} needs {name}")
            object.__setattr__(self, name, value)
        if not values.keys() <= defaults.keys():
            unknown = ", ".join(values.keys() - defaults.keys())
            raise TypeError(f"{type(self).__name__} has no {unknown}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: records are frozen."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: records are frozen."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        """Compare kind and fields."""
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in type(self).compared)

    def __hash__(self) -> int:
        """Combine what ``==`` compares."""
        kind = type(self)
        return hash((kind, *[getattr(self, name) for name in kind.compared]))

    def __repr__(self) -> str:
        """Show the constructor call with the compared fields."""
        kind = type(self)
        values = [f"{name}={getattr(self, name)!r}" for name in kind.compared]
        return f"{kind.__name__}({', '.join(values)})"

    def __reduce__(self) -> tuple[Any, ...]:  # the shape that pickle asks for
        """Pickle and copy by fields."""
        return _restore, (type(self), {name: getattr(self, name) for name in type(self).defaults})


def _restore(kind: type[Record], values: dict[str, object]) -> Record:
    return kind(**values)
