"""Read what stands in an ONNX file, and ask it for more answers, without the package `onnx`.

Used by `session` and `inside`. Training writes ONNX by Google's protocol buffers; serving has no
reader for them and needs little: the names of the nodes, a weight, one more output. Both follow
the wire format (https://protobuf.dev/programming-guides/encoding) and the field numbers of
onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
