"""A neural network in place of frequencies: what follows windows of common information."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import locate_values
from ..game import Floats, Ints
from ..packages import require_package
from ..progress import Progress, silent
from .estimates import Estimates, EstimateTables, Observed

_BATCH = 512
_ROWS = 1 << 14
"""Windows whose estimates are worked out at once."""


def fit_network(
    samples: Observed,
    *,
    seed: int,
    memory_bytes: int,
    hidden: int = 64,
    passes: int = 30,
    rate: float = 3e-3,
    decay: float = 1e-3,
    progress: Progress = silent,
) -> Estimates:
    """Estimate P(p | ĉ) and P(o, r | ĉ, p, a) by one network, fitted to windows of all lengths.

    A window is the sum of learned vectors of what it holds of each step; two hidden layers follow,
    and from them logits of private values, and with a vector of the private value logits of the
    outcomes of each joint action. Every sample is seen once in a pass, in every second minibatch with
    its window of length L and else with a shorter one. Windows that did not occur have no estimate, as with frequencies: the
    longest one in them that did stands for them.

    Parameters
    ----------
    seed
        Of weights and of the order of samples. The same seed gives the same estimates on the same
        machine with the same number of threads.
    hidden
        Units of each hidden layer.
    passes, rate, decay
        How often each sample is seen, and the step size and weight decay of AdamW.

    Raises
    ------
    ProblemError
        P0825, without PyTorch.
    LimitError
        P0619, when the estimates would take too much memory.

    Notes
    -----
    Source: Liu and Zhang (2023), appendix F, which says that the transition is fitted by a neural
    network and not which; this one is ours.
    """
    kept = [np.arange(level.count) for level in samples.levels]
    tables = EstimateTables(samples, kept, memory_bytes)
    torch = require_package("torch", "torch", "a neural network")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _Network(torch, samples, hidden)
        _train(torch, network, samples, passes, rate, decay, progress)
    shares: list[Floats] = []
    missing = 0
    for length, level in enumerate(samples.levels):
        private = np.empty((level.count, samples.alphabet.private_count))
        for begin in range(0, level.count, _ROWS):
            rows = np.arange(begin, min(begin + _ROWS, level.count))
            private[rows] = network.private_shares(length, rows)
            for value in range(samples.alphabet.private_count):
                tables.outcome[length][value][rows] = network.outcome_shares(length, rows, value)
        shares.append(private)
    for value in range(samples.alphabet.private_count):
        missing += tables.missing(value)
    return tables.finish(shares, concentration=0.0, missing=missing)


class _Network:
    """Windows as vectors, and logits of private values and outcomes from them."""

    def __init__(self, torch: Any, samples: Observed, hidden: int) -> None:
        alphabet, nn = samples.alphabet, torch.nn
        self._torch = torch
        # For each length, the vectors that make up its windows: one for the length, one a column.
        self._codes: list[Any] = []
        count = 0
        for level in samples.levels:
            columns: list[Ints] = [np.full(level.count, count)]
            count += 1
            for column in level.codes.T:
                values, place = locate_values(column)
                columns.append(count + place)
                count += len(values)
            self._codes.append(torch.from_numpy(np.stack(columns, axis=1)))
        lengths = np.diff(np.append(alphabet.starts, alphabet.outcome_count))
        self._starts, self._lengths = alphabet.starts, lengths
        self._action = torch.from_numpy(np.repeat(np.arange(len(lengths)), lengths))
        self._parts: Any = nn.ModuleDict(
            {
                "window": nn.EmbeddingBag(count, hidden, mode="sum"),
                "body": nn.Sequential(
                    nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, hidden)
                ),
                "private": nn.Linear(hidden, alphabet.private_count),
                "given": nn.Embedding(alphabet.private_count, hidden),
                "outcome": nn.Sequential(
                    nn.ReLU(),
                    nn.Linear(hidden, hidden),
                    nn.ReLU(),
                    nn.Linear(hidden, alphabet.outcome_count),
                ),
            }
        )
        nn.init.normal_(self._parts["window"].weight, std=0.3)

    def parameters(self) -> Any:
        """What is trained."""
        return self._parts.parameters()

    def loss(self, length: int, windows: Any, private: Any, outcome: Any) -> Any:
        """Mean negative log-likelihood of samples with windows of one length."""
        features = self._features(length, windows)
        kinds = self._torch.log_softmax(self._parts["private"](features), dim=1)
        outcomes = self._log_outcomes(features, private)
        picked = kinds.gather(1, private[:, None]) + outcomes.gather(1, outcome[:, None])
        return -picked.mean()

    def private_shares(self, length: int, windows: Ints) -> Floats:
        """P(p | ĉ): (N, P)."""
        with self._torch.no_grad():
            features = self._features(length, self._torch.from_numpy(windows))
            shares = self._torch.softmax(self._parts["private"](features).double(), dim=1)
        found: Floats = shares.numpy()
        return found

    def outcome_shares(self, length: int, windows: Ints, private: int) -> Floats:
        """P(o, r | ĉ, p, a) for one p: (N, W)."""
        with self._torch.no_grad():
            features = self._features(length, self._torch.from_numpy(windows))
            given = self._torch.full((len(windows),), private)
            shares = self._log_outcomes(features, given).double().exp()
        sums = np.add.reduceat(shares.numpy(), self._starts, axis=1)
        found: Floats = shares.numpy() / np.repeat(sums, self._lengths, axis=1)
        return found

    def _features(self, length: int, windows: Any) -> Any:
        return self._parts["body"](self._parts["window"](self._codes[length][windows]))

    def _log_outcomes(self, features: Any, private: Any) -> Any:
        """Log-probabilities, for each action a softmax over its outcomes."""
        logits = self._parts["outcome"](features + self._parts["given"](private))
        place = self._action.expand(len(logits), -1)
        blank = self._torch.zeros(len(logits), len(self._starts))
        highest = blank.scatter_reduce(1, place, logits.detach(), "amax", include_self=False)
        logits = logits - highest[:, self._action]
        return logits - blank.scatter_add(1, place, logits.exp()).log()[:, self._action]


def _train(
    torch: Any,
    network: _Network,
    samples: Observed,
    passes: int,
    rate: float,
    decay: float,
    progress: Progress,
) -> None:
    """Fit by minibatches, every second one with windows of length L and the others of any length."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    longest = len(samples.levels) - 1
    members = [torch.from_numpy(member) for member in samples.members]
    private, outcome = torch.from_numpy(samples.private), torch.from_numpy(samples.outcome)
    for number in range(passes):
        progress("network", number, passes)
        for turn, batch in enumerate(torch.randperm(len(private)).split(_BATCH)):
            length = longest if turn % 2 else int(torch.randint(longest + 1, ()))
            loss = network.loss(length, members[length][batch], private[batch], outcome[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
