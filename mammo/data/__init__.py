"""CBIS-DDSM: prepared crops, folds, augmentation and the example films."""
