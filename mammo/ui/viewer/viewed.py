"""What the viewer shows: a public case or the visitor's own crop, and the models' results.

Groups of cases are those of the comparison page, at each model's balanced threshold. What was
computed is kept, so that a moved slider computes it once. Public cases share one shelf for all
visitors; a crop of the visitor's own is kept in their session, on a shelf that goes when another
crop takes its place. Both are bounded.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
from mammo.inference import Classifier, Lesion, LesionResult
from mammo.inference.maps import Method
from mammo.inference.overlay import ColourMap
from mammo.inference.perturb import Change, curve
from mammo.inference.pictures import Panel, panel_sheet
from mammo.inference.result import BALANCED
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.cases import (
    LIST_CASES,
    OUTCOMES,
    Group,
    agreement,
    agreement_titles,
    farthest_apart,
    film_of,
    outcomes,
    sides_of_cases,
)
from mammo.ui.kit.result import OPEN_VIEWER
from mammo.ui.kit.settings import data_folder
from mammo.ui.kit.source import (
    OWN_CROP,
    OWN_SHELF,
    Picture,
    choose_by_picture,
    first_example,
)
from mammo.ui.kit.widgets import offer_file

EXAMPLES, EVERY, TRAINING, OWN = "examples", "test", "training", "own"
GROUP_HELP = (
    "Results are counted as true or false at each model's balanced threshold. Lists of errors "
    "start with the largest error, other lists with the largest difference between the models."
)
STRIP = 10
"""How many cases of a list show as small images."""
LONGEST_ID = 60
"""Characters of an unknown id that are shown."""
_CASE, _GROUP, _IMAGES = "viewer_case", "viewer_group", "viewer_images"
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
    reviewed : bool, whether the case is of a list that is named by its diagnosis
    """

    picture: Picture
    pixels: Crop | None
    row: pd.Series | None = None
    reviewed: bool = False

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
        """Return the models' results; a case's own patient is no similar case."""
        patient = None if self.row is None else str(self.row["patient_id"])
        area = self.area

        def assess() -> LesionResult:
            result = self.picture.assessed(area, patient=patient)
            if area is None:
                return result
            return cache.models().redraw(Lesion(self.picture.image, window=area), result)

        return self.once(assess, "result")

    @property
    def area(self) -> Window | None:
        """Return the crop area on the film; None without a film."""
        example = self.picture.example
        return None if example is None else Window(*example.window)

    def heat(self, model: Classifier, method: Method) -> NDArray[np.float32]:
        """Return a method's map, float32 (S, S) in 0-1; a bar shows its progress."""
        progress, title = st.empty(), f"{method.title}, {model.card.title}"

        def show(done: int, total: int) -> None:
            progress.progress(min(done / max(total, 1), 1.0), title)

        try:
            return self.once(
                lambda: model.explain(self.crop, method.key, show), "heat", model.name, method.key
            )
        finally:
            progress.empty()

    def curves(self, change: Change) -> dict[str, NDArray[np.float64]]:
        """Return each model's estimate over the range of a change, model name -> float64 (k,)."""

        def ask() -> dict[str, NDArray[np.float64]]:
            with st.spinner(f"Classifying {len(change.amounts)} changed crops", show_time=True):
                return {model.name: curve(model, self.crop, change) for model in self.models}

        return self.once(ask, "curves", change.key, *(model.name for model in self.models))


def choose_case() -> Viewed:
    """Ask for a list and one of its cases, and open it; DataError where there is none."""
    lists = _lists()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = _choose_list(lists)
        case = None if name == OWN else _choose_case(lists[name], name == EXAMPLES)
    keep_in_link("case", case)
    keep_in_link("from", OWN if name == OWN else None)
    keep_in_link("group", None if name in (OWN, _list_of(case, lists)) else name)
    if name == OWN:
        return _view_own()
    if case is None:
        raise DataError("This list is empty. Choose another list of cases.")
    _show_images(lists[name].cases, case)
    return _view_case(case, reviewed=name not in (EXAMPLES, EVERY, TRAINING))


def _lists() -> dict[str, Group]:
    """Return the lists of cases by the name that the link has for them."""
    lists = {}
    if examples := cache.examples_at_hand():
        lists[EXAMPLES] = Group("Examples", tuple(examples))
    lists |= st.session_state.get(LIST_CASES, {})
    lists |= case_groups(cache.cases(), cache.cards())
    if OWN_CROP in st.session_state or st.query_params.get("from") == OWN:
        lists[OWN] = Group("My own crop", ("",))
    return lists


def _list_of(case: str | None, lists: Mapping[str, Group]) -> str:
    """Return the list in which a link without a list shows a case."""
    known = EXAMPLES in lists and (case is None or case in lists[EXAMPLES].cases)
    return EXAMPLES if known else EVERY


def _choose_list(lists: Mapping[str, Group]) -> str:
    if went_back() or st.session_state.get(_GROUP) not in lists:
        link = st.query_params
        fallback = EVERY if link.get("from") == "case" else _list_of(link.get("case"), lists)
        asked = OWN if link.get("from") == OWN else link.get("group", fallback)
        st.session_state[_GROUP] = asked if asked in lists else fallback
    return str(
        st.selectbox(
            "Cases",
            list(lists),
            format_func=lambda name: f"{lists[name].title} ({len(lists[name].cases)})",
            help=GROUP_HELP,
            key=_GROUP,
            on_change=_start_list,
            width=330,
            label_visibility="collapsed",
        )
    )


