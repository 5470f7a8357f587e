"""What the visitors of `benchmarks/load.py` do, act by act, each timed and its answer checked.

An act ends when the page is whole again, its pictures included. What the page then shows is held
against `load_answers`; checking is not part of the time.
"""

import asyncio
import csv
import io
import math
import re
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from random import Random

from benchmarks.load_answers import Answer, Brought, Library
from benchmarks.visitor import VisitError, Visitor
from mammo.inference.trust import NOT_A_CROP
from mammo.text import THRESHOLD_NAMES
from mammo.ui.kit.frame import PAGES
from mammo.ui.kit.result import PREVALENCES
from mammo.ui.kit.source import UPLOAD as OWN

(
    HOME, UPLOAD, COMPARE, EXPLORER, VIEWER, ROOM, TRAINER, CARD, LESSONS,
) = (page.title for page in PAGES)  # fmt: skip
OTHERS = (EXPLORER, VIEWER, ROOM, TRAINER, CARD, LESSONS, HOME)
TABLE_FILES = 5
_NAME = re.compile(rb"visitor(\d+)crop")


@dataclass
class Log:
    """Collect what all visitors saw: seconds by act, and everything that was wrong.

    Attributes
    ----------
    seconds : act -> seconds of each time it was done
    checked : answers that were held against the library's
    wrong : a sentence an answer that was not the library's
    failed : a sentence an act that could not be done, after which the visitor began anew
    overheard : a sentence a time that a visitor was sent the name of another's file
    received : bytes that all visitors were sent
    """

    seconds: dict[str, list[float]] = field(default_factory=dict)
    checked: int = 0
    failed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    overheard: list[str] = field(default_factory=list)
    received: int = 0


