"""How kernels are compiled: on first use, once a machine, releasing the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compile_kernel(function: Kernel) -> Kernel:
    """Compile a function of C-contiguous arrays; keep the machine code where numba keeps it.

    That is beside the source, or in the user's cache folder where the source is read-only. Where
    neither can be written to, the code is made anew in each process.
    """
    try:
        made = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # nowhere to keep it
        made = numba.njit(nogil=True, error_model="numpy")(function)
    return cast(Kernel, made)
