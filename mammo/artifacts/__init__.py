"""What training leaves and the app reads: a manifest, the cases, and a folder for each model.

    artifacts/manifest.json            who made it from what; SHA-256 of each file
    artifacts/cases.csv                every crop with each model's held-out score
    artifacts/<model>/model.onnx       the network for serving
    artifacts/<model>/model.weights.h5 the same weights for Keras
    artifacts/<model>/card.json        preprocessing, calibration, thresholds, figures
    artifacts/<model>/history.csv      the training curves
    artifacts/<other>/...              what other commands attached, see `attach`

Used by `mammo.train` (writes, by `staged_artifacts`), `mammo.inference`, `mammo.evaluate` and the
pages (read, by `load_*`). Every read is held against the manifest first.
"""

from mammo.artifacts.contents import (
    FilmSizeLesson,
    LeakLesson,
    TeacherLesson,
    load_card,
    load_cases,
    load_film_size_lesson,
    load_history,
    load_leak_lesson,
    load_model,
    load_teacher_lesson,
)
from mammo.artifacts.manifest import (
    DataFacts,
    Manifest,
    RunFacts,
    artifacts_folder,
    load_manifest,
    read_attachment,
    verify,
)
from mammo.artifacts.schema import Card, parse_card, sigmoid
from mammo.artifacts.store import attach, check_replaceable, models_to_carry_over, staged_artifacts