class Guest:
    """Be one visitor with crops of their own.

    Parameters
    ----------
    number : int, from 0; names the files
    address : str, of the server
    library : Library
    log : Log, shared by all
    brought : files of this visitor, at least `TABLE_FILES`
    seed : int
    """

    def __init__(
        self,
        number: int,
        address: str,
        library: Library,
        log: Log,
        brought: Sequence[Brought],
        seed: int,
    ) -> None:
        self.number = number
        self.random = Random(f"{seed} acts of {number}")
        self.visitor = Visitor(address, self._hear)
        self.log = log
        self._library = library
        self._brought = brought
        self._next = 0
        self._here = HOME
        self._forget()

    def _hear(self, sent: bytes) -> None:
        self.log.received += len(sent)
        others = {int(name) for name in _NAME.findall(sent)} - {self.number}
        if others:
            self.log.overheard.append(f"visitor {self.number} was sent a name of {others}")

    def bring(self) -> Brought:
        """Take the next of this visitor's files, in turn."""
        self._next += 1
        return self._brought[self._next % len(self._brought)]

    async def timed(self, act: str, doing: Awaitable[object]) -> None:
        """Do an act; keep its seconds, and what the page complains of."""
        start = time.perf_counter()
        await doing
        self.log.seconds.setdefault(act, []).append(time.perf_counter() - start)
        for complaint in self.visitor.complaints():
            if not complaint.startswith(NOT_A_CROP):  # whether that is right, the table tells
                self._wrong(f"{act}: the page says {complaint!r}")

    def _wrong(self, sentence: str) -> None:
        self.log.wrong.append(f"visitor {self.number}, {sentence}")

    def _check(self, what: str, found: object, expected: object) -> None:
        self.log.checked += 1
        if found != expected:
            self._wrong(f"{what}: {found!r} and not {expected!r}")

    # Coming, going, and the pages

    async def arrive(self) -> None:
        """Open the app."""
        self._forget()
        self._here = HOME
        await self.timed("open the app", self.visitor.arrive())

    async def leave(self) -> None:
        """Close the tab."""
        await self.visitor.leave()

    def _forget(self) -> None:
        """Expect every page as it opens."""
        self._answers: tuple[Answer, ...] = ()
        self._operating_point = next(iter(THRESHOLD_NAMES))
        self._thresholds = {
            model.name: next(iter(model.card.thresholds.values())) for model in self._library.models
        }

    async def open(self, page: str) -> None:
        """Go to a page by its link, and accept the notice where it asks for it.

        A page that is opened from itself would stay as it was left: the way leads over home then.
        """
        if page == self._here and page != HOME:
            await self.timed(f"open {HOME}", self.visitor.follow(HOME))
        self._forget()
        self._here = page
        await self.timed(f"open {page}", self.visitor.follow(page))
        titles = [title.body for title in self.visitor.elements("heading") if title.tag == "h1"]
        if not any(title.endswith(page if page != HOME else "mammo") for title in titles):
            self._wrong(f"open {page}: the page is {titles}")
        if page in (UPLOAD, VIEWER):
            await self._accept()

    async def _accept(self) -> None:
        """Accept the notice where the page shows it."""
        if any(button.id.endswith("-accept") for button in self.visitor.elements("button")):
            await self.timed("accept the notice", self.visitor.press("accept"))

    # Upload and classify

    async def own_files(self) -> None:
        """Turn to files of one's own."""
        await self.timed("turn to own files", self.visitor.change("source", OWN))
        self._answers = ()

    async def classify(self) -> None:
        """Hand one crop over and read both models' answers."""
        brought = self.bring()
        await self.timed(
            "classify a crop", self.visitor.upload("files", {brought.name: brought.content})
        )
        await self._accept()
        self._answers = brought.answers
        self._check_answers(brought.name)
        captions = [text for text in self.visitor.texts() if text.startswith(brought.name)]
        self._check("file named below its picture", len(captions), 1)

    async def take_back(self) -> None:
        """Remove the files that were handed over."""
        await self.visitor.take_back("files")

    def _check_answers(self, what: str) -> None:
        """Hold probabilities and sides of the threshold against the library's."""
        shown = tuple(metric.body for metric in self.visitor.elements("metric"))
        self._check(what, shown, tuple(answer.shown for answer in self._answers))
        badges = [text for text in self.visitor.texts() if "the threshold of" in text]
        expected = [answer.standings[self._operating_point] for answer in self._answers]
        self.log.checked += 1
        if len(badges) != len(expected) or not all(
            sentence in badge for badge, sentence in zip(badges, expected, strict=True)
        ):
            self._wrong(f"{what}: {badges} and not {expected}")

    async def choose_prevalence(self) -> None:
        """Choose another prevalence, or a threshold where a questioned picture has none."""
        if any(NOT_A_CROP in text for text in self.visitor.complaints()):
            await self.choose_threshold()
            return
        title = self.random.choice([PREVALENCES["called_back"], PREVALENCES["biopsied"]])
        await self.timed("choose a prevalence", self.visitor.change("small_prevalence_name", title))
        self._check_answers("after the prevalence")

    async def choose_threshold(self) -> None:
        """Choose another operating point."""
        self._operating_point = self.random.choice(list(THRESHOLD_NAMES))
        await self.timed(
            "choose a threshold",
            self.visitor.change("threshold", THRESHOLD_NAMES[self._operating_point]),
        )
        self._check_answers("after the threshold")

    async def choose_example(self) -> None:
        """Choose one of the example lesions."""
        name = self.random.choice(list(self._library.examples))
        await self.timed("choose an example", self.visitor.change("example", name))
        self._answers = self._library.examples[name]
        self._check_answers(name)

    async def classify_many(self) -> None:
        """Hand several crops over, and read the table that leaves as CSV."""
        brought = [self.bring() for _ in range(TABLE_FILES)]
        files = {one.name: one.content for one in brought}
        await self.timed(f"classify {TABLE_FILES} crops", self.visitor.upload("files", files))
        await self._check_csv("download_batch", brought)

    async def export(self) -> None:
        """Download the answers to the crop on show as CSV."""
        (brought,) = [one for one in self._brought if one.answers is self._answers]
        await self._check_csv("download_result", [brought])

    async def _check_csv(self, key: str, brought: Sequence[Brought]) -> None:
        content = b""

        async def fetch() -> None:
            nonlocal content
            content = await self.visitor.download(key)

        await self.timed("download the table", fetch())
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        self._check("files of the table", [row["file"] for row in rows], [b.name for b in brought])
        for row, one in zip(rows, brought, strict=False):
            for expected in (one.trust, *(answer.exported for answer in one.answers)):
                self._check(one.name, {column: row[column] for column in expected}, expected)

    # Model comparison

    async def move_threshold(self) -> None:
        """Move a model's threshold and read its confusion matrix."""
        name = self.random.choice(self._library.models).name
        threshold = round(self.random.uniform(0.1, 0.9), 3)
        self._thresholds[name] = threshold
        await self.timed(
            "move a threshold", self.visitor.change(f"comparison_{name}_slider", threshold)
        )
        cells = [
            int(button.label.split("**")[1].split()[0])
            for button in self.visitor.elements("button")
            if f"-cell_{name}." in button.id
        ]
        expected = self._library.counts(name, threshold)
        self._check(f"{name} at {threshold}", tuple(cells), expected)

    async def move_prevalence(self) -> None:
        """Move the prevalence and read each model's PPV at its threshold."""
        prevalence = round(self.random.uniform(0.05, 0.6), 3)
        await self.timed(
            "move the prevalence", self.visitor.change("comparison_prevalence_slider", prevalence)
        )
        table = self._rates()
        for model in self._library.models:
            shown = table[model.card.title]["PPV"]
            threshold = self._thresholds[model.name]
            expected = 100 * self._library.ppv(model.name, threshold, prevalence)
            if not math.isnan(expected):
                self._check(
                    f"PPV of {model.name} at {threshold} and {prevalence}",
                    shown.partition(" ")[0].removesuffix("%"),
                    f"{expected:.1f}",
                )

    def _rates(self) -> dict[str, dict[str, str]]:
        """Read the table of rates, reader -> rate -> text."""
        import pyarrow

        for table in self.visitor.elements("table"):
            frame = pyarrow.ipc.open_stream(table.arrow_data.data).read_pandas()
            if "Rate" in frame:
                return frame.set_index("Rate").to_dict()
        raise VisitError("No table of rates on the page.")


async def think(guest: Guest, seconds: Sequence[float]) -> None:
    """Pause as a person does: evenly in the logarithm between two numbers of seconds."""
    low, high = (math.log(end) for end in seconds)
    await asyncio.sleep(math.exp(guest.random.uniform(low, high)))
