"""The verified card and network of one trained model, read together.

Used by `mammo.inference`. Both come from one state of the artifacts: a training that ends between
two reads must not pair the old card with the new network.
"""

from pathlib import Path

from mammo.artifacts.card import Card, parse_card
from mammo.artifacts.manifest import artifacts_folder, load_manifest, read_files, require_model


def load_card(model: str, folder: Path | None = None) -> Card:
    """Read the verified card of a model ("simple_cnn", "mobilenetv2").

    Raises
    ------
    ArtifactError
        The artifacts do not verify, hold no such model, or the card is not valid.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    require_model(model, load_manifest(folder), folder)
    name = f"{model}/card.json"
    return parse_card(read_files([name], folder)[name], folder / name, model)


def load_model(model: str, folder: Path | None = None) -> tuple[Card, bytes]:
    """Read the verified card of a model and its network, as the bytes of an ONNX file.

    Raises
    ------
    ArtifactError
        As `load_card`.
    """
    folder = artifacts_folder() if folder is None else Path(folder)
    require_model(model, load_manifest(folder), folder)
    card, network = f"{model}/card.json", f"{model}/model.onnx"
    contents = read_files([card, network], folder)
    return parse_card(contents[card], folder / card, model), contents[network]
