"""The cookie of a basket: whatever a shop names its carts, and nothing that is no id."""

from unittest.mock import Mock

import pytest

from gateway.pages.visitor import cart_cookie, cart_id_of


@pytest.mark.parametrize(
    ("cookie", "cart_id"),
    [
        ("cart=cart_gEYK9csxGIlVv550QNI7qA", "cart_gEYK9csxGIlVv550QNI7qA"),
        ("a=b; cart=cart_-EYK9-_xGIlVv550QNI7q-", "cart_-EYK9-_xGIlVv550QNI7q-"),
        ("cart=../orders", ""),
        ("cart=a%2Fb", ""),
        ("cart=" + "a" * 65, ""),
        ("cart=1; cart=2", ""),
        ("", ""),
    ],
)
def test_a_cart_is_read_from_its_cookie(cookie: str, cart_id: str) -> None:
    assert cart_id_of(visit(cookie)) == cart_id


def test_behind_tls_no_other_host_of_the_domain_can_plant_a_cart() -> None:
    made = cart_cookie(visit("", public_url="https://shop.example"), "cart_1")

    assert (made.key, made.path, made.secure, made.domain) == ("__Host-cart", "/", True, None)
    assert cart_id_of(visit("cart=cart_2; __Host-cart=cart_1", public_url="https://shop.example")) == "cart_1"
    assert cart_id_of(visit("cart=cart_2", public_url="https://shop.example")) == ""


def visit(cookie: str, public_url: str = "") -> Mock:
    context = Mock(public_url=public_url)
    return Mock(headers={"cookie": cookie}, scope={"state": {"context": context}})
