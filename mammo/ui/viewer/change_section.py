"""Change the crop, and see both estimates move: cover a part of it, or blur, turn, coarsen it.

Two fragments: nothing else of the page runs again. The four number fields hold the covering box and
are the one truth; a box dragged over the crop fills them in. The curves of a change are computed
once, its slider asks only for its own picture.
"""

from collections.abc import Sequence
from typing import cast

import streamlit as st

from mammo import text
from mammo.imaging.region import Region, selected_box
from mammo.inference.perturb import CHANGES, FILLS, Change, Fill, change_named, covered
from mammo.inference.pictures import Panel
from mammo.plots.style import FILM_CONFIG, figure_config, film_figure
from mammo.plots.viewer import curve_figure, curve_sentence
from mammo.ui.kit.address import keep_in_link, went_back
from mammo.ui.kit.display import data_uri, enlarged
from mammo.ui.kit.frame import sentences, small_notice
from mammo.ui.kit.widgets import NAMES, BoxFields, choose_option, draw
from mammo.ui.viewer import controls
from mammo.ui.viewer.viewing import Asked, Crop

_BOX = BoxFields("viewer_cover")
FILL_NAMES = {"mean": "Its mean grey", "black": "Black", "blur": "A blur of it"}
SMALLEST = 3
_FOR = "viewer_cover_for"


@st.fragment
def show_occlusion(asked: Asked) -> None:
    """Let the visitor cover a part of the crop, and say what both models make of the rest."""
    st.header("Cover a part yourself", anchor="cover")
    st.caption(
        "Drag a box over the crop with a mouse, or type its numbers. Where the estimate falls, the "
        "covered part spoke for malignancy; where it rises, against it."
    )
    side = asked.crop.shape[0]
    _start(asked.viewed.key, side)
    fill = cast("Fill", choose_option("Cover with", "fill", FILL_NAMES, FILLS[0]))
    left, right = st.columns([5, 7], gap="large")
    box = _BOX.get()
    changed = asked.crop if box is None else covered(asked.crop, box, fill)
    with left:
        _show_covered(asked, changed, box)
        _BOX.show(side, side, 4, persist_state="page")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Uncover", icon=":material/undo:", on_click=_BOX.set, args=(None,), key="uncover"
            )
            st.caption(f"In pixels of the crop, 0 to {side}, from the top left corner.")
    with right, sentences():
        _show_answers(asked, None if box is None else changed)
    keep_in_link("cover", controls.box_in_link(box))
    small_notice()


def _start(key: str, side: int) -> None:
    """Begin a visit to the page with the box of the link; another crop begins without one."""
    stayed = _BOX.key(NAMES[0]) in st.session_state and not went_back()
    if stayed and st.session_state.get(_FOR) == key:
        return
    st.session_state[_FOR] = key
    _BOX.set(None if stayed else controls.box_from_link(st.query_params.get("cover"), side))


def _show_covered(asked: Asked, changed: Crop, box: Region | None) -> None:
    chart, side = f"cover_{asked.viewed.key}", changed.shape[0]

    def take_drawn() -> None:
        drawn = selected_box(st.session_state.get(chart), (side, side), SMALLEST)
        if drawn is not None:
            _BOX.set(drawn)

    shown = enlarged(changed)
    st.plotly_chart(
        film_figure(data_uri(shown), shown.shape[:2], (0, 0, side, side), box),
        key=chart,
        on_select=take_drawn,
        selection_mode=("box",),
        config=FILM_CONFIG,
        alt=f"The crop, {'nothing covered' if box is None else 'a part of it covered'}",
    )


