"""The library: what anybody may hear now, and nothing else. Every public answer asks here, every time.

A bulletin is public from the first of its air times at which it was signed, by as many as it needs, until it expires
or its signature goes: held, returned, withdrawn, recalled, made anew. Tests (`counts` is false) never are, nor is what
is embargoed, what belongs to no public programme, or what has no signed MP3 or AAC. What missed all its air times
unsigned never aired, and is not public either.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from pipeline.core import search
from pipeline.core.errors import StoreDamaged
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Digest,
    Language,
    Master,
    Profile,
    Programme,
    Reading,
    RecordingMark,
    Sentence,
    Utterance,
)
from pipeline.core.status import status_of
from pipeline.core.text import language_of
from pipeline.ledger import documents
from pipeline.newsroom import bulletins
from pipeline.newsroom.desk import Desk
from pipeline.reading.sentences import AFTER_PARAGRAPH

TYPES = {".mp3": "audio/mpeg", ".m4a": "audio/x-m4a"}
"""What players of podcasts take, and what each is called."""
_log = structlog.get_logger("bantin.library")
_MOST = 500
"""Bulletins asked about in one question."""


@dataclass(frozen=True, slots=True)
class Source:
    """Documents in the store that go with a master: its reading, its sentences as they were voiced, its picture."""

    read: Digest | None = None
    voiced: Digest | None = None
    picture: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A bulletin that is public now."""

    bulletin: Bulletin
    programme: Programme
    master: Master
    aired: datetime
    """When it aired first."""
    source: Source
    """What goes with these bytes, as they were when they were signed."""

    @property
    def sound(self) -> str:
        """The name of its sound; another once it is made anew, so that no listener's program mixes two."""
        return f"{self.master.digest[:12]}{self.master.suffix}"


@dataclass(frozen=True, slots=True)
class Run:
    """Words in one language."""

    language: Language
    text: str


Paragraph = tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a bulletin says."""

    spoken: tuple[Paragraph, ...] = ()
    """All of it, as it is heard."""
    written: tuple[Paragraph, ...] = ()
    """As its editor wrote it, without the programme's own lines."""
    searched: str = ""
    """Both and the title, as `core.search` looks through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody looks for."""

    words: tuple[str, ...] = ()
    programme: str = ""
    language: str = ""
    theme: str = ""
    month: str = ""
    """As `2026-11`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a podcast lists, the newest first."""

    programme: Programme
    language: Language
    editions: tuple[Edition, ...]
    changed: datetime | None
    """When anything last happened to what it lists or ever listed; None where it never listed anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What follows from a bulletin's facts, whatever the time and the settings are."""

    told: tuple[int, int]
    """Of which facts: see `Ledger.told`."""
    bulletin: Bulletin
    signed: tuple[tuple[Master, Source], ...]
    """Its current masters that may go out and that players take."""
    aired: tuple[datetime, ...]
    """Its air times, to come ones too, at which it may go out by these facts."""
    changed: datetime


