"""Reading rounds: the same cases for a whole class, read blind, scored against models and doctors.

A round is drawn from the official test split (or the ten example lesions) by a short code; a reader
rates each case from 0 to 100; the record leaves as CSV and comes back; a class's files become one
room. Nothing here knows the screen, and nothing is kept: the code, the link and the files are all.

    plan = read_code("T20B-4711-T3")
    ids = draw_round(plan, load_cases(), example_ids)

Used by the page Reading room; run the tests with `pytest tests/reading`.
"""

from mammo.reading.plan import (
    FILTERS,
    LONGEST,
    SHORTEST,
    RoundCases,
    RoundPlan,
    draw_round,
    passing,
    read_code,
    round_cases,
    write_code,
)
from mammo.reading.record import Reading, Record, pack, unpack
from mammo.reading.results_file import Result, write_result
from mammo.reading.room import Room, RoomScore, merge, score_room
from mammo.reading.score import (
    Standing,
    advice_effect,
    standings,
)
