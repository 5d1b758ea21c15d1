"""The address in a data folder is that of a program that serves it."""

from pathlib import Path

from cli.address import address_noted, noted_address


def test_the_newest_of_two_programs_is_noted_and_the_other_again_after_it(tmp_path: Path) -> None:
    with address_noted(tmp_path, "http://first"):
        with address_noted(tmp_path, "http://second"):
            assert noted_address(tmp_path) == "http://second"
        assert noted_address(tmp_path) == "http://first"
    assert noted_address(tmp_path) == ""


def test_the_first_program_leaves_the_note_of_the_second(tmp_path: Path) -> None:
    first, second = address_noted(tmp_path, "http://first"), address_noted(tmp_path, "http://second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert noted_address(tmp_path) == "http://second"
    second.__exit__(None, None, None)
