"""The network as it is served: score, embedding and Grad-CAM map in one pass without a gradient.

Grad-CAM (Selvaraju et al. 2017) weights the last convolution's feature maps A_k by the mean
gradient of the score and keeps the positive part: relu(sum_k mean(d logit / d A_k) A_k). For both
networks that gradient has a closed form, so the map is a part of the graph:

- MobileNetV2 ends in global average pooling and one dense layer with weights w, so the mean
  gradient is w_k / (h w).
- The simple CNN ends in max pooling, a hidden dense layer and one dense layer. Max pooling hands
  each gradient to one pixel, so the mean over A_k is the sum over the pooled map divided by the
  pixels of A_k; the pooled gradient is W1 (step(hidden) * w2).
"""

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from mammo.training import mobilenetv2, simple_cnn


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
    "mobilenetv2": ("pooled", mobilenetv2.LAST_CONVOLUTION),
    "simple_cnn": ("embedding", simple_cnn.LAST_CONVOLUTION),
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
