"""The explorer's images: what the network sees of one crop, and the check for data leakage.

Preprocessing is shown step by step, and augmented as in training. The leakage check reads the
released cases, and the pixels of the data folder.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from mammo.artifacts import Card
from mammo.data.augment import Augmentation, affine, augment
from mammo.data.splits import Duplicate, LeakReport, find_leaks, shared_values, small_crops
from mammo.imaging.preprocess import prepare, stretch
from mammo.text import literal
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.address import choose_option
from mammo.ui.kit.display import show_side_by_side
from mammo.ui.kit.frame import warn

_VIEWS = 8
_HIDE = "off"
_MOST_SHOWN = 8
_KEYS = ("rotation_degrees", "zoom", "shift", "contrast", "brightness")

Crop = NDArray[np.uint8]


def show_preview(case: str | None) -> None:
    """Show a case's crop after each step, and eight random views as in training, once asked."""
    cards, missing = cache.cards_at_hand()
    if not cards:
        warn(*missing)
        return
    titles = {_HIDE: "Hide"} | {card.name: card.title for card in cards}
    model = choose_option("Preprocessing of", "recipe", titles, _HIDE)
    if model == _HIDE:
        return
    crop = case_folder.crop_of(case) if case else None
    if crop is None:
        st.info("Choose a case with an image above to see each step.")
        return
    card = next(card for card in cards if card.name == model)
    st.caption(_recipe_in_words(card))
    shown = steps(crop, card).items()
    show_side_by_side([(view, title, f"The crop, {title}") for title, view in shown], 4)
    st.subheader("Random augmentation", anchor=False)
    seed = int(st.number_input("Seed", 0, 10_000, 0, key="explorer_seed", width=160))
    views = random_views(crop, card, seed)
    show_side_by_side([(view, "", "A random view of the crop") for view in views], 4)


def steps(crop: Crop, card: Card) -> dict[str, Crop]:
    """Return the crop under each step, by its title."""
    preprocessing, limits = card.preprocessing, augmentation_of(card)
    stretched = stretch(crop, preprocessing)
    size = preprocessing.input_size

    def moved(**change: Any) -> Crop:
        matrix = affine(crop.shape[0], size, **change)
        border = cv2.BORDER_REFLECT_101
        return _rounded(
            cv2.warpAffine(
                stretched, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border
            )
        )

    upright = prepare(crop[np.newaxis], preprocessing)[0]
    degrees = min(limits.rotation_degrees, 45.0)
    low, high = preprocessing.low_percentile, preprocessing.high_percentile
    shown = {
        "As cut from the film": crop,
        f"Stretched ({low:g} to {high:g}%)": _rounded(stretched),
        f"Resized to {size} pixels": _rounded(upright),
        "Mirrored": moved(mirrored=True),
        f"Turned by {degrees:g}°": moved(degrees=degrees),
        f"Zoomed by {1 + limits.zoom:g}": moved(scale=1 + limits.zoom),
        f"Shifted by {100 * limits.shift:g}%": moved(shift=(limits.shift, limits.shift)),
    }
    if limits.contrast or limits.brightness:
        toned = (upright - 127.5) * (1 + limits.contrast) + 127.5 + limits.brightness
        shown["More contrast, brighter"] = _rounded(toned)
    return shown


def random_views(crop: Crop, card: Card, seed: int) -> list[Crop]:
    """Return eight augmented views by the function that training uses."""
    stretched = stretch(crop, card.preprocessing)
    size, limits = card.preprocessing.input_size, augmentation_of(card)
    return [
        _rounded(augment(stretched, size, limits, np.random.default_rng([seed, number])))
        for number in range(_VIEWS)
    ]


def augmentation_of(card: Card) -> Augmentation:
    """Return the augmentation that a model was trained with, from its card."""
    recorded: Mapping[str, Any] = card.settings
    return Augmentation(**{name: float(recorded[name]) for name in _KEYS if name in recorded})


