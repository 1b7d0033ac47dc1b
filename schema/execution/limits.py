"""What an operation may ask for, counted before anything expensive looks at it.

One pass over the document, memoised over its fragments: O(nodes of the document), however often fragments are spread
in one another. It runs before the specified validation rules, because their overlap rule compares repeated fields with
one another and is quadratic. Pages and lists make an operation dear, not its text: the cost is the number of values an
answer can hold, `page x (what one item holds)`, nested pages multiplied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from schema.execution.costs import OPEN_ENDED, Cost, Sizes, evaluate, plus, times

#: Counters stop here: nested fragments double them, and nobody needs the hundredth digit.
_MANY = 10**9


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is accepted. Roomy enough for the introspection of GraphiQL and code generators (depth 15).

    `characters` and `tokens` are checked while parsing; `fields`, `aliases` and `directives` with fragments spread out;
    `repeats` is the number of pairs of fields with the same response name that validation has to compare;
    `fragments` counts definitions and `operations` too; `cost` is in values of the answer.
    """

    characters: int = 100_000
    tokens: int = 4_000
    depth: int = 20
    aliases: int = 100
    directives: int = 100
    fields: int = 1_000
    root_fields: int = 20
    fragments: int = 100
    operations: int = 30
    repeats: int = 5_000
    cost: int = 100_000


