"""A year in a province: bulletins of every kind and fate at a few stations, for tests of what is reported."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pipeline.core.facts import Happened
from pipeline.core.model import Kind, Language, Receipt, StationCode, Verification
from pipeline.core.outputs import Output, PlanLine
from pipeline.newsroom import outputs
from tests import province

CODES = [f"CM-{n:02}" for n in range(1, 6)]
COMMUNES = ["Đất Mũi", "Tân Ân", "Khánh Bình", "Hồ Thị Kỷ", "Phong Thạnh"]
THEMES = ["chinh-sach-dan-toc", "phong-chong-thien-tai", "", "bao-ve-moi-truong"]
TITLES = ["Giá lúa <tăng> & giá tôm giảm", "=1+1 không phải công thức", "ព័ត៌មាន អំពី ទឹកជំនន់", "Phòng chống hạn mặn"]
RATES = """rates = [
  { since = 2026-01-01, part = "tac-gia", measure = "trang", dong = 100000 },
  { since = 2026-07-01, part = "tac-gia", measure = "trang", dong = 120000 },
  { since = 2026-01-01, part = "phat-thanh", measure = "phut", dong = 20000 },
  { since = 2026-01-01, part = "phat-thanh", measure = "phut", dong = 30000, language = "km" },
  { since = 2026-01-01, part = "bien-tap", measure = "ban-tin", dong = 50000 },
]"""
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


def lay_out(folder, **changes):
    """Its workspace."""
    rows = [
        {"code": code, "name": f"Xã {name}", "transport": "folder", "folder": str(folder / "tram" / code)}
        for code, name in zip(CODES, COMMUNES, strict=True)
    ]
    province.lay_out(folder, rows, quiet="[]", **changes)
    text = (folder / "config.toml").read_text("utf-8").replace("\nrates = []", f"\n{RATES}")
    (folder / "config.toml").write_text(text, "utf-8")


def fill(desk, count=24, seed=7):
    """Its ledger, up to NOW: what is signed and arrives, and what fails in each way."""
    chance = random.Random(seed)
    clock = desk.now
    for n in range(count):
        air = datetime(2026, 1, 9, 22, tzinfo=UTC) + timedelta(days=13 * n + chance.randrange(3))
        clock.at = air - timedelta(days=2)
        again = () if n % 4 else (air + timedelta(days=4),)
        bulletin = province.signed(
            desk, n + 1, size=500, air=(air, *again), title=f"{TITLES[n % 4]} {n + 1}", theme=THEMES[n % len(THEMES)],
            kind=Kind.PS if n % 5 == 2 else Kind.CT, counts=n % 11 != 10,
            languages=((Language.VI,), (Language.KM,), (Language.VI, Language.KM))[n % 3],
            author="Nguyễn Văn A, Trần Thị B", announcer="Nguyễn Văn A (vi), Trần Thị B (km)" if n % 2 else "",
            editor="Lê Văn C",
        )  # fmt: skip
        _arrive(desk, bulletin, chance)
        if n % 7 == 3:
            clock.at = air + timedelta(days=1)
            province.remaster(desk, bulletin, 600, seed=1000 + n)
        if n % 13 == 8:
            clock.at = air + timedelta(days=2)
            desk.ledger.record(desk.fact(Happened.WITHDRAWN, bulletin=bulletin, who="Người duyệt"))
    clock.at = NOW
    for day, line, quantity in ((2, PlanLine.DOCUMENTS, 120), (5, PlanLine.CLIPS, 7), (9, PlanLine.TRAINEES, 41)):
        when = datetime(2026, day, 14, tzinfo=UTC).date()
        one = Output(
            line=line, quantity=quantity, day=when, what=f"Đợt {day} & <bổ sung>", evidence=f"Biên bản {day}/BB"
        )
        outputs.enter(replace(desk, who="Người duyệt"), one)
    outputs.strike(desk, outputs.outputs(desk)[1].number, "ghi hai lần")


def _arrive(desk, bulletin, chance):
    """Receipts of every strength, before and after air, and what stations say they played."""
    (made,) = list(desk.ledger.facts(bulletin.id, Happened.MASTERED))
    first = min(bulletin.air)
    for code in CODES:
        if chance.random() < 0.12:
            continue
        at = first - timedelta(hours=6) if chance.random() < 0.9 else first + timedelta(hours=3)
        verified = chance.choice([Verification.HASH, Verification.HASH, Verification.SIZE, Verification.REPORTED])
        receipt = Receipt(
            station=StationCode(code), bulletin=bulletin.id, digest=made.digest, remote="x.mp3", size=500,
            verified=verified, at=at, sent=500,
        )  # fmt: skip
        fact = replace(
            desk.fact(Happened.CONFIRMED, bulletin=bulletin, station=code, digest=made.digest, remote="x.mp3"), at=at
        )
        token = desk.ledger.lease(code, "one", desk.now(), desk.now() + timedelta(hours=1))
        desk.ledger.confirm([receipt], [fact], code, token)
        desk.ledger.release(code, token, desk.now(), finished=True)
        for when in bulletin.air:
            if chance.random() < 0.6:
                aired = desk.fact(
                    Happened.AIRED, bulletin=bulletin, station=code, digest=made.digest, aired=when.isoformat()
                )
                desk.ledger.record(replace(aired, at=when))
