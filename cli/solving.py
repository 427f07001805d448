"""``posg solve``, ``posg evaluate`` and ``posg simulate``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from posg.api.compressions import choose_compression
from posg.api.limits import Watch
from posg.api.sequences import SEQUENCE_FORM
from posg.api.solving import solve_compiled
from posg.api.wording import number_text
from posg.compiler.compressions import Compression
from posg.compiler.pipeline import Compiled
from posg.grammar.diagnostics import Bag
from posg.runtime import (
    Certificate,
    Policy,
    certify_policy,
    evaluate_policy,
    save_policy,
    simulate_episodes,
)
from posg.runtime.files import require_writable
from posg.runtime.nodes import THRESHOLD

from .inputs import compile_file, limits_of, read_policy
from .output import LIMIT, OK, show_diagnostics, show_json
from .searching import AUTO, Attempt, find_compression


def certificate_json(certificate: Certificate) -> dict[str, object]:
    """A certificate as data."""
    return {
        "concept": certificate.concept,
        "gap": certificate.gap,
        "method": certificate.method,
        "tolerance": certificate.tolerance,
        "gaps": dict(certificate.agent_gaps),
        **({"reason": certificate.reason} if certificate.reason else {}),
        **({"value_bounds": dict(bounds)} if (bounds := certificate.value_bounds) else {}),
    }


def require_method(options: argparse.Namespace) -> None:
    """Wrong usage if the method has no use for the other options."""
    if options.method != SEQUENCE_FORM:
        return
    if options.compression is not None:
        options.parser.error("--method sequence-form does not compress anything")
    if options.select is not None:
        options.parser.error("--method sequence-form finds Nash equilibria and selects none")


def compression_of(compiled: Compiled, options: argparse.Namespace) -> Compression:
    """The compression that the options, or else the file, choose."""
    chosen = "exact" if options.method == SEQUENCE_FORM else options.compression
    return choose_compression(compiled, chosen)


def solve(options: argparse.Namespace) -> int:
    """Plan, certify and print; ``-o`` keeps the policy."""
    start = time.perf_counter()
    bag = Bag()
    require_method(options)
    if (options.compression == AUTO) != (options.gap is not None):
        options.parser.error("--compression auto and --gap go together")
    if options.output is not None:
        require_writable(Path(options.output))
    compiled = compile_file(options, bag)
    show_diagnostics(bag.diagnostics)
    compile_seconds = round(time.perf_counter() - start, 4)

    limits = limits_of(options)
    auto = options.compression == AUTO
    status = OK

    def attempt(compression: Compression) -> tuple[Policy, Certificate, dict[str, object]]:
        return solve_compiled(
            compiled,
            concept=options.concept,
            compression=compression,
            tolerance=options.tolerance,
            method=options.method,
            select=options.select,
            limits=limits.after(time.perf_counter() - start) if auto else limits,
        )

    tried: list[Attempt] = []
    if auto:
        found, tried = find_compression(compiled, options.gap, attempt)
        compression = found.compression
        policy, certificate, model = found.finished
        model["tried"] = [entry.json for entry in tried]
        status = OK if found.within(options.gap) else LIMIT
    else:
        compression = compression_of(compiled, options)
        policy, certificate, model = attempt(compression)
    if options.output is not None:
        save_policy(policy, options.output)
    if options.format == "json":
        seconds = model["seconds"]
        assert isinstance(seconds, dict)
        show_json(
            {
                "schema": "posg.solve/1",
                "game": compiled.game.name,
                "sharing": compiled.information.name,
                "compression": str(compression),
                "horizon": compiled.game.horizon,
                "concept": certificate.concept,
                "method": options.method,
                "select": options.select,
                "value": dict(certificate.value),
                "certificate": certificate_json(certificate),
                "model": {**model, "seconds": {"compile": compile_seconds, **seconds}},
                "policy": None if options.output is None else str(options.output),
            }
        )
    else:
        nodes = model["nodes"]
        assert isinstance(nodes, list)
        print(value_text(compiled, certificate))
        print(f"nodes of common information: {', '.join(str(n) for n in nodes)} ({compression})")
        dependence = model.get("dependence")
        if isinstance(dependence, float) and dependence > THRESHOLD:
            print(
                "beliefs of nodes are those under uniform play; "
                f"under other play they are up to {number_text(round(dependence, 6))} away"
            )
        if tried:
            print(f"tried: {', '.join(entry.text for entry in tried)}")
        if status != OK:
            print(f"none of them promises a gap of {number_text(options.gap)}")
        sequences = model.get("sequences")
        if isinstance(sequences, dict):
            listed = ", ".join(f"{agent} {count}" for agent, count in sequences.items())
            print(f"sequences: {listed}")
        if options.output is not None:
            print(f"policy written to {options.output}")
    return status


def value_text(compiled: Compiled, certificate: Certificate) -> str:
    """Values and gap for people."""
    values = certificate.value
    game = compiled.game
    name = {
        "team": "team optimum",
        "nash": "Nash equilibrium",
        "ce": "correlated equilibrium",
        "cce": "coarse correlated equilibrium",
    }[certificate.concept]
    if certificate.gap is None or certificate.gap > certificate.tolerance:
        name = f"approximate {name}"
    lines = [f"{game.name} under {compiled.information.name}, horizon {game.horizon}: {name}"]
    shown = {
        agent: "0" if abs(value) <= certificate.tolerance else number_text(value)
        for agent, value in values.items()
    }
    if len(set(shown.values())) == 1:
        lines.append(f"value {next(iter(shown.values()))} for every agent")
    else:
        lines.append("value " + ", ".join(f"{agent} {text}" for agent, text in shown.items()))
    if certificate.gap is None:
        lines.append(f"gap not known: {certificate.reason}")
    else:
        gap = "0" if certificate.gap <= certificate.tolerance else number_text(certificate.gap)
        if certificate.method == "bound":
            lines.append(f"gap at most {gap} in the true game")
            if certificate.reason is not None:
                lines[-1] += f", {certificate.reason}"
        else:
            tolerance = f"{certificate.tolerance:.0e}"
            lines.append(f"gap {gap} in the true game (exact, up to rounding of {tolerance})")
    return "\n".join(lines)


def evaluate(options: argparse.Namespace) -> int:
    """Exact value and gap of a saved policy."""
    bag = Bag()
    compiled = compile_file(options, bag)
    show_diagnostics(bag.diagnostics)
    policy = read_policy(options.policy)
    concept = options.concept or policy.concept
    with Watch(options.time) as watch:
        evaluation = evaluate_policy(compiled.game, compiled.information, policy, progress=watch)
        certificate = certify_policy(
            compiled.game,
            compiled.information,
            policy,
            concept=concept,
            value=evaluation.value,
            progress=watch,
        )
    if options.format == "json":
        show_json(
            {
                "schema": "posg.evaluate/1",
                "game": compiled.game.name,
                "sharing": compiled.information.name,
                "horizon": compiled.game.horizon,
                "concept": concept,
                "value": dict(certificate.value),
                "certificate": certificate_json(certificate),
                "missing": evaluation.missing,
                "policy": str(options.policy),
            }
        )
    else:
        print(value_text(compiled, certificate))
        if evaluation.missing:
            print(f"the policy had no answer {evaluation.missing} times and played uniformly")
    return OK


def simulate(options: argparse.Namespace) -> int:
    """Episodes as a table, or as one JSON object a line."""
    bag = Bag()
    compiled = compile_file(options, bag)
    show_diagnostics(bag.diagnostics)
    policy = None if options.policy is None else read_policy(options.policy)
    game = compiled.game
    found = simulate_episodes(
        game, compiled.information, policy, episodes=options.episodes, seed=options.seed
    )
    labels = game.labels
    for number in range(options.episodes):
        steps: list[dict[str, object]] = []
        for step in range(game.horizon):
            steps.append(
                {
                    "step": step + 1,
                    "common": compiled.information.increment_labels[step][
                        int(found.increments[number, step])
                    ],
                    "state": labels.states[found.states[number, step]],
                    "actions": {
                        agent: labels.actions[i][found.actions[number, step, i]]
                        for i, agent in enumerate(game.agents)
                    },
                    "observations": {
                        agent: labels.observations[i][found.observations[number, step, i]]
                        for i, agent in enumerate(game.agents)
                    },
                    "rewards": {
                        agent: float(found.rewards[number, step, i])
                        for i, agent in enumerate(game.agents)
                    },
                }
            )
        returns = {a: float(found.returns[number, i]) for i, a in enumerate(game.agents)}
        if options.format == "json":
            show_json(
                {
                    "schema": "posg.simulate/1",
                    "episode": number + 1,
                    "steps": steps,
                    "return": returns,
                }
            )
            continue
        print(f"episode {number + 1}: return " + _pairs(returns))
        for entry in steps:
            actions, observations, rewards = (
                entry[key] for key in ("actions", "observations", "rewards")
            )
            assert isinstance(actions, dict)
            assert isinstance(observations, dict)
            assert isinstance(rewards, dict)
            print(
                f"  step {entry['step']}: {entry['state']}; "
                + ", ".join(f"{a} {v}" for a, v in actions.items())
                + " -> "
                + ", ".join(f"{a} {v}" for a, v in observations.items())
                + "; reward "
                + _pairs(rewards)
            )
    if options.format != "json":
        means = {a: float(found.returns[:, i].mean()) for i, a in enumerate(game.agents)}
        print(f"mean return over {options.episodes} episodes: {_pairs(means)}")
    return OK


def _pairs(values: dict[str, float]) -> str:
    return ", ".join(f"{agent} {number_text(value)}" for agent, value in values.items())
