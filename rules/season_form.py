"""The form of a season file: which fields there are, and what each may hold, in words for whoever writes one."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

import models.season
from models.part import Part
from models.problems import Problem
from models.season import AnyStage, SeasonFile
from models.text import Text
from rules.checks.faults import Faults, both, listed, nearest
from rules.season_source import Path, Source

_STAGES: dict[str, type[BaseModel]] = {
    typing.get_args(kind.model_fields["kind"].annotation)[0]: kind
    for kind in typing.get_args(typing.get_args(AnyStage)[0])
}
KINDS = tuple(_STAGES)
"""All kinds of stages."""


def read_form(source: Source) -> tuple[SeasonFile | None, list[Problem]]:
    """The season file, or everything that is wrong with its form."""
    try:
        return SeasonFile.model_validate(source.data), []
    except OverflowError:
        faults = Faults(source)
        faults.error(
            "form.too_large", (),
            both("A length of time is longer than can be counted.", "文件中有过长的时长，无法计算。"),
            both("Write each such as 3d or 2w.", "请写成如 3d 或 2w。"),
        )  # fmt: skip
        return None, faults.found
    except ValidationError as failed:
        faults = Faults(source)
        told: set[Path] = set()
        for details in failed.errors(include_url=False):
            path = _path(source, details["loc"])
            if path not in told:  # a union says the same once for each of its members
                told.add(path)
                says, remedy = _words(source, path, details)
                faults.error(f"form.{details['type']}", path, says, remedy)
        return None, faults.found


def _path(source: Source, loc: tuple[str | int, ...]) -> Path:
    """Where in the file: the validator's names of union members are not in it."""
    path: Path = ()
    for n, step in enumerate(loc):
        here = source.get(path)
        is_tag = len(path) == 2 and path[0] == "stages" and step in _STAGES
        is_member = n == len(loc) - 1 and step in ("datetime", "date") and not isinstance(here, dict)
        if not is_tag and not is_member:
            path = (*path, step)
    return path


