"""CBIS-DDSM as it comes from Kaggle, TCIA or IDC, made into prepared crops.

    case_files.py   the four official tables: rows, keys, counts
    tree.py         which pictures a download holds, by series and by folder
    pictures.py     of a lesion's pictures, which is the crop, which the mask; the lesion's box
    films.py        one film at a time: cut each of its lesions
    run.py          all films, in parallel, resumable
    notes.py        what is done, on the disk, so that a killed run goes on
    report.py       index.csv and report.json
    cache.py        a download given where prepared crops are wanted

Used by `python -m mammo.prepare`, and by `python -m mammo.train` for a folder that is not prepared.
"""

from mammo.data.preparation.run import PrepareSettings, prepare_folder

__all__ = ["PrepareSettings", "prepare_folder"]
