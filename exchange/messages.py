"""Every code this room can say, with its 中文 and English text, in one table."""

from __future__ import annotations

from exchange.errors import Unreadable
from exchange.records import Fault, Place

#: Longest excerpt of a user's text in a message: a cell may hold a megabyte.
EXCERPT = 40

#: A file that is refused as a whole.
REFUSALS: dict[str, tuple[str, str]] = {
    "not_found": ("找不到文件或无法打开", "the file is missing or cannot be opened"),
    "empty": ("文件里没有内容", "the file has no content"),
    "encrypted": (
        "工作簿设有打开密码,请先在 Excel 中取消密码后再导入",
        "the workbook is encrypted; remove its password in Excel and import again",
    ),
    "old_workbook": (
        "这是旧版 .xls(或 .et)格式,请在 Excel 或 WPS 中另存为 .xlsx",
        "this is the old .xls (or .et) format; save it as .xlsx in Excel or WPS",
    ),
    "not_a_workbook": (
        "文件已损坏或不是 .xlsx 工作簿,请在 Excel 中打开后另存为 .xlsx",
        "the file is damaged or is not an .xlsx workbook; open it in Excel and save it as .xlsx",
    ),
    "unknown_format": (
        "无法识别的文件格式;可导入 .xlsx、.csv、HSDS 的 .json 与 CSV 包",
        "unknown kind of file; .xlsx, .csv, HSDS .json and HSDS CSV packages can be imported",
    ),
    "too_large": ("文件展开后超过 {limit} MB,请拆分后导入", "the file unpacks to more than {limit} MB; split it"),
    "too_many_rows": (
        "{sheet}超过 {limit} 行,请拆分成几个文件导入",
        "{sheet}has more than {limit} rows; split it into several files",
    ),
    "encoding": ("文字编码既不是 UTF-8 也不是 GB18030", "the text is neither UTF-8 nor GB18030"),
    "broken_csv": (
        "第 {line} 行附近引号不配对,无法分清各列",
        "the quotes near line {line} do not pair up, so columns cannot be told apart",
    ),
    "no_heading": (
        "没有认出表头。最接近的是{kind}(第 {row} 行:{found}),还缺:{missing}",
        "no heading was recognised. Nearest: {kind_en} (row {row}: {found}); missing: {missing_en}",
    ),
    "no_heading_at_all": (
        "没有认出表头。需求清单至少要有:需求名称、村(社区)、数量;资源清单:资源名称、提供方、可提供数量;组织名录:组织名称、组织类别",
        "no heading was recognised. A needs list has at least title, community, quantity; a resource list title, "
        "provider, capacity; a party list name, kind",
    ),
    "not_json": ("不是有效的 JSON(第 {line} 行)", "not valid JSON (line {line})"),
    "not_hsds": (
        "JSON 不是 HSDS 3.0 的服务或组织({missing})",
        "the JSON holds no HSDS 3.0 services or organizations ({missing})",
    ),
    "broken_package": ("HSDS 数据包缺少 {missing}", "the HSDS package lacks {missing}"),
}

