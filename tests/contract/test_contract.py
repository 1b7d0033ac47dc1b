"""The contract: described throughout, never less than its core, and the file at the root is what is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_non_null_type,
    is_specified_scalar_type,
    print_ast,
)

from schema.contract import CONTRACT, sdl

HERE = Path(__file__).parent
SCHEMA = CONTRACT._schema
SERVED = build_schema(sdl())
CORE = build_schema((HERE / "core.graphql").read_text(encoding="utf-8"))
PROBLEMS = {"InvalidInput", "NotFound", "NotAllowed", "Conflict"}


def own_types(schema: Any) -> dict[str, Any]:
    return {
        name: of
        for name, of in schema.type_map.items()
        if not name.startswith("__") and not is_specified_scalar_type(of)
    }


def signature(of: Any) -> dict[str, str]:
    """Each promise of a type: where it stands -> what is said there."""
    found: dict[str, str] = {"": type(of).__name__}
    if isinstance(of, GraphQLEnumType):
        found |= dict.fromkeys(of.values, "value")
    elif isinstance(of, GraphQLUnionType):
        found |= {member.name: "member" for member in of.types}
    elif isinstance(of, GraphQLInputObjectType):
        found |= {name: _given(one) for name, one in of.fields.items()}
    elif isinstance(of, GraphQLObjectType | GraphQLInterfaceType):
        found |= {f"implements {one.name}": "yes" for one in of.interfaces}
        for name, one in of.fields.items():
            found[name] = str(one.type)
            found |= {f"{name}({argument})": _given(declared) for argument, declared in one.args.items()}
    return found


def _given(declared: Any) -> str:
    default = declared.ast_node.default_value
    return f"{declared.type} = {print_ast(default)}" if default else str(declared.type)


@pytest.mark.parametrize("name", own_types(CORE))
def test_the_core_is_kept_to_the_letter(name: str) -> None:
    of = SERVED.type_map.get(name)
    assert of is not None, f"{name} is missing"
    kept = signature(of)
    for place, promised in signature(CORE.type_map[name]).items():
        assert kept.get(place) == promised, f"{name} {place}"


@pytest.mark.parametrize("name", own_types(CORE))
def test_nothing_new_is_required_of_those_who_were_written_against_the_core(name: str) -> None:
    core, of = CORE.type_map[name], SCHEMA.type_map[name]
    if isinstance(of, GraphQLInputObjectType):
        new = [one for field, one in of.fields.items() if field not in core.fields]  # type: ignore[union-attr]
    elif isinstance(of, GraphQLObjectType | GraphQLInterfaceType):
        new = [
            argument
            for field, one in core.fields.items()  # type: ignore[union-attr]
            for name_, argument in of.fields[field].args.items()
            if name_ not in one.args
        ]
    else:
        new = []
    assert not [one for one in new if is_non_null_type(one.type)]


@pytest.mark.parametrize("name", own_types(SCHEMA))
def test_everything_is_described(name: str) -> None:
    of = SCHEMA.type_map[name]
    said: dict[str, str | None] = {"": of.description}
    if isinstance(of, GraphQLEnumType):
        said |= {value: one.description for value, one in of.values.items()}
    for field, one in getattr(of, "fields", {}).items():
        said[field] = one.description
        said |= {f"{field}({argument})": given.description for argument, given in getattr(one, "args", {}).items()}
    assert [place for place, text in said.items() if not (text or "").strip()] == []


@pytest.mark.parametrize("name", [name for name in own_types(SCHEMA) if name not in ("Date", "DateTime", "Decimal")])
def test_descriptions_speak_both_languages(name: str) -> None:
    text = SCHEMA.type_map[name].description or ""
    assert any("\u4e00" <= letter <= "\u9fff" for letter in text), text
    assert any(letter.isascii() and letter.isalpha() for letter in text), text


def test_the_file_at_the_root_is_what_is_served() -> None:
    written = HERE.parents[1] / "schema.graphql"
    assert written.read_text(encoding="utf-8") == sdl(), "run `fivelink schema` and read the difference"


def test_the_file_at_the_root_is_a_schema() -> None:
    assert set(own_types(build_schema(sdl()))) == set(own_types(SCHEMA))


STEP = SCHEMA.type_map["ReferralStepInput"]
ACTS = SCHEMA.mutation_type.fields if SCHEMA.mutation_type else {}


def test_there_are_acts() -> None:
    assert len(ACTS) >= len(CORE.mutation_type.fields) > 10  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ACTS)
def test_every_act_can_be_sent_again_and_answers_the_thing_done_or_a_problem(name: str) -> None:
    act = ACTS[name]
    given = act.args
    if "input" in given:
        given = get_named_type(given["input"].type).fields
        # Steps of a referral differ in what they require, not in what they may be given.
        own = "ReferralStep" if given is STEP.fields else f"{name[0].upper()}{name[1:]}"
        assert str(act.args["input"].type) == f"{own}Input!"
    assert str(given["idempotencyKey"].type) == "String"
    assert is_non_null_type(act.type)
    union = get_named_type(act.type)
    assert isinstance(union, GraphQLUnionType)
    assert union.name == f"{name[0].upper()}{name[1:]}Result"
    members = {one.name for one in union.types}
    assert members > PROBLEMS
    assert len(members) == len(PROBLEMS) + 1


def test_every_list_is_a_connection_with_a_count() -> None:
    connections = [of for name, of in own_types(SCHEMA).items() if name.endswith("Connection")]
    assert connections
    for of in connections:
        assert {"edges", "pageInfo", "totalCount"} <= set(of.fields)
        assert str(of.fields["totalCount"].type) == "Int!"


def test_every_label_can_be_had_in_both_languages() -> None:
    spoken = ("label", "text", "message", "remedy", "role")
    for of in own_types(SCHEMA).values():
        if isinstance(of, GraphQLObjectType | GraphQLInterfaceType):
            # A code is no text: a project_role's role is an enum.
            for name in (name for name in spoken if name in of.fields and "String" in str(of.fields[name].type)):
                assert "lang" in of.fields[name].args, f"{of.name}.{name}"
