"""The growing table of contents: all originals, then reshares as they happen."""

from dataclasses import fields
from typing import Any

import numpy as np

from .world import Accounts, Contents, Ints, Users


class ContentTable:
    """Contents with spare capacity; rows never move."""

    def __init__(self, accounts: Accounts, users: Users, originals: Contents) -> None:
        self.accounts, self.users = accounts, users
        self.count = len(originals.author)
        self._columns = {field.name: getattr(originals, field.name) for field in fields(originals)}

    def _grow(self, needed: int) -> None:
        capacity = needed + needed // 2
        for name, column in self._columns.items():
            spare = np.zeros((capacity - len(column), *column.shape[1:]), dtype=column.dtype)
            self._columns[name] = np.concatenate([column, spare])

    def add(self, **columns: Any) -> Ints:
        """Appends contents and returns their rows."""
        rows = np.arange(self.count, self.count + len(columns["author"]))
        self.count += len(rows)
        if self.count > len(self._columns["author"]):
            self._grow(self.count)
        for name, column in columns.items():
            self._columns[name][rows] = column
        return rows

    def contents(self) -> Contents:
        """Returns the table so far."""
        return Contents(**{name: column[: self.count] for name, column in self._columns.items()})
