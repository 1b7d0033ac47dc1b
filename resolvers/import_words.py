"""How lists write names: offices and endings, words for a whole area, what a provider's name gives away."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from resolvers.checks import Problems

_OFFICES = ("社区居民委员会", "居民委员会", "村民委员会", "社区居委会", "居委会", "村委会", "委员会")
_ENDINGS = ("镇", "乡", "街道", "村", "社区", "县", "区", "市", "省", "街道办事处")
COUNTY_WIDE = frozenset({"全县", "全县域", "全域", "县域", "本县", "全区", "本区", "县内", "全县范围"})
CITY_WIDE = frozenset({"全市", "本市", "市内"})
TOWN_WIDE = frozenset({"全镇", "全乡", "本镇", "本乡", "全街道", "本街道", "全乡镇", "本乡镇", "本辖区"})
NATION_WIDE = frozenset({"全国", "全国各地", "全国范围"})
WHOLE = COUNTY_WIDE | CITY_WIDE | TOWN_WIDE | NATION_WIDE

#: What a provider that is not registered yet must be, by how its name ends or what it holds. Longest word first.
_KINDS: tuple[tuple[str, str], ...] = (
    ("志愿服务总队", "VOLUNTEER"),
    ("志愿服务队", "VOLUNTEER"),
    ("志愿者", "VOLUNTEER"),
    ("服务队", "VOLUNTEER"),
    ("志愿队", "VOLUNTEER"),
    ("义工队", "VOLUNTEER"),
    ("合作社", "DONOR_FIRM"),
    ("公益金", "FUND"),
    ("慈善总会", "ORGANIZATION"),
    ("基金会", "ORGANIZATION"),
    ("促进会", "ORGANIZATION"),
    ("联合会", "ORGANIZATION"),
    ("服务社", "ORGANIZATION"),
    ("社工站", "ORGANIZATION"),
    ("公司", "DONOR_FIRM"),
    ("集团", "DONOR_FIRM"),
    ("企业", "DONOR_FIRM"),
    ("商行", "DONOR_FIRM"),
    ("超市", "DONOR_FIRM"),
    ("银行", "DONOR_FIRM"),
    ("协会", "ORGANIZATION"),
    ("学会", "ORGANIZATION"),
    ("商会", "ORGANIZATION"),
    ("中心", "ORGANIZATION"),
    ("机构", "ORGANIZATION"),
    ("医院", "ORGANIZATION"),
    ("学校", "ORGANIZATION"),
    ("基金", "FUND"),
    ("资金", "FUND"),
    ("经费", "FUND"),
    ("厂", "DONOR_FIRM"),
    ("店", "DONOR_FIRM"),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a name leads nowhere."""

    code: str
    text_zh: str
    text_en: str
    #: The record's field that names it, where that is known.
    field: str | None = None


def credit_code(text: str | None) -> str | None:
    """In its compact upper-case form; a wrong one too, so that it can be told."""
    return Problems().credit_code("creditCode", text)


def typed(text: str) -> str:
    """A title or name as the acts store it; whether it may be stored at all they say."""
    return Problems().text("name", text)


def kind_by_name(name: str) -> str | None:
    """The kind that a provider's name gives away, None where it does not."""
    found = [(name.rfind(word) + len(word), len(word), kind) for word, kind in _KINDS if word in name]
    return max(found)[2] if found else None


def plain(text: str) -> str:
    """Half width, without white space and without the office behind a village's name."""
    text = "".join(unicodedata.normalize("NFKC", text).split())
    for office in _OFFICES:
        if text.endswith(office) and len(text) > len(office):
            base = text.removesuffix(office)
            return base + "社区" if office.startswith("社区") else base
    return text


def spellings_of(text: str) -> list[str]:
    given = plain(text)
    return [text.strip(), given, *(given + ending for ending in _ENDINGS)]


def is_relative(text: str) -> bool:
    return plain(text) in WHOLE
