"""The parts of the page Model card: its sections, pictures of the worst answers, the glossary."""

import re
from collections.abc import Sequence

import streamlit as st

from mammo.artifacts import artifacts_folder
from mammo.report import model_card as report
from mammo.report.glossary import (
    GLOSSARY,
    GROUPS,
    V2025,
    Term,
    anchor,
    lexicon_table,
)
from mammo.report.model_card import Facts, Failures, ModelCard, Section
from mammo.text import literal
from mammo.ui.kit import cache
from mammo.ui.kit.case_folder import thumbnails
from mammo.ui.kit.cases import evaluation
from mammo.ui.kit.frame import sentences, small_notice, small_print, warn
from mammo.ui.kit.get_images import offer_images
from mammo.ui.kit.widgets import offer_file

_PICTURES_IN_A_ROW = 5


@cache.of_artifacts(2, "Reading the figures of the models")
def _loaded() -> tuple[Facts, ModelCard]:
    """Return the card of the served artifacts and what it was written from; it takes seconds."""
    facts = report.read_facts(evaluation("crop").splits["test"], artifacts_folder())
    return facts, report.model_card(facts)


def show_part(part: str) -> None:
    """Show one part of the card, and offer all of it as Markdown."""
    facts, card = _loaded()
    st.markdown(contents(card[part]))
    for section in card[part]:
        st.header(section.title, anchor=section_anchor(section.title))
        _show_body(section)
        if section.title == report.FAILURES:
            _show_failures(facts)
    offer_file(
        "Download the card as Markdown",
        lambda: report.as_markdown(card).encode("utf-8"),
        "mammo-model-card.md",
        "text/markdown",
        key="download_card",
    )
    small_notice()


def contents(sections: Sequence[Section]) -> str:
    """Link to the sections, in Markdown."""
    return " · ".join(
        f"[{section.title}](#{section_anchor(section.title)})" for section in sections
    )


def section_anchor(title: str) -> str:
    """Return the anchor of a section.

    >>> section_anchor("Preprocessing, cleaning and labelling"), section_anchor("TRIPOD+AI")
    ('preprocessing-cleaning-and-labelling', 'tripod-ai')
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _show_body(section: Section) -> None:
    """Write a section; its tables scroll within themselves, as Markdown's own do not on a phone."""
    for block in section.blocks:
        if isinstance(block, str):
            st.markdown(block)
        else:
            named = block.rename(columns={"": "What"})
            st.table(named, hide_index=True, alt=section.title)


def _show_failures(facts: Facts) -> None:
    """Show the images of the largest errors, where they are available."""
    failures = report.worst_answers(facts)
    cases = dict.fromkeys(
        row["case_id"] for failure in failures for row in (*failure.misses, *failure.false_alarms)
    )
    images, complaint = thumbnails(list(cases))
    for failure in failures:
        _show_row(failure, images)
    warn(complaint)
    if len(images) < len(cases):
        st.caption(f"Images are available for {len(images)} of these {len(cases)} cases.")
        offer_images(cases.keys() - images.keys(), "card")


def _show_row(failures: Failures, images: dict[str, str]) -> None:
    kinds = (("malignant", failures.misses), ("benign", failures.false_alarms))
    shown = [(row, kind) for kind, rows in kinds for row in rows if row["case_id"] in images]
    if not shown:
        return
    st.markdown(f"**{failures.card.title}, with an image**")
    with st.grid(_PICTURES_IN_A_ROW, min_column_width=120):
        for row, kind in shown:
            share = f"{100 * float(row[f'{failures.card.name}_p']):.0f}%"
            with st.container(gap="xxsmall"):
                st.image(images[row["case_id"]], width="stretch", alt=f"Crop of {row['case_id']}")
                st.caption(f"{kind}, {share}  \n{literal(row['case_id'].replace('_', ' '))}")


def show_glossary(wanted: str) -> None:
    """Show the terms whose name or meaning contains some words, all where none are given."""
    found = terms_with(wanted)
    if not found:
        st.info(
            f"No term contains “{literal(wanted)}”. Try a part of the word.",
            icon=":material/search_off:",
        )
    for group in GROUPS:
        terms = {key: term for key, term in found.items() if term.group == group}
        if terms:
            st.header(group)
            with st.grid(2, min_column_width=300, gap="medium"):
                for key, term in terms.items():
                    _show_term(key, term)
    if not wanted.strip():
        st.header("Descriptors by BI-RADS edition", anchor="lexicon")
        st.caption(V2025)
        with sentences():
            st.table(lexicon_table(cache.cases()), hide_index=True, alt="Descriptors and editions")


def terms_with(words: str) -> dict[str, Term]:
    """Return the terms whose name or meaning contains some words, all where none are given."""
    sought = words.strip().lower()
    return {
        key: term
        for key, term in GLOSSARY.items()
        if sought in term.name.lower() or sought in term.meaning.lower()
    }


def _show_term(key: str, term: Term) -> None:
    with st.container(gap="xxsmall"):
        st.subheader(term.name, anchor=anchor(key))
        st.markdown(term.meaning)
        kin = ", ".join(f"[{GLOSSARY[other].name}](#{anchor(other)})" for other in term.see)
        if kin:
            small_print(f"See also {kin}")
