"""The validator finds faults, and says where."""

from pathlib import Path

from tests.html_validator import faults_of

WHOLE = '<!doctype html><html lang="en"><head><title>A mug</title></head><body><p>Blue.</p></body></html>'


def test_what_is_wrong_is_found_on_its_page(tmp_path: Path) -> None:
    nested = WHOLE.replace("Blue.", '<a href="/"><button type="button">Buy</button></a>')

    assert {fault.partition(" ")[0] for fault in faults_of(tmp_path, {"/whole": WHOLE, "/nested": nested})} == {
        "/nested:1:"
    }
