"""The rules of the house, read from the source: who imports whom, what a file holds, what ships.

Nothing is imported here, only parsed (`ast`), so that an import inside a function or a branch that
no test takes counts like any other.
"""

import ast
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

BASE = ("errors", "files", "settings", "text")
STREAM = (
    "imaging", "data", "artifacts", "inference", "evaluation", "reading", "report", "plots", "ui",
)  # fmt: skip
"""Data flows to the right: each unit imports `BASE`, itself, and what stands to its left."""

NEVER = {
    "evaluation": set(STREAM),  # plain arrays in, figures out
    "reading": {"inference"},  # tables and ratings, no pixels
}
"""Left of them, and still not theirs."""

COMMANDS = (
    "__main__",
    "command_line",
    "train",
    "download",
    "prepare",
    "evaluate",
    "predict",
    "card",
    "serve",
    "results",
    "tools",
)
"""The ends of the stream, with their parts: they import everything but pages, and one another."""

BESIDE = ("training",)
"""What commands alone import: it stands beside the stream and serves no page."""

SHARED_BY_PAGES = "mammo/ui/kit/"

TENSORFLOW = {"tensorflow", "keras", "tf2onnx"}
TENSORFLOW_HOMES = ("mammo/training/", "mammo/train.py", "tools/experiments/")
DEVELOPMENT_HOMES = ("mammo/training/trust_pictures.py",)
DOWNLOAD_HOMES = ("mammo/data/download/",)
PREPARATION_HOMES = ("mammo/data/preparation/",)
FIGURE_HOMES = ("mammo/plots/paper.py",)
STREAMLIT_HOMES = ("mammo/ui/", "pages/", "app.py", "tools/sentences.py")

DISTRIBUTIONS = {
    "cv2": "opencv-python-headless", "PIL": "pillow", "sklearn": "scikit-learn",
    "skimage": "scikit-image", "idc_index": "idc-index", "idc_index_data": "idc-index-data",
}  # fmt: skip
"""Packages whose import has another name than the line in requirements.txt."""

CACHE_HOME = "mammo/ui/kit/cache.py"
PATCHES_HOME = "mammo/ui/kit/patches.py"

LONGEST_FILE, SHORTEST_FILE = 400, 40
"""Lines of code: without docstrings, comments and blanks."""

SMALL_HOMES = {
    "mammo/inference/maps/": "one method of a family",
    "pages/": "a page",
    "app.py": "a page",
    "mammo/card.py": "a command",
    "mammo/__main__.py": "a command",
    "mammo/train.py": "a command",
    "mammo/command_line.py": "what all commands share",
    "mammo/errors.py": "what every package raises",
    "mammo/files.py": "how every package writes",
    "mammo/inference/result.py": "one of the three nouns",
    "mammo/ui/kit/address.py": "the whole engine of links",
}
SMALL_FILES_TO_MERGE = ("tools/readme/marks.py",)
"""Files that their package has yet to merge with what is read together, or to give a reason."""


@cache
def sources() -> tuple[str, ...]:
    """Name every Python file that runs for a user, from the repository's root."""
    folders = ("mammo", "tools", "pages")
    found = [*(path for top in folders for path in ROOT.glob(f"{top}/**/*.py")), ROOT / "app.py"]
    return tuple(sorted(path.relative_to(ROOT).as_posix() for path in found))


