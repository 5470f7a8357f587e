"""What the viewer shows: a public case or the visitor's own crop, and what the models say of it.

Groups of cases are those of the comparison page, at each model's balanced threshold. What was
computed is kept, so that a moved slider computes it once. Public cases share one shelf for all
visitors; a crop of the visitor's own is kept in their session, on a shelf that goes when another
crop takes its place. Both are bounded.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar, cast

import cv2
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from mammo import text
from mammo.artifacts import Card, artifacts_folder
from mammo.errors import DataError
from mammo.imaging import Image, Window
from mammo.imaging.region import Region
from mammo.inference import Classifier, LesionResult
from mammo.inference.maps import Method
from mammo.inference.overlay import ColourMap
from mammo.inference.perturb import Change, curve
from mammo.inference.pictures import Panel, panel_sheet
from mammo.inference.result import BALANCED
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.address import choose_option, keep_in_link, set_from_link, went_back
from mammo.ui.kit.cases import (
    LIST,
    LIST_CASES,
    OUTCOMES,
    Group,
    agreement,
    agreement_titles,
    farthest_apart,
    outcomes,
)
from mammo.ui.kit.settings import data_folder
from mammo.ui.kit.source import OWN_CROP, OWN_SHELF, Picture, choose_example
from mammo.ui.kit.widgets import offer_file

SOURCES = {"example": "An example lesion", "case": "A case by id or group", "own": "My own crop"}
EVERY, TRAINING = "test", "training"
GROUP_HELP = (
    "At each model's balanced threshold. What a model got wrong comes farthest from the truth "
    "first, groups of agreement the farthest apart first."
)
LONGEST_ID = 60
"""Characters of an unknown id that are shown."""
_CASE, _GROUP, _EXAMPLE = "viewer_case", "viewer_group", "viewer_example"
_SHARED_ITEMS, _OWN_ITEMS = 400, 60

Crop = NDArray[np.uint8]
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

    def take(self, name: Hashable, make: Callable[[], Thing]) -> Thing:
        """Return a thing by its name, made where it is not kept; an error keeps nothing."""
        with self._lock:
            if name in self._things:
                self._things.move_to_end(name)
                return cast("Thing", self._things[name])
        made = make()
        with self._lock:
            self._things[name] = made
            while len(self._things) > self._size:
                self._things.popitem(last=False)
        return made


@cache.shared(1)
def _shared() -> Shelf:
    return Shelf(_SHARED_ITEMS)


def _own(key: str) -> Shelf:
    held: tuple[str, Shelf] | None = st.session_state.get(OWN_SHELF)
    if held is None or held[0] != key:
        held = st.session_state[OWN_SHELF] = key, Shelf(_OWN_ITEMS)
    return held[1]


@dataclass(frozen=True, eq=False)
class Viewed:
    """A public case, with its row of the release, or the visitor's own crop; each question once.

    Attributes
    ----------
    picture : Picture, an example with its film, any other as its crop
    pixels : uint8 (S, S), or None where the picture of a public case is not at hand
    row : Series of `cache.cases`, or None for an own crop
    """

    picture: Picture
    pixels: Crop | None
    row: pd.Series | None = None

    @property
    def crop(self) -> Crop:
        """Return the pixels where there are some."""
        return cast("Crop", self.pixels)

    @cached_property
    def models(self) -> Sequence[Classifier]:
        """Return each trained model."""
        return cache.classifiers()

    def once(self, make: Callable[[], Thing], *what: Hashable) -> Thing:
        """Return what was computed of the crop under a name, computed now where it is not kept."""
        shelf = _own(self.picture.key) if self.row is None else _shared()
        # Other artifacts, or a new training, find nothing of the old.
        name = (str(artifacts_folder()), cache.manifest().created, self.picture.key, *what)
        return shelf.take(name, make)

    def result(self) -> LesionResult:
        """Return what every model says of the lesion; a case's own patient is no similar case."""
        example = self.picture.example
        area = None if example is None else Window(*example.window)
        patient = None if self.row is None else str(self.row["patient_id"])
        return self.once(lambda: self.picture.assessed(area, patient=patient), "result")

    def heat(self, model: Classifier, method: Method) -> NDArray[np.float32]:
        """Return a method's map, float32 (S, S) in 0-1; a bar shows its progress."""
        place, title = st.empty(), f"{method.title}, {model.card.title}"

        def show(done: int, total: int) -> None:
            place.progress(min(done / max(total, 1), 1.0), title)

        try:
            return self.once(
                lambda: model.explain(self.crop, method.key, show), "heat", model.name, method.key
            )
        finally:
            place.empty()

    def curves(self, change: Change) -> dict[str, NDArray[np.float64]]:
        """Return each model's estimate over the range of a change, model name -> float64 (k,)."""

        def ask() -> dict[str, NDArray[np.float64]]:
            with st.spinner(f"Asking both models at {len(change.amounts)} amounts", show_time=True):
                return {model.name: curve(model, self.crop, change) for model in self.models}

        return self.once(ask, "curves", change.key, *(model.name for model in self.models))