def _show_answers(asked: Asked, changed: Crop | None) -> None:
    """Show what both models say of the crop, changed or as it is, and how far that moved."""
    said = []
    columns = st.columns(len(asked.models))
    for column, model, answer in zip(columns, asked.models, asked.result().answers, strict=True):
        was, title = answer.probability, model.card.title
        now = was if changed is None else float(model.predict(changed)[0])
        said.append(
            f"{title}: {text.percent(was)} whole, {text.percent(now)} with the part covered."
        )
        with column:
            st.metric(
                f"{title}, estimated probability",
                text.percent(now),
                None if changed is None else moved(was, now),
                delta_color="off",
                border=True,
            )
            standing = text.standing(now, model.card.thresholds["youden"])
            st.caption(f"{standing} (balanced).")
    if changed is None:
        st.info("Nothing is covered yet: drag over the crop on this page.", icon=":material/crop:")
        return
    st.caption(
        "Each model stretches the greys of what it is given: covering the brightest part also "
        "makes the rest brighter to it."
    )
    panels = [Panel("whole", asked.crop), Panel("covered", changed)]
    about = ["Estimated probability of malignancy.", *said]
    controls.offer_panels(asked.viewed, panels, 2, "covered", about)


def moved(before: float, after: float) -> str:
    """Say by how many percentage points an estimate moved.

    Examples
    --------
    >>> moved(0.81, 0.402), moved(0.5, 0.501), moved(0.2, 0.25)
    ('-41 points', 'unchanged', '+5 points')
    """
    points = round(100 * (after - before))
    return f"{points:+d} points" if points else "unchanged"


@st.fragment
def show_sensitivity(asked: Asked) -> None:
    """Show the crop under a change, both estimates of it, and their curves over its range."""
    st.header("What are they sensitive to?", anchor="sensitivity")
    titles = {change.key: change.title for change in CHANGES}
    change = change_named(choose_option("Change", "change", titles, CHANGES[0].key))
    st.caption(change.sentence)
    limits = (change.low, change.high, change.step)
    label = f"{change.title}, {change.unit}"
    amount = controls.choose_number(label, change.key, limits, change.neutral)
    with sentences():
        left, right = st.columns([4, 8], gap="large")
        with left:
            _show_changed(asked, change, amount)
        with right:
            _show_curves(asked, change, amount)
    small_notice()


def _show_changed(asked: Asked, change: Change, amount: float) -> None:
    changed = change.apply(asked.crop, amount)
    st.image(
        data_uri(enlarged(changed)),
        width="stretch",
        alt=f"The crop after {change.title.lower()} of {amount:g} {change.unit}",
    )
    said = ", ".join(
        f"{model.card.title} {text.percent(float(model.predict(changed)[0]))}"
        for model in asked.models
    )
    st.markdown(f"Estimated probability of malignancy of this picture: **{said}**.")
    title = f"{change.title}: {amount:g} {change.unit}"
    panels = [Panel("as it is", asked.crop), Panel(title, changed)]
    about = [f"Estimated probability of malignancy after the change: {said}."]
    controls.offer_panels(asked.viewed, panels, 2, f"changed-{change.key}", about)


def _show_curves(asked: Asked, change: Change, amount: float) -> None:
    curves, cards = asked.curves(change), [model.card for model in asked.models]
    titles = [card.title for card in cards]
    thresholds = [card.thresholds["youden"] for card in cards]
    said = [
        curve_sentence(change, p, title, threshold)
        for p, title, threshold in zip(curves.values(), titles, thresholds, strict=True)
    ]
    name = f"sensitivity-{change.key}"
    draw(
        curve_figure(change, amount, curves, titles, thresholds),
        config=figure_config(name),
        key=f"sensitivity_{change.key}",
        alt=f"Estimates over {change.title.lower()}. {' '.join(said)}",
    )
    st.markdown("\n".join(f"- {sentence}" for sentence in said))
    st.caption("Dotted: each model's balanced threshold. Upright: your slider.")
    columns: dict[str, Sequence[object]] = {
        f"{change.title}, {change.unit}": change.amounts.tolist()
    }
    columns |= {title: p.tolist() for title, p in zip(titles, curves.values(), strict=True)}
    controls.offer_csv(columns, name)
