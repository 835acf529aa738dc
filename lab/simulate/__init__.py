"""A small simulated social network with known truth: same seed, same bytes."""

from .config import Config
from .documents import documents
from .history import simulate
from .oracle import TrueWorld, true_score
from .truth import truth
from .world import World

__all__ = ["Config", "TrueWorld", "World", "documents", "simulate", "true_score", "truth"]
