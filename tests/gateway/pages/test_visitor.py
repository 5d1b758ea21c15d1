"""The cookie of a basket: whatever a shop names its carts, and nothing that is no id."""

from unittest.mock import Mock

import pytest

from gateway.pages.visitor import cart_id_of


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
    assert cart_id_of(Mock(headers={"cookie": cookie})) == cart_id