@cache
def tracked() -> tuple[str, ...]:
    """Name every file of the repository; in an unpacked archive, every file that is no cache."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        listed = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
    hidden = re.compile(r"(^|/)(__pycache__|\.venv|venv|\.[a-z]+_cache|\.git|\.hypothesis)/")
    return tuple(n for n in sorted(listed) if (ROOT / n).is_file() and not hidden.search(n))


@cache
def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), name)


@cache
def imports(name: str) -> frozenset[str]:
    """Return every module that a file imports, in full, anywhere in it."""
    return frozenset(_imports(tree(name)))


def _imports(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            if node.module != "mammo":  # whose names are modules and the public API
                yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            yield from (arg.value for arg in node.args if _is_text(arg))  # type: ignore[attr-defined]


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def top_level(name: str) -> set[str]:
    """Return the libraries that a file imports, without the standard library and mammo."""
    tops = {module.partition(".")[0] for module in imports(name)}
    return tops - sys.stdlib_module_names - {"mammo", "tests", "tools"}


def unit(name: str) -> str:
    """Return where a file stands: "imaging" for mammo/imaging/read.py, "pages" for app and pages.

    The package's own file, which only names what is public, is "public".
    """
    parts = Path(name).with_suffix("").parts
    if parts[0] != "mammo":
        return "tools" if parts[0] == "tools" else "pages"
    return "public" if parts[1] == "__init__" else parts[1]


def imported_units(name: str) -> set[str]:
    """Return the units of mammo that a file imports, its own left out."""
    own = {part for module in imports(name) if (part := _unit_of_module(module))}
    return own - {unit(name)}


def _unit_of_module(module: str) -> str:
    parts = module.split(".")
    if parts[0] != "mammo":
        return "tools" if parts[0] == "tools" else ""
    if parts[1:] == ["__version__"]:
        return ""
    known = (*BASE, *STREAM, *COMMANDS, *BESIDE)
    return parts[1] if len(parts) > 1 and parts[1] in known else "public"


def allowed(where: str) -> set[str]:
    """Return the units that a unit may import."""
    if where == "errors":
        return set()
    if where in BASE:
        return {"errors"}
    if where in STREAM:
        left = set(STREAM[: STREAM.index(where)])
        return {*BASE, *left, *({"public"} if where == "ui" else ())} - NEVER.get(where, set())
    if where == "public":
        return {*BASE, "imaging", "data", "inference"}
    if where == "pages":
        return {"public", *BASE, *STREAM}
    return {"public", *BASE, *STREAM, *COMMANDS, *BESIDE} - {"ui"}


def modules_reached(name: str) -> set[str]:
    """Return every source that importing a file runs or may run later, itself included."""
    reached, waiting = set(), [name]
    while waiting:
        here = waiting.pop()
        if here not in reached:
            reached.add(here)
            waiting += [file for module in imports(here) for file in _files_of(module)]
    return reached


def users_of(libraries: set[str], but: tuple[str, ...]) -> list[str]:
    """Return the sources that import one of some libraries, without their rightful homes."""
    return [name for name in sources() if not name.startswith(but) and top_level(name) & libraries]


def reaching(libraries: set[str], but: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the sources that reach some libraries, and the files by which they do."""
    found = {
        name: [file for file in sorted(modules_reached(name)) if top_level(file) & libraries]
        for name in sources()
        if not name.startswith(but)
    }
    return {name: by for name, by in found.items() if by}


def _files_of(module: str) -> list[str]:
    path = module.replace(".", "/")
    return [file for file in (f"{path}.py", f"{path}/__init__.py") if file in sources()]