def _start_list() -> None:
    """Open the first case of a newly chosen list."""
    st.session_state[_CASE] = None
    keep_in_link("case", None)


def _choose_case(group: Group, are_examples: bool) -> str | None:
    """Ask for a case of the list; any other id may be typed."""
    ids = list(group.cases)
    if went_back() or st.session_state.get(_CASE) is None:
        first = first_example().case_id if are_examples else next(iter(ids), None)
        st.session_state[_CASE] = st.query_params.get("case") or first
    if st.session_state[_CASE] is not None and st.session_state[_CASE] not in ids:
        ids = [st.session_state[_CASE], *ids]
    case = st.selectbox(
        f"Case, of {len(group.cases)}",
        ids,
        accept_new_options=True,
        placeholder="Choose, or type an id",
        help="Type to search. You can enter the ID of any case, including training cases.",
        key=_CASE,
        width=270,
        label_visibility="collapsed",
    )
    for label, icon, key, step in (
        ("Previous", ":material/arrow_back:", "p", -1),
        ("Next", ":material/arrow_forward:", "n", 1),
    ):
        index = ids.index(case) + step if case in ids else -1
        there = ids[index] if 0 <= index < len(ids) else None
        st.button(
            label,
            icon=icon,
            shortcut=key,
            disabled=there is None,
            key=f"viewer_{label.lower()}",
            on_click=st.session_state.update,
            args=({_CASE: there},),
        )
    return str(case).strip() if case else None


def _show_images(ids: Sequence[str], case: str) -> None:
    """Show the case among its neighbours of the list, as small images to choose from."""
    if case not in ids:
        return
    start = ids.index(case) // STRIP * STRIP
    shown = ids[start : start + STRIP]
    images, _ = case_folder.thumbnails(shown)
    if len(images) < len(shown):
        return
    films = cache.cases().set_index("case_id").loc[list(shown)].to_dict("index")
    sides = sides_of_cases(tuple(shown))

    def title(shown_case: str) -> str:
        film = film_of(films[shown_case])
        return f"![{shown_case}]({images[shown_case]}) {sides.get(shown_case, film)}"

    def take() -> None:
        st.session_state[_CASE] = st.session_state[_IMAGES]

    st.session_state[_IMAGES] = case
    choose_by_picture("Cases of the list", shown, title, _IMAGES, on_change=take)


def _view_case(case: str, *, reviewed: bool) -> Viewed:
    cases = cache.cases()
    rows = cases[cases["case_id"] == case]
    if rows.empty:
        raise DataError(unknown_case(case, len(cases), str(cases["case_id"].iloc[0])))
    crop, example = case_folder.crop_of(case), cache.examples_at_hand().get(case)
    image = None if crop is None or example else Image(crop)
    picture = Picture(f"{case}|{data_folder()}", case, image, example)
    return Viewed(picture, crop, rows.iloc[0], reviewed)


def unknown_case(case: str, total: int, like: str) -> str:
    """Return the sentence on a case id that does not exist."""
    shown = case if len(case) <= LONGEST_ID else f"{case[:LONGEST_ID]}…"
    return (
        f"There is no case {shown} among the {text.number(total, 0)} of the release. An id looks "
        f"like {like}. Choose a case above, or type the whole id."
    )


def _view_own() -> Viewed:
    """Open the crop that the visitor brought from the upload page."""
    own: Picture | None = st.session_state.get(OWN_CROP)
    if own is None:
        raise DataError(
            "There is no crop of your own here. On the page Upload and classify, open a film or a "
            f"crop and choose “{OPEN_VIEWER}”. Your crop stays in your session: links do not "
            "contain it."
        )
    return Viewed(own, own.image.pixels)


def case_groups(cases: pd.DataFrame, cards: Sequence[Card]) -> dict[str, Group]:
    """Sort the cases into groups by the name that the link has for them."""
    of_test = cases["split"] == "test"
    test, training = cases[of_test], cases[~of_test]
    rows = test[test[[f"{card.name}_p" for card in cards]].notna().all(axis=1)]
    ids, labels = rows["case_id"].to_numpy(), (rows["label"] == 1).to_numpy(bool)
    p = [rows[f"{card.name}_p"].to_numpy(np.float64) for card in cards]
    above = [
        probabilities >= card.thresholds[BALANCED]
        for probabilities, card in zip(p, cards, strict=True)
    ]
    groups = {EVERY: Group("All test cases", tuple(test["case_id"]))}
    for card, scores, flags in zip(cards, p, above, strict=True):
        for outcome, cell in outcomes(labels, flags).items():
            title = f"{card.title}: {OUTCOMES[outcome][0].lower()}s"
            ordered = tuple(ids[farthest_apart(cell, labels, scores)])
            groups[f"{card.name}.{outcome}"] = Group(title, ordered)
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
