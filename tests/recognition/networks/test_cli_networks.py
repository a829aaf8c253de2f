"""``python -m recognition networks``: the table, its JSON, and a wrong name."""

import json

from recognition import cli
from recognition.networks import NETWORKS


def test_the_table_has_every_network_with_its_published_size(capsys):
    assert cli.main(["networks"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == list(NETWORKS)
    assert "140,028,224" in rows[list(NETWORKS).index("nn1")]
    assert "ms/picture" not in header


def test_some_networks_are_timed_and_keep_torchs_threads(capsys):
    import torch

    before = torch.get_num_threads()
    arguments = ["networks", "--time", "--runs", "1", "--threads", "1", "--embedding-size", "64"]
    assert cli.main([*arguments, "dummy", "nns2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["dummy", "nns2"]
    assert said["dummy"]["parameters"] == 32 * 32 * 3 * 64 + 64
    assert said["nns2"]["forward_ms"] > 0
    assert "our own design" in said["nns2"]["source"]
    assert torch.get_num_threads() == before


def test_a_wrong_name_is_answered_with_the_right_ones(capsys):
    assert cli.main(["networks", "resnet"]) == 1
    assert "nn4-small2" in capsys.readouterr().err
