"""The confusion matrices as buttons: by mouse, finger or keyboard, a cell shows its cases."""

from collections.abc import Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mammo.evaluation import EvaluatedModel
from mammo.evaluation.comparison import Study
from mammo.ui.kit.address import keep_in_link, option_from_link, went_back
from mammo.ui.kit.frame import CHOSEN
from mammo.ui.kit.table import OUTCOMES
from mammo.ui.kit.wording import OUTCOMES as TITLES

_KEY = "comparison_cell"
_LINK = "cell"
_ROWS = {"Recorded malignant": ("found", "missed"), "Recorded benign": ("false_alarm", "spared")}

Cells = Mapping[str, Mapping[str, NDArray[np.bool_]]]


def choose_cell(study: Study, cells: Cells) -> tuple[EvaluatedModel, str] | None:
    """Draw a matrix for each model; return the model and outcome whose cell is chosen, or None."""
    models = {model.name: model for model in study.models}
    legal = [f"{model}.{outcome}" for model in models for outcome in OUTCOMES]
    # The buttons go with the page, and a choice of an earlier visit with them.
    if went_back() or _button(legal[0]) not in st.session_state:
        st.session_state[_KEY] = option_from_link(st.query_params.get(_LINK), legal, "")
    chosen = option_from_link(st.session_state[_KEY], legal, "")
    for column, model in zip(st.columns(len(models), border=True), study.models, strict=True):
        with column:
            _matrix(model, cells[model.name], chosen)
    keep_in_link(_LINK, chosen or None)
    if not chosen:
        return None
    name, outcome = chosen.split(".")
    return models[name], outcome


def _matrix(model: EvaluatedModel, cells: Mapping[str, NDArray[np.bool_]], chosen: str) -> None:
    st.markdown(f"**{model.title}**")
    for label, row in _ROWS.items():
        total = sum(int(cells[outcome].sum()) for outcome in row)
        st.caption(f"{label}: {total}")
        with st.container(horizontal=True, gap="small"):
            for outcome in row:
                _cell(f"{model.name}.{outcome}", TITLES[outcome], int(cells[outcome].sum()), chosen)


def _cell(name: str, title: tuple[str, str], count: int, chosen: str) -> None:
    st.button(
        f"**{count}** {title[0].lower()}",
        key=_button(name),
        help=title[1].capitalize(),
        icon=CHOSEN if name == chosen else None,
        width="stretch",
        on_click=_choose,
        args=("" if name == chosen else name,),
    )


def _button(name: str) -> str:
    return f"cell_{name}"


def _choose(name: str) -> None:
    st.session_state[_KEY] = name
