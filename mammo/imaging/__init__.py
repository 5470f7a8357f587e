"""Pixels: read a film or a picture, cut the lesion window, judge its quality.

Everything that data, models, app and commands need of it is named here.
"""

from mammo.imaging.image import MAX_PIXELS, Image
from mammo.imaging.preprocess import Preprocessing, prepare
from mammo.imaging.quality import BURNED_IN_TEXT, quality_warnings
from mammo.imaging.read import read_image
from mammo.imaging.window import Window, cut_lesion, lesion_window, whole_crop
