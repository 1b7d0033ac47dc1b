"""What a document may ask for: counted once, refused before it costs anything, and clear about the figure."""

from __future__ import annotations

import pytest
from graphql import GraphQLError, build_schema, get_introspection_query, parse, validate
from hypothesis import given
from hypothesis import strategies as st

from schema.execution.costs import DEFAULT_PAGE, LARGEST_PAGE
from schema.execution.limits import Limits, check, check_cost, cost, measure
from schema.execution.parsing import LONGEST_KEPT, Documents, Refused, parse_bounded

SCHEMA = build_schema(
    """
    interface Node { id: ID! }
    type Query { node(id: ID!): Node nodes(ids: [ID!]!): [Node]! needs(first: Int, last: Int): NeedConnection! }
    type NeedConnection { edges: [NeedEdge!]! totalCount: Int! }
    type NeedEdge { node: Need! }
    type Need implements Node { id: ID! title: String! tags: [String!]! community: Community!
      matches(first: Int = 5): MatchConnection! }
    type Community implements Node { id: ID! name: String! needs(first: Int): NeedConnection! }
    type MatchConnection { edges: [MatchEdge!]! }
    type MatchEdge { node: Match! }
    type Match implements Node { id: ID! score: Float! need: Need! }
    """
)
LIMITS = Limits()


def codes(text: str, limits: Limits = LIMITS) -> list[str]:
    """The codes that a document is refused with; empty when it may be validated."""
    try:
        Documents(SCHEMA, limits).get(text)
    except Refused as refused:
        return [code(error) for error in refused.errors]
    return []


def code(error: GraphQLError) -> str:
    assert error.extensions is not None
    assert error.extensions["text_zh"]
    found: str = error.extensions["code"]
    return found


def price(text: str, **variables: object) -> int:
    return cost(measure(parse(text), SCHEMA), None, variables)


def nested(levels: int) -> str:
    return "{" + "a{" * (levels - 1) + "b" + "}" * (levels - 1) + "}"


@pytest.mark.parametrize(
    ("at_limit", "limit", "refusal"),
    [
        (nested, LIMITS.depth, "QUERY_TOO_DEEP"),
        (lambda n: "{" + " ".join(f"b{i}: c" for i in range(n)) + "}", LIMITS.root_fields, "TOO_MANY_ROOT_FIELDS"),
        (lambda n: "{a{" + " ".join(f"b{i}: c" for i in range(n)) + "}}", LIMITS.aliases, "TOO_MANY_ALIASES"),
        (lambda n: "{a" + "@skip(if: false)" * n + "}", LIMITS.directives, "TOO_MANY_DIRECTIVES"),
        (lambda n: "{a{" + " ".join(f"b{i}" for i in range(n - 1)) + "}}", LIMITS.fields, "TOO_MANY_FIELDS"),
        (lambda n: " ".join(f"query q{i}{{a}}" for i in range(n)), LIMITS.operations, "TOO_MANY_OPERATIONS"),
        (
            lambda n: "{a}" + "".join(f"fragment f{i} on Q{{a}}" for i in range(n)),
            LIMITS.fragments,
            "TOO_MANY_FRAGMENTS",
        ),
        (lambda n: "{" + " a" * (n - 2) + "}", LIMITS.tokens, "TOO_MANY_TOKENS"),
        (lambda n: "{a" + " " * (n - 3) + "}", LIMITS.characters, "QUERY_TOO_LONG"),
    ],
)
def test_a_limit_is_kept_exactly(at_limit, limit, refusal) -> None:  # type: ignore[no-untyped-def]
    assert refusal not in codes(at_limit(limit))
    assert refusal in codes(at_limit(limit + 1))


def test_a_refusal_names_the_figure_and_the_limit_in_both_languages() -> None:
    [error] = check(measure(parse(nested(21))), LIMITS)
    assert "21" in error.message
    assert "20" in error.message
    assert error.extensions is not None
    assert "21" in error.extensions["text_zh"]
    assert "20" in error.extensions["text_zh"]