def _recipe_in_words(card: Card) -> str:
    limits = augmentation_of(card)
    tone = (
        f", contrast by up to {100 * limits.contrast:g}% and brightness by up to "
        f"{limits.brightness:g} grey levels."
        if limits.contrast or limits.brightness
        else ", and no change of grey values."
    )
    return (
        f"{card.title} was trained with flips, rotation up to {limits.rotation_degrees:g}°, zoom "
        f"up to {1 + limits.zoom:g}, shift up to {100 * limits.shift:g}% of the side{tone}"
    )


def _rounded(picture: NDArray[Any]) -> Crop:
    return np.asarray(np.clip(np.rint(picture), 0, 255), dtype=np.uint8)


def show_leak_check() -> None:
    """Check the released cases at once, the data folder on request, and report what was found."""
    every = cache.cases()
    shared = line_of(shared_values(every, "patient_id"), "patient")
    st.markdown(f"In the {len(every):,} released cases:\n- {literal(shared)}")
    at_hand = case_folder.folder()
    if at_hand is None:
        st.info("To find images in both splits, download the images first.")
        return
    if at_hand.leaks is None:
        if not st.button("Check the data folder", icon=":material/fact_check:", key="check_leaks"):
            return
        at_hand.leaks = _look_for_leaks(at_hand.table)
    lines = "\n".join(f"- {literal(line)}" for line in report_lines(at_hand.leaks))
    st.markdown(f"In the {len(at_hand.table):,} crops of the data folder:\n{lines}")
    if len(at_hand.leaks.duplicates) > _MOST_SHOWN:
        st.caption(f"The {_MOST_SHOWN} most similar pairs:")
    for duplicate in at_hand.leaks.duplicates[:_MOST_SHOWN]:
        _show_pair(duplicate, at_hand.table["case_id"])


def _look_for_leaks(table: pd.DataFrame) -> LeakReport:
    reading, comparing = "Reading the crops", "Comparing every training with every test crop"
    bar = st.progress(0.0, reading)
    try:
        small = small_crops(
            table, lambda share: bar.progress(share, reading if share < 1 else comparing)
        )
        return find_leaks(table, small)
    finally:
        bar.empty()


def report_lines(report: LeakReport) -> list[str]:
    r"""Return what the check found, a line for each kind.

    >>> print(*report_lines(LeakReport(("P_1",), (), (), 12)), sep="\n")
    Patients in both splits: 1 (P_1).
    Mammograms in both splits: none.
    Identical images: none in 12 pairs.
    """
    alike = len(report.duplicates)
    return [
        line_of(report.patients, "patient"),
        line_of(report.films, "mammogram"),
        f"Identical images: {alike or 'none'} in {report.compared:,} pairs.",
    ]


def line_of(shared: tuple[str, ...], noun: str) -> str:
    """Return how many of a kind are in both splits, and which, five at most.

    >>> line_of(("a", "b", "c", "d", "e", "f"), "mammogram")
    'Mammograms in both splits: 6 (a, b, c, d, e and others).'
    """
    named = ", ".join(shared[:5]) + (" and others" if len(shared) > 5 else "")
    count = f"{len(shared)} ({named})" if shared else "none"
    return f"{noun.capitalize()}s in both splits: {count}."


def _show_pair(duplicate: Duplicate, ids: pd.Series) -> None:
    turned = ", turned or mirrored" if duplicate.turned else ""
    st.markdown(f"Correlation {duplicate.correlation:.3f}{turned}:")
    shown = []
    for split, row in (("training", duplicate.train_row), ("test", duplicate.test_row)):
        case = str(ids.iloc[row])
        crop = case_folder.crop_of(case)
        if crop is not None:
            shown.append((crop, literal(f"{split}: {case}"), f"Crop in {split}: {case}"))
    show_side_by_side(shown, 4)
