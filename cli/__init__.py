"""The command line: thin commands over the compiler and the runtime."""

from .main import main

__all__ = ["main"]
