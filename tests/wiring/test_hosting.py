"""Which actors a process hosts."""

import re
from pathlib import Path

import msgspec
import pytest

from engine.errors import BadSetting
from wiring.domains import ShopSettings
from wiring.hosting import ALL_ACTORS, LOCAL, choose_actors, read_hosted

DOCS = Path(__file__).parent.parent.parent / "docs"
KNOWN = frozenset({"cart", "email", "order"})


def settings(actors: str, prefix: str = "shop") -> ShopSettings:
    sqs = msgspec.structs.replace(ShopSettings().sqs, shopflow_actors=actors, sqs_prefix=prefix)
    return msgspec.structs.replace(ShopSettings(), sqs=sqs)


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        ("", KNOWN),
        (" , ", KNOWN),
        ("cart", {"cart"}),
        (" cart, order,", {"cart", "order"}),
        ("!cart", {"email", "order"}),
        (" ! cart , order ", {"email"}),
    ],
)
def test_a_list_names_actors_or_excludes_them(listed: str, chosen: set[str]) -> None:
    assert choose_actors(listed, KNOWN) == chosen


@pytest.mark.parametrize(
    ("listed", "refusal"),
    [
        ("cart,courier", "no actor is called courier; there are cart, email, order"),
        ("!courier", "no actor is called courier; there are cart, email, order"),
        ("cart,!order", "one ! before the first name excludes all that are listed; no other name has one"),
        ("!cart,!order", "one ! before the first name excludes all that are listed; no other name has one"),
        ("!!cart", "one ! before the first name excludes all that are listed; no other name has one"),
        ("!", "no name follows the !"),
        ("!cart,email,order", "it excludes every actor"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_in_a_line(listed: str, refusal: str) -> None:
    with pytest.raises(BadSetting) as refused:
        choose_actors(listed, KNOWN)

    assert str(refused.value) == f"SHOPFLOW_ACTORS: {refusal}"
    with pytest.raises(BadSetting, match=r"^--actors: "):
        choose_actors(listed, KNOWN, given_by="--actors")


@pytest.mark.parametrize("has_gateway", [True, False])
def test_a_process_hosts_its_local_actors_whatever_is_listed(has_gateway: bool) -> None:
    """The auditor asks them as gateways do, and may be hosted without one."""
    assert read_hosted(settings("!cart"), has_gateway=has_gateway).actors == ALL_ACTORS.actors - {"cart"}
    assert read_hosted(settings("cart"), has_gateway=has_gateway).actors == {"cart"} | LOCAL
    assert read_hosted(settings(f"!{min(LOCAL)}"), has_gateway=has_gateway).actors == ALL_ACTORS.actors


def test_a_process_without_any_actor_is_refused() -> None:
    with pytest.raises(BadSetting, match="no actor to host"):
        read_hosted(settings(",".join(LOCAL)), has_gateway=False)


def test_a_part_of_the_shop_needs_queues() -> None:
    with pytest.raises(BadSetting, match="SQS_PREFIX"):
        read_hosted(settings("!cart", prefix=""))


@pytest.mark.parametrize("paper", ["compose.yaml", "scaling.md"])
def test_the_processes_of_a_paper_host_every_actor_once(paper: str) -> None:
    lists = re.findall(r"serve --actors (\S+)", (DOCS / paper).read_text(encoding="utf-8"))
    hosted = [name for each in lists for name in choose_actors(each.strip("'"), ALL_ACTORS.actors) - LOCAL]

    assert sorted(hosted) == sorted(ALL_ACTORS.actors - LOCAL)
