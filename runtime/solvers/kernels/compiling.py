"""How kernels are compiled: on first use, once a machine, releasing the interpreter lock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from types import FunctionType
from typing import TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compile_kernel(function: Kernel) -> Kernel:
    """Compile a function of C-contiguous arrays; keep the machine code where numba keeps it.

    That is beside the source, or in the user's cache folder where the source is read-only. Where
    neither can be written to, the code is made anew in each process.

    Numba notices when the function's own source changes, but neither kernels that it calls nor
    constants that it takes from elsewhere, whose code and values are kept with it. So these are in
    the name that it is kept under.
    """
    assert isinstance(function, FunctionType)
    function.__qualname__ += f"_{_fingerprint(function)}"
    try:
        made = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # nowhere to keep it
        made = numba.njit(nogil=True, error_model="numpy")(function)
    return cast(Kernel, made)


def _fingerprint(function: FunctionType) -> str:
    """Digest what a function does, with the kernels and constants that it names."""
    code = function.__code__
    parts: list[object] = [code.co_code.hex(), code.co_names, code.co_consts]
    for name in code.co_names:
        value = function.__globals__.get(name)
        kernel = getattr(value, "py_func", None)
        if kernel is not None:
            parts.append(_fingerprint(kernel))
        elif isinstance(value, (bool, int, float, str)):
            parts.append(value)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
