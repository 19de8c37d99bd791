"""A podcast: RSS 2.0 with Apple's elements, of bulletins that anybody may hear. Equal input gives equal bytes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedgen.feed import FeedGenerator

from pipeline.core.model import Language, Seconds

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_LONGEST = 4000
"""Letters of a description that podcast programs show (Apple's limit)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a podcast says of itself. Addresses are whole."""

    title: str
    description: str
    language: Language
    owner: str
    mail: str
    category: str
    link: str
    """The library."""
    self: str
    """The podcast."""
    image: str
    """Square, 1400 to 3000 pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One bulletin."""

    guid: str
    """Stays the same when the bulletin is made again."""
    title: str
    text: str
    link: str
    sound: str
    size: int
    seconds: Seconds
    at: datetime


def podcast(channel: Channel, episodes: Sequence[Episode]) -> bytes:
    """The RSS document, the newest first."""
    feed = FeedGenerator()
    feed.load_extension("podcast")
    feed.title(_plain(channel.title))
    feed.description(_plain(channel.description) or _plain(channel.title))
    feed.link(href=channel.link, rel="alternate")
    feed.link(href=channel.self, rel="self", type="application/rss+xml")
    feed.language(channel.language.value)
    feed.generator("Bản Tin")
    feed.image(channel.image, _plain(channel.title), channel.link)
    feed.docs("https://www.rssboard.org/rss-specification")
    newest = max((one.at for one in episodes), default=None)
    feed.lastBuildDate(newest or datetime.fromisoformat("2000-01-01T00:00:00+00:00"))  # else feedgen writes the hour
    feed.podcast.itunes_author(_plain(channel.owner))
    feed.podcast.itunes_category(channel.category)
    feed.podcast.itunes_explicit("no")
    feed.podcast.itunes_image(channel.image)
    feed.podcast.itunes_type("episodic")
    if channel.mail:
        feed.podcast.itunes_owner(_plain(channel.owner), channel.mail)
    for one in episodes:
        _add(feed.add_entry(order="append"), one)
    made: bytes = feed.rss_str(pretty=False)
    return made


def _add(entry: Any, one: Episode) -> None:  # noqa: ANN401 - feedgen has no types
    entry.guid(one.guid, permalink=False)
    entry.title(_plain(one.title))
    entry.link(href=one.link)
    entry.description(_plain(one.text[:_LONGEST]) or _plain(one.title))
    entry.enclosure(one.sound, str(one.size), "audio/mpeg")
    entry.published(one.at)
    entry.podcast.itunes_duration(round(one.seconds))
    entry.podcast.itunes_explicit("no")


def _plain(text: str) -> str:
    """Without what no XML may hold."""
    return _NOT_XML.sub("", text).strip()
