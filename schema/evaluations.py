"""Standards loaded, evaluations scored and submitted, samples drawn, and what came of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry

from exchange.indicator_tree import GradeRecord, IndicatorRecord
from resolvers import evaluation_views, evaluations, indicators, samples
from schema import inputs
from schema.acting import act_of, plain
from schema.areas import Area
from schema.mapping import entries, entry, given, id_of, part, required
from schema.records import ENUMS, TYPES
from schema.results import Done, result

Info = strawberry.Info[Any, Any]
if TYPE_CHECKING:
    EvaluationStandard: TypeAlias = Any
    EvaluationSample: TypeAlias = Any
    Evaluation: TypeAlias = Any
    Indicator: TypeAlias = Any
    Station: TypeAlias = Any
    EvaluationKind: TypeAlias = Any
    StationTier: TypeAlias = Any
else:
    EvaluationStandard = TYPES["evaluation_standard"]
    EvaluationSample = TYPES["evaluation_sample"]
    Evaluation = TYPES["evaluation"]
    Indicator = TYPES["indicator"]
    Station = TYPES["station"]
    EvaluationKind = ENUMS["evaluation_kind"]
    StationTier = ENUMS["station_tier"]


def _argument(description: str) -> Any:
    return strawberry.argument(description=description)


# --------------------------------------------------------------------------------------------------- acts


@strawberry.input(description="An indicator of a tree to load. 评估指标。")
class IndicatorInput:
    code: str = required("Its code within the standard. 编号。")
    parent: str | None = given("Code of what it stands under; none on the first level. 上级编号。")
    title: str = required("What it is about. 指标名称。")
    weight: Decimal = required("Its share of the full score; those below it must sum to it. 分值。")
    level: int | None = given("On which level it is, 1 on top; checked where it is given. 级别。")
    evidence: str | None = given("What has to be shown where it is scored. 佐证材料要求。")
    scoring: str | None = given("How it is scored. 评分标准。")


@strawberry.input(description="A grade of a standard. 评估等级。")
class EvaluationGradeInput:
    name: str = required("Its name: 优, 良, 合格, 不合格. 等级。")
    least: Decimal = required("From how many points on; the lowest from 0. 最低分。")
    passes: bool = required("Whether who has it passed. 是否合格。")


@strawberry.input(description="A standard with its whole tree. 评估标准及其指标。")
class IndicatorsLoadInput:
    area: str = required("Where it holds, everything below included: area code. 适用地区代码。")
    code: str = required("Its code within the area. 编号。")
    title: str = required("Its title. 名称。")
    citation: str = required("The document that says so. 依据。")
    full_score: Decimal | None = given("What the whole is worth. 满分。", Decimal(100))
    from_on: date | None = strawberry.field(
        name="from", description="Since when it holds. 启用日期。", default=strawberry.UNSET
    )
    until_on: date | None = strawberry.field(
        name="until", description="Last day it holds. 停用日期。", default=strawberry.UNSET
    )
    grades: list[EvaluationGradeInput] | None = given("Its grades, if it has any. 等级。")
    rows: list[IndicatorInput] = required("All its indicators, at most 1000. 全部指标。")
    idempotency_key: str | None = inputs.key()


@strawberry.type(description="The standard is loaded. 评估标准已装入。")
class IndicatorsLoaded(Done):
    evaluation_standard: EvaluationStandard = entry(
        "evaluation_standard", "The standard: the same where nothing differs, a new version of one in use. 评估标准。"
    )


@strawberry.input(description="The points of one indicator. 一项得分。")
class IndicatorScoreInput:
    code: str = required("The indicator's code; nothing stands below it. 指标编号。")
    points: Decimal | None = given("From 0 to its weight; none takes back the points it has. 得分。")
    evidence: str | None = given("What was shown; required where the indicator asks for it. 佐证材料。")


@strawberry.input(description="Points of an evaluation. 评分。")
class EvaluationScoreInput:
    id: strawberry.ID = required("Which evaluation. 评估编号。")
    scores: list[IndicatorScoreInput] = required("Points by indicator; those not named keep theirs. 各项得分。")
    idempotency_key: str | None = inputs.key()


@strawberry.type(description="The points are given. 已评分。")
class EvaluationScored(Done):
    evaluation: Evaluation = entry("evaluation", "The evaluation. 评估。")


@strawberry.type(description="Score and grade stand. 评估已提交。")
class EvaluationSubmitted(Done):
    evaluation: Evaluation = entry("evaluation", "The evaluation. 评估。")


@strawberry.input(description="A submission to take back. 退回评估。")
class EvaluationReopenInput:
    id: strawberry.ID = required("Its id. 编号。")
    reason: str = required("Why. 原因。")
    idempotency_key: str | None = inputs.key()


@strawberry.type(description="The evaluation can be scored again. 评估已退回。")
class EvaluationReopened(Done):
    evaluation: Evaluation = entry("evaluation", "The evaluation. 评估。")


@strawberry.input(description="A sample to draw. 抽取样本。")
class SampleDrawInput:
    area: str = required("Area code, everything below it included. 区划代码(含下级)。")
    year: int = required("For which year. 年度。")
    share: Decimal | None = given("This share of the stations, above 0 and at most 1; rounded up. 抽查比例。")
    count: int | None = given("So many stations. 抽查站数。")
    all: bool | None = given("All of them. 是否全面检查。", False)
    tiers: list[StationTier] | None = given("Of these tiers; none: STATION. 层级。")
    seed: str | None = given("Drawn with this; left out, one is made that nobody could choose. 随机种子。")
    reason: str | None = given("Why another is drawn; required after the first of an area and year. 重抽原因。")
    idempotency_key: str | None = inputs.key()


@strawberry.type(description="The sample is drawn; it can be drawn again by anybody. 样本已抽取。")
class SampleDrawn(Done):
    evaluation_sample: EvaluationSample = entry("evaluation_sample", "The sample with its seed and frame. 样本。")


@strawberry.type(description="Acts on evaluations. 评估办理。")
class EvaluationActs:
    @strawberry.field(
        description="Load a standard of evaluation; refused as a whole where its tree does not add up. 装入评估标准。"
    )
    async def indicators_load(
        self, info: Info, input: Annotated[IndicatorsLoadInput, _argument("The standard. 评估标准。")]
    ) -> result("IndicatorsLoadResult", IndicatorsLoaded):  # type: ignore[valid-type]
        values = plain(input)
        values["rows"] = [IndicatorRecord(**plain(one)) for one in input.rows]
        values["grades"] = [GradeRecord(**plain(one)) for one in values["grades"] or ()]
        return await act_of(IndicatorsLoaded, indicators.load, info.context.acts, **values)

    @strawberry.field(description="Give indicators of an evaluation their points. 评分。")
    async def evaluation_score(
        self, info: Info, input: Annotated[EvaluationScoreInput, _argument("The points. 得分。")]
    ) -> result("EvaluationScoreResult", EvaluationScored):  # type: ignore[valid-type]
        scores = [evaluations.Points(**plain(one)) for one in input.scores]
        return await act_of(
            EvaluationScored,
            evaluations.score,
            info.context.acts,
            id_of(input.id, "Evaluation"),
            scores=scores,
            idempotency_key=plain(input)["idempotency_key"],
        )

    @strawberry.field(
        description="Submit an evaluation: every indicator is scored; self first, then third party. 提交评估。"
    )
    async def evaluation_submit(
        self,
        info: Info,
        id: Annotated[strawberry.ID, _argument("Its id. 编号。")],
        idempotency_key: Annotated[str | None, _argument(inputs.KEY)] = None,
    ) -> result("EvaluationSubmitResult", EvaluationSubmitted):  # type: ignore[valid-type]
        number = id_of(id, "Evaluation")
        return await act_of(
            EvaluationSubmitted, evaluations.submit, info.context.acts, number, idempotency_key=idempotency_key
        )

    @strawberry.field(description="Take a submission back to mend mistaken points. 退回已提交的评估。")
    async def evaluation_reopen(
        self, info: Info, input: Annotated[EvaluationReopenInput, _argument("Which, and why. 内容。")]
    ) -> result("EvaluationReopenResult", EvaluationReopened):  # type: ignore[valid-type]
        values = plain(input)
        number = id_of(values.pop("id"), "Evaluation")
        return await act_of(EvaluationReopened, evaluations.reopen, info.context.acts, number, **values)

    @strawberry.field(description="Draw a sample of stations for inspection. 抽取检查样本。")
    async def sample_draw(
        self, info: Info, input: Annotated[SampleDrawInput, _argument("Where from, and how many. 内容。")]
    ) -> result("SampleDrawResult", SampleDrawn):  # type: ignore[valid-type]
        values = plain(input)
        values["everything"] = values.pop("all")
        if values["tiers"] is not None:
            values["tiers"] = [one.name for one in values["tiers"]]
        return await act_of(SampleDrawn, samples.sample_draw, info.context.acts, **values)


# ---------------------------------------------------------------------------------------------- questions


@strawberry.type(description="An indicator with its points. 评分表的一行。")
class EvaluationLine:
    indicator: Indicator = entry("indicator", "The indicator. 指标。", "indicator_id")
    weight: Decimal = part("Its share of the full score. 分值。", "weight")
    points: Decimal | None = part(
        "Its points, null where it is not scored yet; above, the sum of those below it. 得分。", "points"
    )


async def _sheet(info: Info, id: Annotated[strawberry.ID, _argument("Its id. 编号。")]) -> list[EvaluationLine]:
    found = await evaluation_views.sheet(info.context.acts, id_of(id, "Evaluation"))
    return found  # type: ignore[return-value]


@strawberry.type(description="An indicator that two evaluations scored differently. 两次评估得分不同的指标。")
class IndicatorDifference:
    indicator: Indicator = entry("indicator", "The indicator. 指标。", "indicator_id")
    first: Decimal = part("Points in the first. 前者得分。", "first")
    second: Decimal = part("Points in the second. 后者得分。", "second")
    difference: Decimal = part("The second less the first. 差值。", "difference")


@strawberry.type(description="Two evaluations of a station by one standard. 同一站点两次评估的差异。")
class EvaluationDifference:
    station: Station = entry("station", "The station. 社工站。", "station_id")
    first_evaluation: Evaluation = entry("evaluation", "The first. 前者。", "first_id")
    second_evaluation: Evaluation = entry("evaluation", "The second. 后者。", "second_id")
    first: Decimal = part("Its score. 前者得分。", "first")
    second: Decimal = part("Its score. 后者得分。", "second")
    difference: Decimal = part("The second less the first. 差值。", "difference")
    indicators: list[IndicatorDifference] = part("Where they differ. 得分不同的指标。", "leaves")


async def _differences(
    info: Info,
    area: Annotated[str, _argument("Area code, everything below it included. 区划代码(含下级)。")],
    year: Annotated[int, _argument("For which year. 年度。")],
    first: Annotated[EvaluationKind | None, _argument("The first kind; null: SELF. 前者。")] = None,
    second: Annotated[EvaluationKind | None, _argument("The second kind; null: THIRD_PARTY. 后者。")] = None,
) -> list[EvaluationDifference]:
    kinds = (first.name if first else "SELF", second.name if second else "THIRD_PARTY")
    found = await evaluation_views.differences(info.context.acts, area, year, *kinds)
    return found  # type: ignore[return-value]


@strawberry.type(description="Whether the stations of an area passed for a year. 一地社工站年度评估是否合格。")
class EvaluationPassing:
    area: Area = entry("area", "Where, everything below it included. 地区(含下级)。", "area_id")
    passed: bool = part(
        "Every station that works at the year's end passed the last evaluation of its chain after the "
        "self-evaluation; false where there is no station. 是否全部合格。",
        "passed",
    )
    stations: int = part("Stations that work at the year's end. 社工站数。", "stations")
    passing: int = part("Of them, how many passed. 合格站数。", "passing")
    failed: list[Station] = entries("station", "Those that did not. 不合格的站。", "failed_ids")
    missing: list[Station] = entries(
        "station", "Those that were not evaluated but by themselves. 尚未评估的站。", "missing_ids"
    )


async def _passed(
    info: Info,
    area: Annotated[str, _argument("Area code, everything below it included. 区划代码(含下级)。")],
    year: Annotated[int, _argument("For which year. 年度。")],
) -> EvaluationPassing:
    return await evaluations.passing(info.context.acts, area, year)  # type: ignore[return-value]


@strawberry.type(description="Questions about evaluations. 评估查询。")
class EvaluationQueries:
    evaluation_sheet: list[EvaluationLine] = strawberry.field(
        resolver=_sheet, description="The score sheet of an evaluation, parents before children. 评分表。"
    )
    evaluation_differences: list[EvaluationDifference] = strawberry.field(
        resolver=_differences,
        description="Where self-evaluation and third party differ, the furthest apart first. 自评与第三方评估的差异。",
    )
    evaluation_passed: EvaluationPassing = strawberry.field(
        resolver=_passed, description="Whether the stations of an area passed for a year. 年度评估是否合格。"
    )