def choose_case() -> Viewed:
    """Ask which crop to look at, and open it; DataError where there is no such case or crop."""
    asked = st.query_params.get("case")
    kind = choose_option("Look at", "from", SOURCES, _kind_of(asked))
    if kind == "own":
        keep_in_link("case", None)
        return _view_own()
    case = (
        choose_example(_EXAMPLE, "case", attrgetter("case_id")).case_id
        if kind == "example"
        else _choose_case()
    )
    keep_in_link("case", case)
    keep_in_link("from", None if kind == _kind_of(case) else kind)
    return _view_case(case)


def _kind_of(case: str | None) -> str:
    return "example" if case is None or case in cache.examples_at_hand() else "case"


def _view_case(case: str) -> Viewed:
    cases = cache.cases()
    rows = cases[cases["case_id"] == case]
    if rows.empty:
        raise DataError(unknown_case(case, len(cases), str(cases["case_id"].iloc[0])))
    crop, example = case_folder.crop_of(case), cache.examples_at_hand().get(case)
    image = None if crop is None or example else Image(crop)
    picture = Picture(f"{case}|{data_folder()}", case, image, example)
    return Viewed(picture, crop, rows.iloc[0])


def unknown_case(case: str, total: int, like: str) -> str:
    """Say that a case id is none, and how one looks."""
    shown = case if len(case) <= LONGEST_ID else f"{case[:LONGEST_ID]}…"
    return (
        f"There is no case {shown} among the {text.number(total, 0)} of the release. An id looks "
        f"like {like}: choose one above, or type it whole."
    )


def _view_own() -> Viewed:
    """Open the crop that the visitor brought from the upload page."""
    own: Picture | None = st.session_state.get(OWN_CROP)
    if own is None:
        raise DataError(
            "There is no crop of your own here. Open a film or a crop on the page Upload and "
            "classify, and choose “Look closer” below its result. It stays in your own session: a "
            "link does not carry it."
        )
    return Viewed(own, own.image.pixels)


