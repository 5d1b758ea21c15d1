"""The address in a data folder is that of a program that serves it."""

import os
from itertools import permutations
from multiprocessing import get_context
from pathlib import Path

import pytest

from cli.address import address_noted, noted_address

URLS = ("http://first", "http://second", "http://third")


@pytest.mark.parametrize("ends", list(permutations(range(3))))
def test_of_several_programs_the_newest_that_runs_is_noted(tmp_path: Path, ends: tuple[int, ...]) -> None:
    running = []
    for url in URLS:
        running.append(address_noted(tmp_path, url))
        running[-1].__enter__()
        assert noted_address(tmp_path) == url

    for number, place in enumerate(ends, start=1):
        running[place].__exit__(None, None, None)
        assert noted_address(tmp_path) == next((URLS[left] for left in sorted(ends[number:], reverse=True)), "")


def test_two_programs_may_have_one_address(tmp_path: Path) -> None:
    """As those of two hosts on one folder have."""
    with address_noted(tmp_path, URLS[0]):
        with address_noted(tmp_path, URLS[0]):
            pass
        assert noted_address(tmp_path) == URLS[0]
    assert noted_address(tmp_path) == ""


def test_a_killed_program_is_noted_until_another_runs(tmp_path: Path) -> None:
    with address_noted(tmp_path, URLS[0]):
        killed = get_context("fork").Process(target=be_killed, args=(tmp_path, URLS[1]))
        killed.start()
        killed.join(timeout=10)
        assert killed.exitcode == 9
        assert noted_address(tmp_path) == URLS[0]
    assert noted_address(tmp_path) == URLS[1]  # It may be served there again.

    with address_noted(tmp_path, URLS[2]):
        assert noted_address(tmp_path) == URLS[2]
    assert noted_address(tmp_path) == ""


def be_killed(data: Path, url: str) -> None:
    with address_noted(data, url):
        os._exit(9)
