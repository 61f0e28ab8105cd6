"""The house stays tidy: what a reviewer should not have to look for."""

import ast
import hashlib
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VENDOR = ROOT / "src/yongquan/web/static/vendor"
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "data", "misc"}
# Put together here, so that this file does not find itself.
UNFINISHED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "NotImplemented" + "Error"]))
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:work|root|home)/")
REGISTRY_HOST = re.compile(
    "|".join([r"pypi\." + "org", "python" + "hosted", "index-" + "url", "npmjs" + r"\.", "/simple" + "/"])
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tracked() -> list[Path]:
    """What git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [file for name in listed.split("\0") if name and (file := ROOT / name).is_file()]


def ours() -> list[Path]:
    """Text files that were written here."""
    texts = {".py", ".sql", ".md", ".toml", ".lock", ".html", ".js", ".css", ".yaml", ".yml", ".sh", ".po", ""}
    return [file for file in tracked() if file.suffix in texts and VENDOR not in file.parents]


@cache
def parsed() -> dict[Path, ast.Module]:
    return {file: ast.parse(file.read_text()) for file in tracked() if file.suffix == ".py"}


def functions() -> Iterator[tuple[str, Function, ast.AST]]:
    """Each function with the place it stands at and the node around it."""
    for file, tree in parsed().items():
        for around in ast.walk(tree):
            for node in ast.iter_child_nodes(around):
                if isinstance(node, Function):
                    yield f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", node, around


def found_in(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{number} {found[0]}"
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if (found := pattern.search(line))
    ]


def test_files_are_short() -> None:
    long = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in parsed()}

    assert {name: lines for name, lines in long.items() if lines > FILE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    lengths = [(where, (node.end_lineno or 0) - node.lineno + 1) for where, node, _ in functions()]

    assert [(where, length) for where, length in lengths if length > FUNCTION_LINES_MAX] == []


def test_modules_are_named_for_something() -> None:
    parts = {part for file in parsed() for part in file.relative_to(ROOT).with_suffix("").parts}

    assert parts & EMPTY_NAMES == set()


def test_nothing_is_left_unfinished() -> None:
    assert found_in(UNFINISHED, ours()) == []


def test_no_function_is_a_stub() -> None:
    stubs = [where for where, node, around in functions() if _is_empty(node) and not _may_be_empty(node, around)]

    assert stubs == []


def test_money_is_never_a_float() -> None:
    places = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file, tree in parsed().items()
        if ROOT / "src" in file.parents
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign | ast.Assign | ast.arg | ast.keyword) and _makes_fen_float(node)
    ]

    assert places == []


def test_every_room_has_a_door() -> None:
    folders = {file.parent for file in parsed() if (ROOT / "src") in file.parents}

    assert [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    assert found_in(MACHINE_PATH, ours()) == []
    assert found_in(REGISTRY_HOST, ours()) == []


def test_vendored_files_are_what_they_were() -> None:
    listed = dict(line.split(maxsplit=1)[::-1] for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
    sums = {name.removeprefix("*").removeprefix("./"): sum_ for name, sum_ in listed.items()}
    files = {str(f.relative_to(VENDOR)): f for f in tracked() if VENDOR in f.parents and f.parent != VENDOR}

    assert sums.keys() == files.keys()
    assert {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()} == sums


def test_migrations_are_one_chain_each_with_its_sql() -> None:
    revisions = sorted((ROOT / "migrations/versions").glob("*.py"))
    chain = [_assigned(file) for file in revisions]

    assert [one["revision"] for one in chain] == [file.name[:4] for file in revisions]
    assert [one["down_revision"] for one in chain] == [None, *(file.name[:4] for file in revisions[:-1])]
    assert [file.stem for file in revisions] == sorted(file.stem for file in (ROOT / "migrations").glob("*.sql"))


def test_the_map_shows_every_room() -> None:
    rooms = {
        file.relative_to(ROOT / "src/yongquan").parts[0] for file in parsed() if ROOT / "src/yongquan" in file.parents
    }
    shown = (ROOT / "docs/map.md").read_text()

    assert [room for room in sorted(rooms) if not room.endswith(".py") and f"src/yongquan/{room}/" not in shown] == []


def test_both_readmes_have_the_same_headings() -> None:
    headings = [
        re.findall(r"^(#+) ", (ROOT / name).read_text(), re.MULTILINE) for name in ("README.md", "README.zh-CN.md")
    ]

    assert len(headings[0]) >= 3
    assert headings[0] == headings[1]


def test_the_glossary_names_every_system() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text()

    assert [f"S{n:02d}" for n in range(1, 36) if not re.search(rf"\bS{n:02d}\b", glossary)] == []


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("fee_fen = total_fen / 2", True),
        ("fee_fen: float = x", True),
        ("f(fee_fen=1.5)", True),
        ("fee_fen = a // 2", False),
    ],
)
def test_the_float_rule_sees_floats(line: str, bad: bool) -> None:
    nodes = [n for n in ast.walk(ast.parse(line)) if isinstance(n, ast.AnnAssign | ast.Assign | ast.keyword)]

    assert any(_makes_fen_float(node) for node in nodes) is bad


def _is_empty(node: Function) -> bool:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return all(isinstance(s, ast.Pass) or (isinstance(s, ast.Expr) and _is_dots(s.value)) for s in body)


def _is_dots(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is ...


def _may_be_empty(node: Function, around: ast.AST) -> bool:
    """The methods of a Protocol are promises, not stubs."""
    if isinstance(around, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in around.bases):
        return True
    return any("overload" in ast.unparse(decorator) for decorator in node.decorator_list)


def _makes_fen_float(node: ast.AnnAssign | ast.Assign | ast.arg | ast.keyword) -> bool:
    names = (
        [node.arg or ""]
        if isinstance(node, ast.arg | ast.keyword)
        else [ast.unparse(target) for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    )
    if not any(name.endswith("_fen") for name in names):
        return False
    annotation = getattr(node, "annotation", None)
    if annotation is not None and "float" in ast.unparse(annotation):
        return True
    value = getattr(node, "value", None)
    return value is not None and any(_is_float(part) for part in ast.walk(value))


def _is_float(part: ast.AST) -> bool:
    return (
        (isinstance(part, ast.Constant) and isinstance(part.value, float))
        or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div))
        or (isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "float")
    )


def _assigned(file: Path) -> dict[str, object]:
    """The constants at the top of a revision file."""
    return {
        target.id: ast.literal_eval(node.value)
        for node in parsed()[file].body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
