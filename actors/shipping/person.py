"""Personal data in shipments: declared, and shown. It goes with the account key of the order."""

from datetime import datetime
from typing import Final

import msgspec

from actors.shipping import texts
from bus.messages.privacy import AT_ONCE, ParcelMoment, ParcelRecord, PersonalData, ReadPersonalParcels
from engine.actor import turn
from engine.errors import BadInput
from engine.persons import PersonalColumns
from engine.transaction import Transaction
from engine.vault import Vault, locked_key

KEEPS: Final = (
    PersonalColumns("shipping.shipments", ("order_id",), "counted", "Its carrier and number.", shown="ParcelRecord"),
    PersonalColumns(
        "shipping.shipments", ("sealed",), "forgotten", "What the carrier wrote last.", "account", "ParcelRecord"
    ),
    PersonalColumns("shipping.shipments", ("detail",), "forgotten", "Empty but before it is sealed."),
    PersonalColumns("shipping.tracking", ("sealed",), "forgotten", "What carriers wrote.", "account", "ParcelRecord"),
    PersonalColumns("shipping.tracking", ("detail",), "forgotten", "Empty but before it is sealed."),
)

# PostgreSQL breaks base64 into lines, and readers of JSON want none.
_PARCELS = """
select s.order_id, s.carrier, s.tracking_number, s.booked_at, s.sealed, ACCOUNT_KEY as account_key,
    (select json_agg(
            json_build_array(t.at, t.status, t.detail, replace(encode(t.sealed, 'base64'), chr(10), ''))
            order by t.at, t.event_id)
        from shipping.tracking t where t.tracking_number = s.tracking_number) as reports
from shipping.shipments s where s.order_id = any($1) order by s.booked_at, s.parcel_id""".replace(
    "ACCOUNT_KEY", locked_key("s.order_id", "account")
)
_REPORTS = msgspec.json.Decoder(tuple[tuple[datetime, str, str, bytes | None], ...])


class PersonalParcels:
    """The turn of shipping that shows what is kept of buyers."""

    _vault: Vault

    @turn
    async def personal(self, tx: Transaction, ask: ReadPersonalParcels) -> PersonalData:
        if len(ask.order_ids) > AT_ONCE:
            raise BadInput(f"at most {AT_ONCE} orders")
        records, opened, gone = [], 0, 0
        for row in await tx.fetch(_PARCELS, list(ask.order_ids)):
            order_id = row["order_id"]
            keys = await self._vault.unlock({texts.owner_of(order_id): row["account_key"]})
            reports = _REPORTS.decode(row["reports"] or "[]")
            boxes = [box for *_, box in reports if box] + ([row["sealed"]] if row["sealed"] else [])
            opened += len(boxes) if row["account_key"] else 0
            gone += 0 if row["account_key"] else len(boxes)
            shown = [
                ParcelMoment(at=at, status=status, detail=texts.read(keys, order_id, box) if box else detail)
                for at, status, detail, box in reports
            ]
            records.append(
                ParcelRecord(
                    order_id=order_id,
                    carrier=row["carrier"],
                    tracking_number=row["tracking_number"],
                    booked_at=row["booked_at"],
                    reports=tuple(shown),
                )
            )
        return PersonalData(records=tuple(records), opened=opened, gone=gone)
