"""Read an ONNX network's nodes and weights, open it, and check that it fits its card.

Used by `mammo.inference.Classifier` and to look inside. A network of another shape than its card
states would give wrong answers or fail in the middle of a visit; here it gets a sentence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mammo.artifacts import Card
from mammo.errors import ArtifactError

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5  # wire types
MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_OUTPUT = 1, 5, 12
NODE_INPUT, NODE_OUTPUT, NODE_NAME, NODE_OPERATION = 1, 2, 3, 4
TENSOR_DIMS, TENSOR_TYPE, TENSOR_FLOATS, TENSOR_NAME, TENSOR_RAW = 1, 2, 4, 8, 9
VALUE_NAME = 1
FLOAT = 1

ACTIVATIONS = ("Relu", "Clip")


@dataclass(frozen=True)
class Node:
    """Hold one step of a network: "Conv", its name, and the names of what goes in and out."""

    operation: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Activation:
    """Hold where a convolution's rectified maps stand, and the convolution's weights."""

    output: str
    name: str
    kernel: NDArray[np.float32]


def read_nodes(network: bytes) -> tuple[Node, ...]:
    """Return the nodes of an ONNX file in the order in which they run."""
    return tuple(_node(content) for content in _graph(network, GRAPH_NODE))


def read_weights(network: bytes) -> dict[str, NDArray[np.float32]]:
    """Return the weights of an ONNX file by name; those that are not float32 are left out."""
    weights = {}
    for content in _graph(network, GRAPH_INITIALIZER):
        tensor = dict(_fields(content))
        if tensor.get(TENSOR_TYPE) == FLOAT:
            weights[_text(tensor[TENSOR_NAME])] = _weight(content)
    return weights


def convolution_activations(network: bytes) -> tuple[Activation, ...]:
    """Return the rectified output of each convolution, in the order in which they run."""
    weights = read_weights(network)
    found, kernel = [], None
    for node in read_nodes(network):
        if node.operation == "Conv":
            kernel = weights.get(node.inputs[1])
        elif node.operation in ACTIVATIONS and kernel is not None:
            found.append(Activation(node.outputs[0], node.name, kernel))
            kernel = None
    return tuple(found)


def with_outputs(network: bytes, names: Sequence[str]) -> bytes:
    """Return an ONNX file that answers with some inner values too."""
    values = b"".join(_field(GRAPH_OUTPUT, _field(VALUE_NAME, name.encode())) for name in names)
    return network + _field(MODEL_GRAPH, values)


def _graph(network: bytes, wanted: int) -> list[bytes]:
    graphs = [value for number, value in _fields(network) if number == MODEL_GRAPH]
    return [
        value
        for graph in graphs
        if isinstance(graph, bytes)
        for number, value in _fields(graph)
        if number == wanted and isinstance(value, bytes)
    ]


def _node(content: bytes) -> Node:
    fields = list(_fields(content))

    def texts(wanted: int) -> tuple[str, ...]:
        return tuple(_text(value) for number, value in fields if number == wanted)

    return Node(
        operation="".join(texts(NODE_OPERATION)),
        name="".join(texts(NODE_NAME)),
        inputs=texts(NODE_INPUT),
        outputs=texts(NODE_OUTPUT),
    )


def _weight(content: bytes) -> NDArray[np.float32]:
    shape: list[int] = []
    values = b""
    for number, value in _fields(content):
        if number == TENSOR_DIMS:
            shape += [value] if isinstance(value, int) else _varints(value)
        elif number in (TENSOR_RAW, TENSOR_FLOATS) and isinstance(value, bytes):
            values += value
    return np.frombuffer(values, "<f4").reshape(shape).astype(np.float32)


def _text(value: int | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else ""


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the fields of a message: their numbers and values."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if kind == BYTES:
            length, place = _varint(message, place)
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            length = 8 if kind == EIGHT_BYTES else 4
        else:
            raise ValueError(f"wire type {kind} at byte {place} is none of ONNX")
        yield number, message[place : place + length]
        place += length


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, lowest first; return it and the place after it."""
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _varints(message: bytes) -> list[int]:
    values, place = [], 0
    while place < len(message):
        value, place = _varint(message, place)
        values.append(value)
    return values


def _field(number: int, content: bytes) -> bytes:
    return _as_varint(number << 3 | BYTES) + _as_varint(len(content)) + content


def _as_varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def open_session(
    card: Card, network: bytes, inner: Sequence[str] = ()
) -> onnxruntime.InferenceSession:
    """Open a network on one thread of the processor."""
    options = onnxruntime.SessionOptions()
    # One thread a run: visitors share the cores, and the answers do not depend on their number.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            with_outputs(network, inner), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime raises a dozen classes without a common base
        raise _unreadable(card, error) from error
    _check_graph(card, session)
    return session


def features_output(card: Card, network: bytes) -> str:
    """Return the name of the last convolution's rectified maps in a network."""
    try:
        return convolution_activations(network)[-1].output
    except (IndexError, KeyError, ValueError) as error:
        raise _unreadable(card, error) from error


def _unreadable(card: Card, error: Exception) -> ArtifactError:
    return ArtifactError(
        f"The network of {card.name} cannot be loaded by ONNX Runtime {onnxruntime.__version__} "
        f"({_first_line(error)}). Update onnxruntime, or rebuild the artifacts with "
        "`python -m mammo.train`."
    )


def _check_graph(card: Card, session: onnxruntime.InferenceSession) -> None:
    """Hold the graph's names and sizes against the card."""
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
