"""The files of linkage models and team templates: what is shipped is whole, and a county's own is told its mistakes."""

from __future__ import annotations

from pathlib import Path

from exchange.teams import read_linkage_models, read_team_templates
from exchange.vocabulary import read_resource_types, shipped
from graph import teams

TYPES = {one.code for one in read_resource_types().records}
HEADING = "code,label_zh,label_en,society,resource_type,role_zh,role_en,source\n"


def test_the_shipped_files_have_no_fault_and_name_their_sources() -> None:
    for reading in (read_linkage_models(), read_team_templates(None, TYPES)):
        assert reading.faults == ()
        assert all(one.source and one.role_zh and one.role_en for one in reading.records)


def test_three_five_and_six_societies_have_the_roles_the_field_knows() -> None:
    models: dict[str, dict[str | None, str]] = {}
    for one in read_linkage_models().records:
        models.setdefault(one.code, {})[one.society] = one.role_zh
    assert models["SIX"] == {
        "COMMUNITY": "平台",
        "SOCIAL_ORGANIZATION": "载体",
        "SOCIAL_WORKER": "支撑",
        "ASSISTANT": "纽带",
        "VOLUNTEER": "辅助",
        "CHARITABLE_RESOURCE": "补充",
    }
    assert {code: len(roles) for code, roles in models.items()} == {"THREE": 3, "FIVE": 5, "SIX": 6}
    assert models["FIVE"].items() <= models["SIX"].items()
    assert models["THREE"].items() <= models["FIVE"].items()


def test_no_team_has_more_roles_than_can_be_weighed() -> None:
    from exchange.teams import MOST_ROLES

    assert MOST_ROLES == teams.MOST_ROLES


def test_a_county_adds_templates_and_replaces_one_of_the_same_code(tmp_path: Path) -> None:
    own = tmp_path / "team_templates.csv"
    own.write_text(
        HEADING + "NURSE,医养社,Care team,SOCIAL_WORKER,,社工,Worker,县文件\n"
        "NIGHT,夜巡,Night watch,VOLUNTEER,,志愿者,Volunteer,县文件\n",
        encoding="utf-8",
    )
    reading = read_team_templates([shipped("team_templates.csv"), own], TYPES)
    assert reading.faults == ()
    roles = [(one.code, one.role_zh) for one in reading.records]
    assert [role for role in roles if role[0] in ("NURSE", "NIGHT")] == [("NURSE", "社工"), ("NIGHT", "志愿者")]
    assert ("WORKER_VOLUNTEER", "社工") in roles


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    many = "".join(f"BIG,大队,Big,VOLUNTEER,,第{n}位,Number {n},县文件\n" for n in range(9))
    own.write_text(
        HEADING
        + "night,夜巡,Night,VOLUNTEER,,志愿者,Volunteer,县文件\n"
        + "A,甲,A,DRAGON,,龙,Dragon,县文件\n"
        + "A,甲,A,,NOTHING,无,Nothing,县文件\n"
        + "A,甲,A,,,谁,Who,县文件\n"
        + "A,乙,B,VOLUNTEER,,志愿者,Volunteer,县文件\n"
        + "A,甲,A,VOLUNTEER,,志愿者,Volunteer,县文件\n"
        + "A,甲,A,VOLUNTEER,,别的,Other,\n"
        + many,
        encoding="utf-8",
    )
    reading = read_team_templates([own], TYPES)
    assert [(one.place.row, one.code) for one in reading.faults] == [
        (2, "BAD_CODE"),
        (3, "UNKNOWN_SOCIETY"),
        (4, "UNKNOWN_RESOURCE_TYPE"),
        (5, "ROLE_UNTOLD"),
        (6, "LABEL_DIFFERS"),
        (7, "DUPLICATE_ROLE"),
        (8, "MISSING_VALUE"),
        (17, "TOO_MANY_ROLES"),
    ]
    assert all(one.text_zh and one.text_en for one in reading.faults)


def test_a_society_has_one_role_in_a_model(tmp_path: Path) -> None:
    own = tmp_path / "linkage_models.csv"
    own.write_text(
        "code,label_zh,label_en,society,role_zh,role_en,source\n"
        "TWO,两社,Two,COMMUNITY,平台,Platform,县文件\nTWO,两社,Two,COMMUNITY,载体,Carrier,县文件\n",
        encoding="utf-8",
    )
    assert [one.code for one in read_linkage_models([own]).faults] == ["DUPLICATE_ROLE"]
