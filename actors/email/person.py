"""Personal data that mails leave behind: declared, and shown. Their texts and addresses are not kept."""

from typing import Final

from actors.email import store
from bus.messages.privacy import AT_ONCE, MailRecord, PersonalData, ReadPersonalMails
from engine.actor import turn
from engine.errors import BadInput
from engine.persons import PersonalColumns
from engine.transaction import Transaction

KEEPS: Final = (
    PersonalColumns("email.mails", ("order_id",), "counted", "That a mail of some kind was sent.", shown="MailRecord"),
    PersonalColumns("email.resends", ("order_id",), "counted", "That staff sent a mail again."),
    PersonalColumns(
        "email.links", ("order_id", "hash"), "counted", "Hashes of links, which open an order without its buyer."
    ),
)


class PersonalMails:
    """The turn of e-mail that shows what is kept of buyers."""

    @turn
    async def personal(self, tx: Transaction, ask: ReadPersonalMails) -> PersonalData:
        if len(ask.order_ids) > AT_ONCE:
            raise BadInput(f"at most {AT_ONCE} orders")
        mails = await store.read(tx, set(ask.order_ids))
        return PersonalData(
            records=tuple(
                MailRecord(order_id=order_id, template=mail.template, sent_at=mail.sent_at) for order_id, mail in mails
            )
        )