class Library:
    """Remembers what it read of each bulletin for as long as no fact is added about it. Safe for threads."""

    def __init__(self) -> None:
        self._known: dict[BulletinId, _Known] = {}
        self._texts: dict[BulletinId, tuple[Source, str, Text]] = {}
        self._lock = threading.Lock()

    def public(self, desk: Desk) -> list[Edition]:
        """Everything that is public now, what aired last first."""
        found = [edition for known in self._look(desk) if (edition := _edition(desk, known))]
        return sorted(found, key=lambda e: (e.aired, e.bulletin.id), reverse=True)

    def one(self, desk: Desk, name: str) -> Edition | None:
        """A bulletin, if it is public now."""
        return next((e for known in self._look(desk, BulletinId(name)) if (e := _edition(desk, known))), None)

    def feed(self, desk: Desk, code: str, language: Language) -> Feed | None:
        """The podcast of a public programme in a language, though it may list nothing yet."""
        if code not in programmes(desk):
            return None
        here = [k for k in self._look(desk) if k.bulletin.programme == code and language in k.bulletin.languages]
        now, most = desk.now(), desk.config.settings.library.items
        listed = sorted((e for k in here if (e := _edition(desk, k))), key=lambda e: (e.aired, e.bulletin.id))
        changes = [at for k in here if _first(k, now) for at in (k.changed, *k.aired, k.bulletin.expires) if at]
        return Feed(
            programme=desk.config.programmes[code],
            language=language,
            editions=tuple(listed[::-1][:most]),
            changed=max((at for at in changes if at <= now), default=None),
        )

    def text(self, desk: Desk, edition: Edition) -> Text:
        """What it says, as it was signed; nothing where nobody wrote it down or the store lost it."""
        name, title = edition.bulletin.id, edition.bulletin.title
        known = self._texts.get(name)
        if known and known[:2] == (edition.source, title):
            return known[2]
        try:
            text = _text(title, *_said(desk, edition.source))
        except StoreDamaged as problem:  # not remembered: it may be put back
            _log.error("text of a public bulletin lost", bulletin=name, code=problem.code)
            return _text(title, (), ())
        self._texts[name] = edition.source, title, text
        return text

    def find(self, desk: Desk, wanted: Wanted, among: Iterable[Edition]) -> list[Edition]:
        """Those of some editions that hold every word and are of what was chosen."""
        zone = desk.config.zone
        chosen = [
            e for e in among
            if (not wanted.programme or e.bulletin.programme == wanted.programme)
            and (not wanted.language or wanted.language in e.bulletin.languages)
            and (not wanted.theme or e.bulletin.theme == wanted.theme)
            and (not wanted.month or f"{e.aired.astimezone(zone):%Y-%m}" == wanted.month)
        ]  # fmt: skip
        if not wanted.words:
            return chosen
        return [e for e in chosen if search.holds(self.text(desk, e).searched, wanted.words)]

    def _look(self, desk: Desk, name: BulletinId | None = None) -> list[_Known]:
        """What is known of all bulletins, or of one, after every fact that there is by now."""
        told = desk.ledger.told(None if name is None else [name])
        with self._lock:
            stale = [one for one, version in told.items() if one not in self._known or self._known[one].told != version]
            for start in range(0, len(stale), _MOST):
                self._read(desk, stale[start : start + _MOST], told)
            return [self._known[one] for one in told if one in self._known]

    def _read(self, desk: Desk, names: Sequence[BulletinId], told: dict[BulletinId, tuple[int, int]]) -> None:
        facts = desk.ledger.facts_by_bulletin(names, stations=())
        for bulletin in desk.ledger.bulletins(names):
            self._known[bulletin.id] = _fold(bulletin, facts[bulletin.id], told[bulletin.id])


def programmes(desk: Desk) -> dict[str, Programme]:
    """The public programmes, by code."""
    chosen = desk.config.settings.library.programmes
    return {code: p for code, p in desk.config.programmes.items() if not chosen or code in chosen}


def _edition(desk: Desk, known: _Known) -> Edition | None:
    """The gate: a bulletin as the public may have it at this moment, or None."""
    bulletin, now = known.bulletin, desk.now()
    programme = programmes(desk).get(bulletin.programme)
    aired = _first(known, now)
    if programme is None or aired is None or not bulletin.counts or not known.signed:
        return None
    if bulletin.expires and now >= bulletin.expires:
        return None
    master, source = min(known.signed, key=lambda one: _worth(one[0], desk.config.profiles.get(one[0].profile)))
    return Edition(bulletin=bulletin, programme=programme, master=master, aired=aired, source=source)


def _first(known: _Known, now: datetime) -> datetime | None:
    return next((at for at in known.aired if at <= now), None)


def _worth(master: Master, profile: Profile | None) -> tuple[bool, bool, int, str]:
    """What sounds best at home goes first: all frequencies, what every player takes, the most bits."""
    narrow = profile is None or profile.band is not None
    return narrow, master.suffix != ".mp3", -(profile.kbps if profile else 0), master.profile


def _fold(bulletin: Bulletin, facts: Sequence[Fact], told: tuple[int, int]) -> _Known:
    status = status_of(facts)
    made, signed = _sources(facts)
    able = [(p, d) for p, d in status.masters.items() if status.signed(p) and (p, d) in made and d in signed]
    return _Known(
        told=told,
        bulletin=bulletin,
        signed=tuple((made[p, d], signed[d]) for p, d in able if made[p, d].suffix in TYPES),
        aired=tuple(at for at in sorted(bulletin.air) if _was_free(bulletin, at) and _was_signed(facts, at)),
        changed=max(fact.at for fact in facts),
    )


def _was_free(bulletin: Bulletin, at: datetime) -> bool:
    return bulletin.embargo is None or bulletin.embargo <= at


def _was_signed(facts: Iterable[Fact], at: datetime) -> bool:
    return status_of(fact for fact in facts if fact.at <= at).may_go_out


