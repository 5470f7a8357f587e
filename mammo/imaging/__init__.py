"""Pixels: read a film or a picture, cut the lesion window, judge its quality.

Everything that data, models, app and commands need of it is named here.
"""

from mammo.imaging.image import MAX_PIXELS, MIN_SIDE, Image
from mammo.imaging.preprocess import Preprocessing, prepare
from mammo.imaging.quality import BURNED_IN_TEXT, picture_warnings, quality_warnings
from mammo.imaging.read import read_image
from mammo.imaging.window import CROP_SIZE, Window, cut_lesion, lesion_window, whole_crop

__all__ = [
    "BURNED_IN_TEXT",
    "CROP_SIZE",
    "MAX_PIXELS",
    "MIN_SIDE",
    "Image",
    "Preprocessing",
    "Window",
    "cut_lesion",
    "lesion_window",
    "picture_warnings",
    "prepare",
    "quality_warnings",
    "read_image",
    "whole_crop",
]