def requirements(name: str) -> list[str]:
    """Return the lines of a requirements file that require something."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def distributions(*names: str) -> set[str]:
    return {
        line.partition("==")[0].lower()
        for name in names
        for line in requirements(name)
        if "==" in line
    }


def test_nothing_imports_against_the_stream() -> None:
    known = (*BASE, *STREAM, *COMMANDS, *BESIDE, "public", "pages")
    strangers = {unit(name) for name in sources()} - set(known)
    assert not strangers, f"say here where these stand in the stream: {', '.join(strangers)}"
    against = {name: imported_units(name) - allowed(unit(name)) for name in sources()}
    assert {name: units for name, units in against.items() if units} == {}


def test_tensorflow_and_streamlit_stay_where_they_belong() -> None:
    assert users_of(TENSORFLOW, but=TENSORFLOW_HOMES) == []
    assert users_of({"streamlit"}, but=STREAMLIT_HOMES) == []


def test_no_page_imports_another_pages_package() -> None:
    against = {
        name: others
        for name in sources()
        if name.startswith("mammo/ui/")
        and (others := {other for other in _page_packages(name) if not name.startswith(other)})
    }
    assert against == {}


def _page_packages(name: str) -> set[str]:
    """Return the packages of pages that a file of the app imports."""
    parts = [module.split(".") for module in imports(name)]
    return {
        f"mammo/ui/{part[2]}/"
        for part in parts
        if part[:2] == ["mammo", "ui"]
        and len(part) > 2
        and (ROOT / "mammo" / "ui" / part[2]).is_dir()
        and f"mammo/ui/{part[2]}/" != SHARED_BY_PAGES
    }


def test_a_command_takes_from_the_pages_only_what_knows_no_streamlit() -> None:
    assert reaching({"streamlit"}, but=STREAMLIT_HOMES) == {}


def test_what_serves_reaches_no_tensorflow() -> None:
    assert reaching(TENSORFLOW, but=TENSORFLOW_HOMES) == {}


def test_every_library_stands_in_a_requirements_file() -> None:
    serving = distributions("requirements.txt")
    more = {
        TENSORFLOW_HOMES: distributions("requirements-train.txt", "requirements-own-data.txt"),
        DOWNLOAD_HOMES: distributions("requirements-download.txt"),
        DEVELOPMENT_HOMES: distributions("requirements-dev.txt"),
        PREPARATION_HOMES: distributions("requirements-own-data.txt", "requirements-cluster.txt"),
        FIGURE_HOMES: distributions("requirements-own-data.txt"),
    }
    unknown = {
        name: {top for top in top_level(name) if DISTRIBUTIONS.get(top, top).lower() not in known}
        for name in sources()
        for known in [serving.union(*(more[home] for home in more if name.startswith(home)))]
    }
    assert {name: libraries for name, libraries in unknown.items() if libraries} == {}


def test_the_public_names_come_from_where_they_may() -> None:
    """`mammo/__init__.py` names the homes of its lazy names as texts, which no import shows."""
    homes = {
        node.value
        for node in ast.walk(tree("mammo/__init__.py"))
        if isinstance(node, ast.Constant) and re.fullmatch(r"mammo(\.\w+)+", str(node.value))
    }
    assert homes
    assert {_unit_of_module(str(home)) for home in homes} <= allowed("public")


def test_every_file_opens_with_what_it_is() -> None:
    assert [name for name in sources() if not ast.get_docstring(tree(name))] == []


@cache
def code_lines(name: str) -> int:
    """Count the lines that hold code, without docstrings, comments and blanks."""
    documented = {
        line
        for node in ast.walk(tree(name))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and ast.get_docstring(node, clean=False) is not None
        for line in range(node.body[0].lineno, int(node.body[0].end_lineno or 0) + 1)
    }
    with (ROOT / name).open("rb") as file:
        tokens = [token for token in tokenize.tokenize(file.readline) if token.type not in NO_CODE]
    lines = {line for token in tokens for line in range(token.start[0], token.end[0] + 1)}
    return len(lines - documented - {0})


NO_CODE = (
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
)  # fmt: skip


def test_no_file_is_longer_than_a_sitting() -> None:
    lines = {name: code_lines(name) for name in sources()}
    assert {name: count for name, count in lines.items() if count > LONGEST_FILE} == {}


def test_a_small_file_has_a_reason() -> None:
    small = {
        name: code_lines(name)
        for name in sources()
        if code_lines(name) < SHORTEST_FILE and not name.endswith("__init__.py")
    }
    excused = (*SMALL_HOMES, *SMALL_FILES_TO_MERGE)
    assert {name: count for name, count in small.items() if not name.startswith(excused)} == {}


def test_streamlits_cache_is_used_in_one_module() -> None:
    users = [
        name
        for name in sources()
        if any(
            getattr(node, "attr", getattr(node, "name", "")) in ("cache_resource", "cache_data")
            for node in ast.walk(tree(name))
        )
    ]
    assert users == [CACHE_HOME]


def test_others_modules_are_patched_in_one_module() -> None:
    patched = {name: found for name in sources() if (found := sorted(_patched(tree(name))))}
    assert patched.keys() <= {PATCHES_HOME}
    low = [name for name in sources() if name.startswith(STREAMLIT_HOMES) and _reaches_low(name)]
    assert low == [PATCHES_HOME]


def _patched(module: ast.Module) -> Iterator[str]:
    """Yield the attributes of imported things of others that a file assigns, as "socket.socket"."""
    theirs = {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(module)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and not str(getattr(node, "module", node.names[0].name)).startswith(("mammo", "tools"))
        for alias in node.names
    }
    for node in ast.walk(module):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if isinstance(node, ast.Call) and _called(node) == "setattr":
            targets = [ast.Attribute(node.args[0], "setattr")]
        for target in targets:
            if isinstance(target, ast.Attribute) and _root(target) in theirs:
                yield ast.unparse(target)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _reaches_low(name: str) -> bool:
    """Tell whether a file reaches for what lies below the app: C library, garbage, sockets."""
    return bool({"ctypes", "gc", "socket"} & imports(name))


MACHINE_PATHS = (
    r"/wor[k]/\w",
    r"(?<![\w.])/tm[p]/[a-z]{1,3}/",
    r"/hom[e]/\w+/",
    r"/User[s]/\w+/",
    r"[A-Z]:\\+User[s]\\",
)
"""Paths of somebody's machine; the brackets keep this file from finding itself."""


def test_no_file_names_a_path_of_a_developers_machine() -> None:
    beside = re.compile(r"\.\./share[d]")
    paths = re.compile("|".join(MACHINE_PATHS))
    found = []
    for name in tracked():
        text = (ROOT / name).read_bytes().decode("utf-8", errors="ignore")
        if paths.search(text) or (name != "tests/conftest.py" and beside.search(text)):
            found.append(name)
    assert not found, f"these name a path that only one machine has: {', '.join(found)}"


@pytest.mark.parametrize(
    "name",
    [
        "requirements.txt",
        "requirements-own-data.txt",
        "requirements-train.txt",
        "requirements-download.txt",
        "requirements-cluster.txt",
        "requirements-dev.txt",
    ],
)
def test_requirements_are_pinned(name: str) -> None:
    other = r"-r requirements(-own-data|-train|-download|-cluster)?\.txt"
    line = re.compile(other + r"|[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*")
    loose = [one for one in requirements(name) if not line.fullmatch(one)]
    assert not loose, f"{name} should pin with ==, and name no index: {', '.join(loose)}"


def test_the_app_is_installed_without_tensorflow_and_with_one_opencv() -> None:
    serving = distributions("requirements.txt")
    assert not serving & TENSORFLOW
    every = distributions(*(path.name for path in ROOT.glob("requirements*.txt")))
    assert [name for name in every if name.startswith("opencv")] == ["opencv-python-headless"]


def test_community_cloud_finds_requirements_txt_first() -> None:
    """It takes the first of these that it finds, and `requirements.txt` only after them."""
    assert not {"uv.lock", "Pipfile", "environment.yml"} & set(tracked())
