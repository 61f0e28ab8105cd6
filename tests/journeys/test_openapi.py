"""What the OpenAPI file allows is answered as it says: schemathesis asks a real server, as a citizen and a store."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.running import installation

EXAMPLES = 6


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Any]]]:
    with installation(tmp_path_factory.mktemp("openapi")) as made:
        made.start()
        seeding = made.run(
            *("sandbox", "seed", "--citizens", "2", "--rounds", "1", "--stock", "5", "--stores", "1", "--json")
        )
        assert seeding.returncode == 0, seeding.stderr
        yield made.url, json.loads(seeding.stdout)


@pytest.mark.parametrize("who", ["citizens", "stores"])
def test_every_answer_is_one_that_the_openapi_file_tells(
    seeded: tuple[str, dict[str, Any]], who: str, tmp_path: Path
) -> None:
    url, city = seeded
    asked = [
        *(str(Path(sys.executable).with_name("st")), "run", f"{url}/openapi.json"),
        *("--include-path-regex", "^/v1/", "--exclude-path-regex", "^/v1/institutions/"),
        *("-H", f"Authorization: Bearer {city[who][0]['token']}"),
        *("-n", str(EXAMPLES), "--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color"),
    ]

    said = subprocess.run(asked, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)

    assert said.returncode == 0, said.stdout[-6000:] + said.stderr[-1000:]
