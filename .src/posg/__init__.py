"""posg: specify, check, compile and solve games with shared and private information.

``posg.load`` reads a file, and ``posg.solve`` plans on it. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api.checking import Check as Check
    from .api.explained import SpecWarning as SpecWarning
    from .api.functions import certify as certify
    from .api.functions import check as check
    from .api.functions import learn as learn
    from .api.functions import simulate as simulate
    from .api.functions import solve as solve
    from .api.results import Result as Result
    from .api.specs import Spec as Spec
    from .api.specs import compile as compile
    from .api.specs import load as load
    from .api.specs import loads as loads
    from .compiler.pipeline import Compiled as Compiled
    from .grammar.diagnostics import SpecError as SpecError
    from .runtime.errors import LimitError as LimitError
    from .runtime.errors import ProblemError as ProblemError
    from .runtime.policies import Policy as Policy
    from .runtime.policy_files import load_policy as load_policy
    from .runtime.policy_files import save_policy as save_policy

__version__ = "0.1.0"

_HOME = {
    "Check": "api.checking",
    "Compiled": "compiler.pipeline",
    "LimitError": "runtime.errors",
    "Policy": "runtime.policies",
    "ProblemError": "runtime.errors",
    "Result": "api.results",
    "Spec": "api.specs",
    "SpecError": "grammar.diagnostics",
    "SpecWarning": "api.explained",
    "certify": "api.functions",
    "check": "api.functions",
    "compile": "api.specs",
    "learn": "api.functions",
    "load": "api.specs",
    "load_policy": "runtime.policy_files",
    "loads": "api.specs",
    "save_policy": "runtime.policy_files",
    "simulate": "api.functions",
    "solve": "api.functions",
}
__all__ = [
    "Check",
    "Compiled",
    "LimitError",
    "Policy",
    "ProblemError",
    "Result",
    "Spec",
    "SpecError",
    "SpecWarning",
    "__version__",
    "certify",
    "check",
    "compile",
    "learn",
    "load",
    "load_policy",
    "loads",
    "save_policy",
    "simulate",
    "solve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'posg' has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
