"""Whole trainings: margins, fine-tuning, judges, and the command line."""

import json
import re
import shlex
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made_training import PX, WITH_NORM, MadePeople, WithNorm, settings, write_people
from safetensors.torch import load_file

from recognition import cli, networks
from recognition.cli._train_margin import _margin_of
from recognition.cli._train_triplet import _triplet_of
from recognition.cli._training_options import settings_of
from recognition.cli.train import _kinds
from recognition.datasets.pairs import Pair, PairList, write_pairs
from recognition.datasets.shard_writing import pack_folder
from recognition.embedding_spec import CropSpec
from recognition.errors import ModelRejected, RecognitionError
from recognition.networks import build_network, files
from recognition.networks.files import load_network, save_network
from recognition.training.augmentation import PictureRecipe
from recognition.training.batches import PictureLoader
from recognition.training.errors import TrainingError
from recognition.training.judging import judge_people
from recognition.training.margin import MarginSettings, train_margin
from recognition.training.objectives import LossWeights
from recognition.training.schedule import StepSchedule
from recognition.training.session import LfwSettings
from recognition.training.softmax import train_softmax
from recognition.training.triplet import TripletSettings

pytestmark = pytest.mark.usefixtures("one_torch_thread", "without_curves")
SOURCE = MadePeople(6, 6)
ROOT = Path(__file__).parents[3]


def quiet(words):
    pass


@pytest.mark.parametrize("kind", ["am", "arcface", "combined"])
def test_a_margin_head_learns_made_people(tmp_path, kind):
    outcome = train_margin(
        SOURCE,
        settings(tmp_path, epochs=12, validation_share=0.3, ema_decay=0.0),
        margin=MarginSettings(kind=kind, scale=16.0),
        say=quiet,
    )
    assert outcome.last["val_accuracy"] >= 0.95


@pytest.mark.parametrize(
    ("kind", "scale", "expected"),
    [
        ("am", None, (30.0, 1.0, 0.0, 0.35)),
        ("arcface", None, (64.0, 1.0, 0.5, 0.0)),
        ("combined", 20.0, (20.0, 1.0, 0.3, 0.2)),
    ],
)
def test_the_papers_margins_are_the_defaults(kind, scale, expected):
    head = MarginSettings(kind=kind, scale=scale).build(3, 4)
    assert (head.scale, head.m1, head.m2, head.m3) == expected


def test_one_person_alone_cannot_be_told_apart(tmp_path):
    with pytest.raises(TrainingError, match="asks for 2 people, the data has 1"):
        train_softmax(MadePeople(1, 4), settings(tmp_path), say=quiet)


def test_one_picture_of_each_is_enough_to_classify(tmp_path):
    assert train_softmax(MadePeople(3, 1), settings(tmp_path), say=quiet).epochs == 3


@pytest.fixture
def pretrained(tmp_path, monkeypatch):
    """A network with a trunk and a head, smaller than any of the registry; its file."""
    for module in (networks, files):
        monkeypatch.setattr(module, "NETWORKS", {**networks.NETWORKS, WITH_NORM.name: WITH_NORM})
    path = tmp_path / "pretrained.safetensors"
    save_network(build_network(WITH_NORM.name, embedding_size=5, seed=1), path)
    return path


def tuned(logs, file, **changes):
    words = []
    chosen = {"epochs": 1, "epoch_size": 1, "ema_decay": 0.0, "pretrained": file, **changes}
    outcome = train_softmax(
        MadePeople(2, 4),
        replace(
            settings(logs, **{"embedding_size": 7, "batch_size": 4, **chosen}),
            network=WITH_NORM.name,
        ),
        say=words.append,
    )
    return outcome, words


def is_of_head(name):
    return WithNorm().is_of_head(name)


def test_fine_tuning_takes_the_trunk_bit_for_bit_and_draws_the_head_anew(tmp_path, pretrained):
    """A learning rate of 0 shows what training began with."""
    outcome, words = tuned(tmp_path / "runs", pretrained, rate=0.0)
    before, after = load_file(pretrained), load_file(outcome.network_file)
    fresh = build_network(WITH_NORM.name, embedding_size=7, seed=666).state_dict()
    for name, value in after.items():
        if is_of_head(name):
            if "running" not in name and "num_batches" not in name:
                assert torch.equal(value, fresh[name]), name
        elif "running" not in name and "num_batches" not in name:
            assert torch.equal(value, before[name]), name
    assert set(outcome.report.left) == {name for name in after if is_of_head(name)}
    assert not outcome.report.missing
    assert any("tensors restored" in word and "drawn anew" in word for word in words)


