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


def test_music_hands_over_to_words_and_a_pause_keeps_them_apart():
    ident, words, sting = (
        segment(k, s) for k, s in ((SegmentKind.IDENT, 4), (SegmentKind.SPEECH, 10), (SegmentKind.STING, 1))
    )
    rested = segment(SegmentKind.SPEECH, 10, 0.5)
    timeline = lay([ident, words, sting, rested, sting], crossfade=1.0)
    assert [p.start for p in timeline.placed] == [0, 3.0, 12.5, 13.0, 23.5]
    assert [p.fade_out for p in timeline.placed] == [1.0, 0, 0.5, 0, 0]
    assert [p.fade_in for p in timeline.placed] == [0, 0, 0.5, 0, 0]
    assert timeline.seconds == 24.5


def test_a_pause_that_was_meant_is_kept_beside_music():
    pause = Segment(kind=SegmentKind.PAUSE, seconds=2.0)
    timeline = lay([segment(SegmentKind.IDENT, 4), pause, segment(SegmentKind.SPEECH, 3)], crossfade=1.0)
    assert [p.start for p in timeline.placed] == [0, 4, 6]