@dataclass(frozen=True, slots=True)
class _Totals:
    """What a selection set holds, its fragments spread out. `cost`: values; `paged`: those of `edges` for one item."""

    fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    spreads: int = 0
    own_fields: int = 0
    cost: Cost = 0
    paged: Cost = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """The cost of one operation, still open where a page size is a variable."""

    cost: Cost
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """What a document asks for: sums over its operations, except `depth` and `root_fields`, the worst of them."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    root_fields: int = 0
    fragments: int = 0
    fragment_nesting: int = 0
    cycle: str | None = None
    repeats: int = 0
    operations: Mapping[str | None, Operation] = field(default_factory=dict)


def measure(document: DocumentNode, schema: GraphQLSchema | None = None) -> Measure:
    """Count a document in O(nodes). Never raises, terminates on cycles, on unknown fields and on unknown fragments.

    With `schema`, list fields without a page have their documented size and absent page arguments their default.
    `repeats` is only counted when `fields` is small enough for it to be linear in the answer's shape.
    """
    return _Counter(document, Sizes(schema)).measure()


def check(measured: Measure, limits: Limits) -> list[GraphQLError]:
    """The structural limits that the document breaks, each coded; empty when it may be validated and executed."""
    if measured.cycle is not None:
        name = measured.cycle
        return [coded("FRAGMENT_CYCLE", f"fragment {name!r} spreads itself", f"片段 {name!r} 直接或间接引用了自身")]
    found = [
        ("TOO_MANY_OPERATIONS", len(measured.operations), limits.operations, "operations", "个操作"),
        ("TOO_MANY_FRAGMENTS", measured.fragments, limits.fragments, "fragments", "个片段"),
        ("QUERY_TOO_DEEP", measured.depth, limits.depth, "levels", "层嵌套"),
        ("QUERY_TOO_DEEP", measured.fragment_nesting, 2 * limits.depth, "fragments inside one another", "层片段嵌套"),
        ("TOO_MANY_ALIASES", measured.aliases, limits.aliases, "aliases", "个别名"),
        ("TOO_MANY_DIRECTIVES", measured.directives, limits.directives, "directives", "个指令"),
        ("TOO_MANY_FIELDS", measured.fields, limits.fields, "fields", "个字段"),
        ("TOO_MANY_ROOT_FIELDS", measured.root_fields, limits.root_fields, "root fields", "个根字段"),
        ("TOO_MANY_FIELDS", measured.repeats, limits.repeats, "pairs of repeated fields", "对重复字段"),
    ]
    return [_exceeded(*row) for row in found if row[1] > row[2]]


def check_cost(
    measured: Measure, limits: Limits, operation_name: str | None, variables: Mapping[str, Any] | None
) -> GraphQLError | None:
    """The cost of the operation that will run, with its page sizes. `variables` are as sent, not yet coerced.

    O(1) for operations without variable page sizes, else O(fields whose page size is a variable).
    An operation that does not exist costs nothing here; execution names the fault.
    """
    found = cost(measured, operation_name, variables)
    if found <= limits.cost:
        return None
    return _exceeded("QUERY_TOO_COSTLY", found, limits.cost, "values in the answer", "个结果值")


def cost(measured: Measure, operation_name: str | None = None, variables: Mapping[str, Any] | None = None) -> int:
    """The most values that the answer can hold, at most 10**9."""
    operation = measured.operations.get(operation_name)
    if operation is None and operation_name is None and len(measured.operations) == 1:
        operation = next(iter(measured.operations.values()))
    if operation is None:
        return 0
    if isinstance(operation.cost, int):
        return operation.cost
    return evaluate(operation.cost, {**operation.variables, **(variables or {})})


def coded(code: str, text_en: str, text_zh: str, **where: Any) -> GraphQLError:
    """An error with `extensions.code` and its text in both languages; `where`: nodes, or source and positions."""
    return GraphQLError(text_en, extensions={"code": code, "text_zh": text_zh}, **where)


def _exceeded(code: str, found: int, limit: int, unit_en: str, unit_zh: str) -> GraphQLError:
    figure = f"{found:,}" if found < _MANY else f"over {_MANY:,}"
    return coded(
        code,
        f"the document asks for {figure} {unit_en}, at most {limit:,} are accepted",
        f"查询包含 {figure.replace('over', '超过')} {unit_zh},最多接受 {limit:,} {unit_zh}",
    )


class _Counter:
    """One document. Fragments are counted once each, the innermost first, so nothing here recurses through spreads."""

    def __init__(self, document: DocumentNode, sizes: Sizes) -> None:
        self.sizes = sizes
        self.operations: list[OperationDefinitionNode] = []
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        self.definitions = 0
        for definition in document.definitions:
            if isinstance(definition, OperationDefinitionNode):
                self.operations.append(definition)
            elif isinstance(definition, FragmentDefinitionNode):
                self.definitions += 1
                self.fragments[definition.name.value] = definition
        self.totals: dict[str, _Totals] = {}
        self.written_fields = 0
        self.written_directives = 0

    def measure(self) -> Measure:
        order = self._innermost_first()
        if isinstance(order, str):
            return Measure(cycle=order, fragments=self.definitions)
        for name in order:
            fragment = self.fragments[name]
            self.written_directives += len(fragment.directives or ())
            self.totals[name] = self._selection(
                fragment.selection_set, self.sizes.named(fragment.type_condition.name.value)
            )
        sums = dict.fromkeys(("fields", "aliases", "directives"), 0)
        depth = root_fields = spreads = 0
        operations: dict[str | None, Operation] = {}
        for node in self.operations:
            total = self._selection(node.selection_set, self.sizes.root(node.operation))
            own = len(node.directives or ()) + sum(len(v.directives or ()) for v in node.variable_definitions or ())
            self.written_directives += own
            sums["fields"] += total.fields
            sums["aliases"] += total.aliases
            sums["directives"] += total.directives + own
            depth = max(depth, total.depth)
            spreads = max(spreads, total.spreads)
            root_fields = max(root_fields, total.own_fields)
            # Pages that belong to no connection (`edges` at the root of an invalid document) count once.
            operations[node.name.value if node.name else None] = Operation(
                plus(total.cost, total.paged), self.sizes.defaults(node)
            )
        fields = min(max(sums["fields"], self.written_fields), _MANY)
        return Measure(
            depth=max(depth, max((t.depth for t in self.totals.values()), default=0)),
            aliases=min(sums["aliases"], _MANY),
            directives=min(max(sums["directives"], self.written_directives), _MANY),
            fields=fields,
            root_fields=root_fields,
            fragments=self.definitions,
            fragment_nesting=max(spreads, max((t.spreads for t in self.totals.values()), default=0)),
            repeats=self._repeats() if fields <= OPEN_ENDED else 0,
            operations=operations,
        )

    def _selection(self, selections: SelectionSetNode, parent: Any) -> _Totals:
        fields = aliases = directives = depth = spreads = own_fields = 0
        value: Cost = 0
        paged: Cost = 0
        seen: set[str] = set()
        for node in selections.selections:
            count = len(node.directives or ())
            self.written_directives += count
            directives += count
            if isinstance(node, FieldNode):
                self.written_fields += 1
                own_fields += 1
                fields += 1
                aliases += node.alias is not None
                size = self.sizes.of(node, parent)
                depth = max(depth, 1)
                below: Cost = 0
                if node.selection_set is not None:
                    inner = self._selection(node.selection_set, size.type)
                    fields += inner.fields
                    aliases += inner.aliases
                    directives += inner.directives
                    depth = max(depth, 1 + inner.depth)
                    spreads = max(spreads, inner.spreads)
                    below = plus(inner.cost, times(size.page, inner.paged))
                whole = plus(size.weight, times(size.items, plus(1, below)))
                if size.paged:
                    paged = plus(paged, whole)
                else:
                    value = plus(value, whole)
                continue
            if isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self._selection(
                    node.selection_set, self.sizes.named(condition.name.value) if condition else parent
                )
            else:
                assert isinstance(node, FragmentSpreadNode)
                name = node.name.value
                # Execution collects a fragment once in a selection set, so its second mention asks for nothing.
                if name in seen or name not in self.totals:
                    continue
                seen.add(name)
                inner = self.totals[name]
                spreads = max(spreads, 1)
            fields += inner.fields
            aliases += inner.aliases
            directives += inner.directives
            own_fields += inner.own_fields
            depth = max(depth, inner.depth)
            spreads = max(spreads, inner.spreads + isinstance(node, FragmentSpreadNode))
            value = plus(value, inner.cost)
            paged = plus(paged, inner.paged)
        return _Totals(
            min(fields, _MANY),
            min(aliases, _MANY),
            min(directives, _MANY),
            depth,
            spreads,
            min(own_fields, _MANY),
            value,
            paged,
        )

    def _innermost_first(self) -> list[str] | str:
        """The fragments, each after those that it spreads; or the name of one that reaches itself."""
        order: list[str] = []
        state: dict[str, bool] = {}
        for root in self.fragments:
            if root in state:
                continue
            state[root] = False
            stack = [(root, self._spread_in(root))]
            while stack:
                name, following = stack[-1]
                for other in following:
                    if other not in self.fragments or state.get(other):
                        continue
                    if other in state:
                        return other
                    state[other] = False
                    stack.append((other, self._spread_in(other)))
                    break
                else:
                    state[name] = True
                    order.append(name)
                    stack.pop()
        return order

    def _spread_in(self, name: str) -> Iterator[str]:
        waiting: list[SelectionNode] = list(self.fragments[name].selection_set.selections)
        while waiting:
            node = waiting.pop()
            if isinstance(node, FragmentSpreadNode):
                yield node.name.value
            elif isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
                waiting.extend(node.selection_set.selections)

    def _repeats(self) -> int:
        """Pairs of fields with one response name in the merged answer: what the overlap rule compares."""
        pairs = 0
        waiting = [[node.selection_set] for node in self.operations]
        waiting += [[node.selection_set] for node in self.fragments.values()]
        while waiting:
            groups: dict[str, list[SelectionSetNode]] = {}
            counts: dict[str, int] = {}
            level = waiting.pop()
            visited: set[str] = set()
            while level:
                for node in level.pop().selections:
                    if isinstance(node, FieldNode):
                        name = (node.alias or node.name).value
                        counts[name] = counts.get(name, 0) + 1
                        if node.selection_set is not None:
                            groups.setdefault(name, []).append(node.selection_set)
                    elif isinstance(node, InlineFragmentNode):
                        level.append(node.selection_set)
                    elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
                        visited.add(node.name.value)
                        if node.name.value in self.fragments:
                            level.append(self.fragments[node.name.value].selection_set)
            pairs += len(visited) * (len(visited) - 1) // 2
            pairs += sum(count * (count - 1) // 2 for count in counts.values())
            waiting.extend(groups.values())
        return min(pairs, _MANY)
