"""What planning works on, and how plans are certified, by compression."""

from __future__ import annotations

from posg.compiler.compressions import Compression
from posg.compiler.pipeline import Compiled
from posg.compiler.structural_independence import decide_strategy_independence
from posg.runtime import (
    Certificate,
    CommonInformation,
    Policy,
    Progress,
    StrategyDependenceError,
    bound_gap,
    certify_policy,
    expand_common_information,
    expand_increments,
    expand_windows,
    require_exact,
    require_windows,
)
from posg.runtime.limits import DEFAULT_NODES
from posg.runtime.nodes import NodeLimits

from .limits import Limits

EXACT_PAIRS = 1_000_000
"""Branches of a step up to which the gap of a compressed plan is found exactly."""


def expand(
    compiled: Compiled, compression: Compression, limits: Limits, progress: Progress
) -> CommonInformation:
    """Enumerate the common information, compressed.

    Raises
    ------
    StrategyDependenceError
        P0501 when beliefs depend on strategies. Where the whole common information is too large to
        decide that, it is compressed all the same: what a plan is worth in the true game is exact,
        and a bound on the gap looks at compressed beliefs only.
    """
    game, information = compiled.game, compiled.information
    if not compression.lossless:
        found, _ = decide_strategy_independence(
            compiled, memory_bytes=limits.memory, progress=progress
        )
        if found.witness is not None:
            raise StrategyDependenceError(found.witness)
    if compression.plugin is not None:
        from posg.runtime.compressors import compress

        node_limits = NodeLimits(nodes=DEFAULT_NODES, memory=limits.memory)
        return compress(
            game,
            information,
            compression.plugin,
            compression.arguments,
            limits=node_limits,
            progress=progress,
        )
    if compression.name == "last":
        length = int(compression.size)
        timestamps = compiled.timestamps
        if timestamps.need_increments(length):
            return expand_increments(
                game, information, length, memory_bytes=limits.memory, progress=progress
            )
        require_windows(game, information, timestamps, length, limits.memory)
        return expand_windows(
            game,
            information,
            timestamps,
            length,
            memory_bytes=limits.memory,
            progress=progress,
        )
    if compression.name == "exact":
        require_exact(game, information, limits.memory, compiled.timestamps)
    return expand_common_information(
        game,
        information,
        merge=compression.name != "exact",
        radius=float(compression.size),
        explain=compression.lossless,
        memory_bytes=limits.memory,
        progress=progress,
    )


def certify(
    compiled: Compiled,
    compression: Compression,
    nodes: CommonInformation | None,
    policy: Policy,
    *,
    concept: str,
    progress: Progress,
) -> Certificate:
    """Certify a plan: exactly, unless the true common information is what compression avoids.

    Only a compression that loses something needs the ``nodes`` that were planned on.
    """
    game, information = compiled.game, compiled.information
    if compression.lossless:
        return certify_policy(game, information, policy, concept=concept, progress=progress)
    exact = certify_policy(
        game, information, policy, concept=concept, max_pairs=EXACT_PAIRS, progress=progress
    )
    if exact.gap is not None or nodes is None:
        return exact
    return bound_gap(game, nodes, policy, concept=concept, progress=progress)