def test_while_the_head_learns_alone_the_trunk_is_held_still(tmp_path, pretrained):
    held, _ = tuned(tmp_path / "a", pretrained, rate=0.1, head_epochs=1)
    free, _ = tuned(tmp_path / "b", pretrained, rate=0.1, head_epochs=1, epochs=2)
    before = load_file(pretrained)

    def moved(outcome):
        return {
            name for name, value in load_file(outcome.network_file).items()
            if not is_of_head(name) and name.endswith(("weight", "bias"))
            and not torch.equal(value, before[name])
        }  # fmt: skip

    def statistics(outcome):
        return [
            value for name, value in load_file(outcome.network_file).items() if "running" in name
        ]

    started = [value for name, value in before.items() if "running" in name]
    assert started
    assert all(torch.equal(a, b) for a, b in zip(statistics(held), started, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(statistics(free), started, strict=True))

    assert not moved(held)
    assert moved(free)


def test_another_architectures_weights_are_refused(tmp_path, pretrained):
    with pytest.raises(ModelRejected):
        train_softmax(SOURCE, settings(tmp_path, pretrained=pretrained), say=quiet)


@pytest.mark.parametrize(
    ("people", "photos", "share", "reason"),
    [(6, 6, 0.1, "one person"), (8, 1, 0.5, "nobody with two pictures")],
)
def test_people_held_back_who_give_no_pairs_are_refused_at_once(
    tmp_path, people, photos, share, reason
):
    asked = settings(tmp_path, validation_share=share, validation_mode="classes")
    with pytest.raises(TrainingError, match="give no pairs of both kinds"):
        train_softmax(MadePeople(people, photos), asked, say=quiet)
    assert not list(tmp_path.iterdir()), reason


def test_faces_that_were_cut_for_another_size_are_not_said_to_be_the_networks_own(tmp_path):
    cut = settings(tmp_path, crop=CropSpec(size_px=PX))
    assert train_softmax(SOURCE, cut, say=quiet).network_file.is_file()
    with pytest.raises(TrainingError, match="becomes 8 px"):
        train_softmax(SOURCE, replace(cut, resize_px=8), say=quiet)
    with pytest.raises(TrainingError, match="has 16 px"):
        train_softmax(SOURCE, replace(cut, input_px=20, crop=CropSpec(size_px=20)), say=quiet)
    first_damaged = replace(SOURCE, damaged=frozenset({0}))
    with pytest.raises(TrainingError, match=r"p00/1\.png has 16 px"):
        train_softmax(first_damaged, replace(cut, input_px=20), say=quiet)


class Larger(MadePeople):
    def read(self, index):
        return np.kron(super().read(index), np.ones((2, 2, 1), np.uint8))


def taken_from_larger(logs, margin_px, convention, *, random_crop=True):
    crop = CropSpec(
        alignment="box-margin", size_px=24, margin_px=margin_px, margin_convention=convention
    )
    chosen = settings(logs, epochs=1, random_crop=random_crop, crop=crop)
    return replace(chosen, input_px=24)


@pytest.mark.parametrize("random_crop", [True, False])
def test_parts_of_larger_pictures_are_said_to_have_the_margin_that_the_network_sees(
    tmp_path, random_crop
):
    """A face on 20 of 32 px is on 20 of the 24 that are taken: a margin of 4, no more of 12."""
    chosen = taken_from_larger(tmp_path, 12, "facenet-pytorch", random_crop=random_crop)
    words = []
    file = train_softmax(Larger(3, 4), chosen, say=words.append).network_file
    assert files.file_metadata(file)["margin_px"] == "4"
    assert any("its file says 4 px of margin" in word for word in words)


@pytest.mark.parametrize(
    ("margin_px", "convention"), [(12, "facenet"), (7, "facenet-pytorch"), (0, "facenet-pytorch")]
)
def test_parts_of_larger_pictures_are_refused_where_no_crop_gives_the_same(
    tmp_path, margin_px, convention
):
    chosen = taken_from_larger(tmp_path, margin_px, convention)
    turned = replace(chosen, crop=CropSpec(size_px=24))
    for one in (chosen, turned):
        with pytest.raises(TrainingError, match="has 32 px, so faces would be of another size"):
            train_softmax(Larger(3, 4), one, say=quiet)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"fixed_standardisation": False}, "pictures_as"),
        ({"random_flip": True}, "pictures_as"),
        ({"keep_probability": 0.5}, "keep_probability"),
        ({"weight_decay": 0.1}, "weight_decay"),
    ],
)
def test_a_run_goes_on_only_as_it_began(tmp_path, change, named):
    run = train_softmax(SOURCE, settings(tmp_path, epochs=1), say=quiet).run
    with pytest.raises(TrainingError, match=named):
        train_softmax(SOURCE, settings(run, epochs=2, resume=True, **change), say=quiet)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("--moving-average-decay 1", 2),
        ("--batch-norm-decay 1", 2),
        ("--prelogits-norm-p 0", 2),
        ("--learning-rate nan", 1),  # read with the schedule, once all options are known
    ],
)
def test_values_that_make_no_sense_are_sentences(tmp_path, capsys, options, code):
    people = write_people(MadePeople(2, 2), tmp_path / "people")
    arguments = ["train", "softmax", str(people), str(tmp_path / "runs"), *options.split()]
    try:
        ended_with = cli.main(arguments)
    except SystemExit as ended:
        ended_with = ended.code
    assert ended_with == code
    assert options.split()[0] in capsys.readouterr().err


