"""The API keeps to its description: held against it by tools of others.

Schemathesis makes requests of it, some that fit and some that do not, and checks each answer. aiopenapi3 makes a client
of it, which buys.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import requests
import schemathesis
from aiopenapi3 import OpenAPI
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode, Response
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks as openapi_checks

from bus.messages.cart import CheckedOut
from gateway.app import description
from testkit import ShopUnderTest
from testkit.people import DELIVERY, BusBuyer
from tests.journeys.people import new_key, staff_token

Json = dict[str, Any]
AnyCase: TypeAlias = Case[Any]
AnyOperation: TypeAlias = APIOperation[Any, Any, Any, Any]

ENDLESS: Final = {"live_events"}  # A stream, which tests/gateway/live reads.
CHECKS: Final = [
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.negative_data_rejection,
]
EXAMPLES: Final = 4  # Of each operation, with and without a token, fitting and not: hundreds in all.
LONG: Final = 190  # Likewise: 20,000.


@pytest.fixture(scope="module")
def api() -> Json:
    return msgspec.json.decode(msgspec.json.encode(description()), type=Json)


def operations(api: Json) -> Iterator[AnyOperation]:
    """All operations that end."""
    for found in schemathesis.openapi.from_dict(api).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.definition.raw["operationId"] not in ENDLESS:
            yield operation


class Prober:
    """Sends requests that are made of a description, and checks the answers."""

    def __init__(self, url: str, token: str, known: Mapping[str, str], session: requests.Session) -> None:
        self._url = url
        self._token = token
        self._known = known  # What path parameters may name, so that not all is 404.
        self._session = session
        self.sent = 0
        self.statuses: set[int] = set()

    def probe(self, operation: AnyOperation, examples: int, *, at_random: bool) -> None:
        """Send so many requests that fit, and as many that do not, to an operation.

        Raises:
            FailureGroup: An answer is not as described.
        """
        modes = [mode for mode in GenerationMode if mode is GenerationMode.POSITIVE or _can_be_wrong(operation)]
        for mode in modes:

            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=not at_random,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
            def send(case: AnyCase, is_known: bool) -> None:
                if is_known:
                    case.path_parameters.update(
                        {name: self._known[name] for name in case.path_parameters if name in self._known}
                    )
                self._send(case)

            send()

    def _send(self, case: AnyCase) -> None:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        answer = case.call(base_url=self._url, session=self._session, headers=headers, timeout=20)
        self.sent += 1
        self.statuses.add(answer.status_code)
        arrived = parse_qs(urlsplit(str(answer.request.url)).query, keep_blank_values=True)
        assume(arrived.keys() >= (case.query or {}).keys())  # An empty list is written as nothing, which is not wrong.
        case.validate_response(answer, checks=CHECKS, headers=headers)
        assert answer.status_code < 500, (case.method, case.formatted_path, answer.text)
        self._check_code(case, answer)

    @staticmethod
    def _check_code(case: AnyCase, answer: Response) -> None:
        """Check that a refusal has one of the codes that are described."""
        if answer.status_code >= 400:
            described = case.operation.definition.raw["responses"][str(answer.status_code)]["x-codes"]
            assert answer.json()["code"] in described
            assert answer.json()["status"] == answer.status_code


def _can_be_wrong(operation: AnyOperation) -> bool:
    """Whether a request can be made that does not fit."""
    return bool(operation.body or operation.query)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("is_staff", [False, True], ids=["stranger", "staff"])
async def test_no_answer_is_other_than_described(
    shop: ShopUnderTest, api: Json, request: pytest.FixtureRequest, is_staff: bool
) -> None:
    is_long = bool(request.config.option.long)
    placed: CheckedOut = await shop.buy(MUG=1)
    cart = await BusBuyer(shop).fill_cart({"BOOK": 1})
    known = {
        "product_id": "BOOK", "sku": "BOOK", "cart_id": cart.id, "order_id": placed.order_id,
        "list_id": placed.order_id, "method_id": "standard", "letter_id": "1", "item_id": "refund_failed:none",
    }  # fmt: skip
    token = await staff_token(shop) if is_staff else ""

    def probe_all() -> Prober:
        with requests.Session() as session:
            prober = Prober(shop.url, token, known, session)
            for operation in operations(api):
                prober.probe(operation, LONG if is_long else EXAMPLES, at_random=is_long)
            return prober

    prober = await asyncio.to_thread(probe_all)

    assert prober.sent >= (8000 if is_long else 150)
    assert prober.statuses >= ({200, 201, 404, 422} if is_staff else {200, 201, 401, 404, 422})


# Of a map that may be left out this client takes the default as it is, and warns of its own doing.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
async def test_a_client_made_of_the_description_buys(shop: ShopUnderTest) -> None:
    api = await OpenAPI.load_async(f"{shop.url}/openapi.json")
    api.authenticate(staff=await staff_token(shop))
    price = {"amount": 1990, "currency": "EUR"}
    product = {
        "id": "KETTLE", "slug": "kettle", "title": "Kettle", "category": "Kitchen",
        "skus": [{"sku": "KETTLE-RED", "title": "Red", "price": price, "weight_g": 900}],
    }  # fmt: skip

    made = await call(api, "create_product", product)
    assert made.skus[0].price.amount == 1990
    assert (await call(api, "set_stock", {"on_hand": 5}, sku="KETTLE-RED")).available == 5

    cart = await call(api, "create_cart")
    filled = await call(api, "set_line", {"quantity": 2}, cart_id=cart.id, sku="KETTLE-RED")
    assert (filled.lines[0].held, filled.subtotal.amount) == (2, 3980)
    quoted = await call(api, "quote", {"shipping_method": "standard"}, cart_id=cart.id)
    total = quoted.total.root.amount  # This client wraps what may be null.
    placed = await call(api, "checkout", {**DELIVERY, "expected_total": total}, cart_id=cart.id, key=new_key())
    payment = placed.payment.root
    assert await shop.pay(payment.intent, payment.client_secret) == 200

    api.authenticate(None, order=placed.access_token)
    order = await call(api, "get_order", order_id=placed.order.id)
    assert (order.status, order.total.amount) == ("paid", total)


async def call(api: OpenAPI, name: str, body: object = None, *, key: str = "", **parameters: str) -> Any:
    """Send a request by its name; the client checks that it, and the answer, are as described."""
    operation = getattr(api._, name)
    given: Json = {**parameters, **({"Idempotency-Key": key} if key else {})}
    data = None if body is None else operation.data.get_type().model_validate(body)
    return await operation(parameters=given, data=data)