def _choose_case() -> str:
    """Ask for a group and for one of its cases; any other id may be typed."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        groups = case_groups(cache.cases(), cache.cards())
        if opened := st.session_state.get(LIST_CASES):
            groups = {LIST: opened} | groups
        group = _choose_group(groups)
        ids = list(group.cases)
        if went_back() or st.session_state.get(_CASE) is None:
            asked = st.query_params.get("case")
            st.session_state[_CASE] = asked or (ids[0] if ids else None)
        if st.session_state[_CASE] is not None and st.session_state[_CASE] not in ids:
            ids = [st.session_state[_CASE], *ids]
        case = st.selectbox(
            f"Case, of {len(group.cases)}",
            ids,
            accept_new_options=True,
            placeholder="Choose, or type an id",
            help="Type to search. Any case id may be typed whole, of training too.",
            key=_CASE,
            width=380,
        )
        _ways(ids, case)
    if not case:
        raise DataError("No case is chosen: this group is empty. Choose another group of cases.")
    return str(case).strip()


def _ways(ids: Sequence[str], case: str | None) -> None:
    """Offer the case before and after this one of its group."""
    at = ids.index(case) if case in ids else None
    for label, icon, key, step in (
        ("Previous", ":material/arrow_back:", "p", -1),
        ("Next", ":material/arrow_forward:", "n", 1),
    ):
        there = None if at is None or not 0 <= at + step < len(ids) else ids[at + step]
        st.button(
            label,
            icon=icon,
            shortcut=key,
            disabled=there is None,
            key=f"viewer_{label.lower()}",
            on_click=st.session_state.update,
            args=({_CASE: there},),
        )


def _choose_group(groups: dict[str, Group]) -> Group:
    set_from_link(_GROUP, "group", groups, EVERY)
    chosen = st.selectbox(
        "Cases",
        list(groups),
        format_func=lambda name: f"{groups[name].title}: {len(groups[name].cases)}",
        help=GROUP_HELP,
        key=_GROUP,
        on_change=_first_of_group,
        width=460,
    )
    keep_in_link("group", None if chosen == EVERY else chosen)
    return groups[chosen]


def _first_of_group() -> None:
    """Open the first case of a newly chosen group."""
    st.session_state[_CASE] = None
    keep_in_link("case", None)


def case_groups(cases: pd.DataFrame, cards: Sequence[Card]) -> dict[str, Group]:
    """Sort the cases into groups by the name that the link has for them."""
    of_test = cases["split"] == "test"
    test, training = cases[of_test], cases[~of_test]
    rows = test[test[[f"{card.name}_p" for card in cards]].notna().all(axis=1)]
    ids, labels = rows["case_id"].to_numpy(), (rows["label"] == 1).to_numpy(bool)
    p = [rows[f"{card.name}_p"].to_numpy(np.float64) for card in cards]
    above = [one >= card.thresholds[BALANCED] for one, card in zip(p, cards, strict=True)]
    groups = {EVERY: Group("All test cases", tuple(test["case_id"]))}
    for card, scores, flags in zip(cards, p, above, strict=True):
        for outcome, cell in outcomes(labels, flags).items():
            title = f"{card.title}: {OUTCOMES[outcome][0].lower()} ({OUTCOMES[outcome][1]})"
            found = tuple(ids[farthest_apart(cell, labels, scores)])
            groups[f"{card.name}.{outcome}"] = Group(title, found)
    if len(cards) > 1:
        titles = agreement_titles(cards[0].title, cards[1].title)
        for name, inside in agreement(labels, *above[:2]).items():
            groups[name] = Group(titles[name], tuple(ids[farthest_apart(inside, *p[:2])]))
    return groups | {TRAINING: Group("Training cases", tuple(training["case_id"]))}


def box_from_link(link: str | None, side: int) -> Region | None:
    """Read a box on a crop of `side` pixels; None where it is none, or not on the crop.

    >>> box_from_link("10,20,30,40", 128)
    (10, 20, 30, 40)
    >>> [box_from_link(link, 128) for link in (None, "1,2,3", "a,b,c,d", "200,0,9,9", "0,0,0,5")]
    [None, None, None, None, None]
    """
    parts = (link or "").split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() and len(part) < 6 for part in parts):
        return None
    x, y, width, height = (int(part) for part in parts)
    if x >= side or y >= side or width < 1 or height < 1:
        return None
    return x, y, min(width, side - x), min(height, side - y)


def box_in_link(box: Region | None) -> str | None:
    """Write a box for the link."""
    return None if box is None else ",".join(map(str, box))


def offer_panels(
    viewed: Viewed,
    panels: Sequence[Panel],
    columns: int,
    name: str,
    about: Sequence[str],
    colour_map: ColourMap | None = None,
) -> None:
    """Offer pictures in rows, with the case above all words, and the notice below."""
    paragraphs = (f"{viewed.picture.name}.", *about, text.NOTICE_SHORT)
    offer_png(lambda: panel_sheet(panels, columns, paragraphs, colour_map), name)


def offer_png(draw: Callable[[], NDArray[np.uint8]], name: str) -> None:
    """Offer a picture, drawn once somebody asks for it, as `mammo-<name>.png`."""

    def png() -> bytes:
        return cv2.imencode(".png", np.ascontiguousarray(draw()[..., ::-1]))[1].tobytes()

    offer_file("Download as PNG", png, f"mammo-{name}.png", "image/png", key=f"png_{name}")
