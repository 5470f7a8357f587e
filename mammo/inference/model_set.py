"""The models that answer together: one lesion in, one result out.

    models = load_models()
    result = models.assess(Lesion(film, box=(1200, 800, 300, 280)))
    result["mobilenetv2"].probability
    models.assess(cc, mlo)["mobilenetv2"].probability    # two views of one lesion, one answer

Nobody else makes a `LesionResult`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo import __version__
from mammo.artifacts import Card, Manifest, load_manifest
from mammo.errors import ImageError
from mammo.imaging import quality_warnings
from mammo.inference.classifier import Classifier, load_classifier, pool_views
from mammo.inference.concepts import Concepts, Readings, load_concepts
from mammo.inference.result import PAIR, Lesion, LesionResult, ModelResult, Signals
from mammo.inference.trust import Trust, load_trust
from mammo.text import film_name

DIGITS = 12
"""Of a SHA-256: enough to tell any two files of a release apart."""


class ModelSet:
    """Trained models in the order of display, and their trust signals; safe in many threads."""

    def __init__(
        self,
        classifiers: Sequence[Classifier],
        trust: Trust | None,
        manifest: Manifest,
        concepts: Concepts | None = None,
    ) -> None:
        self.classifiers, self.trust, self.manifest = tuple(classifiers), trust, manifest
        self.concepts = concepts

    def __iter__(self) -> Iterator[Classifier]:
        """Iterate over the models."""
        return iter(self.classifiers)

    @property
    def cards(self) -> tuple[Card, ...]:
        """The models' cards."""
        return tuple(model.card for model in self.classifiers)

    def assess(
        self, lesion: Lesion, other: Lesion | None = None, *, exclude_patient: str | None = None
    ) -> LesionResult:
        """Ask every model about one lesion, on one view or on two (CC and MLO): see `two_views`.

        `exclude_patient` is whose own lesions are left out of the similar ones, where known. The
        doubts are judged on every crop that a model read.

        Raises
        ------
        WindowError
            The box or window does not fit the film, or the ready crop is far from square.
        ImageError
            The two films are of different sides, or are not one CC and one MLO.
        """
        if other is not None:
            answered = (
                self.assess(one, exclude_patient=exclude_patient) for one in (lesion, other)
            )
            return two_views(*answered)
        crops = self._crops(lesion)
        answers = {}
        for model in self.classifiers:
            crop = crops[model.card.crop_size]
            answers[model.name] = ModelResult(model.card, crop, model.assess(crop)[0])
        doubts = [*lesion.picture.warnings]
        for crop in crops.values():
            doubts += quality_warnings(crop, source_side=lesion.source_side)
        return LesionResult(
            answers,
            lesion.area,
            tuple(dict.fromkeys(doubts)),
            self._signals(answers, exclude_patient),
            fingerprint(self.manifest, self.cards),
            lesion.picture.laterality,
            lesion.picture.view,
            concepts=_read(self.concepts, answers),
        )

    def redraw(self, lesion: Lesion, result: LesionResult) -> LesionResult:
        """Return a lesion's result with how far each answer depends on the hand that drew the box.

        One pass a model for each small change of the box, not mirrored: five in all. The result
        of a ready crop is returned as it is. Of two views, redraw each, then join `two_views`.

        Parameters
        ----------
        lesion : Lesion, on a film
        result : LesionResult, what `assess` said of it

        Returns
        -------
        LesionResult, each of its models with a `box_spread`
        """
        if not (redrawn := lesion.redrawn()):
            return result
        crops = [self._crops(changed) for changed in redrawn]
        answers = {}
        for model in self.classifiers:
            answer = result[model.name]
            read = np.stack([sizes[model.card.crop_size] for sizes in crops])
            p = [answer.probability, *map(float, model.predict_upright(read))]
            answers[model.name] = replace(answer, box_spread=(min(p), max(p)))
        return replace(result, models=answers)

    def _crops(self, lesion: Lesion) -> dict[int, NDArray[np.uint8]]:
        """Cut a lesion once for each crop size that a model reads."""
        sizes = dict.fromkeys(card.crop_size for card in self.cards)
        return {size: lesion.crop(size) for size in sizes}

    def _signals(
        self, answers: dict[str, ModelResult], exclude_patient: str | None
    ) -> Signals | None:
        if self.trust is None or self.trust.model not in answers:
            return None
        answer = answers[self.trust.model]
        embedding = answer.assessment.embedding
        similar = self.trust.similar(embedding, exclude_patient=exclude_patient)
        return Signals(self.trust, self.trust.familiarity(answer.crop, embedding), similar)


