"""What a command prints: one JSON document, or sentences."""

import json
import sys
from contextlib import suppress


def print_document(document: object) -> None:
    """One JSON document on a line of its own; a reader that has gone away is no error."""
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")


def say(sentence: str) -> None:
    """One sentence, at once."""
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
