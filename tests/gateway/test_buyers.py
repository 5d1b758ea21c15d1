"""What a buyer types, and what a mail and a parcel can be sent with: each refusal names its field, in a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bus.messages.base import Address
from bus.messages.texts import is_blank, is_harmful, one_line
from gateway import buyers
from gateway.buyers import Buyer, read_buyer
from gateway.problems import Problem

TYPED = Buyer(
    email="ada@example.com",
    name="Ada Buyer",
    phone="",
    address=Address(line1="1 Harbour Street", city="Hamburg", postal_code="20095", country="DE"),
)
US = {"line1": "1 Main St", "city": "Springfield", "region": "IL", "postal_code": "62701", "country": "US"}
COUNTRIES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
""".split()  # noqa: SIM905 - to be compared with ISO 3166-1 by eye


def read(**changes: str) -> Buyer:
    own = {name: text for name, text in changes.items() if name in Buyer._fields}
    address = {name: text for name, text in changes.items() if name not in own}
    return read_buyer(TYPED._replace(**own, address=structs.replace(TYPED.address, **address)))


def refused(**changes: str) -> tuple[object, str]:
    """The field at fault, and the sentence about it."""
    with pytest.raises(Problem) as problem:
        read(**changes)
    assert (problem.value.status, problem.value.code) == (422, "invalid")
    return problem.value.members["field"], problem.value.detail


def test_texts_are_trimmed_and_composed() -> None:
    buyer = read(
        name="  Zoë Ångström \u00a0", line1=" 1 Harbour Street ", line2="\u200b ", city=" Hamburg", phone=" ",
        postal_code=" 20095 ", email=" ada@Example.COM ",
    )  # fmt: skip

    assert buyer == Buyer(
        email="ada@example.com",
        name="Zoë Ångström",
        phone="",
        address=Address(line1="1 Harbour Street", city="Hamburg", postal_code="20095", country="DE"),
    )


@pytest.mark.parametrize("field", ["name", "line1", "city", "email"])
@pytest.mark.parametrize("blank", ["", " ", "\u00a0\u2003", "\u200b\u200d", "\u3000 "])
def test_what_nobody_could_read_is_refused(field: str, blank: str) -> None:
    named, sentence = refused(**{field: blank})

    assert named == (field if field in ("name", "email") else f"address.{field}")
    assert sentence.startswith("Please fill in the ")


@pytest.mark.parametrize("field", ["name", "line1", "line2", "city", "region", "postal_code", "email", "phone"])
@pytest.mark.parametrize("harmful", ["\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u202e"])
def test_what_breaks_a_line_or_hides_is_refused(field: str, harmful: str) -> None:
    for text in (f"a{harmful}b", f"a{harmful}", f"{harmful}a"):
        assert refused(**{field: text})[1].endswith("has a line break, or another character that can't be written.")


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424242", "4242 4242 4242 4242", "my card 4000-0566-5566-5556 please", "378282246310005",
        "４２４２４２４２４２４２４２４２", "6011.1111.1111.1117", "4222222222222",
    ],
)  # fmt: skip
def test_a_card_number_has_no_business_in_an_address(text: str) -> None:
    for field in ("name", "line1", "line2", "city"):
        assert refused(**{field: text})[1].startswith("Please take the card number out of the ")


@pytest.mark.parametrize(
    "text",
    ["4242424242424241", "123456789012", "Flat 12, 34567", "42424242424242424242424242", "Locker 123 12345678"],
)
def test_other_numbers_are_numbers(text: str) -> None:
    assert read(line2=text).address.line2 == text


@pytest.mark.parametrize(
    "email",
    [
        "ada", "ada@", "@example.com", "ada@example", "jo@gmail..com", "jo@-gmail.com", "jo@gmail.com.",
        "a b@example.com", "ada@exa_mple.com", "ada@[127.0.0.1]", "ada@localhost", "ada@shop.invalid",
        "a..b@example.com", "ada@xn--a.com", "ada@" + "x" * 64 + ".com", "x" * 65 + "@example.com",
        "ada@example.com,eve@example.com", "Ada <ada@example.com>",
    ],
)  # fmt: skip
def test_an_address_that_no_mail_reaches_is_refused(email: str) -> None:
    named, sentence = refused(email=email)

    assert named == "email"
    assert sentence.startswith("Please check the e-mail address. ")


@pytest.mark.parametrize(
    ("email", "known_as"),
    [
        ("o'neil+shop@Example.com", "o'neil+shop@example.com"),
        ("ada@bücher.example.com", "ada@bücher.example.com"),
        ("ada@xn--bcher-kva.example.com", "ada@bücher.example.com"),
        ("jörg@bücher.example.com", "jörg@bücher.example.com"),
    ],
)
def test_usual_addresses_are_taken_and_written_alike(email: str, known_as: str) -> None:
    assert read(email=email).email == known_as


