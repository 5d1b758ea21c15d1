"""What docs/deploying.md shows: its units and scripts are taken by the programs that they are for."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from engine.settings import describe
from gateway.idempotency import MAX_BODY_BYTES
from gateway.settings import EdgeSettings
from tests.docs import examples
from tests.journeys.process import program, work_folder
from wiring.domains import ShopSettings

ROOT = Path(__file__).parent.parent
GUIDE = examples("deploying.md")
UNIT = GUIDE["shopflow.service"]
SETTINGS = {one.name: one for group in msgspec.structs.fields(ShopSettings) for one in describe(group.type)}


def lines_of(unit: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)


def test_all_that_is_set_is_a_setting() -> None:
    given = [line.partition("=")[0] for line in GUIDE["shopflow.env"].splitlines()]
    in_unit = re.findall(r"([A-Z_]+)=", " ".join(lines_of(UNIT, "Environment")))
    files = [name.removesuffix("_FILE") for name in in_unit if name.endswith("_FILE")]
    others = {name for name in in_unit if not name.endswith("_FILE") and not name.startswith("PYTHON")}

    assert {*given, *files, *others} <= SETTINGS.keys()
    assert all(SETTINGS[name].is_secret for name in files)
    assert not [name for name in given if SETTINGS[name].is_secret]


def test_each_secret_is_loaded_where_it_is_read() -> None:
    loaded = {line.partition(":")[0] for line in lines_of(UNIT, "LoadCredential")}
    read = {line.partition("%d/")[2] for line in lines_of(UNIT, "Environment") if "%d/" in line}

    assert loaded == read


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    """With our Python in place of the one that it will have. Where there is no systemd, its lines have the form."""
    file = tmp_path / "shopflow.service"
    file.write_text(UNIT.replace("/opt/shopflow/.venv/bin/python", sys.executable), encoding="utf-8")
    assert not [line for line in UNIT.splitlines() if not re.fullmatch(r"|#.*|\[\w+\]|[A-Z]\w+=.*", line)]
    if analyze := shutil.which("systemd-analyze"):
        done = subprocess.run([analyze, "verify", "--man=no", str(file)], check=False, capture_output=True, text=True)
        about_it = [line for line in done.stderr.splitlines() if "shopflow" in line]
        assert about_it == []
        security = [analyze, "security", "--offline=yes", "--threshold=30", "--no-pager", str(file)]
        exposed = subprocess.run(security, check=False, capture_output=True, text=True)
        assert exposed.returncode == 0, exposed.stdout[-500:] + exposed.stderr


def test_the_unit_gives_the_shop_the_time_that_it_takes_to_stop() -> None:
    assert lines_of(UNIT, "KillMode") == ["mixed"]
    assert int(lines_of(UNIT, "TimeoutStopSec")[0]) > 10


@pytest.mark.parametrize(
    ("file", "check"),
    [
        ("Caddyfile", ["caddy", "validate", "--adapter", "caddyfile", "--config"]),
        ("shop.conf", ["nginx", "-t", "-c"]),
    ],
)
def test_the_proxies_pass_on_the_public_port_and_no_other(file: str, check: list[str], tmp_path: Path) -> None:
    """The proxies themselves judge their files where they are installed."""
    content = GUIDE[file]
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", content)) == {str(EdgeSettings().shopflow_port)}
    assert content.count("{") == content.count("}")
    assert not [line for line in content.splitlines() if not re.fullmatch(r"|.*[{};]|\t?\w+ [\w.:]+", line)]
    if shutil.which(check[0]):
        (tmp_path / file).write_text(_whole(file, content, tmp_path), encoding="utf-8")
        done = subprocess.run([*check, tmp_path / file], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def _whole(file: str, content: str, folder: Path) -> str:
    """The file as its proxy can judge it: nginx wants what is around it, and certificates that are there."""
    if file == "Caddyfile":
        return content
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=shop.example", "-days", "1"]
    subprocess.run([*words, "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem"], check=True)
    own = content.replace("/etc/letsencrypt/live/shop.example", str(folder))
    return f"pid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{own}\n}}\n"


def test_nginx_takes_as_long_a_body_as_the_shop() -> None:
    assert "client_max_body_size 1m;" in GUIDE["shop.conf"]
    assert MAX_BODY_BYTES == 1 << 20


@pytest.mark.parametrize("script", ["shopflow", "backup", "restore"])
def test_the_scripts_are_ones_that_a_shell_takes(script: str) -> None:
    done = subprocess.run(["/bin/sh", "-n"], input=GUIDE[script], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
async def test_a_backup_of_a_shop_that_sells_is_restored(tmp_path: Path) -> None:
    async with program() as shop:
        await shop.start()
        await shop.good("tour")
        await run_script("backup", tmp_path / "shop.dump", shop.data, tmp_path)
        await shop.good("export", str(tmp_path / "before.csv"))
        taken = (shop.data / "master.key").read_bytes()
        await shop.stop()
    with work_folder() as folder:
        data = folder / "restored"
        data.mkdir()
        (data / "master.key").write_bytes(taken)

        await run_script("restore", tmp_path / "shop.dump", data, tmp_path)

        restored = type(shop)(data)
        assert "0 findings" in await restored.good("audit")
        await restored.good("export", str(tmp_path / "after.csv"))
        assert (tmp_path / "after.csv").read_text() == (tmp_path / "before.csv").read_text()
        with pytest.raises(AssertionError, match="there is a shop in"):
            await run_script("restore", tmp_path / "shop.dump", data, tmp_path)


async def run_script(name: str, dump: Path, data: Path, folder: Path) -> None:
    script = folder / name
    script.write_text(GUIDE[name], encoding="utf-8")
    own = {"SHOPFLOW_HOME": str(ROOT), "SHOPFLOW_DATA": str(data), "SHOPFLOW_LOG": "error"}
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", script, dump, env=os.environ | own, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(50):
        _, said = await process.communicate()
    assert (process.returncode, said) == (0, b""), said.decode()
