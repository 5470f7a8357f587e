"""The glossary on its page: terms by group, each with an anchor that other pages link to."""

import streamlit as st

from mammo.report.glossary import GLOSSARY, GROUPS, Term, anchor
from mammo.text import literal
from mammo.ui.kit.frame import small_print


def show_glossary() -> None:
    """Show the terms that the visitor looks for, or all."""
    st.markdown("Words that you meet in mammo, in plain English. Other pages link here.")
    wanted = st.text_input(
        "Find a word", key="find_word", placeholder="for example: prevalence", width=320
    )
    found = terms_with(wanted)
    if not found:
        st.info(
            f"No term holds “{literal(wanted)}”. Try a part of the word.",
            icon=":material/search_off:",
        )
    for group in GROUPS:
        terms = {key: term for key, term in found.items() if term.group == group}
        if terms:
            st.header(group)
            with st.grid(2, min_column_width=300, gap="medium"):
                for key, term in terms.items():
                    _term(key, term)


def terms_with(words: str) -> dict[str, Term]:
    """Return the terms whose name or meaning holds some words, all where none are given.

    Examples
    --------
    >>> list(terms_with("youden"))[:2]
    ['youden']
    """
    sought = words.strip().lower()
    return {
        key: term
        for key, term in GLOSSARY.items()
        if sought in term.name.lower() or sought in term.meaning.lower()
    }


def _term(key: str, term: Term) -> None:
    with st.container(gap="xxsmall"):
        st.subheader(term.name, anchor=anchor(key))
        st.markdown(term.meaning)
        kin = ", ".join(f"[{GLOSSARY[other].name}](#{anchor(other)})" for other in term.see)
        if kin:
            small_print(f"See also {kin}")
