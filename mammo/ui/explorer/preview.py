"""What the network sees of one crop: preprocessing step by step, and augmented as in training.

`steps` is free of Streamlit. Run the tests with `pytest tests/ui/test_explorer.py`.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo.artifacts import Card
from mammo.data.augment import Augmentation, affine, augment
from mammo.imaging.preprocess import prepare, stretch
from mammo.ui.kit import cache, case_folder
from mammo.ui.kit.display import show_side_by_side
from mammo.ui.kit.frame import warn
from mammo.ui.kit.widgets import choose_option

_VIEWS = 8
_KEYS = ("rotation_degrees", "zoom", "shift", "contrast", "brightness")


def show_preview(case: str | None) -> None:
    """Show a case's crop under each step, and eight views as a training epoch would draw them."""
    crop = case_folder.crop_of(case) if case else None
    if crop is None:
        st.info("Choose a case with a picture above: its crop is shown under each step here.")
        return
    found, missing = cache.cards_at_hand()
    cards = {card.name: card for card in found}
    if not cards:
        warn(missing)
        return
    model = choose_option(
        "Recipe of",
        "recipe",
        {name: card.title for name, card in cards.items()},
        list(cards)[-1],
    )
    card = cards[model]
    st.caption(_recipe_in_words(card))
    _show(steps(crop, card))
    st.subheader("Drawn at random, as in training")
    seed = int(st.number_input("Seed", 0, 10_000, 0, key="explorer_seed", width=160))
    views = random_views(crop, card, seed)
    _show({f"View {number}": view for number, view in enumerate(views, start=1)})


def _show(pictures: Mapping[str, NDArray[np.uint8]]) -> None:
    shown = [(picture, title, f"The crop, {title}") for title, picture in pictures.items()]
    show_side_by_side(shown, 4)


def steps(crop: NDArray[np.uint8], card: Card) -> dict[str, NDArray[np.uint8]]:
    """Return the crop under each step, by its title."""
    preprocessing, limits = card.preprocessing, augmentation_of(card)
    stretched = stretch(crop, preprocessing)
    size = preprocessing.input_size

    def moved(**change: Any) -> NDArray[np.uint8]:
        matrix = affine(crop.shape[0], size, **change)
        return _shown(
            cv2.warpAffine(
                stretched, matrix, (size, size), flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT_101,
            )
        )  # fmt: skip

    upright = prepare(crop[np.newaxis], preprocessing)[0]
    shown = {
        "As cut from the film": crop,
        f"Stretched ({preprocessing.low_percentile:g} to {preprocessing.high_percentile:g}%)": (
            _shown(stretched)
        ),
        f"Resized to {size} pixels": _shown(upright),
        "Mirrored": moved(mirrored=True),
        f"Turned by {min(limits.rotation_degrees, 45.0):g}°": moved(
            degrees=min(limits.rotation_degrees, 45.0)
        ),
        f"Zoomed by {1 + limits.zoom:g}": moved(scale=1 + limits.zoom),
        f"Shifted by {100 * limits.shift:g}%": moved(shift=(limits.shift, limits.shift)),
    }
    if limits.contrast or limits.brightness:
        toned = (upright - 127.5) * (1 + limits.contrast) + 127.5 + limits.brightness
        shown["More contrast, brighter"] = _shown(toned)
    return shown


def random_views(crop: NDArray[np.uint8], card: Card, seed: int) -> list[NDArray[np.uint8]]:
    """Return eight augmented views, uint8, by the function that training uses."""
    stretched = stretch(crop, card.preprocessing)
    size, limits = card.preprocessing.input_size, augmentation_of(card)
    return [
        _shown(augment(stretched, size, limits, np.random.default_rng([seed, number])))
        for number in range(_VIEWS)
    ]


def augmentation_of(card: Card) -> Augmentation:
    """Return the augmentation that a model was trained with, from its card."""
    recorded: Mapping[str, Any] = card.settings
    return Augmentation(**{name: float(recorded[name]) for name in _KEYS if name in recorded})


def _recipe_in_words(card: Card) -> str:
    limits = augmentation_of(card)
    return (
        f"{card.title} was trained with flips, rotation up to {limits.rotation_degrees:g}°, zoom "
        f"up to {1 + limits.zoom:g}, shift up to {100 * limits.shift:g}% of the side"
        + (
            f", contrast by up to {100 * limits.contrast:g}% and brightness by up to "
            f"{limits.brightness:g} grey levels."
            if limits.contrast or limits.brightness
            else "; tone is left as it is."
        )
        + " Below each step at its largest (rotation at most 45° here)."
    )


def _shown(picture: NDArray[Any]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(picture), 0, 255), dtype=np.uint8)
