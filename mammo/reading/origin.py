"""What a result was read with: one fingerprint over the cases' table and the models' networks."""

import hashlib

from mammo.artifacts import Manifest

DIGITS = 12


def fingerprint(manifest: Manifest) -> str:
    """Name the cases, scores and models that a round is scored with: 12 hexadecimal digits.

    Parameters
    ----------
    manifest : Manifest of `mammo.artifacts.load_manifest`
    """
    names = ["cases.csv", *(f"{model}/model.onnx" for model in manifest.models)]
    names += [f"{model}/card.json" for model in manifest.models]
    lines = [f"{name} {manifest.files[name].sha256}" for name in sorted(names)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:DIGITS]
