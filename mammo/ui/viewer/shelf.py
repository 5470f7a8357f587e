"""What was computed of a crop, kept so that a moved slider computes it once.

Public cases share one shelf for all visitors; a crop of the visitor's own is kept in their session,
on a shelf that goes when another crop takes its place. Both are bounded.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import streamlit as st

from mammo.artifacts import artifacts_folder
from mammo.ui.kit import cache
from mammo.ui.kit.own_files import OWN_SHELF
from mammo.ui.viewer.viewing import Viewed

_SHARED_ITEMS = 400
_OWN_ITEMS = 60

Thing = TypeVar("Thing")


class Shelf:
    """Keep the `size` things that were asked for last; safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._things: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Count what is kept."""
        return len(self._things)

    def __contains__(self, name: Hashable) -> bool:
        """Tell whether a thing is kept."""
        return name in self._things

    def take(self, name: Hashable, make: Callable[[], Thing]) -> Thing:
        """Return a thing by its name, made where it is not kept; an error keeps nothing."""
        with self._lock:
            if name in self._things:
                self._things.move_to_end(name)
                kept: Thing = self._things[name]
                return kept
        made = make()
        with self._lock:
            self._things[name] = made
            while len(self._things) > self._size:
                self._things.popitem(last=False)
        return made


def remembered(viewed: Viewed, what: tuple[Hashable, ...], make: Callable[[], Thing]) -> Thing:
    """Return what was computed of a crop, computed now where it is not kept."""
    shelf = _shared() if viewed.public else _own(viewed)
    return shelf.take(_name(viewed, what), make)


def is_remembered(viewed: Viewed, what: tuple[Hashable, ...]) -> bool:
    """Tell whether `remembered` would answer at once."""
    shelf = _shared() if viewed.public else _own(viewed)
    return _name(viewed, what) in shelf


def _name(viewed: Viewed, what: tuple[Hashable, ...]) -> Hashable:
    """Name a thing so that other artifacts, or a new training, find nothing of the old."""
    return (str(artifacts_folder()), cache.manifest().created, viewed.key, *what)


@cache.shared(1)
def _shared() -> Shelf:
    return Shelf(_SHARED_ITEMS)


def _own(viewed: Viewed) -> Shelf:
    held = st.session_state.get(OWN_SHELF)
    if held is None or held[0] != viewed.key:
        held = (viewed.key, Shelf(_OWN_ITEMS))
        st.session_state[OWN_SHELF] = held
    shelf: Shelf = held[1]
    return shelf