#: A row that cannot be taken (or, the last ones, a sheet).
FAULTS: dict[str, tuple[str, str]] = {
    "missing": ("缺少{field}", "{field_en} is missing"),
    "text_too_long": ("{field}超过 {limit} 字:{value}", "{field_en} is longer than {limit} characters: {value}"),
    "list_too_long": ("{field}超过 {limit} 项", "{field_en} has more than {limit} entries"),
    "not_a_number": ("{field}不是数量:{value}", "{field_en} is not a quantity: {value}"),
    "vague": (
        "{field}说不准,请写一个确定的整数:{value}",
        "{field_en} is vague, write one whole number: {value}",
    ),
    "negative": ("{field}不能是负数:{value}", "{field_en} is negative: {value}"),
    "zero": ("{field}不能是 0", "{field_en} is zero"),
    "fractional": ("{field}不是整数:{value}", "{field_en} is not a whole number: {value}"),
    "out_of_range": ("{field}过大(最大 2147483647):{value}", "{field_en} is over 2147483647: {value}"),
    "unit_conflict": (
        "单元格里的单位“{value}”与单位栏“{other}”不一致",
        "the unit in the cell ({value}) is not the unit of the column ({other})",
    ),
    "merged_quantity": (
        "{field}合并了多行,不知每行各是多少,请分别填写",
        "{field_en} is one merged cell over several rows; write the amount of each row",
    ),
    "not_a_date": ("{field}不是日期:{value}", "{field_en} is not a date: {value}"),
    "ambiguous_date": (
        "{field}有多种理解,请写成 2026-12-01 的样子:{value}",
        "{field_en} can be read in several ways, write it like 2026-12-01: {value}",
    ),
    "end_before_start": ("{field}早于开始日期", "{field_en} is before the start"),
    "maximum_under_minimum": ("每户最多小于每户最少", "the maximum per need is under the minimum"),
    "not_yes_or_no": ("{field}应填“是”或“否”:{value}", "{field_en} is yes or no, not {value}"),
    "unknown_priority": (
        "不认识的紧急程度:{value};可填 一般、较急、紧急、特急",
        "unknown priority: {value}; write ROUTINE, URGENT, ASAP or STAT",
    ),
    "unknown_kind": ("不认识的组织类别:{value};可填 {allowed}", "unknown kind of party: {value}; one of {allowed}"),
    "damaged_number": (
        "{field}被 Excel 当作数字,末几位已丢失,请按文本重新填写:{value}",
        "{field_en} was turned into a number and lost its last digits; enter it again as text: {value}",
    ),
    "cell_error": ("单元格是错误值 {value}", "the cell holds the error {value}"),
    "formula_not_calculated": (
        "公式没有计算结果,请在 Excel 中打开并保存一次",
        "the formula has no stored result; open and save the workbook in Excel once",
    ),
    "hsds_missing": ("HSDS 服务缺少必填项 {field}", "required HSDS field {field} is missing"),
    "hsds_wrong_type": ("HSDS 的 {field} 类型不对", "HSDS field {field} has the wrong type"),
    "hsds_unknown_status": ("不认识的 HSDS 状态:{value}", "unknown HSDS status: {value}"),
    "hsds_no_organization": ("服务没有所属组织", "the service names no organization of this file"),
    "hsds_broken_link": ("{field} 指向不存在的记录:{value}", "{field} points to a record that is not there: {value}"),
    "sheet_not_recognised": ("工作表未认出表头,没有导入", "the sheet has no recognised heading and was not taken"),
    "sheet_heading_incomplete": (
        "工作表像是{kind},但表头(第 {row} 行)缺:{missing};没有导入",
        "the sheet looks like {kind_en}, but its heading (row {row}) lacks: {missing_en}; it was not taken",
    ),
}

#: What is said although nothing is wrong with a row.
NOTICES: dict[str, tuple[str, str]] = {
    "total_row": ("合计行,不作为一条记录", "a total row, not taken as a record"),
    "note_row": ("说明行,不作为一条记录:{value}", "a note, not taken as a record: {value}"),
    "heading_repeated": ("重复的表头行", "the heading repeated"),
    "column_not_used": ("没有用到的列:{value}", "column not used: {value}"),
    "column_twice": ("{field}有两列,只用前一列;未用:{value}", "two columns for {field_en}; not used: {value}"),
    "columns_cut": ("第 {limit} 列以后的内容没有读取", "content beyond column {limit} was not read"),
    "sheet_hidden": (
        "隐藏的工作表没有导入;需要导入请先取消隐藏",
        "a hidden sheet was not taken; unhide it to import it",
    ),
    "sheet_empty": ("空工作表", "an empty sheet"),
    "hsds_not_active": ("状态为 {value},没有导入", "status {value}, not taken"),
    "hsds_no_capacity": ("已无余量(容量为 0),没有导入", "no capacity left (0), not taken"),
    "hsds_more_capacities": ("服务有多种容量,只用第一种", "the service has several capacities; the first is used"),
    "hsds_capacity_assumed": ("没有写明容量,按 1 计", "no capacity is stated; taken as 1"),
    "hsds_more_pages": ("这是多页清单中的一页(共 {value} 页)", "this is one page of a list of {value} pages"),
}


def shorten(value: object) -> str:
    """`value` as one line of at most EXCERPT characters."""
    text = value if isinstance(value, str) else str(value)
    text = " ".join(text[: EXCERPT * 4].split())
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"


def refusal(code: str, **values: object) -> Unreadable:
    """The exception for a code of REFUSALS."""
    zh, en = REFUSALS[code]
    return Unreadable(code.upper(), zh.format(**values), en.format(**values))


def fault(place: Place, code: str, original: tuple[str, ...] = (), **values: object) -> Fault:
    """A Fault for a code of FAULTS or NOTICES; `value` and `other` are shortened to an excerpt."""
    zh, en = FAULTS[code] if code in FAULTS else NOTICES[code]
    for name in ("value", "other"):
        if name in values:
            values[name] = shorten(values[name])
    return Fault(place, code.upper(), zh.format(**values), en.format(**values), original)
