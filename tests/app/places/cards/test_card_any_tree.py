"""Whatever lies on a card: every file is counted once, and nothing stops the recognition."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.places.cards import identity_of, recognise, same_card
from app.places.tree import Entry, EntryKind


def words(text: str) -> list[str]:
    return text.split()


FOLDERS = ["", *words(
    """A003R1JL A003R1JL/A003C003_261120_R1JL A_0007_1JL0 A003_1120K4.RDM/A003_C001_1120AB.RDC
    A003_1120K4.RDM XDROOT/Clip XDROOT/CLIP XDROOT/Sub XDROOT/Thmbnl XDROOT Clip PRIVATE/M4ROOT/CLIP
    PRIVATE/M4ROOT/SUB M4ROOT/CLIP BPAV/CLPR/709_0001_01 BPAV/CLPR/709_0001_03 BPAV/TAKR/709_0001
    CONTENTS/CLIPS001 CONTENTS/CLIPS001/AA0001 CONTENTS/VIDEO CONTENTS/AUDIO CONTENTS/CLIP VIDEO
    CLIP AUDIO PRIVATE/AVCHD/BDMV/STREAM AVCHD/BDMV/CLIPINF BDMV/STREAM DCIM DCIM/100GOPRO
    DCIM/101GOPRO DCIM/100MEDIA DCIM/DJI_001 DCIM/100APPLE DCIM/100CANON PRIVATE/PANA_GRP/001 MISC
    }CLIPS{ }CLIPS{/a ARI/A003R1JL/A003C003_261120_R1JL MXF/A003R1JL STEREO/FOLDER01
    MULTI/FOLDER01/ZOOM0001 FALSETAKES TRASH SOUNDDEV PRIVATE/XFVC/REEL_0001 CRM Proxy ascmhl
    BMC01_1_2026-11-20_1631_C0002 day12 Day12/x""",
)]  # fmt: skip
STEMS = words(
    """A003C001_261120_R1JL A003C003_261120_R1JL.0000001 A003C003_261120_R1JL.0000009 C0001
    C0001M01 C0002M01 C0001S03 C0002S03 C0001T01 A003_C001_1120AB_001 A003_C001_1120AB_003 GX010001
    GX030001 GL010001 GOPR0001 GP020001 G0010001 DJI_0001 DJI_20261120120000_0003_D IMG_0001
    MVI_0009 0001AB 0001AB00 0001AB01 AA000101 AA000103 A005C001_261120AB_CANON_003 00000 00004
    A005C001_261120AB_CANON_Proxy A001_11200915_C001 A001_11200915_C004 709_0001_01
    709_0001_01M01 12A-T01_1 12A-T01_2 12A-T04 ZOOM0001_LR Tr1 MEDIAPRO INDEX SDINFO x
    A_0007C001_261120_091500_a1JL0 BMC01_1_2026-11-20_1631_C0002_000001
    \udcff \N{SUPERSCRIPT TWO} \N{ARABIC-INDIC DIGIT THREE}123"""
)
EXTENSIONS = words(
    """ari arx mov mp4 MXF mxf xml XML ale R3D braw sidecar wav WAV jpg dng thm LRV srt cpi MTS txt
    crm 360 hprj"""
)


@st.composite
def trees(draw: st.DrawFn) -> list[Entry]:
    name = st.builds(
        lambda stem, ext: f"{stem}.{ext}", st.sampled_from(STEMS), st.sampled_from(EXTENSIONS)
    )
    chain = st.sampled_from(FOLDERS)
    folder = st.one_of(chain, st.builds("{}/{}".format, chain, chain))
    paths = draw(
        st.sets(
            st.builds(lambda at, last: f"{at}/{last}".strip("/").replace("//", "/"), folder, name),
            max_size=25,
        )
    )
    times = st.integers(-(2**63), 2**63)
    return [
        Entry(path, EntryKind.FILE, draw(st.integers(0, 5)), draw(times)) for path in sorted(paths)
    ]


@settings(max_examples=400, deadline=None)
@given(trees())
def test_any_tree_gives_a_card_that_counts_every_file_once(entries: list[Entry]) -> None:
    card = recognise(Path("/no/such/card"), entries)
    in_clips = [path for clip in card.clips for path in clip.files]

    assert len(in_clips) == len(set(in_clips))
    assert set(in_clips) <= {entry.path for entry in entries}
    assert (card.files, card.size) == (len(entries), sum(entry.size for entry in entries))
    assert all(clip.name and (clip.files or clip.missing) for clip in card.clips)
    assert card == recognise(Path("/no/such/card"), entries[::-1])
    identity = identity_of(card, entries)
    assert same_card(identity, identity_of(card, entries[::-1]))


@settings(max_examples=200, deadline=None)
@given(trees())
def test_every_movie_belongs_to_a_clip(entries: list[Entry]) -> None:
    card = recognise(Path("/no/such/card"), entries)
    in_clips = {path for clip in card.clips for path in clip.files}
    movies = {
        entry.path
        for entry in entries
        if entry.name.lower().endswith((".mov", ".mp4", ".mxf", ".r3d", ".braw", ".mts", ".crm"))
        and "ascmhl" not in entry.path
    }

    assert movies <= in_clips
