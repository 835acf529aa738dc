"""The growing table of contents: originals are there from the start, reshares come as they are made."""

from dataclasses import fields
from typing import Any

import numpy as np

from .world import Accounts, Contents, Ints, Users


class Shelf:
    """Contents with room to grow; rows never move."""

    def __init__(self, accounts: Accounts, users: Users, originals: Contents) -> None:
        self.accounts, self.users = accounts, users
        self.count = len(originals.author)
        self._columns = {field.name: getattr(originals, field.name) for field in fields(originals)}

    def _grow(self, needed: int) -> None:
        room = needed + needed // 2
        for name, column in self._columns.items():
            spare = np.zeros((room - len(column), *column.shape[1:]), dtype=column.dtype)
            self._columns[name] = np.concatenate([column, spare])

    def add(self, **columns: Any) -> Ints:
        """Puts new contents at the end and gives their rows."""
        rows = np.arange(self.count, self.count + len(columns["author"]))
        self.count += len(rows)
        if self.count > len(self._columns["author"]):
            self._grow(self.count)
        for name, column in columns.items():
            self._columns[name][rows] = column
        return rows

    def contents(self) -> Contents:
        """The table so far."""
        return Contents(**{name: column[: self.count] for name, column in self._columns.items()})
