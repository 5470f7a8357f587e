"""How far an answer can be trusted: is it a mammogram crop, what resembles it, how sure is it.

Used by the upload page, the Grad-CAM viewer and `mammo.predict`; computed and measured by
`python -m mammo.training.trust --data DIR`, which attaches it to the artifacts.

    trust = load_trust()  # None where the artifacts hold none
    embedding = classifier.embed(crop)  # of the model `trust.model`
    trust.familiarity(crop, embedding).questioned
    trust.similar(embedding, exclude_patient="P_00001")

One embedding space serves both: the square root of the network's features, scaled to length one
(Hellinger; features after ReLU are at least zero), and the cosine to the nearest training crops
(Sun et al. 2022, Out-of-distribution detection with deep nearest neighbors, arXiv 2204.06507).
"""

from mammo.inference.trust.familiarity import NOT_A_CROP, Familiarity
from mammo.inference.trust.neighbours import Neighbour, vote
from mammo.inference.trust.signals import Trust, load_trust
from mammo.inference.trust.uncertainty import Zone

__all__ = ["NOT_A_CROP", "Familiarity", "Neighbour", "Trust", "Zone", "load_trust", "vote"]
