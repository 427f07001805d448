"""PettingZoo: games as environments, and sharing structures for the environments of others.

The packages are imported when an environment is made; ``pip install 'posg[pettingzoo]'`` installs them.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from posg.api.explained import explained
from posg.api.specs import Playable, Sharing, compile_playable
from posg.runtime.packages import require_package

from .game_environment import GameEnvironment
from .shared_environment import SharedEnvironment
from .sharing_schedule import SharingSchedule


def parallel_env(
    game: Playable,
    sharing: Sharing | None = None,
    *,
    horizon: int | None = None,
    parameters: Mapping[str, str | int | float | Fraction] | None = None,
    seed: int | None = None,
    render_mode: str | None = None,
    reveal_state: bool = False,
) -> Any:
    """Make a ``pettingzoo.ParallelEnv`` of a game under a sharing structure.

    What agent i observes at step h is a dictionary: ``private``, the code of p_{i,h}; ``common``, the
    code of z_h, what has just become common; and ``step``, h. Codes are places in
    ``env.information.private_labels[h - 1][i]`` and ``env.information.increment_labels[h - 1]``; ``info``
    has these labels as ``private`` and ``common``. Actions are places in ``env.game.labels.actions[i]``.
    Episodes are truncated after H steps; then both codes are 0, since nothing is learnt any more.
    ``env.state()`` is the code of s_h.

    Parameters
    ----------
    game
        A ``.posg`` file, or a game that is compiled already, as ``posg.runtime.load_game`` returns it. Such
        a game has its sharing structure, horizon and parameters.
    sharing
        Such as ``"delayed(d = 1)"``; the file's own choice by default.
    horizon, parameters
        In place of those in the file.
    seed
        For episodes before ``reset`` is given a seed; None for an unpredictable one.
    render_mode
        ``ansi``: ``render`` returns text; ``human``: each step is printed.
    reveal_state
        Put the label of s_h into ``info``, as ``state``.

    Raises
    ------
    SpecError
        When the file, the structure or a parameter is wrong.
    ProblemError
        P0825, without PettingZoo; a ``LimitError`` for a game that is too large.
    ValueError
        When a compiled game is to be compiled otherwise; for another ``render_mode``.
    """
    with explained():
        kind, spaces = _environment_class("GameParallelEnv"), _gymnasium().spaces
        found, information = compile_playable(game, sharing, horizon, parameters or {})
    return kind(
        found,
        information,
        spaces,
        seed=seed,
        render_mode=render_mode,
        reveal_state=reveal_state,
    )


def aec_env(
    game: Playable,
    sharing: Sharing | None = None,
    *,
    horizon: int | None = None,
    parameters: Mapping[str, str | int | float | Fraction] | None = None,
    seed: int | None = None,
    render_mode: str | None = None,
    reveal_state: bool = False,
) -> Any:
    """Make a ``pettingzoo.AECEnv``, in which agents act one after the other; see ``parallel_env``."""
    made = parallel_env(
        game,
        sharing,
        horizon=horizon,
        parameters=parameters,
        seed=seed,
        render_mode=render_mode,
        reveal_state=reveal_state,
    )
    return require_package("pettingzoo.utils", "pettingzoo", _PURPOSE).parallel_to_aec(made)


def share(env: Any, sharing: str, *, file: str | Path | None = None) -> Any:
    """Wrap a ``pettingzoo.ParallelEnv`` of anybody's into one in which agents share what they know.

    What agents observe becomes a dictionary: ``own``, what they observed before; and ``shared``, for each
    other agent, by its name, a dictionary of what has just become common of it: ``observation`` and
    ``action``, each with a mask, ``observation_valid`` and ``action_valid``, that is 1 where there is
    something. Where it is 0, the value means nothing. Which observation or action it is, the structure
    says; its step 1 is ``reset``. Each is told once, when it becomes common; agents who die stay silent.
    What a structure says of the memory of agents is up to them here.

    Parameters
    ----------
    env
        It has to have ``possible_agents``. Its spaces may be any of Gymnasium's.
    sharing
        Such as ``"delayed(d = 2)"``. Agents are called as in ``possible_agents``, with ``_`` for
        characters that names in a spec do not have.
    file
        A spec file that declares the structure, unless it comes with posg.

    Raises
    ------
    SpecError
        When the structure is wrong; P0829, when what becomes common depends on values.
    ProblemError
        P0825, without PettingZoo. While playing, P0608 after more steps than any game may have.
    TypeError
        When ``env`` is something else, or has no ``possible_agents``.
    """
    with explained():
        kind, zoo = _environment_class("SharingParallelEnv"), _pettingzoo()
        if not isinstance(env, zoo.ParallelEnv):
            raise TypeError(
                f"{env} is no ParallelEnv; `pettingzoo.utils.aec_to_parallel` makes one of an AECEnv"
            )
        if not hasattr(env, "possible_agents"):
            raise TypeError(f"{env} does not say its possible_agents")
        names = tuple(map(str, env.possible_agents))
        schedule = SharingSchedule(names, sharing, None if file is None else Path(file))
        return kind(env, schedule, _gymnasium().spaces)


_PURPOSE = "a PettingZoo environment"


def _pettingzoo() -> Any:
    return require_package("pettingzoo", "pettingzoo", _PURPOSE)


def _gymnasium() -> Any:
    return require_package("gymnasium", "pettingzoo", _PURPOSE)


def _environment_class(name: str) -> Any:
    """Look up a class that has a base of PettingZoo; see ``__getattr__``."""
    found = globals().get(name)
    return __getattr__(name) if found is None else found


def __getattr__(name: str) -> Any:
    """Make the classes that have a base of PettingZoo when they are first asked for.

    As attributes of this module they can be pickled.
    """
    bases: tuple[type, type]
    if name == "GameParallelEnv":
        bases = (GameEnvironment, _pettingzoo().ParallelEnv)
    elif name == "SharingParallelEnv":
        wrappers = require_package("pettingzoo.utils", "pettingzoo", _PURPOSE)
        bases = (SharedEnvironment, wrappers.BaseParallelWrapper)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    made = type(name, bases, {"__module__": __name__})
    globals()[name] = made
    return made
