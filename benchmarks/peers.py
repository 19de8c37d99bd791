"""Free normalisers beside ours: a line in, its spoken form out. Bench-only packages; the product uses none of them."""

import sys
from collections.abc import Callable


def sea_g2p() -> Callable[[str], str]:
    """sea-g2p's normaliser, for Vietnamese."""
    from sea_g2p import Normalizer

    normalize: Callable[[str], str] = Normalizer().normalize
    return normalize


def tha() -> Callable[[str], str]:
    """The processors of tha, for Khmer, in the order of its own documentation."""
    from khmercut import tokenize
    from tha import (
        cardinals,
        currency,
        datetime,
        decimals,
        normalize,
        ordinals,
        parenthesis,
        phone_numbers,
        repeater,
        urls,
    )

    steps: list[Callable[[str], str]] = [
        normalize.processor, parenthesis.processor, phone_numbers.processor, urls.processor, datetime.date_processor,
        datetime.time_processor, ordinals.processor, currency.processor, cardinals.processor, decimals.processor,
        lambda text: repeater.processor(text, tokenize),
    ]  # fmt: skip

    def spoken(line: str) -> str:
        for step in steps:
            line = step(line)
        return line.replace("▁", "")

    return spoken


PEERS = {"sea-g2p": sea_g2p, "tha": tha}


def main() -> None:
    """Speak every line of standard input; a line that breaks the peer comes back as it is."""
    speak = PEERS[sys.argv[1]]()
    for line in sys.stdin:
        text = line.rstrip("\n")
        try:
            said = speak(text)
        except BaseException:  # noqa: BLE001 - one of them panics past Exception; it is measured, not trusted
            said = text
        sys.stdout.write(said.replace("\n", " ") + "\n")


if __name__ == "__main__":
    main()
