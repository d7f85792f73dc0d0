"""Settings come in layers, say where they come from, and never lose what a person wrote."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from app.errors import BadInput, WriteFailed
from app.integrity.hashing import CUSTODY_KINDS, HashKind
from app.offload.spec import DEFAULT_IGNORE, OffloadSpec, OnCollision, VerifyMode
from app.settings import KEYS, Settings, key_named, value_from_text, value_text


@pytest.fixture
def file(tmp_path):
    return tmp_path / "profile" / "settings.toml"


@pytest.fixture
def site(tmp_path):
    return tmp_path / "site.toml"


@pytest.fixture
def load(file, site):
    return lambda **overrides: Settings.load(file, site=site, overrides=overrides)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_without_files_everything_is_built_in(load):
    settings = load()

    assert settings.get("offload.wanted_copies") == 2
    assert {settings.origin(key.name) for key in KEYS.values()} == {"built in"}


def test_each_layer_beats_the_one_below_and_says_so(file, site):
    write(site, "[offload]\nwanted_copies = 3\nverify = 'source'\nrollover_hour = 4\n")
    write(file, "[offload]\nwanted_copies = 4\nverify = 'transfer'\n")
    settings = Settings.load(file, site=site, overrides={"offload.wanted_copies": 5})

    assert [settings.get(f"offload.{k}") for k in ("wanted_copies", "verify", "rollover_hour")] == [
        5,
        "transfer",
        4,
    ]
    assert settings.origin("offload.wanted_copies") == "command line"
    assert settings.origin("offload.verify") == f"profile {file}"
    assert settings.origin("offload.rollover_hour") == f"site file {site}"
    assert settings.origin("offload.template") == "built in"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log.max_size", 250_000_000),
        ("offload.hash", ["xxh64", "c4"]),
        ("offload.ignore", []),
        ("offload.last_destinations", ["/Volumes/SHUTTLE-07", 'quote" \\ back\nslash 🎬']),
        ("offload.progress_interval", 2.5),
        ("offload.presets", [{"name": "Main unit", "destinations": [{"path": "/a"}], "wanted": 2}]),
        ("devices.declared", {"SHUTTLE-07": "the blue one", "with space": "x"}),
        ("project.first_day", date(2026, 11, 2)),
        ("notify.sound", False),
    ],
)
def test_what_is_set_is_read_back_by_the_next_start(load, name, value):
    load().set(name, value)

    assert load().get(name) == value


def test_a_second_value_replaces_the_first(load):
    settings = load()
    for presets in ([{"name": "a"}], [{"name": "b"}, {"name": "c"}], []):
        settings.set("offload.presets", presets)
        assert load().get("offload.presets") == presets


def test_folders_whose_names_are_no_utf8_survive(load):
    odd = os.fsdecode(b"/mnt/caf\xe9/\xff\x80")

    load().set("offload.last_destinations", [odd])

    assert load().get("offload.last_destinations") == [odd]
    assert os.fsencode(load().get("offload.last_destinations")[0]) == b"/mnt/caf\xe9/\xff\x80"


def test_comments_order_and_unknown_keys_survive_a_change(load, file):
    text = (
        "# mine\n[offload] # of the film\nverify = 'source' # fast days\nnovelty = 1\n\n"
        "[elsewhere]\nx = [1, 2] # two\n"
    )
    write(file, text)

    load().set("offload.verify", "full")
    load().set("offload.wanted_copies", 3)

    kept = file.read_text()
    assert "# mine\n[offload] # of the film\n" in kept
    assert '"full" # fast days\nnovelty = 1\n' in kept
    assert "[elsewhere]\nx = [1, 2] # two\n" in kept
    assert load().get("offload.wanted_copies") == 3


def test_a_new_setting_is_explained_where_it_stands(load, file):
    load().set("offload.rollover_hour", 5)

    assert f"# {KEYS['offload.rollover_hour'].text}\nrollover_hour = 5" in file.read_text()


def test_setting_and_unsetting_again_and_again_leaves_no_litter(load, file):
    settings = load()
    settings.set("log.keep", 7)
    before = file.read_text()
    for _ in range(3):
        settings.unset("log.keep")
        settings.set("log.keep", 7)

    assert file.read_text() == before


def test_unset_lets_the_layer_below_count_again(load, file, site):
    write(site, "offload.wanted_copies = 3\n")
    settings = load()
    settings.set("offload.wanted_copies", 4)
    settings.unset("offload.wanted_copies")

    assert settings.get("offload.wanted_copies") == 3
    settings.unset("offload.verify")
    assert settings.get("offload.verify") == "full"


def test_unset_without_a_file_makes_none(load, file):
    load().unset("offload.verify")

    assert not file.exists()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[offload]\n\nverify = [1\n", 4, "not TOML"),
        ("[offload]\nverify = 'full'\nverify = 'full'\n", 3, "not TOML"),
        ("# c\n[offload]\nwanted_copies = 'two'\n", 3, "offload.wanted_copies expects a whole"),
        ("[log]\nkeep = 1\n[offload]\nwanted_copies = 0\n", 4, "at least 1|from 1 to 99"),
        ("[offload]\nhash = ['crc32']\n", 2, "a list of: c4, md5"),
        ("[offload]\nverify = 'maybe'\n", 2, "one of: full, read-back"),
        ("[log]\nmax_size = '12 parsecs'\n", 2, "a size such as"),
        ("\n[project]\nfirst_day = 'monday'\n", 3, "a day such as"),
        ("[notify]\nsound = 1\n", 2, "true or false"),
        ("offload = 3\n", 1, "offload expects|nobody knows"),
        ("[[offload.presets]]\nname = 'a'\n[devices]\ndeclared = 7\n", 4, "a table of texts"),
    ],
)
def test_a_wrong_file_is_refused_with_file_line_and_key(load, file, text, line, words):
    write(file, text)

    if text == "offload = 3\n":
        assert f"{file}, line 1: nobody knows" in load().warnings[0]
        return
    with pytest.raises(BadInput, match=words) as refused:
        load()
    assert f"{file}, line {line}:" in str(refused.value)
    assert file.read_text() == text


def test_bytes_that_are_no_utf8_are_named_by_line(load, file):
    file.parent.mkdir()
    file.write_bytes(b"[project]\nname = 'caf\xe9'\n")

    with pytest.raises(BadInput, match="line 2: this is not UTF-8"):
        load()


def test_a_damaged_file_is_never_overwritten(load, file):
    settings = load()
    write(file, "[offload\nverify = \n")

    with pytest.raises(BadInput):
        settings.set("offload.verify", "source")

    assert file.read_text() == "[offload\nverify = \n"
    assert settings.get("offload.verify") == "full"


def test_a_wrong_value_is_refused_before_anything_is_written(load, file):
    with pytest.raises(BadInput, match=r"offload\.wanted_copies expects a whole number from 1"):
        load().set("offload.wanted_copies", 0)
    assert not file.exists()


def test_unknown_keys_are_named_with_the_nearest_known_one(load, file):
    write(file, "[offload]\nverfy = 'full'\n[colour]\nsky = 'grey'\n")

    first, second = load().warnings

    assert first == (
        f'{file}, line 2: nobody knows the setting "offload.verfy". Did you mean offload.verify?'
    )
    assert "line 3" in second
    assert '"colour"' in second


def test_an_unknown_name_is_refused_with_the_nearest_known_one(load):
    for deed in (load().get, load().origin, load().unset):
        with pytest.raises(BadInput, match=r"Did you mean log\.max_size\?"):
            deed("log.maxsize")


def test_a_link_to_settings_kept_elsewhere_stays_a_link(load, file, tmp_path):
    elsewhere = tmp_path / "dotfiles.toml"
    write(elsewhere, "")
    elsewhere.chmod(0o640)
    file.parent.mkdir()
    file.symlink_to(elsewhere)

    load().set("project.name", "Night Train")

    assert file.is_symlink()
    assert "Night Train" in elsewhere.read_text()
    assert elsewhere.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_leaves_the_old_settings(load, file):
    load().set("project.name", "Night Train")
    before = file.read_bytes()
    # A child whose files may not grow past 64 bytes fails like a full disk, inside the write.
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from app.settings import Settings; from app.errors import WriteFailed\n"
        "settings = Settings.load(Path(sys.argv[1]))\n"
        "import tomlkit\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n"
        "try: settings.set('project.unit', 'second')\n"
        "except WriteFailed as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True
    )

    assert "could not be written" in done.stdout
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["settings.toml"]


def test_a_profile_below_a_file_is_refused_in_words(tmp_path, site):
    (tmp_path / "file").write_text("")
    settings = Settings.load(tmp_path / "file" / "settings.toml", site=site)

    with pytest.raises(WriteFailed, match="could not be written"):
        settings.set("project.name", "x")


def test_two_programs_at_once_lose_no_setting(file, site):
    code = (
        "import sys; from pathlib import Path; from app.settings import Settings\n"
        "settings = Settings.load(Path(sys.argv[1]))\n"
        "for n in range(15): settings.set(sys.argv[2], str(n))\n"
    )
    names = ("project.name", "project.unit")
    both = [subprocess.Popen([sys.executable, "-c", code, str(file), name]) for name in names]

    assert [child.wait(60) for child in both] == [0, 0]
    assert [Settings.load(file, site=site).get(name) for name in names] == ["14", "14"]


def test_a_list_that_was_handed_out_can_be_changed_without_harm(load):
    settings = load()
    settings.get("offload.ignore").clear()
    settings.get("devices.declared")["a"] = "b"

    assert settings.get("offload.ignore")
    assert settings.get("devices.declared") == {}


@pytest.mark.parametrize(
    ("name", "texts", "value"),
    [
        ("offload.hash", ["xxh64", "md5"], ["xxh64", "md5"]),
        ("offload.ignore", [""], []),
        ("devices.declared", ["A=b", "C=d=e"], {"A": "b", "C": "d=e"}),
        ("offload.wanted_copies", ["3"], 3),
        ("offload.progress_interval", ["2"], 2.0),
        ("log.max_size", ["100 MB"], 100_000_000),
        ("notify.sound", ["off"], False),
        ("project.name", ["12"], "12"),
        ("project.first_day", [""], None),
        ("project.first_day", ["2026-11-02"], date(2026, 11, 2)),
    ],
)
def test_what_a_person_types_becomes_the_right_kind(name, texts, value):
    assert value_from_text(key_named(name), texts) == value


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("offload.wanted_copies", ["two"]),
        ("offload.wanted_copies", ["1", "2"]),
        ("devices.declared", ["no pair"]),
        ("offload.presets", ["x"]),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_is_expected(name, texts):
    with pytest.raises(BadInput, match=f"{name} expects"):
        value_from_text(key_named(name), texts)


def test_values_for_people_fit_on_a_line():
    values = [True, ["a", {"name": "Main"}], {"a": "b"}, date(2026, 1, 2), None, 3]
    assert [value_text(v) for v in values] == ["true", "a, Main", "a=b", "2026-01-02", "", "3"]


def test_the_built_in_values_are_those_of_an_offload():
    spec = {f.name: f.default for f in OffloadSpec.__dataclass_fields__.values()}
    assert tuple(KEYS["offload.ignore"].default) == DEFAULT_IGNORE
    assert set(KEYS["offload.verify"].choices) == {str(mode) for mode in VerifyMode}
    assert set(KEYS["offload.on_collision"].choices) == {str(choice) for choice in OnCollision}
    assert set(KEYS["offload.hash"].choices) == {
        str(kind) for kind in (*CUSTODY_KINDS, HashKind.SHA256)
    }
    for name in ("template", "wanted_copies", "rollover_hour", "buffer_size", "legacy_mhl"):
        assert KEYS[f"offload.{name}"].default == spec[name]


def test_every_setting_accepts_its_own_default_and_is_described():
    for key in KEYS.values():
        assert key.check(key.default) == key.default
        assert key.text.endswith(".")
        assert key.expects


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("offload.template", "{bad", "{date}/{roll}"),
        ("offload.template", "{rol}", ""),
        ("offload.template", "../{roll}", "{counter:3}"),
        ("notify.webhook", "not a url", "https://example.org/news?set=1"),
        ("notify.webhook", "ftp://example.org", "http://[::1]:8080/"),
        ("notify.webhook", "https://", ""),
    ],
)
def test_texts_that_could_not_be_used_later_are_refused_now(tmp_path, name, wrong, right):
    settings = Settings.load(tmp_path / "settings.toml", site=tmp_path / "none")

    with pytest.raises(BadInput, match=name):
        settings.set(name, value_from_text(key_named(name), [wrong]))
    settings.set(name, value_from_text(key_named(name), [right]))
    assert settings.get(name) == right
