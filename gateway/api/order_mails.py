"""Mails about orders, for staff: which were sent, what they say, and sending them again."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias, get_args

from litestar import get, post
from litestar.params import FromPath, PathParameter

from bus.backlog import DeadLetter, WaitingDelivery
from bus.messages.base import Instant
from bus.messages.email import (
    MOST_LISTED,
    ListMailings,
    MailedEvent,
    Mailing,
    MailQueued,
    NoSuchMail,
    ResendMail,
    ResentOften,
    ToldMail,
    WriteMails,
    template_of,
)
from bus.messages.order import GetOrder, Order
from gateway.access import Member
from gateway.api.bodies import View
from gateway.api.lists import WholeListView
from gateway.context import GatewayContext, Injected
from gateway.idempotency import RequiredClaim
from gateway.problems import Problem, not_found, too_many

MailId = Annotated[str, PathParameter(max_length=200)]
MailState: TypeAlias = Literal["sent", "queued", "failed"]

_TEMPLATES: Final[Mapping[str, str]] = {kind.__name__: template_of(kind) for kind in get_args(MailedEvent)}
_AGAIN: Final = "SendAgain"


class MailView(View, frozen=True, kw_only=True):
    """A mail about an order. `detail` says why it failed, or how often it was tried."""

    id: str
    template: str
    subject: str
    to: str | None  # For staff with the key read_customers; null if the address was corrected since.
    at: Instant  # It was sent, or queued, or given up.
    state: MailState
    again: bool  # Staff have sent it again.
    detail: str
    dead_letter: str | None  # Of a mail that failed.


class MailList(WholeListView[MailView], frozen=True, kw_only=True):
    """Mails about an order, the oldest first."""


class MailTextView(View, frozen=True, kw_only=True):
    """The words of a mail, in both its forms. Written once more from the order as it is now; its link opens nothing."""

    id: str
    template: str
    subject: str
    text: str
    html: str


class ResentMailView(View, frozen=True, kw_only=True):
    """A mail that goes out again."""

    id: str
    template: str
    state: MailState


class Posted(View, frozen=True, kw_only=True):
    """A mail as it is known, before its subject is written."""

    id: str
    template: str
    at: datetime
    state: MailState = "sent"
    again: bool = False
    detail: str = ""
    letter: int | None = None


@get("/orders/{order_id:str}/mails", summary="List the mails about an order", refuses=["not_found"])
async def list_mails(context: Injected, staff: Member, order_id: FromPath[str]) -> MailList:
    """List the mails about an order: those that were sent, that wait to be sent, and that could not be sent."""
    order, mails = await _mails(context, order_id)
    wanted = tuple(ToldMail(template=mail.template, at=mail.at) for mail in mails)
    written = (await context.bus.ask(WriteMails(order_id=order_id, mails=wanted))).mails
    corrected_at = _address_corrected_at(order)
    items = [
        MailView(
            id=mail.id,
            template=mail.template,
            subject=text.subject,
            to=order.email if staff.may("read_customers") and order.email and mail.at >= corrected_at else None,
            at=mail.at,
            state=mail.state,
            again=mail.again,
            detail=mail.detail,
            dead_letter=str(mail.letter) if mail.letter else None,
        )
        for mail, text in zip(mails, written, strict=True)
    ]
    return MailList(items=items)


@get("/orders/{order_id:str}/mails/{mail_id:str}", summary="Read a mail about an order", refuses=["not_found"])
async def read_mail(context: Injected, order_id: FromPath[str], mail_id: MailId) -> MailTextView:
    """Read what a mail says. Nobody keeps mails: it is written once more, from the order as it is now."""
    _, mails = await _mails(context, order_id)
    mail = _named(mails, mail_id)
    ask = WriteMails(order_id=order_id, mails=(ToldMail(template=mail.template, at=mail.at),))
    (text,) = (await context.bus.ask(ask)).mails
    return MailTextView(id=mail.id, template=mail.template, subject=text.subject, text=text.text, html=text.html)


@post(
    "/orders/{order_id:str}/mails/{mail_id:str}/resend",
    status_code=202,
    summary="Send a mail about an order again",
    refuses=["not_found", "gone"],
)
async def resend_mail(
    context: Injected, staff: Member, claim: RequiredClaim, order_id: FromPath[str], mail_id: MailId
) -> ResentMailView:
    """Send a mail again, to the address of now; one that could not be sent is tried anew. Needs an `Idempotency-Key`.

    Five mails about an order go out again in an hour, at most.
    """
    order, mails = await _mails(context, order_id)
    mail = _named(mails, mail_id)
    if not order.email:
        raise Problem(410, "gone", "The buyer of this order is forgotten: there is nobody to write to.")
    if mail.letter is not None:
        await context.deliveries.redrive([mail.letter])
    if mail.state != "sent":
        return ResentMailView(id=mail.id, template=mail.template, state="queued")
    ask = ResendMail(order_id=order_id, mail_id=mail_id, resend_id=f"again_{claim.token}", by=str(staff))
    answer = await context.bus.ask(ask)
    match answer:
        case MailQueued():
            sent = answer.mailing
            return ResentMailView(id=sent.id, template=sent.template, state="sent" if sent.is_sent else "queued")
        case ResentOften():
            raise too_many(answer.retry_after_s, "Mails about this order were sent again often enough for now.")
        case NoSuchMail():
            raise not_found("mail")


async def _mails(context: GatewayContext, order_id: str) -> tuple[Order, list[Posted]]:
    """Read an order, and all mails about it, the oldest first.

    Raises:
        Problem: There is no such order.
    """
    order = await context.bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order):
        raise not_found("order")
    known = (await context.bus.ask(ListMailings(order_id=order_id))).mailings
    waiting = [row for row in await context.backlog.waiting_of(order_id) if row.subscriber == "email"]
    letters = [row for row in await context.backlog.dead_letters_about([order_id]) if row.subscriber == "email"]
    mails = [_posted(each, waiting, letters) for each in known]
    sent = {mail.id for mail in mails}
    unsent = [mail for mail in (*_queued(waiting), *_failed(letters)) if mail.id not in sent]
    return order, sorted([*mails, *unsent], key=lambda mail: mail.at)[-MOST_LISTED:]


def _posted(known: Mailing, waiting: Sequence[WaitingDelivery], letters: Sequence[DeadLetter]) -> Posted:
    """Say what became of a mail that was sent, or asked for once more."""
    mail = Posted(id=known.id, template=known.template, at=known.at, again=known.is_again)
    if known.is_sent:
        return mail
    if letter := next((row for row in letters if row.type == _AGAIN and known.id in row.body), None):
        return _replaced(mail, state="failed", detail=letter.error, letter=letter.id)
    tries = next((row.attempts for row in waiting if row.type == _AGAIN and known.id in row.body), None)
    if tries is None:  # Its buyer was forgotten before it could go out.
        return _replaced(mail, state="failed")
    return _replaced(mail, state="queued", detail=_tries(tries))


def _queued(waiting: Sequence[WaitingDelivery]) -> Iterator[Posted]:
    for row in waiting:
        if template := _TEMPLATES.get(row.type):
            id_ = f"{row.message_id}.{template}"
            yield Posted(id=id_, template=template, at=row.stored_at, state="queued", detail=_tries(row.attempts))


def _failed(letters: Sequence[DeadLetter]) -> Iterator[Posted]:
    for row in letters:
        if template := _TEMPLATES.get(row.type):
            yield Posted(
                id=f"{row.message_id}.{template}",
                template=template,
                at=row.parked_at,
                state="failed",
                detail=row.error,
                letter=row.id,
            )


def _tries(count: int) -> str:
    return f"tried {count} times" if count else ""


def _replaced(mail: Posted, state: MailState, detail: str = "", letter: int | None = None) -> Posted:
    return Posted(
        id=mail.id, template=mail.template, at=mail.at, again=mail.again, state=state, detail=detail, letter=letter
    )


def _named(mails: Sequence[Posted], mail_id: str) -> Posted:
    found = next((mail for mail in mails if mail.id == mail_id), None)
    if found is None:
        raise not_found("mail")
    return found


def _address_corrected_at(order: Order) -> datetime:
    """When the e-mail address was corrected last; when the order was placed if it never was."""
    corrections = (
        moment.at
        for moment in order.timeline
        if moment.event == "BuyerCorrected" and "email" in moment.detail.partition(" by ")[0].split(", ")
    )
    return max(corrections, default=order.created_at)


STAFF = [list_mails, read_mail, resend_mail]
