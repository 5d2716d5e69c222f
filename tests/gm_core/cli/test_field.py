"""The shell trains fields over planes of codes, and refuses what has none."""

import pytest


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mnist-autoencoder", "which has no posterior over codes"),
        ("mnist-oracle", "there is no checkpoint 'mnist-oracle'"),
    ],
)
def test_field_refuses_what_has_no_posterior(cli, untrained, data_dir, name, words):
    code, out, err = cli("field", name, "--data-dir", data_dir, "--out", untrained)
    assert (code, out) == (1, "") and err.startswith("error: ") and len(err.splitlines()) == 1
    assert words in err
    assert cli("field", name, "--steps", 1)[0] == 2
