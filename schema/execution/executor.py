"""Runs an operation: mapped reads compiled, everything else by Strawberry; one answer as bytes.

A document is parsed, measured and validated once. A query made of mapped fields only becomes Selections, and each
request of it costs its variables, its statements and one assembly. Acts, introspection and operations with a computed
field are executed by graphql-core on the Strawberry schema, reading rows through the same reader.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from graphql import (
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    execute,
    is_non_null_type,
    specified_rules,
    validate,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import FieldNode, visit
from graphql.utilities import TypeInfo, TypeInfoVisitor

from db.cursors import parse_id
from db.database import Database
from db.entities import ENTITIES, ENTITY_OF_TYPE
from db.reader import Reader
from db.viewer import Viewer
from resolvers.context import Context, utc_now
from schema import mapping
from schema.contract import CONTRACT
from schema.execution import acting
from schema.execution.errors import fault, formatted, refusal, told, with_code
from schema.execution.limits import Limits, check_cost, coded
from schema.execution.pages import (
    Arguments,
    Pages,
    coerced_plainly,
    is_constant,
    plain_variables,
    refuse_many_ids,
    resolved,
)
from schema.execution.parsing import LONGEST_KEPT, Documents, Parsed, Refused
from schema.execution.rows import ReaderRows, Selections
from schema.execution.selecting import NotMapped, Selector, Slot, mapped_field, node_types, shape_variables
from schema.execution.subscribing import NOT_HERE, Live

PREPARED_HELD = 1_000
PLANS_HELD = 64
_NONE = VariableValues({}, {})


@dataclass(slots=True)
class Outcome:
    """`executed` is False where the request was refused before execution: there is no `data` then."""

    body: bytes
    executed: bool
    mutation_refused: bool = False


@dataclass(slots=True)
class RequestContext:
    """What Strawberry's resolvers see as `info.context`."""

    rows: Any
    acts: Context


@dataclass(slots=True, eq=False)
class _Root:
    """One root field, ready to be read. For `node` and `nodes`, `variants` fill by the types that ids name."""

    key: str
    kind: Any
    definition: Any
    node: FieldNode
    nodes: list[FieldNode]
    target: Any = None
    slots: list[Slot] = field(default_factory=list)
    variants: dict[str, tuple[Any, list[Slot]]] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    #: How its arguments are read; None for `__typename`.
    arguments: Arguments | None = None
    #: The arguments, where they are the same for every request.
    constant: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class _Prepared:
    """A validated document and what has been made of it."""

    parsed: Parsed
    fragments: dict[str, FragmentDefinitionNode]
    operations: dict[str, OperationDefinitionNode]
    #: (operation, values of shape variables) -> roots, or None where Strawberry executes.
    plans: dict[tuple[Any, ...], list[_Root] | None] = field(default_factory=dict)
    acts: dict[tuple[Any, ...], list[acting.Act] | None] = field(default_factory=dict)
    shape: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pages: dict[str, Pages] = field(default_factory=dict)
    #: Variables by operation, where all are plain and only whole arguments; None where they are not.
    plain: dict[str, Any] = field(default_factory=dict)


