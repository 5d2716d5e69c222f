"""The shell surveys latent spaces, and measures an atlas again."""

import json

import pytest

import gm_core


@pytest.mark.parametrize("name", ["mnist-vae", "mnist-autoencoder"])
def test_atlas_surveys_a_latent_space_and_evaluate_measures_it_again(cli, untrained, data_dir, name):
    common = ("--data-dir", data_dir, "--device", "cpu")
    code, out, _ = cli("atlas", name, *common, "--out", untrained)
    assert code == 0
    card = gm_core.read_card(f"{name}-atlas")
    assert [line.split()[0] for line in out.splitlines()] == [metric.name for metric in card.metrics]
    assert len(gm_core.load_atlas(name, "cpu").codes) == 5000
    code, out, _ = cli("evaluate", f"{name}-atlas", *common, "--json")
    assert code == 0
    for measured, carded in zip(json.loads(out)["metrics"], card.metrics, strict=True):
        assert measured["value"] == pytest.approx(carded.value, rel=1e-4, abs=1e-6)
        assert measured["protocol"] == carded.protocol


def test_atlas_refuses_what_has_no_grey_latent_space(cli, untrained, data_dir):
    for name, message in (
        ("mnist-binary-vae", "pictures of 2 levels"),
        ("four-pixelcnn", "no latent space"),
        ("mnist-oracle", "there is no checkpoint"),
    ):
        code, out, err = cli("atlas", name, "--data-dir", data_dir, "--out", untrained, "--device", "cpu")
        assert (code, out) == (1, "")
        assert err.startswith("error: ") and message in err and len(err.splitlines()) == 1
    code, _, err = cli("sample", "mnist-vae-atlas")
    assert code == 1
    assert "there is no checkpoint 'mnist-vae-atlas'" in err
