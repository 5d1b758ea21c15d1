"""Safeguards of people: of their accounts, their ways in, and what is sealed of them."""

from collections.abc import Sequence
from typing import Final

from actors.customer import store as customer
from actors.order import buyers
from actors.privacy import replay
from engine import totp
from engine.vault import Vault
from tests.faults import replacements
from tests.faults.ablation import Ablation, patches
from tests.faults.ablation_patches import replaced, reworded, rewritten
from tests.faults.scenarios import accounts, erasures, sealed, staff

OF_PEOPLE: Final[Sequence[Ablation]] = (
    Ablation(
        "codes of customers: using one deletes its row",
        "a code that lets in whoever has read it later",
        patches(lambda: replaced(customer, "use", replacements.never_used_up)),
        accounts.a_code_is_shown_twice,
    ),
    Ablation(
        "sessions of customers: the generation in PostgreSQL",
        "a Redis that is restored from an old file",
        patches(lambda: replaced(customer, "end_sessions", replacements.only_redis_knows)),
        accounts.redis_comes_back_with_sessions_that_have_ended,
    ),
    Ablation(
        "staff: the last owner stays",
        "a shop that nobody can rule any more",
        patches(lambda: replaced("actors.staff.rules.would_be_last", lambda _owners, _user: False)),
        staff.the_only_owner_steps_down,
    ),
    Ablation(
        "staff: a recovery code counts once",
        "a code that was read over a shoulder, or from a note, and opens again",
        patches(lambda: reworded("actors.staff.factors._USE_CODE", " and used_at is null", "")),
        staff.a_recovery_code_is_shown_twice,
    ),
    Ablation(
        "staff: the step of the last code by time is kept",
        "a code that was seen on the way, and opens again within its minute",
        patches(lambda: rewritten(totp.step_of, ("and step > last_step", ""))),
        staff.a_code_by_time_is_shown_twice,
    ),
    Ablation(
        "vault: a box is bound to its place",
        "a box that is moved to another row and shows what was true elsewhere",
        patches(lambda: replaced("engine.sealing._bound_to", lambda _place, subject, purpose: b"anywhere")),
        sealed.a_box_is_moved_to_another_row_of_its_person,
    ),
    Ablation(
        "vault: each purpose has its key",
        "an invoice that is forgotten with its buyer's account",
        patches(
            lambda: rewritten(buyers.seal, ("order_id, INVOICE)", "order_id, ACCOUNT)")),
            lambda: rewritten(buyers.open_buyer, ("order_id, INVOICE)", "order_id, ACCOUNT)")),
        ),
        sealed.a_buyer_is_forgotten_and_the_invoice_is_not,
    ),
    Ablation(
        "erasure: the keys are destroyed",
        "a person who was forgotten and is read by whoever has an older row",
        patches(lambda: replaced(Vault, "forget", replacements.keep_keys)),
        erasures.a_customer_is_forgotten,
    ),
    Ablation(
        "erasure: orders forget what is theirs beside the key",
        "an order that is still found by the address of who was forgotten",
        patches(lambda: replaced("actors.order.person._FORGET", "select $1::text[]")),
        erasures.a_customer_is_forgotten,
    ),
    Ablation(
        "erasure: the list outside is replayed after a restore",
        "a backup that brings back who was forgotten",
        patches(lambda: rewritten(replay.replay, ("if unknown:", "if False:"))),
        erasures.a_backup_brings_a_forgotten_customer_back,
    ),
)