def test_every_broken_limit_is_named_at_once() -> None:
    text = "{" + " ".join(f"a{i}: __typename @skip(if: false)" for i in range(101)) + "}"
    assert codes(text) == ["TOO_MANY_ALIASES", "TOO_MANY_DIRECTIVES", "TOO_MANY_ROOT_FIELDS"]


def test_the_introspection_of_tools_is_accepted() -> None:
    query = get_introspection_query(
        descriptions=True,
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    assert codes(query) == []
    assert check_cost(measure(parse(query), SCHEMA), LIMITS, None, None) is None


def test_introspection_twice_in_one_request_is_too_costly() -> None:
    whole = get_introspection_query()
    inside = whole[whole.index("__schema {") + 10 : whole.index("fragment ")].rsplit("}", 2)[0]
    fragments = whole[whole.index("fragment ") :]
    query = f"{{ a: __schema {{ ...S }} b: __schema {{ ...S }} }} fragment S on __Schema {{ {inside} }} {fragments}"
    error = check_cost(measure(parse(query), SCHEMA), LIMITS, None, None)
    assert error is not None
    assert code(error) == "QUERY_TOO_COSTLY"


def test_fragments_that_double_are_counted_without_being_spread() -> None:
    """3 KB that stand for 2^60 fields."""
    text = "{node(id:1){...f0}}" + "".join(
        f"fragment f{i} on Need{{a:community{{needs{{edges{{node{{...f{i + 1}}}}}}}}}"
        f" b:community{{needs{{edges{{node{{...f{i + 1}}}}}}}}}}}"
        for i in range(60)
    )
    assert {"QUERY_TOO_DEEP", "TOO_MANY_ALIASES", "TOO_MANY_FIELDS"} <= set(codes(text + "fragment f60 on Need{id}"))


@pytest.mark.parametrize(
    "text",
    [
        "{...a} fragment a on Query{...a}",
        "{...a} fragment a on Query{x{...b}} fragment b on Query{...on Query{...a}}",
        "{b} fragment a on Query{...b} fragment b on Query{...c} fragment c on Query{...b}",
    ],
)
def test_fragments_in_a_circle_are_refused(text: str) -> None:
    assert codes(text) == ["FRAGMENT_CYCLE"]


def test_a_long_chain_of_fragments_is_refused() -> None:
    chain = "".join(f"fragment f{i} on Query{{...f{i + 1}}}" for i in range(99)) + "fragment f99 on Query{a}"
    assert "QUERY_TOO_DEEP" in codes("{...f0}" + chain)


def test_an_unknown_fragment_is_left_to_validation() -> None:
    assert codes("{...nobody}") == []


@pytest.mark.parametrize(
    "text",
    [
        "{needs{" + "totalCount " * 200 + "}}",
        "{needs{"
        + " ".join(f"...f{i}" for i in range(99))
        + "}}"
        + "".join(f"fragment f{i} on NeedConnection{{totalCount}}" for i in range(99)),
        "{" + "needs{edges{node{id title}}}" * 60 + "}",
    ],
)
def test_what_makes_the_overlap_rule_quadratic_is_refused(text: str) -> None:
    assert "TOO_MANY_FIELDS" in codes(text)


def test_a_fragment_used_in_many_places_is_fine() -> None:
    text = "{needs{edges{node{...n community{needs{edges{node{...n}}}} matches{edges{node{need{...n}}}}}}}}"
    assert codes(text + "fragment n on Need{id title}") == []


def test_a_fragment_spread_again_beside_itself_asks_for_nothing_more() -> None:
    """Execution collects it once."""
    fragment = " fragment n on Need{id x: title}"
    once = measure(parse("{node(id: 1){...n}}" + fragment), SCHEMA)
    twice = measure(parse("{node(id: 1){...n ...n}}" + fragment), SCHEMA)
    assert (once.fields, once.aliases, cost(once)) == (twice.fields, twice.aliases, cost(twice)) == (3, 1, 3)


def test_pages_multiply() -> None:
    # 1 connection, then for each of 10: an edge, a node, an id.
    assert price("{needs(first: 10){edges{node{id}}}}") == 1 + 10 * 3
    inner = 1 + 7 * 3
    assert price("{needs(first: 10){edges{node{matches(first: 7){edges{node{id}}}}}}}") == 1 + 10 * (2 + inner)


def test_only_what_is_on_the_page_is_multiplied() -> None:
    assert price("{needs(first: 10){totalCount edges{node{id}}}}") - price("{needs(first: 10){edges{node{id}}}}") < 20


@pytest.mark.parametrize("spread", ["...p", "...on NeedConnection{edges{node{...n}}}"])
def test_fragments_cost_what_stands_in_them(spread: str) -> None:
    fragments = "fragment p on NeedConnection{edges{node{...n}}} fragment n on Need{id title}"
    plain = price("{needs(first: 9){edges{node{id title}}}}")
    assert price("{needs(first: 9){" + spread + "}}" + fragments) == plain


def test_a_page_size_may_be_a_variable() -> None:
    text = "query($n: Int = 3, $m: Int){needs(first: $n){edges{node{matches(first: $m){edges{node{id}}}}}}}"

    def expected(n: int, m: int) -> int:
        return 1 + n * (2 + 1 + m * 3)

    assert price(text, n=10, m=7) == expected(10, 7)
    assert price(text, m=7) == expected(3, 7)
    assert price(text, n=None) == expected(DEFAULT_PAGE, 5)


def test_a_list_of_ids_costs_its_length() -> None:
    assert price('{nodes(ids: ["a", "b", "c"]){id}}') == 3 * 2
    assert price("query($ids: [ID!]!){nodes(ids: $ids){id}}", ids=["a"] * 40) == 40 * 2


@pytest.mark.parametrize("size", ["1000000", "9" * 5000, "-5"])
def test_impossible_page_sizes_are_counted_as_the_largest_page_at_most(size: str) -> None:
    """The reader refuses them with a code of its own, which says more than a cost does."""
    assert price("{needs(first: SIZE){edges{node{id}}}}".replace("SIZE", size)) <= 1 + LARGEST_PAGE * 3


@pytest.mark.parametrize("value", ["x", True, {}, 1e308, float("inf"), float("nan"), -1, 2**80])
def test_variables_of_another_type_do_not_break_the_count(value: object) -> None:
    assert 0 < price("query($n: Int){needs(first: $n){edges{node{id}}}}", n=value) <= 1 + LARGEST_PAGE * 3


def test_the_cost_is_that_of_the_operation_that_runs() -> None:
    text = "query A{node(id: 1){id}} query B{needs(first: 100){edges{node{matches(first: 100){edges{node{id}}}}}}}"
    measured = measure(parse(text), SCHEMA)
    assert cost(measured, "A") == 2
    assert cost(measured, "B") > 30_000
    assert cost(measured, "C") == cost(measured, None) == 0
    assert check_cost(measured, Limits(cost=100), "A", None) is None
    refusal = check_cost(measured, Limits(cost=100), "B", None)
    assert refusal is not None
    assert code(refusal) == "QUERY_TOO_COSTLY"


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 100))
def test_a_larger_page_never_costs_less(n: int, m: int, more: int) -> None:
    text = "query($n: Int, $m: Int){needs(first: $n){edges{node{matches(first: $m){edges{node{id}}}}}}}"
    assert price(text, n=n, m=m) <= price(text, n=min(n + more, 100), m=m)
    written = text.replace("$n: Int, $m: Int", "$x: Int").replace("first: $n", f"first: {n}")
    assert price(written.replace("first: $m", f"first: {m}")) == price(text, n=n, m=m)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("", "EMPTY_QUERY"),
        (" ,\n\ufeff", "EMPTY_QUERY"),
        ("fragment a on Query{a}", "EMPTY_QUERY"),
        ("{", "SYNTAX_ERROR"),
        ("{a{}}", "SYNTAX_ERROR"),
        ("{\0}", "SYNTAX_ERROR"),
        ('{a(b: "\\ud800")}', "SYNTAX_ERROR"),
        ("{a" + "{a" * 10_000 + "}" * 10_000 + "}", "QUERY_TOO_DEEP"),
        ("{a(b: " + "[" * 3_000 + "]" * 3_000 + ")}", "QUERY_TOO_DEEP"),
        ("query($a: " + "[" * 3_000, "QUERY_TOO_DEEP"),
        ("#\n" * 10_000 + "{a}", "TOO_MANY_TOKENS"),
        ("type A{a: Int} {a}", "NOT_EXECUTABLE"),
        ('{a(b: "x\\u0000")}', "NUL_CHARACTER"),
        ('{a(b: ["\\u{000}"])}', "NUL_CHARACTER"),
        ("{a(b: " + "9" * 5_000 + ")}", "NUMBER_TOO_LONG"),
        ("query($a: Float = 1." + "0" * 5_000 + "1){a(b: $a)}", "NUMBER_TOO_LONG"),
    ],
)
def test_what_is_no_document_is_said_with_a_code(text: str, refusal: str) -> None:
    assert codes(text) == [refusal]