def test_people_held_back_are_judged_by_all_their_pairs():
    network = build_network("dummy", input_px=PX, embedding_size=8, seed=0).eval()
    loader = PictureLoader(SOURCE, PictureRecipe(size_px=PX, fixed_standardisation=True))
    found = judge_people(network, loader, batch_size=7, device=torch.device("cpu"))
    assert found["val_genuine_pairs"] == 6 * 15
    assert found["val_impostor_pairs"] == 15 * 36
    with torch.inference_mode():
        pixels = torch.stack([
            torch.from_numpy(loader.recipe.for_evaluation(SOURCE.read(row))) for row in range(36)
        ])  # fmt: skip
        vectors = network.embed(pixels).numpy()
    a, b = np.triu_indices(36, k=1)
    cosines, same = (vectors @ vectors.T)[a, b], a // 6 == b // 6
    wins = (cosines[same][:, None] > cosines[~same][None]).mean()
    assert found["val_auc"] == pytest.approx(wins, abs=1e-9)


def test_held_out_people_and_lfws_pairs_are_judged_between_epochs(tmp_path):
    faces = write_people(MadePeople(4, 2), tmp_path / "lfw")
    for folder in faces.iterdir():
        for path in folder.iterdir():
            path.rename(folder / f"{folder.name}_{int(path.stem) + 1:04d}.png")
    (faces / "p03" / "p03_0002.png").write_bytes(b"no picture")
    genuine = [Pair(f"p{n:02d}", 1, f"p{n:02d}", 2, fold) for fold in range(2) for n in (fold, 3)]
    impostor = [Pair("p00", 1, f"p{n:02d}", 1, fold) for fold in range(2) for n in (1, 2)]
    write_pairs(tmp_path / "pairs.txt", PairList((*genuine, *impostor), 2))
    outcome = train_softmax(
        MadePeople(10, 4),
        settings(
            tmp_path / "runs", epochs=8, validation_share=0.4, validation_mode="classes",
            resize_px=PX, ema_decay=0.0,
            lfw=LfwSettings(
                images=faces, pairs=tmp_path / "pairs.txt", has_flip=True, subtract_mean=True,
                metric=1,
            ),
        ),
        say=quiet,
    )  # fmt: skip
    assert outcome.last["val_auc"] > 0.9
    assert outcome.last["val_genuine_pairs"] == 4 * 6
    # p03's second picture is damaged: its pair counts as a miss in either fold
    assert outcome.last["lfw_accuracy"] == pytest.approx(0.75)


def run(*arguments):
    return cli.main(["train", *map(str, arguments)])


