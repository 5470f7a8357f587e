"""Open an ONNX network on one thread of the processor, and check that it fits its card.

A network of another shape than its card states would give wrong answers or fail in the middle of a
visit; here it gets a sentence.
"""

from typing import Any

import numpy as np
import onnx
import onnxruntime

from mammo.artifacts import Card
from mammo.artifacts.schema import RETRAIN
from mammo.errors import ArtifactError


def open_session(card: Card, network: bytes) -> onnxruntime.InferenceSession:
    """Open a network, the bytes of an ONNX file."""
    options = onnxruntime.SessionOptions()
    # One thread a run: visitors share the cores, and the answers do not depend on their number.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a dozen classes without a common base
        raise unreadable(card, error) from error
    _check_graph(card, session)
    return session


def unreadable(card: Card, error: Exception) -> ArtifactError:
    """Return the error for a network that cannot be read, for the caller to raise."""
    return ArtifactError(
        f"The network of {card.name} cannot be loaded by ONNX Runtime {onnxruntime.__version__} "
        f"({_first_line(error)}). Update onnxruntime, or rebuild the artifacts with "
        "`python -m mammo.train`."
    )


def _check_graph(card: Card, session: onnxruntime.InferenceSession) -> None:
    """Check the graph's names and sizes against the card."""
    size = card.preprocessing.input_size
    expected: dict[str, tuple[int, ...]] = {
        "crops": (size, size),
        "logit": (),
        "embedding": (card.embedding_size,),
        "cam": card.cam_grid,
    }
    found = {node.name: node.shape for node in (*session.get_inputs(), *session.get_outputs())}
    for name, shape in expected.items():
        if name not in found or not _fits(found[name], shape):
            raise ArtifactError(
                f"The network of {card.name} does not fit its card: {name} should be of shape "
                f"{('n', *shape)}, but is {found.get(name, 'absent')}. Rebuild the artifacts "
                "with `python -m mammo.train`."
            )


def check_weights(card: Card, network: bytes) -> None:
    """Refuse weights that are NaN or infinite, which no checksum shows."""
    for held in onnx.load_from_string(network).graph.initializer:
        if not np.isfinite(onnx.numpy_helper.to_array(held)).all():
            raise ArtifactError(
                f"The weights of {card.name} should be finite numbers, but {held.name} holds "
                f"others: the network was damaged before it was sealed. {RETRAIN}"
            )


def _fits(found: list[Any], expected: tuple[int, ...]) -> bool:
    """Compare a shape of the graph, whose batch axis must be free; other axes may be."""
    return (
        len(found) == len(expected) + 1
        and not isinstance(found[0], int)
        and all(
            not isinstance(size, int) or size == wanted
            for size, wanted in zip(found[1:], expected, strict=True)
        )
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
