"""The mailbox: what arrives over SMTP, and how it can fail to."""

from email.message import EmailMessage
from urllib.parse import urlsplit

import aiosmtplib
import pytest

from sandbox import Fault
from tests.sandbox.world import World, open_world


def letter(message_id: str = "<1@shop>", subject: str = "Ihre Bestellung – danke") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", "ada@example.com", subject
    mail["Message-ID"] = message_id
    mail.set_content("Grüße")
    mail.add_alternative("<p>Grüße</p><script>alert(1)</script>", subtype="html")
    return mail


async def send(world: World, mail: EmailMessage, timeout: float = 5) -> None:
    url = urlsplit(world.sandbox.smtp_url)
    await aiosmtplib.send(mail, hostname=url.hostname, port=url.port, timeout=timeout)


async def test_a_mail_is_kept_with_its_parts() -> None:
    async with open_world() as world:
        await send(world, letter())

        (mail,) = world.sandbox.mails("ADA@example.com")
        assert (mail.message_id, mail.sender, mail.to) == ("<1@shop>", "shop@example.com", ["ada@example.com"])
        assert (mail.subject, mail.text.strip()) == ("Ihre Bestellung – danke", "Grüße")
        assert "<p>Grüße</p>" in mail.html
        assert mail.at == "2027-01-15T08:00:00.000Z"
        assert world.sandbox.mails("bob@example.com") == []


async def test_a_repeat_of_a_message_id_is_another_arrival() -> None:
    async with open_world() as world:
        for _ in range(2):
            await send(world, letter())
        assert [mail.message_id for mail in world.sandbox.mails()] == ["<1@shop>", "<1@shop>"]


async def test_mails_are_read_over_http_and_as_a_page_that_runs_no_script() -> None:
    async with open_world() as world:
        await send(world, letter(subject="<b>bold</b>"))
        async with world.http.get("/sandbox/mails", params={"to": "ada@example.com", "limit": "1"}) as answer:
            (item,) = (await answer.json())["items"]
        assert set(item) == {"id", "message_id", "to", "subject", "at", "text"}
        async with world.http.get(f"/sandbox/mails/{item['id']}") as answer:
            assert "<p>Grüße</p>" in (await answer.json())["html"]
        for path in ("/", f"/mail/{item['id']}"):
            async with world.http.get(path) as page:
                text = await page.text()
                assert (page.status, "&lt;b&gt;bold&lt;/b&gt;" in text) == (200, True)
                assert "<script>" not in text
                assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(("status", "temporary"), [(451, True), (550, False)])
async def test_a_refusal_keeps_nothing(status: int, temporary: bool) -> None:
    async with open_world() as world:
        world.sandbox.faults.smtp = Fault(action="fail", status=status, count=1)
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await send(world, letter())
        assert (refused.value.code, refused.value.code < 500) == (status, temporary)
        assert world.sandbox.mails() == []
        await send(world, letter())


async def test_a_mail_can_arrive_although_its_answer_is_lost() -> None:
    async with open_world() as world:
        world.sandbox.faults.smtp = Fault(action="drop", after_work=True, count=1)
        with pytest.raises(aiosmtplib.SMTPException):
            await send(world, letter())
        await send(world, letter())
        assert len(world.sandbox.mails()) == 2


async def test_a_mail_over_a_mebibyte_is_refused() -> None:
    async with open_world() as world:
        mail = EmailMessage()
        mail["From"], mail["To"] = "shop@example.com", "ada@example.com"
        mail.set_content("x" * 70 + "\n" + ("x" * 70 + "\n") * 15_500)
        with pytest.raises(aiosmtplib.SMTPException):
            await send(world, mail)
        assert world.sandbox.mails() == []


async def test_a_server_that_never_answers_holds_nobody_up_at_the_end() -> None:
    async with open_world() as world:
        world.sandbox.faults.smtp = Fault(action="hang")
        with pytest.raises(aiosmtplib.SMTPException):
            await send(world, letter(), timeout=0.2)
