"""Everything that a queue may be asked to do, by verb: any worker of a newsroom can do all of it."""

from collections.abc import Mapping

from pipeline.newsroom import audits, bulletins, push
from pipeline.newsroom.desk import Desk, Handler


def handlers(desk: Desk) -> Mapping[str, Handler]:
    """What does each verb at a desk."""
    return {**bulletins.handlers(desk), **push.handlers(desk), **audits.handlers(desk)}
