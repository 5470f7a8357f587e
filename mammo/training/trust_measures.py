"""Measure the trust signals: who is questioned, how often neighbours are right, what "sure" means.

Every figure of the test split comes with a 95% interval over patients.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo.artifacts import sigmoid
from mammo.data.examples import example_lesions
from mammo.evaluation import PatientBootstrap
from mammo.evaluation.bootstrap import percentile_interval, widen_at_the_edge
from mammo.imaging import read_image
from mammo.inference import Classifier
from mammo.inference.trust import Trust
from mammo.text import Estimate
from mammo.training.trust_pictures import film_windows, outsiders, sized, variants

Cases = Sequence[Mapping[str, str]]
Crops = NDArray[np.uint8]
Booleans = NDArray[np.bool_]

UNSURE_SHARE = 0.25
"""Share of training crops, by their out-of-fold scores, that the zone holds."""

REJECTED = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SHIFT = 4
"""Pixels by which a crop is moved to see whether the spread over flips holds."""


def questioned(
    trust: Trust, model: Classifier, cases: Cases, crops: Crops
) -> dict[str, dict[str, Any]]:
    """Return the share of each set that is questioned."""
    sets = {
        **_from_films(),
        **outsiders("measure"),
        **{f"{name}, tuned on": pictures for name, pictures in outsiders("tune").items()},
    }
    changed = {f"test crops, {name}": pictures for name, pictures in variants(crops)}
    own, of = {"test crops": crops} | changed, patients(cases)
    return {
        **{name: _share(_questions(trust, model, some), of) for name, some in own.items()},
        **{name: _share(_questions(trust, model, some)) for name, some in sets.items()},
    }


def _from_films() -> dict[str, Crops]:
    """Return whole example films shrunk, and windows anywhere on them, within and at the edge."""
    paths = dict.fromkeys(lesion.film for lesion in example_lesions())
    films = [read_image(path).pixels for path in paths]
    return {
        "whole films, shrunk": np.stack([sized(film) for film in films]),
        "tissue anywhere on example films": np.concatenate(
            [film_windows(film, 0.0, 0.02) for film in films]
        ),
        "edge of the breast on example films": np.concatenate(
            [film_windows(film, 0.1, 0.4) for film in films]
        ),
    }


def _questions(trust: Trust, model: Classifier, crops: Crops) -> Booleans:
    answers = zip(crops, model.embed(crops), strict=True)
    return np.array([trust.familiarity(crop, vector).questioned for crop, vector in answers])


def neighbours_vote(trust: Trust, embedding: NDArray[np.float32], cases: Cases) -> dict[str, Any]:
    """Return how often the majority of the nearest lesions has the crop's own pathology."""
    rows = zip(embedding, cases, strict=True)
    similar = [trust.similar(vector, case["patient_id"]) for vector, case in rows]
    votes = [sum(one.malignant for one in found) > len(found) / 2 for found in similar]
    malignant = labels(cases)
    right = np.array(votes) == malignant
    return {
        "right": _share(right, patients(cases)),
        "right of malignant": _share(right[malignant], patients(cases)[malignant]),
        "right of benign": _share(right[~malignant], patients(cases)[~malignant]),
        "always benign": float(1 - malignant.mean()),
    }


def zone_figures(model: Classifier, train: Cases, test: Cases) -> dict[str, Any]:
    """Set the range for abstaining on out-of-fold scores and measure it on the test split."""
    threshold, of = model.card.thresholds["youden"], patients(test)
    scores, out_of_fold = _scores(model, test), _scores(model, train)
    known, far = margins(out_of_fold, threshold), margins(scores, threshold)
    right = (scores >= threshold) == labels(test)
    right_of_fold = (out_of_fold >= threshold) == labels(train)
    margin = float(np.quantile(known, UNSURE_SHARE))
    sure = far >= margin
    zone = sigmoid(_logit(threshold) + np.array([-margin, margin]))
    cuts = [far >= cut for cut in np.quantile(known, REJECTED)]
    return {
        "zone": zone.tolist(),
        "accepted": _share(sure, of),
        "right": _share(right, of),
        "right accepted": _share(right[sure], of[sure]),
        "right unsure": _share(right[~sure], of[~sure]),
        "gain": _gain(right, sure, of),
        "right out of fold": {
            "all": float(right_of_fold.mean()),
            "accepted": float(right_of_fold[known >= margin].mean()),
        },
        "curve": [
            {"coverage": float(some.mean()), "error": _share(~right[some], of[some])}
            for some in cuts
        ],
    }


