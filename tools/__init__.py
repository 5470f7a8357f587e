"""Commands of the developers: experiments, and what writes the README and the model card."""
