"""One reader's results: beside the models and the radiologists, at a cut of one's own, in time."""

import math

import streamlit as st

import mammo
from mammo import text
from mammo.data.csv_table import whole_number
from mammo.plots.reading import case_figure, roc_figure
from mammo.plots.style import figure_config
from mammo.reading import (
    Record,
    Result,
    advice_effect,
    standings,
    wording,
    write_result,
)
from mammo.reading.results_file import LONGEST_NICKNAME, clean_nickname
from mammo.text import counted
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.cases import download
from mammo.ui.kit.frame import sentences, small_notice, warn
from mammo.ui.kit.widgets import draw, offer_file
from mammo.ui.reading import session
from mammo.ui.reading.loading import Round, artifacts_fingerprint
from mammo.ui.reading.review import show_review
from mammo.ui.reading.session import Play

DEFAULT_CUT = 50


def show_results(opened: Round, play: Play) -> None:
    """Show the score of a round that was read here, and hand its file over."""
    with st.container(border=True):
        _hand_over(opened, play.record)
    show_score(opened, play.record)
    st.button("Another round", on_click=session.leave, key="reading_leave")


def _hand_over(opened: Round, record: Record) -> None:
    st.markdown(
        f"**Your results** of the round {opened.code}. Nothing is stored here: download the file, "
        "and give it to your lecturer or open it here again."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        nickname = st.text_input(
            "Nickname (if you like)",
            max_chars=LONGEST_NICKNAME,
            key="reading_nickname",
            width=260,
            help="Stands in the file, and nowhere else. No real name, please.",
        )
        name = clean_nickname(nickname or "")
        result = Result(record, name, artifacts_fingerprint(), mammo.__version__)
        offer_file(
            "Download my results as CSV",
            lambda: write_result(result, text.NOTICE_SHORT),
            file_name(opened.code, name),
            "text/csv",
            key="reading_download",
        )


def file_name(code: str, nickname: str) -> str:
    """Name a results file.

    Examples
    --------
    >>> file_name("T20B-4711-T3", "Ada L."), file_name("T20B-4711-T3", "")
    ('mammo-round-T20B-4711-T3-Ada-L.csv', 'mammo-round-T20B-4711-T3.csv')
    """
    letters = "".join(sign if sign.isalnum() else " " for sign in nickname)
    return "-".join(["mammo", "round", code, *letters.split()]) + ".csv"


def show_score(opened: Round, record: Record, reader: str = wording.YOU) -> None:
    """Show everything that a whole record says, and each case with its truth."""
    _figures(opened, record, reader)
    with sentences():
        show_review(opened, record, reader)


@st.fragment
def _figures(opened: Round, record: Record, reader: str) -> None:
    """Score at a cut; moving it runs this part alone."""
    cases, name = opened.cases, text.literal(reader)
    ratings = [reading.rating for reading in record.readings]
    second = [reading.second or 0 for reading in record.readings] if opened.plan.advice else None
    top = st.container()
    st.header("At your own cut", anchor="cut")
    cut = choose_cut()
    with st.spinner("Scoring", show_time=False):
        found = standings(cases, ratings, cut)
    with top:
        st.header(f"{name}, the models and the radiologists", anchor="score")
        st.info(wording.reader_sentence(found[0].auc, name), icon=":material/format_quote:")
        warning = wording.too_small(found[0].auc, cases)
        warn(warning)
        if not math.isnan(found[0].auc.value):
            draw(
                roc_figure(found, cases, reader),
                config=figure_config(f"round-{opened.code}"),
                key="reading_roc",
                alt=f"ROC curves of {wording.in_a_sentence(reader)}, the models and the "
                "radiologists on this round's cases",
            )
        st.caption(
            f"All on the same {cases.labels.size} cases, {int(cases.labels.sum())} of them "
            f"malignant, of {counted(len(set(cases.patients)), 'patient')}; intervals resample "
            "patients. The radiologists had whole films of both breasts, often earlier ones."
        )
    draw(
        case_figure(ratings, second, cases.labels.tolist(), cut),
        config=figure_config(f"ratings-{opened.code}"),
        key="reading_ratings",
        alt="Rating of each case against the cut",
    )
    st.table(
        wording.standings_table(found, cases, cut, name),
        hide_index=True,
        alt="Figures of everybody on this round's cases",
    )
    small_notice()
    table = wording.standings_table(found, cases, cut, reader)
    download(table.assign(round=opened.code), f"round-{opened.code}-figures")
    st.subheader("Agreement and time", anchor="agreement")
    lines = wording.agreement_sentences(found, cases)
    lines.append(wording.time_sentence([reading.seconds for reading in record.readings]))
    if record.resumed:
        times = "once" if record.resumed == 1 else f"{record.resumed} times"
        lines.append(f"The round was picked up from its link {times}.")
    st.markdown("\n".join(f"- {line}" for line in lines))
    if second is not None:
        st.subheader("What the advice changed", anchor="advice")
        effect = advice_effect(cases, ratings, second, cut)
        told = wording.advice_sentences(effect, cut, name)
        st.markdown("\n".join(f"- {line}" for line in told))


def choose_cut() -> int:
    """Ask from which rating on a case counts as flagged; the link keeps it."""
    key = "reading_cut"
    if went_back() or key not in st.session_state:
        asked = whole_number(st.query_params.get("cut", ""), 100)
        st.session_state[key] = DEFAULT_CUT if asked is None else asked
    cut = int(
        st.slider(
            "Cut: a case counts as flagged from this rating on", 0, 100, key=key,
            help="Your own threshold. The AUC does not depend on it; sensitivity and "
            "specificity do.",
        )
    )  # fmt: skip
    keep_in_link("cut", None if cut == DEFAULT_CUT else str(cut))
    return cut
