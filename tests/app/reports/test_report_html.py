import io
import re
from dataclasses import replace

from invented_reports import HOSTILE, day_card, day_report, destination_row, file_row, transfer
from lxml import html

from app.reports.html import day_html, transfer_html
from app.reports.model import ClipRow, CopyRow
from app.reports.visible import visible_path


def page(report, write=transfer_html):
    stream = io.StringIO()
    write(report, stream)
    text = stream.getvalue()
    text.encode("utf-8")
    return html.document_fromstring(text)


def text_of(node):
    return re.sub(r"\s+", " ", node.text_content()).strip()


def table(tree, name):
    return tree.xpath(f'//table[@class="{name}"]/tbody/tr')


def test_the_verdict_stands_first_and_biggest():
    tree = page(transfer(["a.mov"]))
    verdict = tree.xpath('//div[@class="verdict safe"]/strong')[0]
    assert text_of(verdict) == "✓ SAFE TO FORMAT"
    assert text_of(tree.xpath("//title")[0]) == "Offload of A003: SAFE TO FORMAT"


def test_reasons_stand_with_a_keep():
    reasons = ("a.mov could not be read.", "The journal could not be written to disk.")
    tree = page(
        transfer(["a.mov"], safe=False, verdict="KEEP, 0 of 2 copies verified", reasons=reasons)
    )
    box = tree.xpath('//div[@class="verdict"]')[0]
    assert text_of(box.xpath("strong")[0]) == "! KEEP, 0 of 2 copies verified"
    assert [text_of(item) for item in box.xpath("ul/li")] == list(reasons)


def test_the_file_stands_alone_and_runs_nothing():
    tree = page(transfer(HOSTILE))
    assert not tree.xpath("//script | //link | //img | //iframe | //@src | //@href")
    assert not tree.xpath("//@*[starts-with(name(), 'on')]")
    assert "url(" not in tree.xpath("//style")[0].text


def test_hostile_names_are_shown_and_nothing_else_happens():
    rows = table(page(transfer(HOSTILE)), "files")
    shown = [row.xpath('td[1]/span[@class="path"]')[0].text_content() for row in rows]
    assert shown == [visible_path(name) for name in HOSTILE]


def test_escapes_are_set_apart_by_their_look():
    tree = page(transfer(["a\nb\\nc\udcff.mov"]))
    cell = table(tree, "files")[0].xpath('td[1]/span[@class="path"]')[0]
    assert [span.text for span in cell.xpath('span[@class="esc"]')] == ["\\n", "\\xff"]


def test_every_file_has_its_hashes_and_its_copies():
    rows = table(page(transfer(["a.mov", "b.mov"])), "files")
    assert len(rows) == 2
    digest = file_row("b.mov").hashes["blake3"]
    assert digest in text_of(rows[1].xpath("td[1]")[0])
    assert [text_of(cell) for cell in rows[1].xpath("td")[2:]] == [
        "✓verified2026-11-20 12:04:31",
        "✓verified2026-11-20 12:04:32",
    ]


def test_every_ignored_path_is_named():
    ignored = tuple(f"folder/._{number}" for number in range(300))
    tree = page(transfer(["a.mov"], ignored=ignored, ignore_patterns=("._*",)))
    items = tree.xpath('//ul[contains(@class, "ignored")]/li')
    assert [text_of(item) for item in items] == list(ignored)
    assert "._*" in text_of(tree)


def test_a_failed_copy_is_named_with_its_drive_and_cause():
    bad = file_row("bad.mov")._replace(
        state="failed",
        copies=(
            file_row("bad.mov").copies[0],
            CopyRow(destination=1, path="bad.mov", state="failed", trouble="Input/output error."),
        ),
    )
    tree = page(transfer(["x"], files=(file_row("good.mov"), bad)))
    group = tree.xpath('//section[@class="group"]')
    assert len(group) == 1
    assert text_of(group[0].xpath("h3")[0]) == "✕SHUTTLE-07: Input/output error 1 file"
    assert [text_of(item) for item in group[0].xpath("ul/li")] == ["bad.mov"]
    row = table(tree, "files")[1]
    assert "State: failed" in text_of(row)
    assert "SHUTTLE-07: Input/output error." in text_of(row)


