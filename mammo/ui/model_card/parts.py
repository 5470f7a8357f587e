"""The model card on its page: a part at a time, section by section, with pictures of failures."""

import re
from collections.abc import Sequence

import streamlit as st

from mammo.report.model_card import (
    CHECKS,
    DATA,
    FAILURES,
    MODELS,
    Facts,
    Failures,
    Section,
    as_markdown,
    worst_answers,
)
from mammo.text import literal
from mammo.ui.kit.frame import small_notice, warn
from mammo.ui.kit.pictures import pictures
from mammo.ui.kit.widgets import offer_file
from mammo.ui.model_card.loading import LoadedCard, load_model_card

GLOSSARY_PART = "Glossary"
PARTS = (MODELS, DATA, CHECKS, GLOSSARY_PART)
PICTURES_IN_A_ROW = 5


def choose_part() -> str:
    """Ask which part of the page to show; the address holds it."""
    chosen = st.segmented_control(
        "Part",
        PARTS,
        default=MODELS,
        required=True,
        label_visibility="collapsed",
        key="part",
        bind="query-params",
    )
    return str(chosen or MODELS)


def show_part(part: str) -> None:
    """Show the models' cards, the data sheet or the checklists, and offer all as Markdown."""
    loaded = load_model_card()
    sections = loaded.card[part]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(contents(sections))
        offer_file(
            "Download the card as Markdown",
            lambda: as_markdown(loaded.card).encode("utf-8"),
            "mammo-model-card.md",
            "text/markdown",
            key="download_card",
        )
    for section in sections:
        _section(section, loaded)
    small_notice()


def contents(sections: Sequence[Section]) -> str:
    """Link to the sections, in Markdown.

    Examples
    --------
    >>> contents([Section("Model details", ()), Section("Factors", ())])
    '[Model details](#model-details) · [Factors](#factors)'
    """
    return " · ".join(f"[{one.title}](#{section_anchor(one.title)})" for one in sections)


def section_anchor(title: str) -> str:
    """Return the anchor of a section.

    Examples
    --------
    >>> section_anchor("Preprocessing, cleaning and labelling"), section_anchor("TRIPOD+AI")
    ('preprocessing-cleaning-and-labelling', 'tripod-ai')
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _section(section: Section, loaded: LoadedCard) -> None:
    st.header(section.title, anchor=section_anchor(section.title))
    _body(section)
    if section.title == FAILURES:
        _failure_pictures(loaded.facts)


def _body(section: Section) -> None:
    """Write a section; its tables scroll within themselves, as Markdown's own do not on a phone."""
    for block in section.blocks:
        if isinstance(block, str):
            st.markdown(block)
        else:
            named = block.rename(columns={"": "What"})
            st.table(named, hide_index=True, alt=section.title)


def _failure_pictures(facts: Facts) -> None:
    """Show the worst answers whose pixels are at hand."""
    failures = worst_answers(facts)
    cases = [row["case_id"] for one in failures for row in (*one.misses, *one.false_alarms)]
    found, complaint = pictures(list(dict.fromkeys(cases)))
    for one in failures:
        _row_of_pictures(one, found)
    warn(complaint)
    if len(found) < len(set(cases)):
        st.caption(
            f"Pictures of {len(found)} of {len(set(cases))} cases are at hand: those of the "
            "example films, and all once a folder of prepared crops is set (Settings, in the "
            "sidebar)."
        )


def _row_of_pictures(failures: Failures, found: dict[str, str]) -> None:
    kinds = (("malignant", failures.misses), ("benign", failures.false_alarms))
    shown = [(row, kind) for kind, rows in kinds for row in rows if row["case_id"] in found]
    if not shown:
        return
    st.markdown(f"**{failures.card.title}, those with a picture**")
    with st.grid(PICTURES_IN_A_ROW, min_column_width=120):
        for row, kind in shown:
            share = f"{100 * float(row[f'{failures.card.name}_p']):.0f}%"
            with st.container(gap="xxsmall"):
                st.image(found[row["case_id"]], width="stretch", alt=f"Crop of {row['case_id']}")
                st.caption(f"{kind}, {share}  \n{literal(row['case_id'].replace('_', ' '))}")