@pytest.mark.parametrize("country", ["ZZ", "UK", "EU", "AA", "XX", "", "de", "DEU", "DE\n", "ÄÖ", "ALL", "..", "%2"])
def test_a_country_that_is_none_is_refused(country: str) -> None:
    assert refused(country=country)[0] == "address.country"


def test_no_more_countries_are_known_than_have_addresses() -> None:
    assert set(buyers.COUNTRIES) - set(COUNTRIES) == {"AC", "TA", "XK"}


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_of_iso_3166_is_known(country: str) -> None:
    needs = {"address.region": "Please fill in", "address.postal_code": "Please check"}  # It is an address of Hamburg.
    try:
        field, sentence = "", read(country=country).address.country
    except Problem as problem:
        field, sentence = str(problem.members["field"]), problem.detail

    assert sentence.startswith(needs.get(field, country))


@pytest.mark.parametrize(
    ("country", "typed", "code"),
    [
        ("GB", "sw1a 1aa", "SW1A 1AA"), ("NL", "1234ab", "1234AB"), ("JP", "１００-８１１１", "100-8111"),
        ("IE", "", ""),
        ("IE", "A65 F4E2", "A65 F4E2"), ("HK", "", ""), ("AE", "", ""), ("PA", "0801", "0801"),
        ("BZ", "none", "NONE"),
    ],
)  # fmt: skip
def test_a_postal_code_is_as_its_country_has_it(country: str, typed: str, code: str) -> None:
    regions = {"JP": "Tokyo", "HK": "Kowloon", "AE": "Dubai"}

    assert read(country=country, postal_code=typed, region=regions.get(country, "")).address.postal_code == code


@pytest.mark.parametrize(
    ("country", "typed"),
    [("DE", ""), ("DE", "2009"), ("DE", "EXCEPTION"), ("DE", "200955"), ("GB", "12345"), ("NL", "0000 AA"), ("FR", "x"),
     ("BZ", "x" * 19 + "ﷺ")],
)  # fmt: skip
def test_a_postal_code_that_its_country_has_not_is_refused(country: str, typed: str) -> None:
    assert refused(country=country, postal_code=typed)[0] == "address.postal_code"


def test_a_refused_postal_code_is_shown_what_one_looks_like() -> None:
    assert refused(postal_code="2009")[1] == "Please check the postal code. In this country it looks like 26133."


@pytest.mark.parametrize(
    ("country", "postal_code", "typed", "known_as"),
    [
        ("US", "62701", "IL", "IL"), ("US", "62701", "illinois", "IL"), ("US", "96201", "AP", "AP"),
        ("IT", "00118", "Roma", "RM"), ("ES", "15001", "a coruna", "C"), ("CA", "H3Z 2Y7", "Québec", "QC"),
        ("JP", "100-8111", "Tokyo", "Tokyo"), ("HK", "", "kowloon", "Kowloon"), ("DE", "20095", "Hamburg", "Hamburg"),
        ("IE", "", "Dublin 4", "Dublin 4"), ("CR", "10101", "San José", "San José"),
    ],
)  # fmt: skip
def test_a_region_has_its_short_name_where_it_has_one(
    country: str, postal_code: str, typed: str, known_as: str
) -> None:
    assert read(country=country, postal_code=postal_code, region=typed).address.region == known_as


@pytest.mark.parametrize("region", ["", " ", "Bavaria", "ZZ"])
def test_a_region_that_its_country_needs_and_has_not_is_refused(region: str) -> None:
    named, sentence = refused(**US | {"region": region})

    assert named == "address.region"
    assert "the state" in sentence


@pytest.mark.parametrize(
    "phone", ["+49 40 123456", "(040) 123-456", "040/12 34 56", "＋４９４０１２３４５６", "4222222222222"]
)
def test_a_phone_number_may_be_written_as_people_do(phone: str) -> None:
    assert read(phone=phone).phone.isascii()


@pytest.mark.parametrize("phone", ["1234", "+", "call me", "4242424242424242", "040 123456 x5", "++49 40 1", "1" * 41])
def test_what_is_no_phone_number_is_refused(phone: str) -> None:
    assert refused(phone=phone)[0] == "phone"


@given(st.text(max_size=40))
def test_any_text_becomes_one_line(text: str) -> None:
    line = one_line(text)

    assert not any(map(is_harmful, line))
    assert line == one_line(line)


@given(st.text(max_size=40).filter(lambda text: not (is_blank(text) or any(map(is_harmful, text)))))
def test_any_name_that_can_be_read_is_taken_and_trimmed(text: str) -> None:
    name = read(name=text).name

    assert name == name.strip()
    assert not is_blank(name)
