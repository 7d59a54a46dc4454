"""The columns of each kind of sheet: their headers in both languages, what they hold, and who must fill them in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from desk.sheets import values as v
from models.season import SeasonFile
from models.text import Text, both

SheetKind = Literal["entries", "channels", "judges", "needs"]
KINDS: tuple[SheetKind, ...] = ("entries", "channels", "judges", "needs")


@dataclass(frozen=True)
class Column:
    """One column: the field that it fills, its header, what its cells hold, a word of explanation and an example.

    `also` are other headers by which it is known.
    """

    name: str
    head: Text
    holds: v.Kind
    note: Text
    example: Text
    needed: bool = False
    also: tuple[str, ...] = ()

    def choices(self, file: SeasonFile) -> tuple[v.Choice, ...]:
        """What may be chosen in this season; empty for free text."""
        return tuple(self.holds.of(file)) if isinstance(self.holds, (v.One, v.Some)) else ()


def _same(text: str) -> Text:
    return both(text, text)


_CODE = v.Word(r"[A-Za-z0-9-]{1,40}", "sheet_bad_code")
_COUNTRY = v.Word(r"[A-Z]{2}", "sheet_bad_country", upper=True)
_LANGUAGE = Column(
    "language", both("Language", "语言"), v.One(v.languages), both("Of the notices to this person.", "发给此人的通知所用语言。"),
    both("English", "中文"), also=("通知语言",),
)  # fmt: skip
_AREA_OR_NONE = both("Empty: all areas.", "留空表示所有赛区。")

_ENTRIES = (
    Column(
        "reference", both("Reference", "外部编号"), v.Line(100),
        both("Your own number for the entry. A later sheet finds the entry by it.", "贵方自用编号；以后导入时据此识别项目。"),
        _same("A-0001"), also=("external reference", "参考编号", "自编号"),
    ),
    Column("area", both("Area", "赛区"), v.One(v.areas), both("Code or name.", "代码或名称。"), _same(""), needed=True,
           also=("competition area",)),
    Column("track", both("Track", "赛道"), v.One(v.tracks), both("Code or name.", "代码或名称。"), _same(""), needed=True),
    Column("group", both("Group", "组别"), v.One(v.groups),
           both("Where the track has groups, and only there.", "赛道设有组别时必填，否则留空。"), _same("")),
    Column("fields", both("Fields", "领域"), v.Some(v.fields),
           both("Of the track; several with a comma between them.", "须属于该赛道；多项以逗号分隔。"), _same(""), also=("field",)),
    Column("title", both("Title", "项目名称"), v.Line(), both("Up to 200 characters.", "不超过 200 字。"),
           both("Solid-state cooling", "固态制冷"), needed=True, also=("project", "project title", "名称", "项目")),
    Column("summary", both("Summary", "项目简介"), v.Prose(), both("Up to 20,000 characters.", "不超过 20000 字。"),
           both("What it does, for whom, how far it is.", "做什么、为谁做、进展如何。"), also=("简介", "摘要")),
    Column("applicant_name", both("Applicant", "申报人"), v.Line(),
           both("The leader of the team.", "团队负责人。"), both("Lin Xia", "林夏"), needed=True,
           also=("applicant name", "leader", "name", "负责人", "姓名", "申报人姓名")),
    Column("applicant_email", both("Applicant's mail", "申报人邮箱"), v.Mail(),
           both("The receipt goes there; signs in with it.", "回执发往该邮箱，并以此登录。"), _same("lin@example.org"),
           needed=True, also=("applicant mail", "applicant email", "mail", "email", "e-mail", "邮箱", "电子邮箱", "负责人邮箱")),
    _LANGUAGE,
    Column("country", both("Country", "国家或地区"), _COUNTRY,
           both("Of the applicant: two letters, such as CN.", "申报人所在国家或地区的两位字母代码，如 CN。"), _same("CN"), also=("国家",)),
    Column("birth_year", both("Year of birth", "出生年份"), v.Whole(1900, 2100), both("Of the applicant.", "申报人的出生年份。"),
           _same("1990"), also=("birth year", "出生年")),
    Column("team", both("Team", "团队成员"), v.Team(),
           both("Beside the applicant, as Name <mail>; several with a semicolon between them.",
                "除申报人外的成员，格式：姓名 <邮箱>，多人以分号分隔。"),
           both("Ana Silva <ana@example.org>", "王安 <ana@example.org>"), also=("members", "team members", "成员")),
    Column("organisation", both("Organisation", "单位"), v.Line(), both("Up to 200 characters.", "不超过 200 字。"),
           both("Example Ltd", "示例公司"), also=("organization", "company", "所在单位")),
    Column("leader_degree", both("Leader's degree", "负责人学历"), v.One(v.degrees), both("The highest.", "最高学历。"),
           both("master", "硕士"), also=("degree", "leader degree", "学历")),
    Column("documents", both("Documents", "已交材料"), v.Some(v.documents),
           both("Those that the season office has in hand; several with a comma between them.",
                "组委会已收到的材料，多项以逗号分隔。"), both("project plan", "项目计划书"), also=("材料",)),
    Column("readiness", both("Readiness", "技术成熟度"), v.Whole(1, 9), both("1 to 9; empty: 5.", "1 至 9；留空为 5。"), _same("5"),
           also=("trl", "technology readiness")),
    Column("channel", both("Channel", "推荐渠道"), _CODE, both("Code of the recommending organisation.", "推荐机构的渠道代码。"),
           _same(""), also=("channel code", "渠道", "渠道代码")),
)  # fmt: skip

_CHANNELS = (
    Column("code", both("Code", "渠道代码"), _CODE, both("Letters, digits and -, up to 40.", "字母、数字和连字符，不超过 40 位。"),
           _same("INNO-1"), needed=True, also=("channel", "channel code", "代码", "推荐渠道")),
    Column("name", both("Name", "渠道名称"), v.Line(), both("Up to 200 characters.", "不超过 200 字。"),
           both("Innovation Office", "创新中心"), needed=True, also=("channel name", "organisation", "名称", "机构名称")),
    Column("area", both("Area", "赛区"), v.One(v.areas), _AREA_OR_NONE, _same("")),
    Column("quota", both("Quota", "推荐名额"), v.Whole(1, 1_000_000), both("Empty: no limit.", "留空表示不限。"), _same("20"),
           also=("名额",)),
    Column("contact_name", both("Contact", "联系人"), v.Line(), both("Up to 200 characters.", "不超过 200 字。"),
           both("Lin Xia", "林夏"), needed=True, also=("contact name", "联系人姓名")),
    Column("contact_email", both("Contact's mail", "联系人邮箱"), v.Mail(), both("Signs in with it.", "以此登录。"),
           _same("lin@example.org"), needed=True, also=("contact mail", "contact email", "mail", "email", "邮箱")),
    _LANGUAGE,
)  # fmt: skip

_JUDGES = (
    Column("email", both("Mail", "邮箱"), v.Mail(), both("A later sheet finds the judge by it.", "以后导入时据此识别评委。"),
           _same("judge@example.org"), needed=True, also=("e-mail", "mail address", "judge's mail", "评委邮箱", "电子邮箱")),
    Column("name", both("Name", "姓名"), v.Line(), both("Up to 200 characters.", "不超过 200 字。"),
           both("Ana Silva", "王安"), needed=True, also=("judge", "评委", "评委姓名")),
    Column("area", both("Area", "赛区"), v.One(v.areas),
           both("Empty: a judge of the season office.", "留空表示全赛季评委。"), _same("")),
    Column("tracks", both("Tracks", "赛道"), v.Some(v.tracks),
           both("Several with a comma between them; empty: all.", "多项以逗号分隔；留空表示全部。"), _same(""), also=("track",)),
    Column("organisation", both("Organisation", "单位"), v.Line(),
           both("Kept from judging its own entries.", "据此回避本单位项目。"), both("Example University", "示例大学"),
           also=("organization", "所在单位")),
    Column("background", both("Background", "专业背景"), v.One(v.backgrounds), both("One of those listed.", "从列表中选择。"),
           both("technology", "技术"), also=("背景",)),
    Column("max_load", both("Most entries", "评审上限"), v.Whole(1, 10_000),
           both("Entries at the most; empty: 40.", "最多评审的项目数；留空为 40。"), _same("40"), also=("max load",)),
    _LANGUAGE,
    Column("country", both("Country", "国家或地区"), _COUNTRY, both("Two letters, such as CN.", "两位字母代码，如 CN。"),
           _same("CN"), also=("国家",)),
)  # fmt: skip

_NEEDS = (
    Column("place", both("Place", "需求单位"), v.Line(), both("City, park or company.", "城市、园区或企业的名称。"),
           both("Example Park", "示例园区"), needed=True, also=("place name", "地方", "单位")),
    Column("place_kind", both("Kind of place", "单位类型"), v.One(v.place_kinds), both("Empty: city.", "留空为城市。"),
           both("park", "园区"), also=("place kind", "类型")),
    Column("contact_name", both("Contact", "联系人"), v.Line(), both("For a place that is new.", "新的需求单位必填。"),
           both("Lin Xia", "林夏"), also=("contact name", "联系人姓名")),
    Column("contact_email", both("Contact's mail", "联系人邮箱"), v.Mail(), both("For a place that is new.", "新的需求单位必填。"),
           _same("lin@example.org"), also=("contact mail", "contact email", "mail", "email", "邮箱")),
    _LANGUAGE,
    Column("title", both("Title", "需求名称"), v.Line(), both("Place and title are the key.", "单位与名称共同识别一项需求。"),
           both("Cold chain for vaccines", "疫苗冷链"), needed=True, also=("need", "名称", "需求")),
    Column("summary", both("Summary", "需求说明"), v.Prose(), both("Up to 20,000 characters.", "不超过 20000 字。"),
           both("What is looked for.", "寻求什么。"), also=("说明",)),
    Column("tracks", both("Tracks", "赛道"), v.Some(v.tracks), both("Several with a comma between them.", "多项以逗号分隔。"),
           _same(""), needed=True, also=("track",)),
    Column("fields", both("Fields", "领域"), v.Some(v.fields), both("Empty: any of the tracks.", "留空表示该赛道的任何领域。"),
           _same(""), also=("field",)),
    Column("readiness", both("Least readiness", "最低技术成熟度"), v.Whole(1, 9), both("1 to 9; empty: 1.", "1 至 9；留空为 1。"),
           _same("5"), also=("readiness", "trl", "技术成熟度")),
    Column("capacity", both("Capacity", "可承接项目数"), v.Whole(1, 100), both("1 to 100; empty: 1.", "1 至 100；留空为 1。"),
           _same("2"), also=("接收数量",)),
)  # fmt: skip

COLUMNS: dict[SheetKind, tuple[Column, ...]] = {
    "entries": _ENTRIES,
    "channels": _CHANNELS,
    "judges": _JUDGES,
    "needs": _NEEDS,
}


def normal(head: str) -> str:
    """A header as it is compared: case, spaces, marks and what stands in brackets do not count."""
    plain = re.sub(r"\([^)]*\)", "", unicodedata.normalize("NFKC", head)).casefold()
    return re.sub(r"[\W_]+", "", v.seen(plain))


def known_as(columns: Sequence[Column]) -> dict[str, Column]:
    """Every header by which a column is known, as it is compared."""
    found = {normal(other): column for column in columns for other in column.also}
    found |= {normal(head): column for column in columns for head in (column.name, column.head.en, column.head.zh)}
    return found