QUICK = (
    "--network", "dummy", "--image-size", "16", "--resize", "16", "--embedding-size", "8",
    "--batch-size", "12", "--epoch-size", "4", "--max-epochs", "2", "--optimiser", "ADAM",
    "--learning-rate", "0.05", "--workers", "0", "--device", "cpu",
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("softmax", ["--center-loss-factor", "0.01", "--validation-set-split-ratio", "0.3"]),
        ("margin", ["--kind", "am", "--scale", "16", "--crop", "arcface"]),
        (
            "triplet",
            # A rule that always finds triplets: others may have nothing left after one epoch.
            ["--people-per-batch", "4", "--images-per-person", "4", "--mining", "batch_hard"],
        ),
    ],
)
def test_a_command_trains_and_says_where_the_network_is(tmp_path, capsys, kind, options):
    faces = write_people(MadePeople(5, 4), tmp_path / "faces")
    code = run(kind, faces, tmp_path / "runs", *QUICK, *options, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert code == 0
    assert printed["epochs"] == 2
    written = Path(printed["network"])
    assert load_network(written).name == "dummy"
    kept = json.loads((written.parent / "arguments.json").read_text())
    assert kept["embedding_size"] == 8
    assert kept["data"] == str(faces)


def test_archives_train_to_the_same_number_of_people_and_pictures(tmp_path, capsys):
    faces = write_people(MadePeople(3, 4), tmp_path / "faces")
    pack_folder(faces, tmp_path / "archives")
    assert run("softmax", tmp_path / "archives", tmp_path / "runs", *QUICK) == 0
    assert "12 pictures of 3 people." in capsys.readouterr().out


def test_every_command_of_the_page_is_one():
    """Parsed by the real parsers: unknown options are refused there."""
    page = (ROOT / "docs" / "training.md").read_text("utf-8")
    commands = re.findall(r"`(?:python -m recognition )?train (\w+ [^`]*)`", page)
    parsers = {kind: parser_of(kind) for kind in ("softmax", "margin", "triplet")}
    checked = 0
    for command in commands:
        kind, *arguments = shlex.split(command.replace("\n", " "))
        if kind in parsers and "--help" not in arguments:
            parsers[kind].parse_args(arguments)
            checked += 1
    assert checked >= 2


def test_a_damaged_file_is_named_and_makes_the_exit_code_1(tmp_path, capsys):
    faces = write_people(MadePeople(3, 4), tmp_path / "faces")
    (faces / "p01" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    assert run("softmax", faces, tmp_path / "runs", *QUICK, "--json") == 1
    damaged = json.loads(capsys.readouterr().out)["damaged"]
    assert list(damaged) == ["p01/2.png"]
    assert run("softmax", faces, tmp_path / "runs", *QUICK, "--on-damage", "refuse") == 1
    assert "p01/2.png cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--learning-rate", "-1"], "--learning-rate-schedule"),
        (["--lfw-dir", "x"], "belong together"),
        (["--head-epochs", "2"], "name --pretrained"),
        (["--keep-probability", "0"], "keeps nothing"),
        (["--learning-rate-schedule", "none.txt"], "cannot be read"),
        (["--pretrained", "none.safetensors"], "none.safetensors"),
        (["--min-images-per-class", "9"], "No class has 9 pictures"),
    ],
)
def test_options_that_do_not_go_together_are_refused_with_a_sentence(
    tmp_path, capsys, options, complaint
):
    faces = write_people(MadePeople(2, 2), tmp_path / "faces")
    assert run("softmax", faces, tmp_path / "runs", *QUICK, *options) == 1
    assert complaint in capsys.readouterr().err


def test_an_empty_folder_is_refused(tmp_path, capsys):
    (tmp_path / "faces" / "somebody").mkdir(parents=True)
    assert run("softmax", tmp_path / "faces", tmp_path / "runs", *QUICK) == 1
    assert "training.data" in capsys.readouterr().err


def parser_of(kind):
    (command,) = (found for found in _kinds() if found.name == kind)
    parser = ArgumentParser()
    command.add_arguments(parser)
    return parser


def parsed(kind):
    return parser_of(kind).parse_args(["faces", "runs"])


