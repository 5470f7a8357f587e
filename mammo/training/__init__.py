"""The two networks in Keras, how they are fitted, and their export. TensorFlow lives here."""
