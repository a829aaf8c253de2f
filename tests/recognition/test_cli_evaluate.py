"""``evaluate``, ``pairs`` and ``bin`` as one would use them, on drawn faces and on real ones."""

import functools
import json
import pickle
import shutil

import numpy as np
import pytest

from recognition import cli
from recognition.datasets import read_verification_set
from tests.faces import (
    DISTINCT,
    empty_room,
    jpeg_bytes,
    name_of,
    photo,
    portrait_frames,
    write_roster,
)
from tests.realdata import real_photos

PEOPLE, PHOTOS = 4, 3
PROTOCOLS = ["lfw", "openset", "bin", "video", "groups", "invariance"]


@pytest.fixture(scope="module")
def roster(tmp_path_factory):
    folder = tmp_path_factory.mktemp("roster")
    write_roster(folder, people=PEOPLE, photos=PHOTOS, size_px=(320, 240))
    return folder


@pytest.fixture(scope="module")
def pairs(roster, tmp_path_factory):
    path = tmp_path_factory.mktemp("pairs") / "pairs.txt"
    arguments = ["--folds", "2", "--per-fold", "6"]
    assert cli.main(["pairs", "generate", str(roster), str(path), *arguments]) == 0
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One file of vectors for all tests here: it spares them the work, and is tested by that."""
    return tmp_path_factory.mktemp("kept") / "vectors.npz"


@pytest.fixture(scope="module", autouse=True)
def engines():
    """Commands load an engine each; here those of one configuration share it."""
    from recognition import pipeline

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "load_engine", functools.cache(pipeline.load_engine))
        yield


@pytest.fixture
def evaluate(cache_dir, kept, capsys):
    """Run a protocol with ``--json`` and answer what it printed."""

    def run(protocol, *arguments, code=0):
        options = ["--device", "cpu", "--precision", "f32", "--cache-dir", str(cache_dir), "--json"]
        options += ["--embeddings", str(kept)]
        assert cli.main(["evaluate", protocol, *options, *map(str, arguments)]) == code
        return json.loads(capsys.readouterr().out)

    return run


def figures(answer):
    return {figure["name"]: figure for figure in answer["figures"]}


@pytest.mark.parametrize("command", [[], *([name] for name in PROTOCOLS)])
def test_help_teaches(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["evaluate", *command, "--help"])
    text = capsys.readouterr().out
    assert "python -m recognition evaluate" in text
    assert command or all(name in text for name in PROTOCOLS)


def test_lfw_on_drawn_faces(evaluate, roster, pairs, tmp_path):
    answer = evaluate(
        "lfw",
        "--images",
        roster,
        "--pairs",
        pairs,
        "--thresholds",
        "exact",
        "--plots",
        tmp_path / "plots",
        "--replicates",
        50,
    )
    assert answer["counts"]["pictures"] == PEOPLE * PHOTOS
    assert answer["counts"]["genuine pairs"] == answer["counts"]["impostor pairs"] == 12
    found = figures(answer)
    assert found["accuracy"]["value"] == 1.0
    assert found["accuracy"]["interval"]["low"] < 0.95  # 24 pairs prove little
    assert found["TMR at FMR 0.001"]["value"] == 1.0
    assert "too few" in found["TMR at FMR 0.001"]["remark"]
    assert 0.5 < found["threshold at FMR 0.001"]["value"] < 1.0
    drawn = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert drawn == ["lfw_calibration.png", "lfw_det.png", "lfw_roc.png", "lfw_scores.png"]
    assert len(answer["plots"]) == 4


def test_vectors_are_made_once(evaluate, roster, pairs, monkeypatch):
    first = evaluate("lfw", "--images", roster, "--pairs", pairs)

    def unexpected(*_, **__):
        msg = "the vectors were kept and are made again"
        raise AssertionError(msg)

    monkeypatch.setattr("recognition.evaluation.subjects._analyses", unexpected)
    assert evaluate("lfw", "--images", roster, "--pairs", pairs)["figures"] == first["figures"]
    with pytest.raises(AssertionError, match="made again"):  # another recipe is another vector
        evaluate("lfw", "--images", roster, "--pairs", pairs, "--flip", "none")


@pytest.mark.parametrize(
    "options",
    [
        ["--distance", "1"],
        ["--distance", "1", "--flip", "concat"],
        ["--flip", "none", "--choose", "main", "--replicates", "0"],
    ],
)
def test_every_variant_of_the_protocol_tells_the_drawn_apart(evaluate, roster, pairs, options):
    # of the grid the lowest threshold that divides the few pairs of one fold counts, as published,
    # and it may fail on the other fold; between two distances there is room for both
    options = ["--thresholds", "exact", *options]
    answer = evaluate("lfw", "--images", roster, "--pairs", pairs, *options)
    assert figures(answer)["accuracy"]["value"] == 1.0
    assert figures(answer)["EER"]["value"] == 0.0
    assert (figures(answer)["accuracy"]["interval"] is None) == ("0" in options)


def test_a_place_for_vectors_that_is_not_there_is_refused_before_the_work(
    roster, pairs, cache_dir, tmp_path, capsys
):
    arguments = ["--images", roster, "--pairs", pairs, "--embeddings", tmp_path / "gone" / "v.npz"]
    arguments += ["--cache-dir", cache_dir, "--device", "cpu", "--precision", "f32"]
    assert cli.main(["evaluate", "lfw", *map(str, arguments)]) == 1
    assert "gone is no folder" in capsys.readouterr().err


def test_subtracting_the_mean_is_told_with_the_thresholds(evaluate, roster, pairs):
    # no accuracy: the mean of a fold's two people is that of nobody else
    plain, shifted, pointless = (
        evaluate("lfw", "--images", roster, "--pairs", pairs, *options)
        for options in (
            ["--distance", "1"],
            ["--distance", "1", "--subtract-mean"],
            ["--subtract-mean"],
        )
    )
    assert plain["folds"]["threshold"] != shifted["folds"]["threshold"]
    assert not any("mean" in note for note in plain["notes"])
    assert any("angles seen from the mean" in note for note in shifted["notes"])
    assert any("changes no Euclidean distance" in note for note in pointless["notes"])


def test_the_table_says_what_the_figures_rest_on(roster, pairs, cache_dir, kept, capsys):
    code = cli.main(
        ["evaluate", "lfw", "--images", str(roster), "--pairs", str(pairs), "--device", "cpu",
         "--precision", "f32", "--cache-dir", str(cache_dir), "--embeddings", str(kept)]
    )  # fmt: skip
    text = capsys.readouterr().out
    assert code == 0
    assert "12 genuine pairs, 12 impostor pairs" in text
    assert "The central face of each picture counts. Mirror image: sum." in text
    assert "Intervals: 1,000 draws of people" in text


def test_a_bin_gives_the_figures_of_its_pairs(evaluate, roster, pairs, tmp_path, cache_dir, capsys):
    def make(name, *arguments):
        path = tmp_path / name
        options = ["--images", roster, "--pairs", pairs, "--device", "cpu", "--precision", "f32"]
        options += ["--cache-dir", cache_dir, *arguments]
        assert cli.main(["bin", "make", str(path), *map(str, options)]) == 0
        assert "24 pairs; 0 left out" in capsys.readouterr().out
        return path

    names = ["accuracy", "VAL at FAR 0.001", "EER", "AUC", "threshold at FMR 0.001"]
    expected = figures(evaluate("lfw", "--images", roster, "--pairs", pairs))
    aligned, whole = make("aligned.npz", "--align"), make("whole.npz")
    crops = read_verification_set(aligned)
    old = tmp_path / "old.bin"
    old.write_bytes(pickle.dumps((list(crops.pictures), list(crops.is_same))))
    assert cli.main(["bin", "convert", str(old), str(tmp_path / "new.npz")]) == 0
    capsys.readouterr()
    for arguments in ([aligned], [whole, "--no-aligned"], [old], [tmp_path / "new.npz"]):
        found = figures(evaluate("bin", *arguments, "--folds", 2, "--replicates", 20))
        for name in names:
            assert found[name]["value"] == pytest.approx(expected[name]["value"], abs=1e-4), (
                arguments
            )
    assert cli.main(["bin", "info", str(aligned), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["pairs"], told["genuine"], told["has_names"]) == (24, 12, True)
    assert told["pictures"] == {"png 112x112": 48}


def test_a_bin_with_something_else_in_it_is_told(tmp_path, capsys):
    (tmp_path / "odd.bin").write_bytes(pickle.dumps(([b"no picture", b"either"], [True])))
    assert cli.main(["bin", "info", str(tmp_path / "odd.bin")]) == 1
    assert "2  no picture" in capsys.readouterr().out
    (tmp_path / "evil.bin").write_bytes(pickle.dumps(([shutil.rmtree], [True])))
    assert cli.main(["bin", "info", str(tmp_path / "evil.bin")]) == 1
    assert "shutil.rmtree, which a file of this kind never needs" in capsys.readouterr().err


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """Two enrolled with two photos searched for, two strangers, and a room in each role."""
    folder = tmp_path_factory.mktemp("openset")
    entries = []

    def add(name, role, file, picture):
        (folder / file).write_bytes(jpeg_bytes(picture))
        entries.append({"file": file, "identity": name, "role": role})

    for identity in DISTINCT[:2]:
        add(name_of(identity), "enroll", f"{identity}_0.jpg", photo(identity, size_px=(320, 240)))
        for n in (1, 2):
            add(
                name_of(identity),
                "probe",
                f"{identity}_{n}.jpg",
                photo(identity, n, size_px=(320, 240)),
            )
    for identity in DISTINCT[2:4]:
        add(name_of(identity), "unknown", f"{identity}.jpg", photo(identity, size_px=(320, 240)))
    room = empty_room(seed=1)
    add("Nobody", "enroll", "room_0.jpg", room)
    add("Nobody", "probe", "room_1.jpg", room)
    add(name_of(DISTINCT[0]), "probe", "room_2.jpg", room)
    add("Ghost", "unknown", "room_3.jpg", room)
    path = folder / "manifest.json"
    path.write_text(json.dumps(entries))
    return path


def test_pictures_without_a_face_are_searches_that_failed(evaluate, manifest):
    answer = evaluate("openset", "--manifest", manifest, "--fpir", 0.5, "--replicates", 50)
    assert answer["counts"]["people enrolled"] == 2
    assert answer["counts"]["people who could not be enrolled"] == 1
    assert answer["counts"]["searches for them"] == 6
    assert answer["counts"]["strangers' searches"] == 3
    assert answer["counts"]["comparisons"] == (6 + 3) * 2
    assert len(answer["problems"]) == 4
    found = figures(answer)
    assert found["rank-1"]["value"] == pytest.approx(4 / 6)
    assert found["FNIR at FPIR 0.5"]["value"] == pytest.approx(2 / 6)
    assert "2 missed, 0 of them named as somebody else" in found["FNIR at FPIR 0.5"]["remark"]
    assert "count as matching nobody" in " ".join(answer["notes"])


def test_or_are_left_out_where_that_is_asked_for(evaluate, manifest):
    answer = evaluate("openset", "--manifest", manifest, "--failed", "skip", "--threshold", 0.6)
    assert answer["counts"]["searches for them"] == 4
    assert answer["counts"]["strangers' searches"] == 2
    found = figures(answer)
    assert found["FNIR at 0.6000"]["value"] == 0.0
    assert found["FPIR at 0.6000"]["value"] == 0.0
    assert found["FPIR at 0.6000"]["interval"]["high"] > 0.5  # two strangers prove little
    assert any(name.startswith("FNIR at shipped") for name in found)


def test_the_product_embeds_searches_without_the_mirror_image(evaluate, manifest):
    plain = figures(evaluate("openset", "--manifest", manifest, "--threshold", 0.6))
    mirrored = figures(
        evaluate("openset", "--manifest", manifest, "--probe-flip", "--no-gallery-flip")
    )
    one, other = (f["threshold at FPIR 0.003"]["value"] for f in (plain, mirrored))
    assert one != other
    assert one == pytest.approx(other, abs=0.1)


def test_scores_are_taken_about_the_mean_of_the_enrolled_as_the_product_does(evaluate, manifest):
    thresholds = set()
    for centre in ("site", "network", "none"):
        answer = evaluate("openset", "--manifest", manifest, "--centre", centre, "--replicates", 0)
        assert answer["engine"]["centre"] == centre
        assert figures(answer)["rank-1"]["value"] == pytest.approx(4 / 6)
        thresholds.add(figures(answer)["threshold at FPIR 0.01"]["value"])
    assert len(thresholds) == 3
    assert evaluate("openset", "--manifest", manifest)["engine"]["centre"] == "site"


def test_leaving_out_by_name(evaluate, manifest, tmp_path):
    (tmp_path / "names.txt").write_text("# rooms\nGhost\tNobody\n")
    answer = evaluate("openset", "--manifest", manifest, "--leave-out", tmp_path / "names.txt")
    assert answer["counts"]["pictures left out by name"] == 1
    assert answer["counts"]["strangers' searches"] == 2


@pytest.mark.realdata
def test_openset_on_real_photos_counts_exactly(evaluate):
    folder = real_photos("lfw_small")
    answer = evaluate("openset", "--manifest", folder / "manifest.json")
    counts = answer["counts"]
    assert (counts["people enrolled"], counts["searches for them"]) == (48, 144)
    assert counts["comparisons"] == (144 + 60) * 48
    found = figures(answer)
    assert found["rank-1"]["value"] >= 143 / 144  # measured: all
    assert found["FNIR at FPIR 0.01"]["value"] <= 2 / 144  # measured: none
    assert "too few: 60 comparisons" in found["FNIR at FPIR 0.01"]["remark"]
    shipped = next(name for name in found if name.startswith("FPIR at shipped"))
    assert found[shipped]["value"] <= 1 / 60  # measured: none


def test_video_on_drawn_clips(evaluate, tmp_path):
    for identity in DISTINCT[:3]:
        frames = list(portrait_frames(identity, 4, size_px=(320, 240)))
        for clip in range(2):
            folder = tmp_path / name_of(identity) / str(clip)
            folder.mkdir(parents=True)
            for number, frame in enumerate(frames[clip::2]):
                (folder / f"{number}.jpg").write_bytes(jpeg_bytes(frame))
    (tmp_path / "Nobody" / "0").mkdir(parents=True)
    (tmp_path / "Nobody" / "0" / "0.jpg").write_bytes(jpeg_bytes(empty_room(seed=2)))
    answer = evaluate("video", "--clips", tmp_path, "--failed", "skip", "--replicates", 20)
    assert answer["counts"]["frames"] == 13
    assert answer["counts"]["clips without a vector"] == 1
    assert answer["counts"]["genuine pairs"] == 3
    assert answer["counts"]["impostor pairs"] == 12
    assert figures(answer)["accuracy"]["value"] == 1.0
    assert min(answer["scores"]) < 0.5 < max(answer["scores"])


def test_groups_and_people_who_were_seen(evaluate, roster, tmp_path):
    names = sorted(path.name for path in roster.iterdir())
    (tmp_path / "groups.csv").write_text(
        "".join(f"{n},{'ab'[i // 2]}\n" for i, n in enumerate(names))
    )
    (tmp_path / "seen.txt").write_text(f"{names[0].upper()}\nSomebody Else\n")
    answer = evaluate(
        "groups", "--images", roster, "--groups", tmp_path / "groups.csv",
        "--seen", tmp_path / "seen.txt", "--threshold", 0.6,
    )  # fmt: skip
    assert answer["overlap"]["shared"] == [names[0]]
    assert [own["group"] for own in answer["groups"]] == ["a", "b", "between groups"]
    assert [own["group"] for own in answer["seen"]] == ["seen", "unseen", "between groups"]
    # two people of three photos: 2 x 3 genuine pairs, 3 x 3 impostor pairs
    assert answer["groups"][0]["fnmr"]["total"] == 6
    assert answer["groups"][0]["fmr"]["total"] == 9
    assert answer["groups"][2]["fmr"]["total"] == 36
    assert all(own["fmr"]["count"] == 0 for own in answer["groups"])
    copied = shutil.copytree(roster / names[1], tmp_path / "train" / "Under_Another_Name")
    assert copied.is_dir()
    again = evaluate("groups", "--images", roster, "--seen", tmp_path / "train")
    assert again["overlap"]["shared"] == []
    assert len(again["overlap"]["identical_files"]) == PHOTOS


@pytest.mark.parametrize("stage", ["picture", "crop"])
def test_invariance_peaks_at_the_untouched_picture(evaluate, roster, pairs, stage, tmp_path):
    answer = evaluate(
        "invariance", "--images", roster, "--pairs", pairs, "--limit", 4, "--stage", stage,
        "--sweep", "scale", "jpeg", "--plots", tmp_path, "--plot-format", "svg",
    )  # fmt: skip
    points = {(p["kind"], p["value"]): p for p in answer["points"]}
    assert len(points) == 21 + 6
    assert points["scale", 1.0]["mean"] == pytest.approx(1.0, abs=1e-4)
    assert points["scale", 1.0]["accuracy"] == 1.0
    assert points["scale", 0.5]["mean"] < points["scale", 0.95]["mean"]
    assert points["jpeg", 10.0]["mean"] < points["jpeg", 90.0]["mean"] <= 1.0
    assert {path.name for path in tmp_path.iterdir()} == {
        "invariance_scale.svg",
        "invariance_jpeg.svg",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lfw", "--images", "gone", "--pairs", "gone.txt"], "gone.txt cannot be read"),
        (["openset", "--manifest", "gone.json"], "gone.json cannot be read"),
        (["bin", "gone.bin"], "gone.bin cannot be read"),
        (["video", "--clips", "gone"], "gone is no folder"),
        (["groups", "--images", "gone"], "No groups were named"),
        (["invariance", "--images", "gone"], "gone is no folder"),
    ],
)
def test_what_is_not_there_is_named(arguments, message, capsys):
    assert cli.main(["evaluate", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_set_without_a_single_face_says_so(cache_dir, tmp_path, capsys):
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("1\t1\na\t1\t2\na\t1\tb\t1\n")
    for name in ("a/a_0001", "a/a_0002", "b/b_0001"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.jpg").write_bytes(jpeg_bytes(empty_room(seed=3)))
    arguments = ["--images", str(tmp_path), "--pairs", str(pairs), "--cache-dir", str(cache_dir)]
    assert cli.main(["evaluate", "lfw", "--device", "cpu", *arguments]) == 1
    assert "None of the 3 pictures gave a vector; the first, a/a_0001.jpg: no face" in (
        capsys.readouterr().err
    )


def test_folds_of_one_kind_are_named_not_judged(tmp_path, roster, cache_dir, capsys):
    picture = next((roster / "Ada_Brink").iterdir()).read_bytes()
    (tmp_path / "sorted.bin").write_bytes(pickle.dumps(([picture] * 8, [True, True, False, False])))
    arguments = ["--folds", "2", "--no-aligned", "--device", "cpu", "--cache-dir", str(cache_dir)]
    assert cli.main(["evaluate", "bin", str(tmp_path / "sorted.bin"), *arguments]) == 1
    assert "each with genuine and impostor pairs" in capsys.readouterr().err


def test_pairs_are_drawn_and_checked(roster, pairs, tmp_path, capsys):
    assert cli.main(["pairs", "check", str(pairs), "--images", str(roster), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["pairs"], told["duplicates"], told["self_pairs"]) == (24, 0, 0)
    assert told["missing_pictures"] == []
    again = tmp_path / "again.txt"
    for path in (again, tmp_path / "other.txt"):
        seed = "666" if path == again else "1"
        arguments = ["--folds", "2", "--per-fold", "6", "--seed", seed, "--json"]
        assert cli.main(["pairs", "generate", str(roster), str(path), *arguments]) == 0
    assert again.read_text() == pairs.read_text()
    assert (tmp_path / "other.txt").read_text() != pairs.read_text()


def test_a_bad_list_fails_its_check(roster, tmp_path, capsys):
    path = tmp_path / "pairs.txt"
    path.write_text(
        "1\t2\nAda_Brink\t1\t1\nAda_Brink\t1\t9\nAda_Brink\t1\tX\t1\nX\t1\tAda_Brink\t1\n"
    )
    assert cli.main(["pairs", "check", str(path), "--images", str(roster)]) == 1
    output = capsys.readouterr()
    assert "duplicates: 1; pictures paired with themselves: 1" in output.out
    assert "missing: Ada_Brink/Ada_Brink_0009" in output.err
    assert cli.main(["pairs", "generate", str(roster), str(tmp_path / "big.txt")]) == 1
    assert "Ask for fewer pairs" in capsys.readouterr().err


def test_aligned_crops_need_no_faces(evaluate, tmp_path, capsys):
    """Another species, or pictures cut elsewhere: two kinds of texture in place of two animals."""
    random = np.random.default_rng(0)
    for name, cells in {"Cow": 4, "Goat": 56}.items():
        (tmp_path / name).mkdir()
        base = np.kron(
            random.integers(0, 256, (cells, cells, 3)), np.ones((224 // cells,) * 2 + (1,))
        )
        for number in range(1, 4):
            noisy = (base + random.normal(0, 12, base.shape)).clip(0, 255).astype(np.uint8)
            (tmp_path / name / f"{name}_{number:04d}.jpg").write_bytes(jpeg_bytes(noisy))
    pairs = tmp_path / "pairs.txt"
    arguments = ["--folds", "2", "--per-fold", "3", "--people", "shared"]
    assert cli.main(["pairs", "generate", str(tmp_path), str(pairs), *arguments]) == 0
    capsys.readouterr()
    answer = evaluate("lfw", "--images", tmp_path, "--pairs", pairs, "--aligned")
    assert answer["counts"]["pairs with a picture that gave no vector"] == 0
    assert figures(answer)["AUC"]["value"] == 1.0
