"""Settings that contradict each other are refused before anything starts, and nothing falls back in silence."""

import pytest

from actors.email.actor import Email
from actors.payment.stripe import StripeSettings
from engine.errors import BadSetting
from wiring.domains import ShopSettings
from wiring.hosting import ALL_ACTORS, HostedActors
from wiring.integrations import played_by_sandbox
from wiring.settings import check, read_all, unknown_settings

STRIPE = {
    "STRIPE_SECRET_KEY": "sk_live_hunter2",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
}
CARRIER = {"CARRIER_URL": "http://127.0.0.1:1", "CARRIER_WEBHOOK_SECRET": "secret"}
MAIL = {"SMTP_URL": "smtp://127.0.0.1:25"}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> "Settings":
    monkeypatch.setenv("SHOPFLOW_DATA", f"{tmp_path}/data")
    return Settings(monkeypatch)


class Settings:
    """The settings of an environment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def of(self, **environment: str) -> ShopSettings:
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)
        return read_all()


def test_webhooks_may_have_two_secrets_and_the_keys_name_the_mode(settings: Settings) -> None:
    found = settings.of(**STRIPE | {"STRIPE_WEBHOOK_SECRET": "whsec_new, whsec_old,"}, **CARRIER)

    assert found.stripe.webhook_secrets == ("whsec_new", "whsec_old")
    assert found.carrier.webhook_secrets == ("secret",)
    assert found.stripe.is_live
    assert [StripeSettings(stripe_secret_key=key).is_live for key in ("sk_test_1", "rk_live_1", "", "sk")] == [
        False, True, None, None,
    ]  # fmt: skip
    with pytest.raises(BadSetting, match=r"^STRIPE_WEBHOOK_SECRET: missing"):
        check(settings.of(STRIPE_WEBHOOK_SECRET=" , "))


def test_the_sandbox_plays_all_or_nothing(settings: Settings) -> None:
    assert played_by_sandbox(settings.of(), ALL_ACTORS) == {"stripe", "carrier", "mail"}
    assert played_by_sandbox(settings.of(**STRIPE, **CARRIER, **MAIL), ALL_ACTORS) == set()


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        (STRIPE, "^CARRIER_URL, SMTP_URL: missing, and STRIPE_SECRET_KEY is set.* SHOPFLOW_SANDBOX=carrier,mail$"),
        (STRIPE | MAIL, "^CARRIER_URL: missing"),
        (MAIL, "^STRIPE_SECRET_KEY, CARRIER_URL: missing, and SMTP_URL is set"),
        (STRIPE | {"SHOPFLOW_SANDBOX": "mail"}, "^CARRIER_URL: missing.* SHOPFLOW_SANDBOX=carrier,mail$"),
        (STRIPE | {"SHOPFLOW_SANDBOX": "mails"}, "^SHOPFLOW_SANDBOX: there is no mails; there are stripe, carrier and"),
        (STRIPE | {"SHOPFLOW_SANDBOX": "stripe"}, "^SHOPFLOW_SANDBOX: names stripe, but STRIPE_SECRET_KEY is set$"),
    ],
)
def test_a_service_is_not_played_in_silence(settings: Settings, environment: dict[str, str], why: str) -> None:
    with pytest.raises(BadSetting, match=why):
        played_by_sandbox(settings.of(**environment), ALL_ACTORS)


def test_a_service_is_played_beside_others_if_that_is_said_aloud(settings: Settings) -> None:
    environment = STRIPE | {"SHOPFLOW_SANDBOX": "mail, carrier"}
    assert played_by_sandbox(settings.of(**environment), ALL_ACTORS) == {"carrier", "mail"}


def test_a_process_configures_what_it_needs(settings: Settings) -> None:
    mailing = HostedActors(frozenset({Email.name}), has_gateway=False)
    assert played_by_sandbox(settings.of(**MAIL), mailing) == set()


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"STRIPE_PUBLISHABLE_KEY": "pk_test_1"}, "^STRIPE_PUBLISHABLE_KEY: one of the two keys is for tests"),
        ({"STRIPE_SECRET_KEY": "rk_test_1"}, "^STRIPE_PUBLISHABLE_KEY: one of the two keys is for tests"),
        ({"SHOPFLOW_CRASH_AT": "after-commit"}, "^SHOPFLOW_CRASH_AT: is for tests, and STRIPE_SECRET_KEY is live"),
    ],
)
def test_keys_of_two_modes_and_kills_with_real_money_are_refused(
    settings: Settings, environment: dict[str, str], why: str
) -> None:
    with pytest.raises(BadSetting, match=why):
        check(settings.of(**STRIPE | environment))
    check(settings.of(**STRIPE | {"SHOPFLOW_CRASH_AT": ""}))


def test_a_setting_that_is_misspelt_is_named_and_variables_of_scripts_are_not(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.of(SHOPFLOW_PORT="1", SHOPFLOW_MASTER_KEY_FILE="", SHOPFLOW_HOME="/opt", SHOPFLOW_SEED="1")
    assert unknown_settings() == []

    monkeypatch.setenv("SHOPFLOW_TRYS", "3")
    assert unknown_settings() == ["SHOPFLOW_TRYS: there is no such setting, so it does nothing; is it SHOPFLOW_TRIES?"]
