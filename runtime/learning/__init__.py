"""Learning from samples: what a learner sees of a game, and where to look."""

from ..episodes import JointEpisodes
from ..policy_play import PolicyPlay, replay_information
from .basecamp import Exploration, ExplorationGroup, ExplorationOptions, explore
from .coverage import Coverage, measure_coverage
from .exploration_policy import ExplorationPolicy, uniform_exploration
from .explorers import ExplorationKind
from .joint_windows import JointWindows
from .laci import Learned, LearningOptions, LearningRound, learn_policy
from .latent import LatentFit, fit_latent_game
from .models import Estimator, LearnedModel, estimate_model
from .networks import fit_network
from .oracle import LinearOracle
from .policy_selection import PolicySelection, select_policy
from .q_learning import learn_values
from .sample_bound import SampleBound, theoretical_sample_count
from .simulator import Simulator
from .spanner import Spanner, find_spanner
from .window_model import WindowModel, construct_model

__all__ = [
    "Coverage",
    "Estimator",
    "Exploration",
    "ExplorationGroup",
    "ExplorationKind",
    "ExplorationOptions",
    "ExplorationPolicy",
    "JointEpisodes",
    "JointWindows",
    "LatentFit",
    "Learned",
    "LearnedModel",
    "LearningOptions",
    "LearningRound",
    "LinearOracle",
    "PolicyPlay",
    "PolicySelection",
    "SampleBound",
    "Simulator",
    "Spanner",
    "WindowModel",
    "construct_model",
    "estimate_model",
    "explore",
    "find_spanner",
    "fit_latent_game",
    "fit_network",
    "learn_policy",
    "learn_values",
    "measure_coverage",
    "replay_information",
    "select_policy",
    "theoretical_sample_count",
    "uniform_exploration",
]