def _words(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    name, value = str(path[-1]) if path else "", source.get(path)
    tell = _TELLS.get(details["type"])
    if tell is not None:
        return tell(source, path, details)
    return (
        both(f"'{name}' is {value!r}: {_lower(details['msg'])}.", f"“{name}”的值 {value!r} 不合要求：{details['msg']}。"),
        both("Change the value; docs/season-file.md describes the field.", "请修改；说明见 docs/season-file.md。"),
    )  # fmt: skip


def _lower(text: str) -> str:
    return (text[:1].lower() + text[1:]).rstrip(".")


def _missing(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    name = path[-1]
    return (
        both(f"The field '{name}' is missing.", f"缺少字段“{name}”。"),
        both(f"Add '{name}:' with its value.", f"请补上“{name}:”及其值。"),
    )


def _extra(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    name = str(path[-1])
    return both(f"There is no field '{name}' here.", f"此处没有字段“{name}”。"), nearest(
        name, _fields(source, path[:-1])
    )


def _fields(source: Source, path: Path) -> list[str]:
    """The fields that the part of the file at a path may have."""
    model: Any = SeasonFile
    for n, step in enumerate(path):
        if isinstance(step, int):
            continue
        if not (isinstance(model, type) and issubclass(model, BaseModel)) or step not in model.model_fields:
            return []
        if step == "stages" and n == 0:
            kind = str(source.get((*path[:2], "kind")))
            model = _STAGES.get(kind, models.season.Stage)
            continue
        model = _inner(model.model_fields[step].annotation)
    return list(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _inner(annotation: Any) -> Any:
    """The part inside `tuple[X, ...]`, `X | None` or `dict[str, X]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = [_inner(a) for a in typing.get_args(annotation)]
    return next((p for p in parts if isinstance(p, type) and issubclass(p, (Part, Text))), None)


def _choice(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    value, options = (
        source.get(path),
        str(details["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", "),
    )
    return (
        both(f"'{path[-1]}' is '{value}', which is not one of its values.", f"“{path[-1]}”的值“{value}”不在可选范围内。"),
        nearest(str(value), options),
    )  # fmt: skip


def _kind(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    found = source.get((*path, "kind"))
    if found is None:
        return (
            both("The stage has no 'kind'.", "该阶段缺少“kind”。"),
            both(f"Add 'kind:' with one of: {', '.join(KINDS)}.", f"请补上“kind:”，可用：{'、'.join(KINDS)}。"),
        )
    return both(f"There is no kind of stage '{found}'.", f"没有名为“{found}”的阶段类型。"), nearest(str(found), KINDS)


def _text(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    value = source.get(path)
    return (
        both(f"'{path[-1]}' is {value!r}, which is no text.", f"“{path[-1]}”的值 {value!r} 不是文字。"),
        both(f"Put it in quotes: {path[-1]}: \"{value}\".", f"请加引号：{path[-1]}: \"{value}\"。"),
    )  # fmt: skip


def _number(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    value = source.get(path)
    return (
        both(f"'{path[-1]}' is {value!r}, which is no whole number.", f"“{path[-1]}”的值 {value!r} 不是整数。"),
        both("Write a whole number, without quotes.", "请写一个不带引号的整数。"),
    )


def _low(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    least, value = details["ctx"]["ge"], source.get(path)
    return (
        both(f"'{path[-1]}' is {value}; the least is {least}.", f"“{path[-1]}”的值为 {value}，最小应为 {least}。"),
        both(f"Write {least} or more.", f"请填写不小于 {least} 的数。"),
    )


def _pattern(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    value, name = source.get(path), path[-1]
    if name == "country":
        remedy = both(
            "Write the two capital letters of ISO 3166-1, such as CN.", "请写 ISO 3166-1 两位大写字母，如 CN。"
        )
    elif name == "number_prefix":
        remedy = both("Write 1 to 12 capital letters and digits.", "请写 1 至 12 个大写字母或数字。")
    else:
        remedy = both(
            "Use letters, digits and hyphens (underscores in the name of a template), beginning with a letter or digit.",
            "只能用字母、数字和连字符（模板名用下划线），且以字母或数字开头。",
        )
    return both(f"'{name}' is '{value}', which cannot be used.", f"“{name}”的值“{value}”不能使用。"), remedy


def _structure(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    name = path[-1] if path else ""
    wants_list = details["type"] == "tuple_type"
    said = source.get(path)
    told = "several lines" if isinstance(said, (dict, list)) else repr(said)
    if wants_list:
        remedy = both("Write a list: [a, b], or one '- ' line for each.", "请写成列表：[a, b]，或每项一行以“- ”开头。")
    elif (fields := _fields(source, path)) and set(fields) == {"en", "zh"}:
        remedy = both("Write both languages: {en: …, zh: …}.", "请写两种语言：{en: …, zh: …}。")
    else:
        remedy = both(f"Write its fields: {listed(fields)}.", f"请写出其字段：{listed(fields)}。")
    return both(f"'{name}' has the wrong shape: {told}.", f"“{name}”的结构不对：{told}。"), remedy


def _value(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    """Our own validators: dates, spans and rubrics."""
    value, name, why = source.get(path), path[-1] if path else "", str(details["ctx"]["error"])
    if "rubric" in why:
        return both(f"{_sentence(why)}.", f"评分标准各项权重之和不是 100：{why}。"), both(
            "Change the weights.", "请调整权重。"
        )
    if "length of time" in why:
        return (
            both(f"'{name}' is '{value}', which is no length of time.", f"“{name}”的值“{value}”不是时长。"),
            both("Write it such as 90m, 36h, 3d, 2w or 1d12h.", "写法如 90m、36h、3d、2w 或 1d12h。"),
        )
    if name in ("opens", "closes", "starts", "ends", "first_round"):
        return (
            both(f"'{name}' is '{value}', which is no date or time.", f"“{name}”的值“{value}”不是日期或时间。"),
            both("Write it such as 2024-05-31, or 2024-05-31 18:00.", "写法如 2024-05-31 或 2024-05-31 18:00。"),
        )
    return both(f"'{name}' is {value!r}: {why}.", f"“{name}”的值 {value!r} 不合要求：{why}。"), both(
        "Change the value.", "请修改该值。"
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _short(source: Source, path: Path, details: ErrorDetails) -> tuple[Text, Text]:
    return (
        both(f"'{path[-1]}' is empty.", f"“{path[-1]}”为空。"),
        both("Add at least one.", "请至少写一项。"),
    )


_TELLS: Mapping[str, Callable[[Source, Path, ErrorDetails], tuple[Text, Text]]] = {
    "missing": _missing,
    "extra_forbidden": _extra,
    "literal_error": _choice,
    "union_tag_not_found": _kind,
    "union_tag_invalid": _kind,
    "string_type": _text,
    "int_type": _number,
    "int_parsing": _number,
    "int_from_float": _number,
    "greater_than_equal": _low,
    "string_pattern_mismatch": _pattern,
    "tuple_type": _structure,
    "dict_type": _structure,
    "model_type": _structure,
    "model_attributes_type": _structure,
    "value_error": _value,
    "too_short": _short,
}
