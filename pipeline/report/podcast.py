"""A podcast: RSS 2.0 with the tags that Apple asks for, which every other directory reads, too."""

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

import lxml.etree  # noqa: F401 - feedgen uses it and leaves it to others to load it
from feedgen.ext.podcast import PodcastExtension
from feedgen.ext.podcast_entry import PodcastEntryExtension
from feedgen.feed import FeedGenerator

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, however it is written."""
_EXPLICIT = "{http://www.itunes.com/dtds/podcast-1.0.dtd}explicit"
_TRUTH = {"yes": "true", "no": "false"}
_SUMMARY = 600
"""Letters of the summary at most."""
_one_at_a_time = threading.Lock()
"""feedgen sets the locale of the whole process while it writes a date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One item: its addresses are absolute, `size` is that of the sound in bytes."""

    guid: str
    """Never another, whatever becomes of its title, its sound or the site's address."""
    title: str
    page: str
    sound: str
    kind: str
    """The media type of the sound."""
    size: int
    seconds: float
    at: datetime
    paragraphs: Sequence[Sequence[tuple[str, str]]] = ()
    """What is heard: runs of words, each with its language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """The podcast itself; its addresses are absolute."""

    title: str
    description: str
    author: str
    mail: str
    language: str
    category: str
    explicit: bool
    address: str
    """Of the feed."""
    page: str
    picture: str
    """A square JPEG or PNG of 1400 pixels or more."""
    changed: datetime | None


class _Apple(PodcastExtension):  # type: ignore[misc]  # feedgen has no types
    """Writes `explicit` as Apple does now."""

    def extend_rss(self, rss_feed: Any) -> Any:  # noqa: ANN401 - as above
        done = super().extend_rss(rss_feed)
        for one in done.iter(_EXPLICIT):
            one.text = _TRUTH[one.text]
        return done


def rss(channel: Channel, episodes: Iterable[Episode]) -> bytes:
    """The feed; equal input gives equal bytes."""
    with _one_at_a_time:
        return _rss(channel, episodes)


def _rss(channel: Channel, episodes: Iterable[Episode]) -> bytes:
    made = FeedGenerator()
    made.register_extension("podcast", _Apple, PodcastEntryExtension)
    made.title(_plain(channel.title))
    made.description(_plain(channel.description))
    made.link(href=channel.address, rel="self", type="application/rss+xml")
    made.link(href=channel.page, rel="alternate")
    made.language(channel.language)
    made.generator("Bản Tin")
    if channel.changed:
        made.lastBuildDate(channel.changed)
    made.podcast.itunes_author(_plain(channel.author))
    made.podcast.itunes_category({"cat": channel.category})
    made.podcast.itunes_explicit("yes" if channel.explicit else "no")
    made.podcast.itunes_image(channel.picture)
    made.podcast.itunes_type("episodic")
    if channel.mail:
        made.podcast.itunes_owner(_plain(channel.author), channel.mail)
    for episode in episodes:
        _add(made, channel, episode)
    text: bytes = made.rss_str(pretty=True)
    return text if channel.changed else re.sub(rb"\s*<lastBuildDate>[^<]*</lastBuildDate>", b"", text)


def _add(made: Any, channel: Channel, episode: Episode) -> None:  # noqa: ANN401 - feedgen has no types
    entry = made.add_entry(order="append")
    entry.guid(episode.guid, permalink=False)
    entry.title(_plain(episode.title) or _plain(channel.title))
    entry.link(href=episode.page)
    entry.pubDate(episode.at)
    entry.enclosure(episode.sound, str(episode.size), episode.kind)
    entry.description(_summary(episode))
    if episode.paragraphs:
        entry.content(_plain("".join(map(_paragraph, episode.paragraphs))))
    entry.podcast.itunes_duration(str(max(1, round(episode.seconds))))


def _paragraph(runs: Iterable[tuple[str, str]]) -> str:
    words = (f'<span lang="{language}">{escape(text)}</span>' for language, text in runs)
    return f"<p>{' '.join(words)}</p>"


def _summary(episode: Episode) -> str:
    text = " ".join(text for paragraph in episode.paragraphs for _, text in paragraph) or episode.title
    plain = _plain(text)
    return plain if len(plain) <= _SUMMARY else f"{plain[:_SUMMARY].rsplit(' ', 1)[0]} …"


def _plain(text: str) -> str:
    return _NOT_XML.sub("", text).strip()
