"""Card numbers are sealed and opened in one module, and nowhere else."""

from pathlib import Path

import yongquan

SOURCE = Path(yongquan.__file__).parent


def test_only_the_vault_names_what_card_numbers_are_sealed_under() -> None:
    naming = [path.name for path in SOURCE.rglob("*.py") if 'what="pan"' in path.read_text(encoding="utf-8")]
    opening = [path.name for path in SOURCE.rglob("*.py") if 'WHAT = "pan"' in path.read_text(encoding="utf-8")]

    assert naming == []
    assert opening == ["vault.py"]