def test_softmax_margin_and_triplet_are_kinds_of_training():
    assert {"softmax", "margin", "triplet"} <= {kind.name for kind in _kinds()}


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("max_epochs", 500), ("batch_size", 90), ("epoch_size", 1000), ("embedding_size", 128),
        ("keep_probability", 1.0), ("weight_decay", 0.0), ("center_loss_factor", 0.0),
        ("center_loss_alfa", 0.95), ("prelogits_norm_loss_factor", 0.0), ("prelogits_norm_p", 1.0),
        ("prelogits_hist_max", 10.0), ("optimiser", "ADAGRAD"),
        ("moving_average_decay", 0.9999), ("seed", 666), ("validate_every_n_epochs", 5),
        ("validation_set_split_ratio", 0.0), ("lfw_batch_size", 100), ("lfw_distance_metric", 0),
        ("lfw_use_flipped_images", False), ("random_crop", False), ("network", "inception-resnet-v1"),
    ],
)  # fmt: skip
def test_the_defaults_are_facenets(name, default):
    options = parsed("softmax")
    assert getattr(options, name) == default


def test_the_learning_rate_is_facenets_by_default():
    assert settings_of(parsed("softmax")).plan.schedule == StepSchedule(0.1, 1.0, 100)


def test_triplets_defaults_are_facenets():
    assert _triplet_of(parsed("triplet")) == TripletSettings(
        people_per_batch=45, images_per_person=40, margin=0.2, rule="vgg_random",
        reduction="mean", mining_mode="train",
    )  # fmt: skip


def test_the_margins_defaults_are_the_papers():
    assert _margin_of(parsed("margin")) == MarginSettings()
    chosen = parser_of("margin").parse_args(
        ["faces", "runs", "--kind", "combined", "--margins", "1.1", "0", "0.2"]
    )
    assert _margin_of(chosen) == MarginSettings(kind="combined", margins=(1.1, 0.0, 0.2))


@pytest.mark.parametrize(
    ("kind", "options", "complaint"),
    [
        ("margin", "--kind combined --margin 0.9", "combined takes --margins"),
        ("margin", "--kind am --margins 1 0.3 0.2", "am takes --margin"),
        ("triplet", "--compatible-with a --images-per-person 9", "--images-per-person cannot be"),
        ("triplet", "--compatible-with a --reduction sum", "--reduction cannot be chosen"),
        ("triplet", "--compatible-with a --mining-mode eval", "--mining-mode cannot be chosen"),
        ("softmax", "--keep-head", "name --pretrained"),
        ("softmax", "--min-nrof-val-images-per-class 2", "of pictures held back"),
        (
            "softmax",
            (
                "--min-nrof-val-images-per-class 2 --validation-set-split-mode classes "
                "--validation-set-split-ratio 0.5"
            ),
            "of pictures held back",
        ),
        ("softmax", "--crop-margin 10", "--crop-margin is of a box"),
        ("softmax", "--crop arcface --crop-margin 10", "--crop-margin is of a box"),
        ("softmax", "--new-schedule", "of a run that goes on"),
    ],
)
def test_an_option_that_would_have_no_effect_is_refused(tmp_path, capsys, kind, options, complaint):
    faces = write_people(MadePeople(4, 4), tmp_path / "faces")
    assert run(kind, faces, tmp_path / "runs", *QUICK, *options.split()) == 1
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--learning-rate", "0.1"], "both say the rate"),
        (["--learning-rate-decay-factor", "0.5"], "says every rate by itself"),
        (["--learning-rate", "-1", "--learning-rate-decay-epochs", "9"], "every rate by itself"),
    ],
)
def test_rates_are_said_by_a_file_or_by_options(tmp_path, options, complaint):
    (tmp_path / "rates.txt").write_text("0: 0.5\n")
    given = ["faces", "runs", "--learning-rate-schedule", str(tmp_path / "rates.txt")]
    parser = parser_of("softmax")
    for fitting in ([], ["--learning-rate", "-1"]):
        schedule = settings_of(parser.parse_args([*given, *fitting])).plan.schedule
        assert schedule.rate(1) == 0.5
    with pytest.raises(RecognitionError, match=complaint) as caught:
        settings_of(parser.parse_args([*given, *options]))
    assert caught.value.code == "training.options"


def test_losses_beside_cross_entropy_are_in_the_loss(tmp_path):
    outcome = train_softmax(
        SOURCE, settings(tmp_path, epochs=1),
        weights=LossWeights(bootstrap_beta=0.8, center=0.1), say=quiet,
    )  # fmt: skip
    assert {"center", "cross_entropy"} <= outcome.last.keys()
    assert "prelogits_norm" not in outcome.last
