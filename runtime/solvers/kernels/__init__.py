"""Compiled stage solvers; importing a module here imports numba."""