def test_a_backslash_before_u0000_is_text_like_any_other() -> None:
    assert codes('{a(b: "\\\\u0000")}') == []
    assert codes('{a(b: "' + "9" * 5_000 + '")}') == []


def test_a_syntax_error_says_where() -> None:
    with pytest.raises(GraphQLError) as caught:
        parse_bounded("{\n  a(\n}", 100, 100)
    assert caught.value.locations is not None
    assert [(place.line, place.column) for place in caught.value.locations] == [(3, 1)]
    assert "第 3 行" in (caught.value.extensions or {})["text_zh"]


def test_the_same_text_is_parsed_once() -> None:
    documents = Documents(SCHEMA, LIMITS)
    assert documents.get("{node(id: 1){id}}") is documents.get("{node(id: 1){id}}")


def test_a_kept_refusal_reads_like_the_first() -> None:
    documents = Documents(SCHEMA, LIMITS)
    said = []
    for _ in range(2):
        with pytest.raises(Refused) as caught:
            documents.get("{ a( }")
        said.append([error.formatted for error in caught.value.errors])
    assert said[0] == said[1]
    assert said[0][0]["locations"] == [{"line": 1, "column": 6}]


def test_the_memory_for_documents_is_bounded() -> None:
    documents = Documents(SCHEMA, LIMITS, kept=10)
    first = documents.get("{a0}")
    for n in range(1, 11):
        documents.get(f"{{a{n}}}")
    assert len(documents) == 10
    assert documents.get("{a0}") is not first
    documents.get("{a}" + " " * LONGEST_KEPT)
    assert len(documents) == 10


@given(
    st.recursive(
        st.just("id"),
        lambda inner: st.lists(inner, min_size=1, max_size=4).map(
            lambda parts: "x{" + " ".join(f"k{i}: {part}" for i, part in enumerate(parts)) + "}"
        ),
        max_leaves=30,
    )
)
def test_moving_a_selection_into_a_fragment_changes_no_count(part: str) -> None:
    plain = measure(parse("{" + part + "}"))
    moved = measure(parse("{...f} fragment f on Query{" + part + "}"))
    for figure in ("depth", "aliases", "fields", "root_fields"):
        assert getattr(plain, figure) == getattr(moved, figure)
    assert cost(plain) == cost(moved)


def test_accepted_documents_of_the_contract_are_valid() -> None:
    """The counter changes nothing that validation reads."""
    parsed = Documents(SCHEMA, LIMITS).get("{needs(first: 2){edges{node{id title tags}}}}")
    assert validate(SCHEMA, parsed.document) == []
