"""The nouns of the newsroom, frozen, with their units. Instants are aware and UTC; local times name their zone."""

import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import NewType

Digest = NewType("Digest", str)
"""SHA-256 of some bytes, 64 lower-case hexadecimal digits."""
BulletinId = NewType("BulletinId", str)
"""A bulletin's name for people and files: ASCII, `<yyyymmdd>-<slug>-<6 digits of its script's digest>`."""
StationCode = NewType("StationCode", str)
"""A station's short ASCII code, such as `CM-0101`."""
Seconds = NewType("Seconds", float)
Lufs = NewType("Lufs", float)
"""Loudness units relative to full scale (ITU-R BS.1770-4)."""
Dbtp = NewType("Dbtp", float)
"""Decibels true peak relative to full scale (ITU-R BS.1770-4, annex 2)."""

SHORT = 12
"""How many digits of a digest stand in file names: enough that two versions of a bulletin never share a name."""


class Language(StrEnum):
    """A language a bulletin may be spoken in."""

    VI = "vi"
    KM = "km"


class Kind(StrEnum):
    """The plan's unit of count: chương trình (programme) or phóng sự (reportage)."""

    CT = "CT"
    PS = "PS"


class Priority(StrEnum):
    """The priorities of circular 39/2020/TT-BTTTT."""

    NORMAL = "thông thường"
    PREFERRED = "ưu tiên"
    URGENT = "khẩn cấp"


NEEDED: dict[Priority, int] = {Priority.NORMAL: 1, Priority.PREFERRED: 1, Priority.URGENT: 2}
"""How many people must sign: what is urgent airs at any hour, so two."""


# --- what an editor hands in -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the head lines of a script say. None or empty: the programme decides."""

    title: str = ""
    languages: tuple[Language, ...] = ()
    kind: Kind | None = None
    theme: str = ""
    voice: str = ""
    ident: str = ""
    bed: str = ""
    programme: str = ""
    air: tuple[datetime, ...] = ()
    """When to air, as naive local times of the newsroom's zone, in order."""
    priority: Priority | None = None
    only: tuple[str, ...] = ()
    """Station codes or commune names to send to; empty means all."""
    without: tuple[str, ...] = ()
    """Station codes or commune names to leave out."""
    counts: bool | None = None
    author: str = ""
    """Names, as those of the other parts: several with commas between, each perhaps with its language, `(km)`."""
    editor: str = ""
    translator: str = ""
    announcer: str = ""
    repeat: int = 0
    """Days after its last air time on which it airs again."""
    expires: datetime | None = None
    """Naive local time after which it must not air."""
    embargo: datetime | None = None
    """Naive local time before which it must neither air nor leave the newsroom."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text as written, in one language."""

    text: str
    language: Language
    heading: bool = False
    """What follows comes after a longer breath."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Writing that is not spoken, such as a paper's signature or a table of a hundred rows, and why (in Vietnamese)."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingMark:
    """`[ghi âm: phong-van.wav]`: here a recording airs; or an announcer's take of a paragraph airs in its place."""

    name: str
    transcript: str = ""
    """The paragraph that an announcer read; empty where nobody wrote down what is said."""
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class PauseMark:
    """`[nghỉ 2 giây]`: here nothing is said."""

    seconds: Seconds


@dataclass(frozen=True, slots=True)
class VoiceMark:
    """`[giọng: nam]`: from here on another voice speaks."""

    voice: str


@dataclass(frozen=True, slots=True)
class StingMark:
    """`[nhạc cắt]` or a line of stars: here one item ends and the next begins."""

    sting: str
    """A sound of the newsroom's own; empty for the programme's."""


Passage = Paragraph | LeftOut | RecordingMark | PauseMark | VoiceMark | StingMark


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A text or recording as submitted; its identity is the digest of its bytes.

    A recording has `recording` set and its transcript, if one came with it, as `body`; then the recording airs and the
    body is only text.
    """

    digest: Digest
    name: str
    head: Head
    body: tuple[Passage, ...]
    recording: Digest | None = None
    attachments: Mapping[str, Digest] = field(default_factory=dict)
    """The recordings that `[ghi âm: …]` marks name: file name to digest."""
    notices: tuple[str, ...] = ()
    """What its editor should know of how its text was come by (in Vietnamese)."""

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages it is spoken in, in the order they first appear; what the head says goes first."""
        spoken = [p.language for p in self.body if isinstance(p, Paragraph | RecordingMark) and p.language]
        return tuple(dict.fromkeys([*self.head.languages, *spoken]))