def test_a_copy_read_through_the_cache_is_never_shown_as_done():
    copy = file_row("a.mov").copies[0]._replace(state="verified through the cache")
    tree = page(transfer(["x"], files=(file_row("a.mov")._replace(copies=(copy,)),)))
    assert "!verified through the cache" in text_of(table(tree, "files")[0])
    assert "does not count" in text_of(table(tree, "evidence")[1])


def test_the_evidence_says_which_device_which_read_when_and_by_which_hash():
    rows = table(page(transfer(["a.mov", "b.mov", "c.mov"])), "evidence")
    assert [text_of(cell) for cell in rows[2].xpath("td")] == [
        "Device of SHUTTLE-07",
        "SHUTTLE-07",
        "✓read back from the medium",
        "3",
        "2026-11-20 12:04:32",
        "2026-11-20 12:04:32",
        "xxh64, blake3",
    ]


def test_two_destinations_on_one_device_are_said_to_count_once():
    drives = (destination_row("A", 1), replace(destination_row("B", 1), device="Device of A"))
    tree = page(transfer(["a.mov"], destinations=drives))
    assert "the same device as A, counts once" in text_of(table(tree, "destinations")[1])


def test_troubled_and_unflushed_destinations_do_not_look_done():
    drives = (
        replace(destination_row("A", 1), flushed=False, verified=0),
        replace(destination_row("B", 1), trouble="Destination full.", not_kept=("2 links",)),
    )
    rows = table(page(transfer(["a.mov"], destinations=drives)), "destinations")
    assert text_of(rows[0].xpath("td")[-1]) == "!nothing verified, not flushed"
    assert text_of(rows[1].xpath("td")[-1]) == "✕all 1 verified"
    assert "Destination full." in text_of(rows[1])
    assert "Not kept: 2 links" in text_of(rows[1])


def test_findings_losses_notes_and_the_projects_own_data_are_told():
    clip = ClipRow(
        name="C014", files=1, size=1, recorded=None, state="incomplete", missing=("C014.xml",)
    )
    tree = page(
        transfer(
            ["a.mov"],
            clips=(clip,),
            findings=("C014 comes without its XML.",),
            not_kept=("The link <latest> was not recreated.",),
            notes=("Resumed at 12:11.",),
            extra={"Director": "Ł. Świętek"},
        )
    )
    text = text_of(tree)
    for fact in ("C014 comes", "The link <latest> was", "Resumed at", "Director", "Ł. Świętek"):
        assert fact in text
    assert text_of(table(tree, "clips")[0].xpath("td")[-1]) == "C014.xml"
    assert "!incomplete" in text_of(table(tree, "clips")[0])


def test_a_report_without_files_says_so():
    tree = page(transfer([], destinations=(), safe=False, verdict="KEEP"))
    assert "There were no files." in text_of(tree)
    assert "No destinations." in text_of(tree)


def test_twenty_thousand_files_all_have_their_row():
    tree = page(transfer([f"A003C{number:05d}.mov" for number in range(20_000)]))
    assert len(table(tree, "files")) == 20_000


def test_a_day_shows_its_sentence_its_cards_and_what_is_open():
    cards = (day_card("A003"), day_card("B<002>", safe=False, open=("Copy B<002> again.",)))
    tree = page(day_report(*cards), day_html)
    assert text_of(tree.xpath("//strong")[0]).startswith("! Day 12: 2 cards, 1 to 2 copies")
    rows = table(tree, "cards")
    assert text_of(rows[1].xpath("td")[0]) == "B<002>ARRI ALEXA 35"
    assert [text_of(li) for li in tree.xpath('//ul[@class="list open"]/li')] == [
        "B<002> Copy B<002> again."
    ]
    assert "Nothing is open." in text_of(page(day_report(cards[0]), day_html))


def test_an_empty_day_is_not_called_safe():
    tree = page(day_report(), day_html)
    assert not tree.xpath('//div[contains(@class, "safe")]')
    assert "No card was offloaded on this day." in text_of(tree)
