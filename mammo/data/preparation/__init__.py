"""CBIS-DDSM as it comes from Kaggle, TCIA or IDC, made into prepared crops: see `run`."""
