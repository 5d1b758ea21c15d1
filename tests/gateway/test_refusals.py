"""What is refused is counted; the log says it once a minute for each address, and never floods."""

from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from gateway.refusals import Refusals


class Stopwatch:
    s = 1000.0

    def __call__(self) -> float:
        return self.s


def counted() -> float:
    return REGISTRY.get_sample_value("shopflow_edge_refused_total", {"reason": "head"}) or 0.0


def test_one_line_for_an_address_and_minute() -> None:
    now, before = Stopwatch(), counted()
    refusals = Refusals(now)

    with capture_logs() as logged:
        for _ in range(1000):
            refusals.note("head", "192.0.2.1")
        refusals.note("head", "192.0.2.2")
        now.s += 60
        refusals.note("head", "192.0.2.1")

    assert [(line["address"], line["not_logged"]) for line in logged] == [
        ("192.0.2.1", 0), ("192.0.2.2", 999), ("192.0.2.1", 0),
    ]  # fmt: skip
    assert counted() - before == 1002


def test_a_hundred_lines_a_minute_whoever_comes() -> None:
    refusals = Refusals(Stopwatch())

    with capture_logs() as logged:
        for number in range(10_000):
            refusals.note("head", f"{number}")

    assert len(logged) == 100
