"""Bad files and what posg says about them, word for word."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

BAD = Path(__file__).parent / "bad"


@pytest.mark.parametrize(
    "path", sorted({*BAD.glob("*.posg"), *BAD.glob("*pomdp")}), ids=lambda path: path.stem
)
def test_says_what_is_wrong(
    path: Path, update_golden: bool, complaints: Callable[[Path], str]
) -> None:
    text = complaints(path)
    golden = path.with_suffix(".txt")
    if update_golden:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    found = re.findall(r"^(?:error|warning)\[(P\d{4})\]", text, flags=re.MULTILINE)
    assert set(found) == {path.stem.partition("_")[0]}
