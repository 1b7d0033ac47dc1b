"""Names of stations: a form with places for county, township and village, and what is wrong with a name.

{county}{township}社会工作站     ->     沙洋县五里铺镇社会工作站
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

PLACES: Mapping[str, tuple[str, str]] = {
    "county": ("县(市、区)名", "name of the county"),
    "township": ("乡镇(街道)名", "name of the township or street"),
    "village": ("村(社区)名", "name of the village or community"),
}
#: How a place is recognised whose name is not known, by what such names end with.
_ENDINGS = {
    "county": "(?:自治县|自治旗|林区|特区|新区|县|市|区|旗)",
    "township": "(?:街道办事处|街道|民族乡|苏木|镇|乡)",
    "village": "(?:社区|村|嘎查|居委会)",
}
_PLACE = re.compile(r"\{([a-z]+)\}")
#: Ways in which the ending is shortened.
_SHORT = {
    "社会工作站": ("社工站", "社工服务站"),
    "社会工作室": ("社工室",),
    "社会工作服务中心": ("社工服务中心", "社工中心"),
}

Fault = tuple[str, str]


def folded(text: str) -> str:
    """Half width, without white space: as names are compared."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def usable(form: str) -> bool:
    """Whether a form holds some text of its own, and places that there are."""
    return all(place in PLACES for place in _PLACE.findall(form)) and bool(_PLACE.sub("", form).strip("{} "))


def wanted(form: str, places: Mapping[str, str]) -> str:
    """The name a form asks for; ×× stands where a place is not known.

    >>> wanted("{county}{township}社会工作站", {"county": "沙洋县", "township": "五里铺镇"})
    '沙洋县五里铺镇社会工作站'
    """
    return _PLACE.sub(lambda found: places.get(found[1], "××" + PLACES[found[1]][0].removesuffix("名")), form)


def faults(form: str, name: str, places: Mapping[str, str]) -> list[Fault]:
    """What is wrong with a name, (中文, English), the name that is asked for last; empty for one that is right.

    `places` holds the names that are known, by county, township, village. White space and width do not matter.
    """
    given = folded(name)
    if re.fullmatch(_pattern(form, places), given):
        return []
    found: list[Fault] = []
    for place in _PLACE.findall(form):
        known = places.get(place)
        zh, en = PLACES[place]
        if known is not None and folded(known) not in given:
            found.append((f"缺少{zh}“{known}”", f"the {en} “{known}” is missing"))
        elif known is None and not re.search(f".{_ENDINGS[place]}", given):
            found.append((f"缺少{zh}", f"the {en} is missing"))
    for text in filter(None, map(folded, _PLACE.split(form)[::2])):
        if text in given:
            continue
        short = next((one for one in _SHORT.get(text, ()) if one in given), None)
        found.append(
            (f"应写全称“{text}”,不写“{short}”", f"write “{text}” in full, not “{short}”")
            if short
            else (f"缺少“{text}”", f"“{text}” is missing")
        )
    if not found:
        found.append(("顺序不对或有多余文字", "the order is wrong, or there is something more"))
    right = wanted(form, places)
    return [*found, (f"应为“{right}”", f"it should be “{right}”")]


def _pattern(form: str, places: Mapping[str, str]) -> str:
    parts = []
    for at, text in enumerate(_PLACE.split(form)):
        if at % 2 == 0:
            parts.append(re.escape(folded(text)))
        elif text in places:
            parts.append(re.escape(folded(places[text])))
        else:
            parts.append(f".{{1,20}}?{_ENDINGS[text]}")
    return "".join(parts)
