"""Learning from samples: what a learner sees of a game, and where to look."""

from ..episodes import JointEpisodes
from ..policy_play import PolicyPlay, replay_information
from .basecamp import Exploration, ExplorationGroup, ExplorationOptions, explore
from .coverage import Coverage, measure_coverage
from .exploration_policy import ExplorationPolicy, uniform_exploration
from .joint_windows import JointWindows
from .oracle import LinearOracle
from .sample_bound import SampleBound, theoretical_sample_count
from .simulator import Simulator
from .spanner import Spanner, find_spanner
from .window_model import WindowModel, construct_model

__all__ = [
    "Coverage",
    "Exploration",
    "ExplorationGroup",
    "ExplorationOptions",
    "ExplorationPolicy",
    "JointEpisodes",
    "JointWindows",
    "LinearOracle",
    "PolicyPlay",
    "SampleBound",
    "Simulator",
    "Spanner",
    "WindowModel",
    "construct_model",
    "explore",
    "find_spanner",
    "measure_coverage",
    "replay_information",
    "theoretical_sample_count",
    "uniform_exploration",
]
