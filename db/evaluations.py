"""Evaluation: standards with their tree of indicators, evaluations and their points, samples drawn for inspection."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from db.records import Kind, Record, codes, day, decimal, flag, one_of, text, to, whole

EVALUATION_KIND = codes(
    "evaluation_kind",
    "EvaluationKind",
    "Who evaluates, in the order of the chain. 评估类别。",
    SELF=("By the station or who runs it, at the end of the year.", "自评"),
    THIRD_PARTY=("By somebody independent.", "第三方评估"),
    INSPECTION=("By the city: of a sample, or of all.", "抽查"),
)
EVALUATION_STATUS = codes(
    "evaluation_status",
    "EvaluationStatus",
    "How far an evaluation is. 评估状态。",
    DRAFT=("Points can be given and changed.", "评分中"),
    SUBMITTED=("Score and grade stand.", "已提交"),
)


class EvaluationStandardRow(Record):
    """A standard by which stations are evaluated. Loaded as a whole; another load of its code is a new version."""

    __tablename__ = "evaluation_standard"
    record = Kind(
        "EvaluationStandard",
        "evaluationStandards",
        "评估标准",
        "evaluation standard",
        seen="PUBLIC",
        search="title",
        on="from_on",
        until="until_on",
        key=("code", "version"),
        saved=False,
    )

    code: Mapped[str] = text("Its code within the area. 编号。", fixed=True)
    version: Mapped[int] = whole("Which version, from 1. 版本。", least=1, fixed=True)
    title: Mapped[str] = text("Its title. 名称。", fixed=True)
    full_score: Mapped[Decimal] = decimal("What the whole is worth. 满分。", fixed=True)
    levels: Mapped[int] = whole("How many levels its tree has. 指标级数。", least=1, fixed=True)
    leaves: Mapped[int] = whole("How many indicators are scored. 末级指标数。", least=1, fixed=True)
    from_on: Mapped[date | None] = day("Since when it holds. 启用日期。", optional=True, fixed=True)
    until_on: Mapped[date | None] = day("Last day it holds. 停用日期。", optional=True, fixed=True)
    citation: Mapped[str] = text("The document that says so. 依据。", fixed=True)
    #: SHA-256 of what was loaded: the same list again is not another version.
    digest: Mapped[str] = text("SHA-256 of what was loaded. 内容摘要。", fixed=True)


class EvaluationGradeRow(Record):
    """A grade of a standard, from how many points on."""

    __tablename__ = "evaluation_grade"
    record = Kind(
        "EvaluationGrade",
        "evaluationGrades",
        "评估等级",
        "grade of a standard",
        seen="PUBLIC",
        under="standard_id",
        key=("name",),
        order=(("least", True), ("id", False)),
        saved=False,
    )

    standard_id: Mapped[int] = to("evaluation_standard", "Of which standard. 评估标准。", back="grades", fixed=True)
    name: Mapped[str] = text("Its name. 等级。", fixed=True)
    least: Mapped[Decimal] = decimal("From how many points on. 最低分。", fixed=True)
    passes: Mapped[bool] = flag("Whether who has it passed. 是否合格。", fixed=True)


class IndicatorRow(Record):
    """An indicator of a standard. One without any below it is scored."""

    __tablename__ = "indicator"
    record = Kind(
        "Indicator",
        "indicators",
        "评估指标",
        "indicator",
        seen="PUBLIC",
        under="standard_id",
        search="title",
        key=("code",),
        order=(("position", False), ("id", False)),
        saved=False,
    )

    standard_id: Mapped[int] = to("evaluation_standard", "Of which standard. 评估标准。", back="indicators", fixed=True)
    parent_id: Mapped[int | None] = to(
        "indicator", "What it stands under. 上级指标。", optional=True, back="children", fixed=True
    )
    code: Mapped[str] = text("Its code within the standard. 编号。", fixed=True)
    title: Mapped[str] = text("What it is about. 指标名称。", fixed=True)
    weight: Mapped[Decimal] = decimal("Its share of the full score. 分值。", fixed=True)
    level: Mapped[int] = whole("On which level, 1 on top. 级别。", least=1, fixed=True)
    position: Mapped[int] = whole("Its place in the list, parents before children. 顺序。", fixed=True)
    leaf: Mapped[bool] = flag("Whether it is scored: nothing stands below it. 是否末级指标。", fixed=True)
    evidence: Mapped[str | None] = text(
        "What has to be shown where it is scored; null: nothing. 佐证材料要求。", prose=True, optional=True, fixed=True
    )
    scoring: Mapped[str | None] = text("How it is scored. 评分标准。", prose=True, optional=True, fixed=True)


class EvaluationSampleRow(Record):
    """A sample of stations, drawn so that a stranger can draw it again from seed, frame and algorithm."""

    __tablename__ = "evaluation_sample"
    record = Kind(
        "EvaluationSample",
        "evaluationSamples",
        "抽查样本",
        "sample of stations",
        seen="PUBLIC",
        key=("year", "number"),
        saved=False,
    )

    year: Mapped[int] = whole("For which year. 年度。", least=2000, fixed=True)
    number: Mapped[int] = whole("Which drawing of the area and year, from 1. 第几次抽取。", least=1, fixed=True)
    seed: Mapped[str] = text("What it was drawn with. 随机种子。", fixed=True)
    seed_given: Mapped[bool] = flag("Somebody chose the seed; else it was made. 种子是否由人指定。", fixed=True)
    algorithm: Mapped[str] = text("How it was drawn (docs/evaluation.md). 抽取算法。", fixed=True)
    share: Mapped[Decimal | None] = decimal("Which share was asked for. 抽查比例。", optional=True, fixed=True)
    frame_size: Mapped[int] = whole("How many stations it was drawn from. 总体站数。", fixed=True)
    drawn_count: Mapped[int] = whole("How many were drawn. 抽中站数。", fixed=True)
    drawn_on: Mapped[date] = day("On which day. 抽取日期。", fixed=True)
    reason: Mapped[str | None] = text("Why another was drawn after the first. 重抽原因。", optional=True, fixed=True)


class SampleMemberRow(Record):
    """A station of the frame a sample was drawn from."""

    __tablename__ = "sample_member"
    record = Kind(
        "SampleMember",
        "sampleMembers",
        "抽查总体中的站点",
        "station of a frame",
        seen="PUBLIC",
        under="sample_id",
        key=("station_id",),
        order=(("place", False), ("id", False)),
        saved=False,
    )

    sample_id: Mapped[int] = to("evaluation_sample", "Of which sample. 样本。", back="members", fixed=True)
    station_id: Mapped[int] = to("station", "The station. 社工站。", fixed=True)
    hash: Mapped[str] = text("SHA-256 it was sorted by. 排序用的摘要。", fixed=True)
    place: Mapped[int] = whole("Its place in that order, from 1. 名次。", least=1, fixed=True)
    drawn: Mapped[bool] = flag("Whether it was drawn. 是否抽中。", fixed=True)


class EvaluationRow(Record):
    """An evaluation of a station by a standard, for a year."""

    __tablename__ = "evaluation"
    record = Kind(
        "Evaluation",
        "evaluations",
        "评估",
        "evaluation",
        seen="PARTY",
        under="station_id",
        on="done_on",
        key=("year", "kind"),
        order=(("done_on", True), ("id", True)),
        args=(
            CheckConstraint("(status = 'SUBMITTED') = (score IS NOT NULL)", name="scored_when_submitted"),
            CheckConstraint("evaluator_id IS NOT NULL OR evaluator_name IS NOT NULL", name="somebody"),
        ),
    )

    station_id: Mapped[int] = to("station", "Of which station. 社工站。", back="evaluations")
    standard_id: Mapped[int] = to("evaluation_standard", "By which standard. 评估标准。")
    year: Mapped[int] = whole("For which year. 年度。", least=2000)
    kind: Mapped[str] = one_of(EVALUATION_KIND, "Who evaluates. 评估类别。")
    evaluator_id: Mapped[int | None] = to(
        "party", "Who evaluates, where registered here. 评估方。", optional=True, of=("ORGANIZATION", "SOCIAL_WORKER")
    )
    evaluator_name: Mapped[str | None] = text("Who evaluates, in words. 评估方名称。", optional=True)
    done_on: Mapped[date] = day("On which day. 评估日期。")
    status: Mapped[str] = one_of(EVALUATION_STATUS, "How far it is. 状态。", default="DRAFT", fixed=True)
    score: Mapped[Decimal | None] = decimal("The sum of all points, once submitted. 得分。", optional=True, fixed=True)
    grade_id: Mapped[int | None] = to(
        "evaluation_grade", "Its grade, where the standard has grades. 等级。", optional=True, fixed=True
    )
    submitted_on: Mapped[date | None] = day("When it was submitted. 提交日期。", optional=True, fixed=True)


class IndicatorScoreRow(Record):
    """The points of one leaf in one evaluation."""

    __tablename__ = "indicator_score"
    record = Kind(
        "IndicatorScore",
        "indicatorScores",
        "指标得分",
        "points of an indicator",
        seen="PARTY",
        under="evaluation_id",
        key=("indicator_id",),
        order=(("indicator_id", False), ("id", False)),
        saved=False,
    )

    evaluation_id: Mapped[int] = to("evaluation", "In which evaluation. 评估。", back="scores", fixed=True)
    indicator_id: Mapped[int] = to("indicator", "Of which indicator. 指标。", fixed=True)
    points: Mapped[Decimal] = decimal("Points, from 0 to its weight. 得分。", fixed=True)
    evidence: Mapped[str | None] = text("What was shown. 佐证材料。", prose=True, optional=True, fixed=True)
    #: The evaluation's, so that who evaluates sees the points it gave.
    evaluator_id: Mapped[int | None] = to("party", "Who evaluates. 评估方。", optional=True, fixed=True)
