"""`yongquan merchants` from file to file."""

import csv
import json
from pathlib import Path

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from yongquan.cli import app
from yongquan.kernel.errors import BadInput
from yongquan.merchants.matching.reading import read_list

LINES = (
    "店名,地址,联系电话\n"
    "阿芳面馆,宁波市海曙区中山东路8号,13800138001\n"
    "阿芳麵館,海曙区中山东路８号,138 0013 8001\n"
    "顺兴五金,慈溪市三北大街9号,\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_any_encoding_of_a_chinese_list_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(LINES.encode(encoding))

    rows = read_list(file)

    assert [row.id for row in rows] == ["1", "2", "3"]
    assert rows[1].name == "阿芳麵館"


def test_big5_is_read(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("name,address\n阿芳麵館,寧波市海曙區中山東路八號\n順興五金,慈溪市三北大街九號\n".encode("big5"))

    assert read_list(file)[0].name == "阿芳麵館"


def test_excel_is_read(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["id", "name", "phone", "lon"])
    book.active.append([7, "阿芳面馆", 13800138001, 121.5])
    book.save(tmp_path / "list.xlsx")

    row = read_list(tmp_path / "list.xlsx")[0]

    assert (row.id, row.phone, row.lon) == ("7", "13800138001", 121.5)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b"", "line 1"),
        (b"colour,size\n1,2\n", "line 1"),
        (b"name,lon\nA,east\n", "line 2, column lon"),
        (b"id,name\n1,A\n1,B\n", "line 3, column id"),
        (b"name,phone\nA,1,2\n", "line 2"),
        (b"name,shop_name\nA,B\n", "two columns for name"),
        (b"name\n\xff\xff\xff\n", "line 2"),
    ],
)
def test_bad_lists_are_named_by_line_and_column(tmp_path: Path, content: bytes, where: str) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)

    with pytest.raises(BadInput) as caught:
        read_list(file)

    assert str(file) in str(caught.value)
    assert where in str(caught.value)


def test_dedupe_writes_a_cluster_for_each_row(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(LINES)

    said = CliRunner().invoke(
        app, ["merchants", "dedupe", f"{tmp_path}/list.csv", "--out", f"{tmp_path}/out.csv", "--json"]
    )

    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["shops"] == 2
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["cluster_id"]) for row in rows] == [("1", "1"), ("2", "1"), ("3", "2")]


def test_match_writes_only_pairs_taken(tmp_path: Path) -> None:
    (tmp_path / "left.csv").write_text(LINES)
    (tmp_path / "right.csv").write_text(
        "id,name,phone,address\nR,阿芳面馆,13800138001,中山东路8号\nS,何记糕团,,江北区人民路1号\n"
    )

    said = CliRunner().invoke(
        app, ["merchants", "match", f"{tmp_path}/left.csv", f"{tmp_path}/right.csv", "--out", f"{tmp_path}/out.csv"]
    )

    assert said.exit_code == 0, said.output
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["left_id"], row["right_id"]) for row in rows] == [("1", "R"), ("2", "R")]
    assert all(0.9 < float(row["score"]) <= 1 for row in rows)
