"""Best responses as policies: who deviates, does what, against whom (Algorithms 2 and 4)."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from .arrays import digits, expand_ranges, locate_values, offsets_of
from .belief_graph import GraphStep, build_graph, open_layer
from .certify import Response, best_returns
from .evaluation import evaluate_policy
from .game import Floats, Game, Ints
from .information import InformationStructure
from .model_graph import pair_up
from .nodes import CommonInformation
from .policies import BoundPolicy, Policy, PolicyStep, PrescriptionRows
from .progress import Progress, silent


def best_response(
    game: Game,
    information: InformationStructure,
    policy: Policy,
    *,
    agent: int,
    informed: bool = False,
    model: CommonInformation | None = None,
    max_pairs: int = 20_000_000,
    progress: Progress = silent,
) -> Policy:
    """Let one agent respond best to the others.

    Parameters
    ----------
    agent
        Number of the agent that deviates.
    informed
        The deviator sees the action that it is recommended at each step (deviations from a
        correlated equilibrium); it never sees the draw of a lottery. Otherwise it sees its private
        value only (deviations from a Nash or a coarse correlated equilibrium).
    model
        Respond in this model of compressed common information instead (Algorithm 4). The
        deviator then knows the model's nodes, and may respond badly where the model is wrong.

    Returns
    -------
    The joint policy: the others do what they did, on the same draws. Its nodes tell apart what
    ``policy`` does and what the deviator believes.

    Raises
    ------
    DependentBeliefs
        When beliefs given the common information depend on strategies.
    LimitError
        P0601, when a step has more than ``max_pairs`` pairs of a node and a belief.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithms 2 and 4 with the oracles NE-BR, CCE-BR and
    CE-BR.
    """
    if model is not None:
        made = respond_in_model(
            game, model, policy, agent=agent, informed=informed, max_pairs=max_pairs
        )
    else:
        bound = BoundPolicy(policy, game, information)
        start, graph = build_graph(
            game, information, bound.follow, max_pairs=max_pairs, progress=progress
        )
        opening = open_layer(game, information)[0].branch
        made = _deviating(
            game, information, bound, (start, opening, graph), agent, informed, progress
        )
    value = evaluate_policy(game, information, made, progress=progress).value
    return replace(made, value=dict(zip(game.agents, value.tolist(), strict=True)))


def respond_in_model(
    game: Game,
    model: CommonInformation,
    policy: Policy,
    *,
    agent: int,
    informed: bool = False,
    max_pairs: int = 20_000_000,
    progress: Progress = silent,
) -> Policy:
    """Let one agent respond best to the others in a model, as ``best_response`` does.

    Parameters
    ----------
    game
        What the model's beliefs are about: the true game, or the game of a learned model.

    Returns
    -------
    The joint policy, with the value that ``policy`` had.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithm 4.
    """
    bound = BoundPolicy(policy, game, model.information)
    first, graph, _ = pair_up(model, bound, max_pairs)
    start = (first, model.roots.probability)
    opened = (start, model.roots.increment, graph)
    return _deviating(game, model.information, bound, opened, agent, informed, progress)


def _deviating(
    game: Game,
    information: InformationStructure,
    bound: BoundPolicy,
    opened: tuple[tuple[Ints, Floats], Ints, list[GraphStep]],
    agent: int,
    informed: bool,
    progress: Progress,
) -> Policy:
    """Make the policy in which one agent does what is best in a graph."""
    start, opening, graph = opened
    choices: dict[int, list[Ints]] = {}

    def record(step: int, who: int, response: Response) -> None:
        if who == agent:
            choices.setdefault(step, []).append(response.choice)

    best_returns(
        game,
        information,
        bound,
        start,
        graph,
        "ce" if informed else "cce",
        progress,
        record=record,
    )
    entries = [(np.zeros_like(opening), opening, start[0])]
    entries += [
        (*np.divmod(current.edge_key, current.increment_count), current.child)
        for current in graph[:-1]
    ]
    steps: list[PolicyStep] = []
    for step, (current, (source, increment, target)) in enumerate(
        zip(graph, entries, strict=True), start=1
    ):
        codes, number = locate_values(increment)
        labels = information.increment_labels[step - 1]
        pair, signal, weight = bound.draw_of(step, current.policy_node)
        steps.append(
            PolicyStep(
                node_count=len(current.policy_node),
                increments=tuple(labels[int(code)] for code in codes),
                source=source,
                increment=number,
                target=target,
                signal_node=pair,
                signal_weight=weight,
                prescriptions=tuple(
                    _list_rows(
                        game,
                        information,
                        bound,
                        step,
                        who,
                        current,
                        (pair, signal),
                        np.concatenate(choices[step], axis=1) if who == agent else None,
                    )
                    for who in range(len(game.agents))
                ),
            )
        )
    return replace(
        bound.policy,
        actions=dict(zip(game.agents, game.labels.actions, strict=True)),
        steps=tuple(steps),
    )


def _list_rows(
    game: Game,
    information: InformationStructure,
    bound: BoundPolicy,
    step: int,
    agent: int,
    current: GraphStep,
    draws: tuple[Ints, Ints],
    choice: Ints | None,
) -> PrescriptionRows:
    """List what an agent does at each draw and private value; the deviator follows ``choice``."""
    pair, signal = draws
    counts = information.private_counts[step - 1]
    count = counts[agent]
    own = digits(current.index % prod(counts), counts)[agent]
    types, _ = locate_values(current.pairs * count + own)
    lengths = np.bincount(types // count, minlength=len(current.policy_node))
    draw = np.repeat(np.arange(len(pair)), lengths[pair])
    place = expand_ranges(offsets_of(lengths)[pair], lengths[pair])
    value = types[place] % count
    rows = bound.respond(step, agent, signal[draw], value)
    if choice is not None:
        rows = _deviate(rows, choice[:, place], game.action_counts[agent])
    return PrescriptionRows(
        private=information.private_labels[step - 1][agent],
        signal=draw,
        value=value,
        probability=rows,
    )


def _deviate(recommended: Floats, choice: Ints, actions: int) -> Floats:
    """Turn recommendations (N, A) into choices: (1, N) whatever they are, or (A, N) for each."""
    rows = np.zeros((len(recommended), actions))
    everyone = np.arange(len(recommended))
    for row, chosen in enumerate(choice):
        rows[everyone, chosen] += 1.0 if len(choice) == 1 else recommended[:, row]
    return rows
