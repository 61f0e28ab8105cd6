"""Areas come from GeoJSON; what cannot be read is named with its file and feature."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from yongquan.cli import app
from yongquan.kernel.errors import BadInput
from yongquan.vouchers.areas import read_areas

ZONES = Path(__file__).parents[3] / "src/yongquan/simulation/ningbo/functional_zones.geojson"


def test_the_demo_citys_zones_are_imported_once(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YONGQUAN_DATABASE_URL", fresh_database)

    first = CliRunner().invoke(app, ["areas", "import", str(ZONES)])
    second = CliRunner().invoke(app, ["areas", "import", str(ZONES)])

    assert first.output.strip() == "2 areas read, 2 new or changed"
    assert second.output.strip() == "2 areas read, 0 new or changed"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nonsense", "no GeoJSON feature collection"),
        ('{"features": [{"properties": {"code": "a"}}]}', "feature 1 needs properties"),
        (
            '{"features": [{"properties": {"code": "a", "name": "甲", "name_en": "A"},'
            ' "geometry": {"type": "Point", "coordinates": [121, 29]}}]}',
            "feature 1: geometry is no valid polygon",
        ),
    ],
)
def test_bad_files_are_refused_with_the_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "areas.geojson"
    file.write_text(text)

    with pytest.raises(BadInput, match=told) as refused:
        read_areas(file)

    assert str(file) in str(refused.value)
