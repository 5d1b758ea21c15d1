"""Plain pages for people: an overview of the sandbox, a mail, and the bank's approval page. Every value is escaped."""

from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from aiohttp import web
from jinja2 import Environment, FileSystemLoader
from msgspec import Struct

from sandbox.carrier.api import ENDS as PARCEL_ENDS
from sandbox.carrier.api import WORDS, Carrier
from sandbox.core.store import Page
from sandbox.core.webhooks import Outbox
from sandbox.mailbox.smtp import Mailbox
from sandbox.stripe.api import StripeApi
from sandbox.stripe.dispute_objects import Dispute, EarlyFraudWarning
from sandbox.stripe.disputes import ENDS, NEXT
from sandbox.stripe.errors import StripeError
from sandbox.stripe.objects import Charge, PaymentIntent

SHOWN = 25  # Of each kind.
HEADERS = {
    # A mail is a stranger's HTML: no scripts, in an iframe that is sandboxed besides.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src http: https: data:; "
    "frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Payment(Struct, frozen=True):
    """A line of the table of payments: an intent with its charge, disputes and warnings."""

    intent: PaymentIntent
    charge: Charge | None  # The latest.
    disputes: list[Dispute]
    warnings: list[EarlyFraudWarning]

    @property
    def left(self) -> int:
        """The amount that may still be refunded, in minor units."""
        charge = self.charge
        if charge is None or not charge.paid or not all(dispute.is_charge_refundable for dispute in self.disputes):
            return 0
        return charge.amount_captured - charge.amount_refunded

    @property
    def is_open(self) -> bool:
        """Whether a bank still has to decide a dispute."""
        return any(dispute.status not in ENDS for dispute in self.disputes)


class Pages:
    """The routes of the pages."""

    def __init__(self, stripe: StripeApi, carrier: Carrier, mailbox: Mailbox, outbox: Outbox) -> None:
        self._stripe = stripe
        self._carrier = carrier
        self._mailbox = mailbox
        self._outbox = outbox
        self._templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._overview),
            web.get("/mail/{id}", self._mail),
            web.get("/sandbox/approve/{id}", self._approve),
            web.post("/sandbox/approve/{id}", self._decide),
        ]

    async def _overview(self, _request: web.Request) -> web.Response:
        return self._page(
            "overview.html",
            mails=self._mailbox.mails(limit=SHOWN),
            payments=self._payments(),
            ends=ENDS,
            next_of=NEXT,
            shipments=self._carrier.newest(SHOWN),
            parcel_ends=PARCEL_ENDS,
            words=WORDS,
            shop=self._outbox.shop_url,
            waiting=self._outbox.waiting(),
        )

    def _payments(self) -> list[Payment]:
        """The payments to show, newest first."""
        stripe = self._stripe
        return [
            Payment(
                intent=intent,
                charge=stripe.charges.get(intent.latest_charge) if intent.latest_charge else None,
                disputes=stripe.disputes.by_ref(intent.id),
                warnings=stripe.warnings.by_ref(intent.id),
            )
            for intent in stripe.intents.page(Page(limit=SHOWN))[0]
        ]

    async def _mail(self, request: web.Request) -> web.Response:
        mail = self._mailbox.mail(request.match_info["id"])
        if mail is None:
            raise web.HTTPNotFound
        return self._page("mail.html", mail=mail, arrivals=self._mailbox.arrivals(mail.message_id))

    async def _approve(self, request: web.Request) -> web.Response:
        intent = self._intent(request.match_info["id"], request.query.get("client_secret", ""))
        return self._page("approve.html", intent=intent)

    async def _decide(self, request: web.Request) -> web.Response:
        answer = dict(parse_qsl(await request.text()))
        intent = self._intent(request.match_info["id"], answer.get("client_secret", ""))
        try:
            with self._stripe.transaction():
                done = self._stripe.finish_authentication(intent.id, approved=answer.get("decision") == "approve")
        except StripeError:
            raise web.HTTPConflict(text="This payment no longer waits for approval.") from None
        action = intent.next_action
        if action is not None and action.redirect_to_url.return_url:
            raise web.HTTPSeeOther(_return_url(action.redirect_to_url.return_url, done))
        return self._page("approve.html", intent=done)

    def _intent(self, key: str, client_secret: str) -> PaymentIntent:
        intent = self._stripe.intents.get(key)
        if intent is None or not intent.opened_by(client_secret):
            raise web.HTTPNotFound
        return intent

    def _page(self, template: str, **values: object) -> web.Response:
        text = self._templates.get_template(template).render(**values)
        return web.Response(text=text, content_type="text/html", headers=HEADERS)


def _return_url(url: str, intent: PaymentIntent) -> str:
    """The URL by which Stripe sends buyers back: with the intent, its client secret and the outcome."""
    parts = urlsplit(url)
    query = {
        "payment_intent": intent.id,
        "payment_intent_client_secret": intent.client_secret,
        "redirect_status": "succeeded" if intent.status == "succeeded" else "failed",
    }
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, urlencode(query)]))))
