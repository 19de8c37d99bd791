"""Inspection: what there is to say about a sound file before anybody airs it. Nothing is kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.core.errors import BadRecording, figure
from pipeline.core.facts import Json
from pipeline.core.model import Profile
from pipeline.core.rundown import Segment, SegmentKind, lay
from pipeline.newsroom import mastering
from pipeline.studio.inspect import Inspected, inspect
from pipeline.studio.picture import Caption, draw


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found in a file, and what its editor should know of it, in Vietnamese."""

    name: str
    found: Inspected
    doubts: tuple[str, ...]

    @property
    def problem(self) -> BadRecording | None:
        """Why it must not air."""
        return self.found.problem

    def lines(self) -> Iterator[str]:
        """For people, in Vietnamese."""
        found = self.found
        if found.kind:
            minutes, seconds = divmod(round(found.seconds), 60)
            yield f"{self.name}: {found.kind}, {found.sample_rate} Hz, {found.channels} kênh, {minutes}:{seconds:02}"
        if heard := found.heard:
            level = heard.loudness
            yield (
                f"độ lớn {figure(level.integrated).vi} LUFS, dải {figure(level.range).vi} LU, "
                f"đỉnh thật {figure(level.true_peak).vi} dBTP"
            )
            yield f"lớn nhất {figure(heard.momentary).vi} LUFS trong 400 ms, {figure(heard.short_term).vi} trong 3 giây"
        yield from (f"! {doubt}" for doubt in self.doubts)

    def as_json(self) -> dict[str, Json]:
        """For other programs."""
        found, heard = self.found, self.found.heard
        return {
            "name": self.name,
            "kind": found.kind,
            "sample_rate": found.sample_rate,
            "channels": found.channels,
            "seconds": round(found.seconds, 2),
            "integrated_lufs": round(heard.loudness.integrated, 2) if heard else None,
            "range_lu": round(heard.loudness.range, 2) if heard else None,
            "true_peak_dbtp": round(heard.loudness.true_peak, 2) if heard else None,
            "momentary_lufs": round(heard.momentary, 2) if heard else None,
            "short_term_lufs": round(heard.short_term, 2) if heard else None,
            "doubts": list(self.doubts),
            "problem": {"code": self.problem.code, "what": self.problem.message.vi} if self.problem else None,
        }


def look(path: Path, program: Path, profile: Profile, picture: Path | None = None) -> Report:
    """Inspect a file; with `picture`, draw its wave and loudness beside the profile's target and ceiling into a PNG."""
    with TemporaryDirectory() as scratch:
        found = inspect(path, program, Path(scratch))
        doubts = tuple(mastering.doubts(found.clip, path)) if found.clip else ()
        if picture and found.heard:
            only = Segment(kind=SegmentKind.RECORDING, seconds=found.seconds, source="x", text=path.name)
            level = found.heard.loudness
            told = f"{figure(level.integrated).vi} LUFS · {figure(level.true_peak).vi} dBTP"
            draw(found.heard, lay([only]), profile, Caption(title=path.name, subtitle=told), picture)
    return Report(name=path.name, found=found, doubts=doubts)
