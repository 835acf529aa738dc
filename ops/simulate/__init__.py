"""A small honest social network whose truth is known: same seed, same bytes."""

from .config import Config
from .documents import documents
from .history import simulate
from .world import World

__all__ = ["Config", "World", "documents", "simulate"]
