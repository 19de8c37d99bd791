from pipeline.core.rundown import Segment, SegmentKind, lay


def segment(kind, seconds, pause=0.0):
    return Segment(kind=kind, seconds=seconds, pause=pause, source="x")


RUNDOWN = [
    segment(SegmentKind.IDENT, 3.0, 0.5),
    segment(SegmentKind.OPENING, 2.0, 0.35),
    segment(SegmentKind.PAUSE, 1.0),
    segment(SegmentKind.SPEECH, 4.0, 0.6),
    segment(SegmentKind.STING, 1.5),
]


def test_segments_follow_each_other_with_their_pauses_between():
    timeline = lay(RUNDOWN)
    assert [round(p.start, 3) for p in timeline.placed] == [0, 3.5, 5.85, 6.85, 11.45]
    assert round(timeline.seconds, 3) == 12.95
    assert timeline.bed is None


def test_a_bed_lies_from_the_first_spoken_word_to_the_last():
    start, end = lay(RUNDOWN, bed=True).bed
    assert (start, round(end, 3)) == (3.5, 10.85)


def test_music_alone_has_no_bed():
    assert lay([segment(SegmentKind.IDENT, 3.0)], bed=True).bed is None
