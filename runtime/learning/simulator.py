"""A game as a learner meets it: joint actions in, observations and rewards out."""

from __future__ import annotations

from collections.abc import Iterator

from ..episodes import EpisodeSampler, JointEpisodes, Playable, join_episodes
from ..game import Game
from ..streams import Stream


class Simulator:
    """Draws episodes of a game, reproducibly.

    The same seed and stream give the same luck, whatever is played and however many episodes are
    drawn: the first k of many are those of k. Streams are independent of each other.

    Parameters
    ----------
    game
        Its tables are used for drawing only.
    seed
        At least 0.
    """

    def __init__(self, game: Game, seed: int) -> None:
        self.game = game
        self._seed = seed
        self._sampler = EpisodeSampler(game)

    def episodes(
        self,
        policy: Playable,
        count: int,
        stream: int | tuple[int, ...],
        steps: int | None = None,
        *,
        states: bool = False,
    ) -> JointEpisodes:
        """Draw ``count`` episodes at once; see ``blocks``."""
        return join_episodes(list(self.blocks(policy, count, stream, steps, states=states)))

    def blocks(
        self,
        policy: Playable,
        count: int,
        stream: int | tuple[int, ...],
        steps: int | None = None,
        *,
        states: bool = False,
    ) -> Iterator[JointEpisodes]:
        """Draw episodes a few thousand at a time, for counting in bounded memory.

        Parameters
        ----------
        policy
            An ``ExplorationPolicy`` or a ``PolicyPlay``.
        count
            At least 1.
        stream
            Names the random numbers among those of the seed.
        steps
            How many steps T are played; all H by default.
        states
            Record s_1, ..., s_{T+1}, which a learner does not see, too.
        """
        path = (stream,) if isinstance(stream, int) else stream
        return self._sampler.blocks(
            policy,
            count,
            Stream(self._seed, *path),
            steps=self.game.horizon if steps is None else steps,
            states=states,
        )
