"""Settings are read once, refused all together, and documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from fivelink.settings import Settings, SettingsError, markdown_table, unknown_variables

ROOT = Path(__file__).parents[2]


def test_without_variables_everything_has_a_default() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings().database_url is None
    assert Settings().host == "127.0.0.1"


def test_variables_are_read_as_their_types() -> None:
    settings = Settings.from_environment(
        {
            "FIVELINK_DATABASE_URL": "postgresql://me@db.example/county",
            "FIVELINK_DATA_DIR": "数据",
            "FIVELINK_PORT": " 0 ",
            "FIVELINK_GRAPHIQL": "Off",
            "FIVELINK_STATEMENT_TIMEOUT_SECONDS": "2.5",
            "FIVELINK_POOL_SIZE": "",
            "PORT": "99",
        }
    )
    assert settings.database_url == "postgresql://me@db.example/county"
    assert settings.data_dir == Path("数据")
    assert settings.port == 0
    assert settings.graphiql is False
    assert settings.statement_timeout_seconds == 2.5
    assert settings.pool_size == Settings().pool_size


def test_every_bad_value_is_named_at_once_in_both_languages() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(
            {
                "FIVELINK_DATABASE_URL": "mysql://me:geheim@host/x",
                "FIVELINK_PORT": "70000",
                "FIVELINK_POOL_SIZE": "1_0",
                "FIVELINK_INTROSPECTION": "maybe",
                "FIVELINK_STATEMENT_TIMEOUT_SECONDS": "nan",
                "FIVELINK_HOST": "::1",
            }
        )
    assert [name for name, _, _ in refused.value.problems] == [
        "FIVELINK_DATABASE_URL",
        "FIVELINK_PORT",
        "FIVELINK_POOL_SIZE",
        "FIVELINK_INTROSPECTION",
        "FIVELINK_STATEMENT_TIMEOUT_SECONDS",
    ]
    text = str(refused.value)
    assert "应为 0 到 65535 的整数" in text
    assert "a whole number from 0 to 65535 is expected" in text
    assert "geheim" not in text


@pytest.mark.parametrize("text", ["", "1", "-1", "1e3", "１２", "9" * 30, "0x10", "٣"])
def test_a_number_is_taken_only_when_it_is_plain_and_in_range(text: str) -> None:
    environment = {"FIVELINK_POOL_SIZE": text}
    if text in ("", "1"):
        assert Settings.from_environment(environment).pool_size == (1 if text else 8)
    else:
        with pytest.raises(SettingsError):
            Settings.from_environment(environment)


def test_the_table_shows_what_is_in_force_and_no_password() -> None:
    settings = Settings(database_url="postgresql://me:geheim@db.example:5433/county?password=geheim2", pool_size=3)
    rows = {row.name: row for row in settings.rows()}
    assert rows["FIVELINK_DATABASE_URL"].value == "postgresql://db.example:5433/county"
    assert (rows["FIVELINK_POOL_SIZE"].value, rows["FIVELINK_POOL_SIZE"].default) == ("3", "8")
    assert "geheim" not in repr(settings)


def test_a_misspelt_variable_is_pointed_out() -> None:
    assert unknown_variables({"FIVELINK_PROT": "1", "FIVELINK_PORT": "1", "HOME": "/"}) == ["FIVELINK_PROT"]


def test_the_documentation_holds_the_table() -> None:
    assert markdown_table() in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