def margins(p_malignant: ArrayLike, threshold: float) -> NDArray[np.float64]:
    """Return how far probabilities stand from a threshold, in logits, at least 0."""
    return np.asarray(np.abs(_logit(p_malignant) - _logit(threshold)), np.float64)


def _logit(share: ArrayLike) -> NDArray[np.float64]:
    clipped = np.clip(np.asarray(share, np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float64)


def _gain(right: Booleans, accepted: Booleans, of: NDArray[np.object_]) -> dict[str, float | None]:
    """Return by how much the accepted are right more often than all, with its interval."""
    sums = PatientBootstrap(of).sums(
        np.stack([right & accepted, accepted, right, np.ones_like(right)], axis=1).astype(float)
    )
    value = float(right[accepted].mean() - right.mean())
    interval = percentile_interval(value, sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3])
    return {"value": value, **_ends(interval)}


def _ends(interval: Estimate) -> dict[str, float | None]:
    """Return the ends of an interval, None where there is none: JSON has no word for NaN."""
    ends = {"low": interval.low, "high": interval.high}
    return {name: None if np.isnan(end) else end for name, end in ends.items()}


def spread_figures(model: Classifier, test: Cases, crops: Crops) -> dict[str, Any]:
    """Measure whether the spread over flips holds the same crop, moved by a few pixels."""
    given = model.assess(crops)
    low, high = (np.array([getattr(one, end) for one in given]) for end in ("p_low", "p_high"))
    moved = np.stack([model.predict(one) for one in _moved(crops)])
    inside = ((moved >= low) & (moved <= high)).mean(axis=0)
    split = np.array([one.unsure for one in given])
    right = np.array([one.above for one in given]) == labels(test)
    of = patients(test)
    return {
        "moved inside": _share(inside, of),
        "median width": float(np.median(high - low)),
        "flips disagree": _share(split, of),
        "right where flips agree": _share(right[~split], of[~split]),
        "right where flips disagree": _share(right[split], of[split]),
    }


def _moved(crops: Crops) -> Iterator[Crops]:
    """Move crops by a few pixels to each of four sides; the edge repeats mirrored."""
    side = crops.shape[1]
    wide = np.pad(crops, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)), mode="reflect")
    for top, left in ((0, SHIFT), (2 * SHIFT, SHIFT), (SHIFT, 0), (SHIFT, 2 * SHIFT)):
        yield np.ascontiguousarray(wide[:, top : top + side, left : left + side])


def labels(cases: Cases) -> Booleans:
    """Return which cases are malignant, bool (n,)."""
    return np.array([case["label"] == "1" for case in cases])


def patients(cases: Cases) -> NDArray[np.object_]:
    """Return the patient of each case."""
    return np.array([case["patient_id"] for case in cases], dtype=object)


def _scores(model: Classifier, cases: Cases) -> NDArray[np.float64]:
    return np.array([float(case[f"{model.name}_p"]) for case in cases])


def _share(
    holds: NDArray[Any], of: NDArray[np.object_] | None = None
) -> dict[str, float | int | None]:
    """Return a share and of how many; with patients its interval."""
    if not len(holds):
        return {"value": None, "crops": 0}
    value = float(holds.mean())
    figures: dict[str, float | int | None] = {"value": value, "crops": len(holds)}
    if of is not None:
        bootstrap = PatientBootstrap(of)
        sums = bootstrap.sums(np.stack([holds, np.ones(len(holds))], 1).astype(float))
        drawn = percentile_interval(value, sums[:, 0] / sums[:, 1])
        figures |= _ends(widen_at_the_edge(drawn, bootstrap.draws.shape[1]))
    return figures