def _read(concepts: Concepts | None, answers: Mapping[str, ModelResult]) -> Readings | None:
    """Read the concepts from the features of their model, where it answered."""
    if concepts is None or concepts.model not in answers:
        return None
    return concepts.read(answers[concepts.model].assessment.embedding)


def two_views(first: LesionResult, second: LesionResult) -> LesionResult:
    """Return one answer about a lesion from the results of its two views, CC and MLO.

    A model's logit is the mean of its views' calibrated logits; calibration and thresholds are
    those that its card has for two views. Small changes of both boxes at once give `box_spread`.
    The similar cases are those of the first view, or of a view that looks unlike a mammogram crop;
    concepts are read from the mean of both views' features.

    Raises
    ------
    ImageError
        The films are of different sides, or are not one CC and one MLO, where this is known.
    """
    pair = (first, second)
    doubts = _check_pair(first, second)
    for name, one in zip(("First view", "Second view"), pair, strict=True):
        named = film_name(one.laterality, one.view) if one.view else name
        doubts += [f"{named}: {sentence}" for sentence in one.doubts]
    models = {}
    for name, answer in first.models.items():
        answers, card = (answer, second[name]), answer.card.for_two_views()
        if answer.card.two_views is None:
            doubts.append(
                f"{card.title} has no calibration for two views. Its answer is the average of "
                "both, with the thresholds for one view."
            )
        pooled = pool_views([one.assessment for one in answers], card)
        spreads = [one.box_spread for one in answers if one.box_spread]
        spread = tuple(card.pooled(spreads).tolist()) if len(spreads) == 2 else None
        models[name] = ModelResult(card, answer.crop, pooled, spread)
    return LesionResult(
        models,
        first.area,
        tuple(doubts),
        next((one.signals for one in pair if one.questioned), first.signals),
        first.artifacts,
        first.laterality or second.laterality,
        pair=pair,
        concepts=_read(first.concepts.concepts if first.concepts else None, models),
    )


def _check_pair(first: LesionResult, second: LesionResult) -> list[str]:
    """Refuse films that cannot be two views of one lesion; return what is not known of them."""
    pair = (first, second)
    sides = {one.laterality for one in pair} - {None}
    views = [one.view for one in pair if one.view is not None]
    if len(sides) == 2 or len({*views}) < len(views) or not {*views} <= {*PAIR}:
        received = " and ".join(film_name(one.laterality, one.view) for one in pair)
        raise ImageError(
            f"Expected the CC and the MLO view of one breast. Received: {received}. Choose two "
            "films of the same lesion, or use one view alone."
        )
    if len(views) == 2 and None not in (first.laterality, second.laterality):
        return []
    return ["The side or view of a film is not known. Check that both show the same lesion."]


def load_models(folder: Path | None = None, names: Sequence[str] | None = None) -> ModelSet:
    """Load the trained models with their trust signals, verified against the manifest.

    Parameters
    ----------
    folder : the artifacts; by default `$MAMMO_ARTIFACTS` or the release beside the package
    names : the models to load; by default all that the artifacts hold, in the manifest's order

    Raises
    ------
    ArtifactError
        The artifacts are absent, altered, half written, of another schema, or hold no such model.
    """
    manifest = load_manifest(folder)
    chosen = manifest.models if names is None else names
    classifiers = [load_classifier(name, folder) for name in chosen]
    return ModelSet(classifiers, load_trust(folder), manifest, load_concepts(folder))


def fingerprint(made_by: Manifest, cards: Sequence[Card]) -> str:
    """Return which program, networks and data an answer comes from, by checksums."""
    networks = "; ".join(
        f"{card.title} {made_by.files[f'{card.name}/model.onnx'].sha256[:DIGITS]}"
        for card in cards
        if f"{card.name}/model.onnx" in made_by.files
    )
    return (
        f"mammo {__version__}. Models of {made_by.created[:10]}, seed {made_by.seed}. "
        f"Networks (SHA-256, first {DIGITS} digits): {networks}. Training data: "
        f"{made_by.data.fingerprint[:DIGITS]}. Trained on {cards[0].trained_on}."
    )
