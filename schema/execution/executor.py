"""Runs an operation: mapped reads and acts made ready once, everything else by Strawberry; one answer as bytes.

A document is parsed, measured and validated once. A query of mapped fields only is compiled (`reading`), a mutation
whose answers are mapped is prepared (`acting`). Introspection and operations with a computed field are executed by
graphql-core on the Strawberry schema, reading rows through the same reader.
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
    specified_rules,
    validate,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import visit
from graphql.utilities import TypeInfo, TypeInfoVisitor

from db.database import Database
from db.reader import Reader
from db.viewer import Viewer
from resolvers.context import Context, utc_now
from schema.contract import CONTRACT
from schema.execution import acting, reading
from schema.execution.errors import fault, formatted, refusal, told, with_code
from schema.execution.limits import Limits, check_cost, coded
from schema.execution.pages import (
    Pages,
    coerced_plainly,
    plain_variables,
)
from schema.execution.parsing import LONGEST_KEPT, Documents, Parsed, Refused
from schema.execution.rows import ReaderRows, Selections
from schema.execution.selecting import NotMapped, Selector, shape_variables
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
class _Prepared:
    """A validated document and what has been made of it."""

    parsed: Parsed
    fragments: dict[str, FragmentDefinitionNode]
    operations: dict[str, OperationDefinitionNode]
    #: (operation, values of shape variables) -> roots or acts, or None where Strawberry executes.
    plans: dict[tuple[Any, ...], Any] = field(default_factory=dict)
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
        try:
            if operation.operation is OperationType.QUERY:
                roots = self._ready(prepared, operation, coerced, reading, self.schema.query_type)
                if roots is not None:
                    return _told(*await reading.answered(roots, self.reader, viewer, coerced))
            elif (acts := self._acts(prepared, operation, coerced)) is not None:
                context = Context(database=self.database, viewer=viewer, clock=self.clock)
                info = acting.Info(RequestContext(None, context))
                return _told(*await acting.answered(acts, self.reader, viewer, info, coerced))
        except GraphQLError as error:
            return Outcome(refusal([error]), executed=False)
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

    def _ready(
        self, prepared: _Prepared, operation: OperationDefinitionNode, coerced: VariableValues, how: Any, root: Any
    ) -> Any:
        """A query (`how`: reading) or mutation (acting) made ready; None where it holds a computed field."""
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
            shown = {one: values.get(one, "ZH") for one in shape}
            try:
                fields = Selector(self.schema, prepared.fragments, shown).collect(root, [operation.selection_set])
                prepared.plans[key] = how.prepare(self.schema, prepared.fragments, shown, fields)
            except NotMapped:
                prepared.plans[key] = None
        return prepared.plans[key]

    def _acts(self, prepared: _Prepared, operation: OperationDefinitionNode, coerced: VariableValues) -> Any:
        return self._ready(prepared, operation, coerced, acting, self.schema.mutation_type)

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


def _told(data: dict[str, Any] | None, errors: list[GraphQLError]) -> Outcome:
    if not errors:
        return Outcome(orjson.dumps({"data": data}), executed=True)
    return Outcome(orjson.dumps({"data": data, "errors": [formatted(error) for error in errors]}), executed=True)


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
