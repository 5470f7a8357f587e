"""Which models of older artifacts may stay beside those of a training, which replaces the rest.

Used by `mammo.artifacts.stage`. A model stays with its scores only where both learned from the same
data and all of it is whole.
"""

from collections.abc import Sequence
from pathlib import Path

from mammo.artifacts.cases import CASES_NAME
from mammo.artifacts.manifest import Manifest, load_manifest, verify
from mammo.errors import ArtifactError

MODEL_FILES = ("model.onnx", "model.weights.h5", "card.json", "history.csv")


def check_carry_over(
    folder: Path, fingerprint: str, trained: Sequence[str], carry_over: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return, for each model to keep, which run made it."""
    if not carry_over:
        return {}
    try:
        old = _manifest_of_kept(folder, fingerprint, trained, carry_over)
    except ArtifactError as error:
        raise ArtifactError(
            f"{', '.join(carry_over)} in {folder} cannot be kept beside {', '.join(trained)} and "
            f"would be lost: {error} Train all models together, or name another folder with --out."
        ) from error
    origin = {"created": old.created, "command": old.command}
    return {model: dict(old.carried_over.get(model, origin)) for model in carry_over}


def _manifest_of_kept(
    folder: Path, fingerprint: str, trained: Sequence[str], carry_over: Sequence[str]
) -> Manifest:
    old = load_manifest(folder)
    if not set(carry_over) <= set(old.models) - set(trained):
        raise ArtifactError(f"the folder holds {', '.join(old.models)}.")
    if old.data.fingerprint != fingerprint:
        raise ArtifactError(
            f"the older data are others (fingerprint {old.data.fingerprint[:12]}, now "
            f"{fingerprint[:12]})."
        )
    return verify(folder, output_names(carry_over))


def output_names(models: Sequence[str]) -> list[str]:
    """Name the files that a training of some models writes, without the manifest."""
    return [CASES_NAME, *(f"{model}/{name}" for model in models for name in MODEL_FILES)]