class Executor:
    def __init__(
        self,
        database: Database,
        limits: Limits | None = None,
        *,
        introspection: bool = True,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.schema = CONTRACT._schema
        self.database = database
        self.reader = Reader(database.reader)
        self.limits = limits or Limits()
        self.clock = clock
        self.reader.codes.clock = clock
        self._documents = Documents(self.schema, self.limits)
        self._rules = [*specified_rules, *([] if introspection else [NoSchemaIntrospectionCustomRule])]
        self._prepared: OrderedDict[str, _Prepared] = OrderedDict()
        self._selections = Selections()
        self._live = Live(self)

    async def run(
        self,
        query: str,
        operation_name: str | None,
        variables: dict[str, Any] | None,
        *,
        viewer: Viewer,
        allow_mutation: bool = True,
    ) -> Outcome:
        """The answer to one request. Never raises for what a client sent; faults are logged and coded."""
        try:
            prepared, operation, coerced = self._accepted(query, operation_name, variables)
        except Refused as refused:
            return Outcome(refusal(refused.errors), executed=False)
        if operation.operation is OperationType.SUBSCRIPTION:
            return Outcome(refusal([NOT_HERE]), executed=False)
        if operation.operation is not OperationType.QUERY and not allow_mutation:
            error = coded("MUTATION_OVER_GET", "only queries may be sent with GET", "GET 请求只能执行查询")
            return Outcome(refusal([error]), executed=False, mutation_refused=True)
        if operation.operation is OperationType.QUERY:
            roots = self._roots(prepared, operation, coerced)
            if roots is not None:
                return await self._compiled(roots, viewer, coerced)
        elif (acts := self._acts(prepared, operation, coerced)) is not None:
            return await self._acted(acts, viewer, coerced)
        return await self._executed(prepared, operation, operation_name, variables, coerced, viewer)

    async def subscribe(
        self,
        query: str,
        operation_name: str | None,
        variables: dict[str, Any] | None,
        *,
        viewer: Viewer,
    ) -> Outcome | AsyncGenerator[bytes, None]:
        """The answers to a subscription, one for each event, as `subscribing.Live.open` says; where the operation is
        another one, or is refused, its one answer as of `run`."""
        try:
            prepared, operation, coerced = self._accepted(query, operation_name, variables)
            if operation.operation is OperationType.SUBSCRIPTION:
                return await self._live.open(prepared, operation, operation_name, variables, coerced, viewer)
        except Refused as refused:
            return Outcome(refusal(refused.errors), executed=False)
        return await self.run(query, operation_name, variables, viewer=viewer)

    # ---------------------------------------------------------------------------------------- preparing

    def _accepted(
        self, query: str, operation_name: str | None, variables: dict[str, Any] | None
    ) -> tuple[_Prepared, OperationDefinitionNode, VariableValues]:
        """What may be executed; raises Refused."""
        prepared = self._prepared.get(query) or self._prepare(query)
        operation = _operation(prepared, operation_name)
        too_costly = check_cost(prepared.parsed.measure, self.limits, operation_name, variables)
        if too_costly is not None:
            raise Refused([too_costly])
        return prepared, operation, self._coerce(prepared, operation, variables)

    def _prepare(self, query: str) -> _Prepared:
        parsed = self._documents.get(query)
        try:
            errors = validate(self.schema, parsed.document, self._rules, max_errors=5, hide_suggestions=True)
        except RecursionError:
            errors = [coded("QUERY_TOO_DEEP", "the document is nested too deeply", "查询嵌套过深")]
        if errors:
            raise Refused([with_code(error, "VALIDATION_FAILED", "查询与接口约定不符") for error in errors])
        fragments, operations = {}, {}
        for definition in parsed.document.definitions:
            if isinstance(definition, FragmentDefinitionNode):
                fragments[definition.name.value] = definition
            elif isinstance(definition, OperationDefinitionNode):
                operations[definition.name.value if definition.name else ""] = definition
        prepared = _Prepared(parsed, fragments, operations)
        if len(query) <= LONGEST_KEPT:
            self._prepared[query] = prepared
            if len(self._prepared) > PREPARED_HELD:
                self._prepared.popitem(last=False)
        return prepared

    def _coerce(
        self, prepared: _Prepared, operation: OperationDefinitionNode, variables: dict[str, Any] | None
    ) -> VariableValues:
        if not operation.variable_definitions:
            return _NONE
        name = operation.name.value if operation.name else ""
        if name not in prepared.plain:
            pages = self.all_pages(prepared, operation)
            prepared.plain[name] = plain_variables(operation) if pages.are_simple else None
        plain = prepared.plain[name]
        found = coerced_plainly(plain, variables) if plain is not None else None
        if found is not None:
            return found
        closer = get_variable_values(
            self.schema, operation.variable_definitions, variables or {}, max_errors=20, hide_suggestions=True
        )
        if isinstance(closer, list):
            raise Refused([with_code(error, "BAD_VARIABLES", "变量的值与其类型不符") for error in closer])
        return closer

    def _roots(
        self, prepared: _Prepared, operation: OperationDefinitionNode, coerced: VariableValues
    ) -> list[_Root] | None:
        name = operation.name.value if operation.name else ""
        shape = prepared.shape.get(name)
        if shape is None:
            shape = shape_variables([operation, *prepared.fragments.values()])
            prepared.shape[name] = shape
        values = coerced.coerced
        key = (name, *[values.get(one) for one in shape])
        if key not in prepared.plans:
            if len(prepared.plans) >= PLANS_HELD:
                prepared.plans.clear()
            try:
                prepared.plans[key] = self._select(prepared, operation, {one: values.get(one, "ZH") for one in shape})
            except NotMapped:
                prepared.plans[key] = None
        return prepared.plans[key]

    def _acts(
        self, prepared: _Prepared, operation: OperationDefinitionNode, coerced: VariableValues
    ) -> list[acting.Act] | None:
        """What a mutation does, made ready; None where an answer holds a computed field."""
        name = operation.name.value if operation.name else ""
        if name not in prepared.shape:
            prepared.shape[name] = shape_variables([operation, *prepared.fragments.values()])
        values = coerced.coerced
        key = (name, *[values.get(one) for one in prepared.shape[name]])
        if key not in prepared.acts:
            if len(prepared.acts) >= PLANS_HELD:
                prepared.acts.clear()
            shown = {one: values.get(one, "ZH") for one in prepared.shape[name]}
            try:
                root: Any = self.schema.mutation_type
                fields = Selector(self.schema, prepared.fragments, shown).collect(root, [operation.selection_set])
                prepared.acts[key] = acting.prepare(self.schema, prepared.fragments, shown, fields)
            except NotMapped:
                prepared.acts[key] = None
        return prepared.acts[key]

    async def _acted(self, acts: list[acting.Act], viewer: Viewer, variables: VariableValues) -> Outcome:
        info = acting.Info(RequestContext(None, Context(database=self.database, viewer=viewer, clock=self.clock)))
        try:
            data, errors = await acting.answered(acts, self.reader, viewer, info, variables)
        except GraphQLError as error:
            return Outcome(refusal([error]), executed=False)
        body: dict[str, Any] = {"data": data}
        if errors:
            body["errors"] = [formatted(error) for error in errors]
        return Outcome(orjson.dumps(body), executed=True)

    def _select(
        self, prepared: _Prepared, operation: OperationDefinitionNode, variables: dict[str, Any]
    ) -> list[_Root]:
        query = self.schema.query_type
        assert query is not None
        roots = []
        fields = Selector(self.schema, prepared.fragments, variables).collect(query, [operation.selection_set])
        for key, nodes in fields.items():
            name = nodes[0].name.value
            if name == "__typename":
                roots.append(_Root(key, "__typename", None, nodes[0], nodes))
                continue
            definition = query.fields.get(name)
            mapped = mapped_field(definition) if definition else None
            if mapped is None or definition is None:
                raise NotMapped(name)
            root = _Root(key, mapped.kind, definition, nodes[0], nodes, variables=variables)
            selector = Selector(self.schema, prepared.fragments, variables)
            if isinstance(mapped.kind, mapping.RootPage):
                root.target = selector.page(key, None, mapped.kind.entity, definition, nodes, mapped.kind.default)
            elif isinstance(mapped.kind, mapping.RootCode):
                of = self.schema.get_type(next(iter(ENTITIES[mapped.kind.entity].types.values())))
                root.target = selector.select(mapped.kind.entity, of, nodes)
            else:
                # Every type an id can name must be mapped, or none is: decided now, not by the ids of a request.
                for typename in node_types(self.schema):
                    self._variant(root, typename, prepared.fragments)
            root.slots = selector.slots
            root.arguments = Arguments(definition, root.node)
            if is_constant(root.node):
                root.constant = root.arguments.values(_NONE)
            roots.append(root)
        return roots

    def _variant(self, root: _Root, typename: str, fragments: dict[str, FragmentDefinitionNode]) -> None:
        selector = Selector(self.schema, fragments, root.variables)
        select = selector.select(ENTITY_OF_TYPE[typename], self.schema.get_type(typename), root.nodes)
        root.variants[typename] = (select, selector.slots)

    # ---------------------------------------------------------------------------------------- compiled reads

    async def _compiled(self, roots: list[_Root], viewer: Viewer, variables: VariableValues) -> Outcome:
        codes = self.reader.codes
        pages: list[tuple[list[Any], dict[str, Any]]] = []
        try:
            for root in roots:
                if root.kind == "__typename":
                    pages.append(([], {}))
                    continue
                arguments = root.constant
                if arguments is None:
                    # The arguments of a page are those of its first slot, and checked there.
                    is_page = isinstance(root.kind, mapping.RootPage)
                    arguments = {} if is_page or not root.arguments else root.arguments.values(variables)
                _check_ids(root, arguments)
                slots = await resolved(root.slots, variables, codes) if root.slots else []
                for _, own in root.variants.values():
                    if own:
                        await resolved(own, variables, codes)
                pages.append((slots, arguments))
        except GraphQLError as error:
            return Outcome(refusal([error]), executed=False)
        data: dict[str, Any] = {}
        errors: list[GraphQLError] = []
        lost = False
        for root, (slots, arguments) in zip(roots, pages, strict=True):
            try:
                data[root.key] = await self._read(root, slots, arguments, viewer, variables)
            except Exception as error:
                errors.append(fault(error, root.node, [root.key]))
                if is_non_null_type(root.definition.type):
                    lost = True
                    break
                data[root.key] = None
        if errors:
            body = {"data": None if lost else data, "errors": [formatted(error) for error in errors]}
            return Outcome(orjson.dumps(body), executed=True)
        return Outcome(orjson.dumps({"data": data}), executed=True)

    async def _read(
        self, root: _Root, slots: list[Any], arguments: dict[str, Any], viewer: Viewer, variables: VariableValues
    ) -> Any:
        kind = root.kind
        if kind == "__typename":
            return "Query"
        reader = self.reader
        if isinstance(kind, mapping.RootPage):
            return await reader.page(root.target, viewer, slots)
        if isinstance(kind, mapping.RootCode):
            return await reader.one(root.target, viewer, slots, "code", arguments["code"])
        if isinstance(kind, mapping.RootNode):
            parsed = parse_id(arguments["id"])
            if parsed is None or parsed[0] not in root.variants:
                return None
            select, own = root.variants[parsed[0]]
            pages = await resolved(own, variables, reader.codes) if own else []
            return await reader.one(select, viewer, pages, "id", parsed[1])
        wanted = [parse_id(one) for one in arguments["ids"]]
        found: dict[tuple[str, int], Any] = {}
        for typename in dict.fromkeys(one[0] for one in wanted if one and one[0] in root.variants):
            select, own = root.variants[typename]
            pages = await resolved(own, variables, reader.codes) if own else []
            numbers = [one[1] for one in wanted if one and one[0] == typename]
            rows = await reader.by_ids(select, viewer, pages, numbers)
            found.update({(typename, number): row for number, row in rows.items()})
        return [found.get(one) if one else None for one in wanted]

    # ---------------------------------------------------------------------------------------- executed by Strawberry

    async def _executed(
        self,
        prepared: _Prepared,
        operation: OperationDefinitionNode,
        operation_name: str | None,
        raw: dict[str, Any] | None,
        coerced: VariableValues,
        viewer: Viewer,
    ) -> Outcome:
        try:
            # Before an act is done, every page its answer asks for is checked.
            await self.all_pages(prepared, operation).check(coerced, self.reader.codes)
        except GraphQLError as error:
            return Outcome(refusal([error]), executed=False)
        try:
            result = await self.execute(prepared.parsed.document, operation_name, raw, viewer)
        except Exception as error:
            return Outcome(refusal([fault(error, operation, None)]), executed=True)
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            body["errors"] = [formatted(told(error)) for error in result.errors]
        return Outcome(orjson.dumps(body), executed=True)

    async def execute(
        self, document: Any, operation_name: str | None, variables: Any, viewer: Viewer, root: Any = None
    ) -> ExecutionResult:
        """What Strawberry makes of an operation; of one event of a subscription where that is the root."""
        context = RequestContext(
            rows=ReaderRows(self.reader, viewer, self._selections),
            acts=Context(database=self.database, viewer=viewer, clock=self.clock),
        )
        answer: Any = execute(
            self.schema,
            document,
            root_value=root,
            context_value=context,
            variable_values=variables or {},
            operation_name=operation_name,
            hide_suggestions=True,
        )
        result: ExecutionResult = answer if isinstance(answer, ExecutionResult) else await answer
        return result

    def all_pages(self, prepared: _Prepared, operation: OperationDefinitionNode) -> Pages:
        name = operation.name.value if operation.name else ""
        if name not in prepared.pages:
            info = TypeInfo(self.schema)
            pages = Pages(info)
            for definition in (operation, *prepared.fragments.values()):
                visit(definition, TypeInfoVisitor(info, pages))
            prepared.pages[name] = pages
        return prepared.pages[name]


def _operation(prepared: _Prepared, name: str | None) -> OperationDefinitionNode:
    operations = prepared.operations
    if name is None and len(operations) == 1:
        return next(iter(operations.values()))
    found = operations.get(name) if name else None
    if found is None:
        if name is None:
            error = coded("OPERATION_NAME_NEEDED", "say which operation to run", "请指明要执行的操作名称")
        else:
            error = coded("UNKNOWN_OPERATION", "the document has no operation of that name", "文档中没有该名称的操作")
        raise Refused([error])
    return found


def _check_ids(root: _Root, arguments: dict[str, Any]) -> None:
    if isinstance(root.kind, mapping.RootNodes):
        refuse_many_ids(len(arguments["ids"]), root.node)
    code = arguments.get("code")
    if isinstance(root.kind, mapping.RootCode) and isinstance(code, str) and "\x00" in code:
        raise coded("BAD_TEXT", "code holds a NUL character", "代码含有空字符", nodes=root.node)