def _sources(facts: Iterable[Fact]) -> tuple[dict[tuple[str, Digest], Master], dict[Digest, Source]]:
    """Every master of what was voiced last, by profile and digest; what went with each digest when it was signed last.

    A format that no station wants any more is not made anew: it goes on saying what was said before.
    """
    read: Digest | None = None
    voiced: Digest | None = None
    mastered: Digest | None = None
    made: dict[tuple[str, Digest], Master] = {}
    with_it: dict[Digest, Source] = {}
    signed: dict[Digest, Source] = {}
    for fact in facts:
        if fact.happened is Happened.READ:
            read = fact.digest
        elif fact.happened is Happened.VOICED:
            voiced = fact.digest
        elif fact.happened is Happened.MASTERED and fact.digest:
            if voiced != mastered:
                made, mastered = {}, voiced
            master = bulletins.master_of(fact)
            picture = fact.detail.get("picture")
            made[master.profile, fact.digest] = master
            with_it[fact.digest] = Source(read, voiced, Digest(str(picture)) if picture else None)
        elif fact.happened is Happened.APPROVED and fact.digest in with_it:
            signed[fact.digest] = with_it[fact.digest]
    return made, signed


# --- words -----------------------------------------------------------------------------------------------------------


def _text(title: str, body: Iterable[Utterance], said: Iterable[Utterance]) -> Text:
    spoken, written = _paragraphs(said, written=False), _paragraphs(body, written=True)
    every = (run.text for paragraph in (*spoken, *written) for run in paragraph)
    return Text(spoken=spoken, written=written, searched=search.document([title, *every]))


def _said(desk: Desk, source: Source) -> tuple[tuple[Utterance, ...], tuple[Utterance, ...]]:
    """What its editor wrote, and all that is heard: with the opening and closing lines that were voiced around it."""
    store, body = desk.store, Reading(utterances=())
    voiced: tuple[Sentence, ...] = ()
    if source.read:
        body = documents.readings().validate_json(store.whole(source.read).read_bytes())
    if source.voiced:
        spoken = documents.spoken().validate_json(store.whole(source.voiced).read_bytes())
        voiced = tuple(sentence for sentence, _ in spoken)
    inner = body.sentences
    for start in range(len(voiced) - len(inner) + 1):
        if voiced[start : start + len(inner)] == inner:
            return body.utterances, (*voiced[:start], *body.utterances, *voiced[start + len(inner) :])
    return body.utterances, body.utterances


def _paragraphs(said: Iterable[Utterance], *, written: bool) -> tuple[Paragraph, ...]:
    """Sentences up to a longer breath; what was read by an announcer stands by itself."""
    paragraphs: list[list[Run]] = [[]]
    for one in said:
        if isinstance(one, Sentence):
            text = one.written if written else one.text
            paragraphs[-1] += [Run(one.language, text)] if text else []
        elif isinstance(one, RecordingMark) and one.transcript:
            language = one.language or language_of(one.transcript) or Language.VI
            paragraphs += [[Run(language, one.transcript)]]
        if not isinstance(one, Sentence) or one.pause >= AFTER_PARAGRAPH:
            paragraphs.append([])
    return tuple(tuple(_joined(paragraph)) for paragraph in paragraphs if paragraph)


def _joined(runs: Sequence[Run]) -> Iterable[Run]:
    """Neighbours in one language are one run."""
    texts = [runs[0].text]
    for before, run in pairwise(runs):
        if run.language is not before.language:
            yield Run(before.language, " ".join(texts))
            texts = []
        texts.append(run.text)
    yield Run(runs[-1].language, " ".join(texts))


# --- a podcast's name and picture ------------------------------------------------------------------------------------

OWN_NAME = {Language.VI: "Tiếng Việt", Language.KM: "ភាសាខ្មែរ"}
"""What each language is called in itself."""


def heading(programme: Programme, language: Language) -> str:
    """What the podcast of a programme in a language is called."""
    return programme.title if language is Language.VI else f"{programme.title} · {OWN_NAME[language]}"


def cover(desk: Desk, programme: Programme, language: Language) -> bytes:
    """The picture of a podcast, a JPEG; drawn once for each name it may bear."""
    return _cover(programme.title, OWN_NAME[language], author(desk))


def author(desk: Desk) -> str:
    """Who makes the podcasts."""
    return desk.config.settings.library.author or desk.config.settings.newsroom.name


@lru_cache(maxsize=64)
def _cover(title: str, about: str, owner: str) -> bytes:
    from pipeline.studio import picture  # noqa: PLC0415 - numpy and matplotlib, only where a picture is drawn

    with TemporaryDirectory() as folder:
        out = Path(folder) / "bia.jpg"
        picture.cover(title, about, owner, out)
        return out.read_bytes()
