"""Reading rounds: the same cases for a whole class, read blind, scored against models and doctors.

A round is drawn from the official test split (or the ten example lesions) by a short code; a reader
rates each case from 0 to 100; the record leaves as CSV and comes back; a class's files become one
room. Nothing here knows the screen, and nothing is kept: the code, the link and the files are all.

    plan = read_code("T20B-4711-T3")
    ids = draw_round(plan, load_cases(), example_ids)

Used by the page Reading room; run the tests with `pytest tests/reading`.
"""

from mammo.reading.advice import AdviceEffect, advice_effect
from mammo.reading.cases import RoundCases, round_cases
from mammo.reading.code import read_code, write_code
from mammo.reading.draw import draw_round, passing
from mammo.reading.kappa import kappa
from mammo.reading.place import pack, unpack
from mammo.reading.plan import (
    FILTERS,
    LONGEST,
    SHORTEST,
    RoundFilter,
    RoundPlan,
)
from mammo.reading.record import Reading, Record
from mammo.reading.results_file import Result, read_result, write_result
from mammo.reading.room import Room, merge
from mammo.reading.room_score import RoomScore, score_room
from mammo.reading.score import Standing, reader_standing, standings

__all__ = [
    "FILTERS",
    "LONGEST",
    "SHORTEST",
    "AdviceEffect",
    "Reading",
    "Record",
    "Result",
    "Room",
    "RoomScore",
    "RoundCases",
    "RoundFilter",
    "RoundPlan",
    "Standing",
    "advice_effect",
    "draw_round",
    "kappa",
    "merge",
    "pack",
    "passing",
    "read_code",
    "read_result",
    "reader_standing",
    "round_cases",
    "score_room",
    "standings",
    "unpack",
    "write_code",
    "write_result",
]
