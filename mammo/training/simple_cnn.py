"""The simple CNN: two Conv2D layers, max pooling, dropout, dense layers; read it in a minute.

The baseline of the app: what a small network learns from the crops alone, without ImageNet.
"""

import keras

from mammo.settings import Recipe

LAST_CONVOLUTION = "conv_2"


def build_simple_cnn(recipe: Recipe) -> keras.Model:
    """Build the untrained network.

    Parameters
    ----------
    recipe : Recipe, whose input size, dropout, filters, kernel size, stride and units are used.

    Returns
    -------
    keras.Model, float32 (n, I, I, 1) in 0-255 -> logit of malignancy, float32 (n, 1).
    """
    size = recipe.input_size
    crops = keras.Input((size, size, 1), name="crops")
    signal = keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(crops)  # (I, I, 1)
    # Shapes as with the released step of 2 and 32 filters.
    signal = _convolution("conv_1", recipe.filters, recipe.kernel_size, recipe.stride)(signal)
    signal = keras.layers.MaxPooling2D(2, name="pool_1")(signal)  # (I/2, I/2, 32) -> (I/4, I/4, 32)
    signal = _convolution(LAST_CONVOLUTION, 2 * recipe.filters, size=3)(signal)  # (I/4, I/4, 64)
    signal = keras.layers.MaxPooling2D(4, name="pool_2")(signal)  # (I/16, I/16, 64)
    signal = keras.layers.Flatten(name="flatten")(signal)
    signal = keras.layers.Dropout(recipe.dropout, name="dropout_1")(signal)
    signal = keras.layers.Dense(
        recipe.hidden, activation="relu", kernel_initializer="he_normal", name="embedding"
    )(signal)
    signal = keras.layers.Dropout(recipe.dropout, name="dropout_2")(signal)
    return keras.Model(crops, keras.layers.Dense(1, name="logit")(signal), name="simple_cnn")


def _convolution(name: str, filters: int, size: int, strides: int = 1) -> keras.layers.Conv2D:
    return keras.layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )
