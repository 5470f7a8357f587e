"""Write a served network as ONNX: what ONNX Runtime loads in 0.15 s instead of TensorFlow in 5.

The graph contract: input `crops` float32 (n, I, I) in 0-255, as `mammo.imaging.prepare` gives it;
outputs `logit` (n,), `embedding` (n, d) and `cam` (n, h, w), all float32; n is free.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf2onnx
from keras import ops
from numpy.typing import NDArray

from mammo.training import networks


def serving_model(network: keras.Model) -> keras.Model:
    """Give a trained network the outputs that the app needs.

    Parameters
    ----------
    network : keras.Model of `build_simple_cnn` or `build_mobilenetv2`.

    Returns
    -------
    keras.Model, `crops` float32 (n, I, I) in 0-255 -> `logit` float32 (n,), `embedding`
    float32 (n, d), `cam` float32 (n, h, w), at least 0 and not scaled.
    """
    size = network.input_shape[1]
    weigh = _mobilenetv2_weights if network.name == "mobilenetv2" else _simple_cnn_weights
    embedding_name, convolution_name = _TAPS[network.name]
    taps = ("logit", embedding_name, convolution_name)
    inner = keras.Model(network.input, [network.get_layer(name).output for name in taps])
    crops = keras.Input((size, size), name="crops")
    logit, embedding, features = inner(keras.layers.Reshape((size, size, 1))(crops))
    cam = ops.relu(ops.sum(features * weigh(network, embedding, features), axis=-1))  # (n, h, w)
    return keras.Model(crops, [ops.squeeze(logit, axis=-1), embedding, cam], name=network.name)


_TAPS = {
    "mobilenetv2": ("pooled", networks.MOBILENETV2_CONVOLUTION),
    "simple_cnn": ("embedding", networks.SIMPLE_CNN_CONVOLUTION),
}


def _mobilenetv2_weights(
    network: keras.Model, _: keras.KerasTensor, features: keras.KerasTensor
) -> NDArray[np.float32]:
    kernel = network.get_layer("logit").kernel.numpy()  # (k, 1)
    weights: NDArray[np.float32] = kernel.reshape(1, 1, 1, -1) / _pixels(features)
    return weights


def _simple_cnn_weights(
    network: keras.Model, embedding: keras.KerasTensor, features: keras.KerasTensor
) -> keras.KerasTensor:
    channels = features.shape[-1]
    hidden_kernel = network.get_layer("embedding").kernel.numpy()  # (cells k, d)
    per_channel = hidden_kernel.reshape(-1, channels, hidden_kernel.shape[1]).sum(axis=0)  # (k, d)
    last_kernel = network.get_layer("logit").kernel.numpy()[:, 0]  # (d,)
    backward = (per_channel * last_kernel).T / _pixels(features)  # (d, k)
    active = ops.cast(embedding > 0, "float32")  # (n, d), the step of the hidden layer
    return ops.reshape(ops.matmul(active, backward), (-1, 1, 1, channels))


def _pixels(features: keras.KerasTensor) -> int:
    return int(features.shape[1] * features.shape[2])


OUTPUTS = ("logit", "embedding", "cam")
OPSET = 18


def export_onnx(served: keras.Model, path: Path) -> None:
    """Write the network to an ONNX file.

    Parameters
    ----------
    served : keras.Model of `mammo.training.export.serving_model`.
    path : Path of the file to write.
    """
    path.write_bytes(_convert(served, OUTPUTS).SerializeToString())


def compile_onnx(part: keras.Model) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Turn a part of a network that no longer changes into a fast function."""
    import onnxruntime

    proto = _convert(part, ("features",))
    session = onnxruntime.InferenceSession(
        proto.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return lambda crops: np.asarray(session.run(["features"], {"crops": crops})[0], np.float32)


def _convert(model: keras.Model, outputs: tuple[str, ...]) -> Any:
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="crops")]

    def serve(crops: tf.Tensor) -> dict[str, tf.Tensor]:
        result = model(crops, training=False)
        values = result if isinstance(result, list) else [result]
        return dict(zip(outputs, values, strict=True))

    function = tf.function(serve, input_signature=signature)
    proto, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    return proto