# --- what will be said -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One utterance exactly as it will be spoken, by one voice in one language."""

    text: str
    written: str
    language: Language
    voice: str = ""
    pause: Seconds = Seconds(0.35)
    """Silence after it."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something an editor should know about a reading: which text, and what was made of it (in Vietnamese)."""

    about: str
    message: str


Utterance = Sentence | RecordingMark | PauseMark | StingMark


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A script after normalisation, in speaking order."""

    utterances: tuple[Utterance, ...]
    notes: tuple[Note, ...] = ()

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Only what a voice has to say."""
        return tuple(u for u in self.utterances if isinstance(u, Sentence))

    @property
    def text(self) -> str:
        """The reading as a listener hears it, a line for each sentence; what an announcer read stands as written."""
        lines = (u.text if isinstance(u, Sentence) else getattr(u, "transcript", "") for u in self.utterances)
        return "\n".join(filter(None, lines))


# --- voices ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice an engine offers."""

    name: str
    language: Language
    sex: str
    """`nữ` or `nam`."""
    region: str = ""
    online: bool = False
    draft: bool = False
    """No native listener has rated it yet: every face calls it `giọng thử`."""
    licence: str = ""
    """Under which its sound may be used, as its maker says; `?` where nobody says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides how a take sounds. The same recipe is never voiced twice."""

    text: str
    engine: str
    version: str
    voice: str
    settings: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def digest(self) -> Digest:
        """SHA-256 over the canonical JSON of the recipe: keys sorted, UTF-8, no spaces."""
        fields = {"text": self.text, "engine": self.engine, "version": self.version, "voice": self.voice,
                  "settings": dict(self.settings)}  # fmt: skip
        return digest_of(json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A voiced sentence in the store."""

    recipe: Digest
    audio: Digest
    seconds: Seconds
    engine: str
    voice: str


# --- sound -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Loudness:
    """What a meter read (ITU-R BS.1770-4, EBU R 128): integrated level, true peak, loudness range in LU."""

    integrated: Lufs
    true_peak: Dbtp
    range: float = 0.0


class Codec(StrEnum):
    """The format of a master."""

    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    WAV = "wav"
    BWF = "bwf"


_SUFFIXES = {Codec.MP3: ".mp3", Codec.OPUS: ".opus", Codec.AAC: ".m4a", Codec.WAV: ".wav", Codec.BWF: ".wav"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done to recordings before they air."""

    highpass: float = 70.0
    """Hz below which there is only rumble; 0 leaves it."""
    hum: bool = True
    """Whether the tones of the mains are taken out where they stand out."""
    gate: bool = False
    """Whether breath and room are turned down where nobody speaks."""
    denoise: bool = False
    """Whether steady noise is turned down."""
    even: float = 6.0
    """dB by which speakers in one recording are brought nearer to each other at most."""
    longest_gap: Seconds = Seconds(2.0)
    """Silence of four seconds or more is cut to this; 0 leaves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ducking:
    """How a bed makes room for words: levels in dB beside them, times in seconds."""

    under: float = -20.0
    between: float = -12.0
    attack: Seconds = Seconds(0.35)
    """Over which it falls; it is down when the word begins."""
    hold: Seconds = Seconds(0.5)
    """For which it stays down after a word."""
    release: Seconds = Seconds(0.6)
    """Over which it rises again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The sound file a kind of station wants."""

    name: str
    codec: Codec = Codec.MP3
    channels: int = 1
    sample_rate: int = 44100
    kbps: int = 64
    """Constant for MP3; a mean for Opus and AAC; of no meaning for WAV and BWF."""
    target: Lufs = Lufs(-16.0)
    ceiling: Dbtp = Dbtp(-1.5)
    most_reduction: float = 20.0
    """dB that the limiter may turn down at most, at any moment."""
    xing: bool = False
    """Whether an MP3 begins with an Info frame, which tells its length and jolts some old players."""
    band: tuple[float, float] | None = None
    """Hz between which its loudspeakers carry sound; nothing else is sent."""
    ratio: float = 1.0
    """How much of a rise above the usual level is left: 3 leaves a third. 1 compresses nothing."""

    @property
    def suffix(self) -> str:
        """What its files' names end with, dot included."""
        return _SUFFIXES[self.codec]


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """The mix brought to loudness, encoded, tagged, and measured on the encoded file."""

    digest: Digest
    profile: str
    size: int
    """Bytes."""
    seconds: Seconds
    loudness: Loudness
    reduction: float = 0.0
    """The most that the limiter turned down, in dB."""
    suffix: str = ".mp3"
    """What names of its files end with."""


# --- bulletins, stations, airings ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A local time of day at which a programme airs."""

    at: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How the parts of a programme are put together; its editions in every language share it."""

    ident: str = "mac-dinh"
    sting: str = "mac-dinh"
    """Between items, where a script marks them."""
    outro: str = "không"
    """After the closing line."""
    bed: str = "không"
    crossfade: Seconds = Seconds(0.8)
    """For how long music and words sound together where one hands over to the other."""
    after_ident: Seconds = Seconds(0.3)
    around_sting: Seconds = Seconds(0.4)
    after_recording: Seconds = Seconds(0.5)
    ducking: Ducking = Ducking()


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """A recurring show: what a bulletin gets where its script says nothing."""

    code: str
    title: str
    slots: tuple[Slot, ...]
    kind: Kind = Kind.CT
    language: Language = Language.VI
    """The language of a recording whose script says none."""
    template: Template = Template()
    opening: Mapping[Language, str] = field(default_factory=dict)
    """A line spoken after the ident; `{title}`, `{date}` and `{place}` are filled in."""
    closing: Mapping[Language, str] = field(default_factory=dict)
    engines: tuple[str, ...] = ("edge", "embedded")
    """The order in which voices are tried."""
    embedded_may_air: bool = False
    """Whether a bulletin spoken by an embedded voice may be approved for air, or only holds a place."""
    tell: tuple[str, ...] = ()
    """Who is told where another engine than the first had to speak: names or offices, as people know them."""
    document_codes: str = "gon"
    """How much of a document number's letters is said: `day-du`, `gon` or `bo`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """One dated edition, as decided when its script was taken in. Its id never changes."""

    id: BulletinId
    script: Digest
    title: str
    languages: tuple[Language, ...]
    kind: Kind
    programme: str
    air: tuple[datetime, ...]
    """UTC instants at which it is meant to air, in order."""
    only: tuple[str, ...] = ()
    """Station codes or commune names to send to; empty means all there are when it is planned."""
    without: tuple[str, ...] = ()
    """Station codes or commune names to leave out."""
    theme: str = ""
    voice: str = ""
    ident: str = ""
    """Empty: as its programme says when it is rendered."""
    bed: str = ""
    """Empty: as its programme says when it is rendered."""
    priority: Priority = Priority.NORMAL
    counts: bool = True
    author: str = ""
    editor: str = ""
    translator: str = ""
    announcer: str = ""
    expires: datetime | None = None
    """UTC; after it the bulletin must not air, and its files leave the stations."""
    embargo: datetime | None = None
    """UTC; before it nothing of the bulletin leaves the newsroom."""

    @property
    def signatures(self) -> int:
        """How many people must sign it."""
        return NEEDED[self.priority]

    @property
    def language(self) -> str:
        """Its languages as one word: `vi`, `km` or `vi+km`."""
        return "+".join(self.languages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commune:
    """An administrative unit; units merge, so a code has dates and predecessors."""

    code: str
    name: str
    since: date | None = None
    """The first local day on which it is one."""
    until: date | None = None
    """The last."""
    predecessors: tuple[str, ...] = ()
    """Codes or names of the units that went into it."""

    def stands(self, day: date) -> bool:
        """Whether it is a unit on a local day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the local day in which a station may air; it may cross midnight."""

    start: time
    end: time

    def holds(self, at: time) -> bool:
        """Whether a local time lies inside; the start does, the end does not."""
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end

    @property
    def hours(self) -> float:
        """How long it is."""
        minutes = (self.end.hour - self.start.hour) * 60 + self.end.minute - self.start.minute
        return minutes % (24 * 60) / 60

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


class Technology(StrEnum):
    """How a station drives its loudspeakers."""

    IP = "IP"
    FM = "FM"
    WIRED = "wired"


class Unit(StrEnum):
    """What kind of unit a station belongs to."""

    COMMUNE = "xã, phường"
    BORDER_POST = "đồn biên phòng"


class Verification(StrEnum):
    """How strongly a receipt proves what a station holds, weakest first."""

    REPORTED = "reported"
    """Somebody there says so; no count rests on it."""
    SIZE = "size"
    HASH = "hash"
    READBACK = "readback"


SHARED = "folder"
"""What the transport of a station is called whose folder is a share of this machine."""
CARRIED = "usb"
"""What the transport of a station without a line is called: sticks are carried there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One endpoint of a commune. `key` is the path of a private key; `host_key` the one public key it may show."""

    code: StationCode
    commune: Commune
    host: str
    port: int = 22
    user: str = ""
    key: str = ""
    password_file: str = ""
    """Path of a file with the password, for machines that take no key."""
    host_key: str = ""
    folder: str = "."
    make_folder: bool = False
    """Whether a push makes the folder where it is missing."""
    transport: str = "sftp"
    technology: Technology = Technology.IP
    unit: Unit = Unit.COMMUNE
    groups: tuple[str, ...] = ()
    """Names under which several stations are meant at once, such as `vùng Khmer`."""
    profile: str = "loa-xa"
    windows: tuple[Window, ...] = ()
    """When it may air; empty: at any time that is not quiet."""
    quiet: tuple[Window, ...] = ()
    """When nothing airs, whatever the windows say, unless it is urgent."""
    languages: tuple[Language, ...] = (Language.VI, Language.KM)
    bandwidth: int = 0
    """kbit/s that a push may use of its line; 0: all it can."""
    verification: Verification = Verification.HASH
    keep_days: int = 7
    """Days that a bulletin stays there after its last air time."""
    coordinates: tuple[float, float] | None = None
    """Degrees north and east (WGS 84), for a map; None where nobody wrote them down."""

    @property
    def name(self) -> str:
        """The commune's name, as people know the station."""
        return self.commune.name

    @property
    def place(self) -> str:
        """Where its files go: rows of one place share its folder, its papers and its files.

        A stick has a folder of its own for each code, whatever its row says.
        """
        if self.transport == CARRIED:
            return f"{CARRIED} {self.code}"
        return f"{self.transport} {self.user}@{self.host.lower()}:{self.port} {posixpath.normpath(self.folder)}"

    @property
    def machine(self) -> Digest:
        """What tells one machine at a place from another that took it over."""
        return digest_of(f"{self.place} {self.host_key}".encode())

    def may_air(self, at: time) -> bool:
        """Whether a local time lies inside its windows and outside its quiet hours."""
        inside = not self.windows or any(window.holds(at) for window in self.windows)
        return inside and not any(window.holds(at) for window in self.quiet)

    def understands(self, bulletin: Bulletin) -> bool:
        """Whether it airs at least one of a bulletin's languages."""
        return bool(set(self.languages) & set(bulletin.languages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a machine shows to prove which one it is."""

    host_key: str
    """As stations.csv has it: kind and base64."""
    fingerprint: str
    """As people compare it: kind and `SHA256:…`."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file in a station's folder."""

    name: str
    size: int
    """Bytes."""
    changed: float
    """Seconds since 1970, by the station's clock."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Transmission:
    """One planned airing: a bulletin at a station at an instant (UTC)."""

    at: datetime
    station: StationCode
    bulletin: BulletinId


@dataclass(frozen=True, slots=True)
class Due:
    """A bulletin that is to air at a station, and what the station holds of it."""

    bulletin: BulletinId
    station: StationCode
    at: datetime
    """When it airs first in the time that was asked about."""
    holding: Digest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a station holds, as its last receipt says."""

    station: StationCode
    bulletin: BulletinId
    digest: Digest
    remote: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """Under which number a run has a station, and until when; renewed, it holds longer."""

    token: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A station whose last visit failed."""

    code: str
    reason: str
    """In Vietnamese, as it was told."""
    retry: bool
    """Whether waiting may help."""
    tries: int
    """Visits that failed one after the other."""
    since: datetime
    next: datetime | None = None
    """When to try again; None where a person has to act first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that a station holds these bytes under this name. It never says that they were played."""

    station: StationCode
    bulletin: BulletinId
    digest: Digest
    remote: str
    size: int
    verified: Verification
    at: datetime
    sent: int = 0
    """Bytes that had to be sent for it; 0 when the station held the file already."""


def digest_of(data: bytes) -> Digest:
    """The SHA-256 of some bytes in memory."""
    return Digest(hashlib.sha256(data).hexdigest())
