"""Made-up people, organisations and projects. Addresses end in example.org, which nobody owns."""

from __future__ import annotations

from models.forms import PersonForm
from models.season import Area, Track
from rehearsal.dice import Dice

_ZH_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余"
_ZH_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英华慧巧美玉兰凤洁梅琳素云莲真环雪荣爱妹"
_EN_GIVEN = (
    "Anna", "Ben", "Chiara", "David", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Katya", "Liam", "Mei",
    "Noah", "Olga", "Priya", "Quentin", "Rosa", "Sven", "Tara", "Umar", "Vera", "Wei", "Xenia", "Yusuf", "Zoe",
)  # fmt: skip
_EN_FAMILY = (
    "Andersson", "Baker", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Haddad", "Ivanov", "Jansen", "Kim",
    "Lopez", "Muller", "Nakamura", "O'Brien", "Petrov", "Quinn", "Rossi", "Singh", "Tanaka", "Usman", "Varga",
    "Wong", "Xu", "Yilmaz", "Zhang",
)  # fmt: skip
_WHAT = (
    ("platform", "平台"), ("sensor", "传感器"), ("material", "材料"), ("therapy", "疗法"), ("robot", "机器人"),
    ("battery", "电池"), ("model", "模型"), ("catalyst", "催化剂"), ("chip", "芯片"), ("membrane", "膜"),
    ("instrument", "仪器"), ("vaccine", "疫苗"), ("network", "网络"), ("coating", "涂层"),
)  # fmt: skip
_HOW = (
    ("self-learning", "自学习"), ("low-cost", "低成本"), ("high-purity", "高纯"), ("wearable", "可穿戴"),
    ("modular", "模块化"), ("solid-state", "固态"), ("flexible", "柔性"), ("recyclable", "可回收"),
    ("ultra-fast", "超快"), ("distributed", "分布式"),
)  # fmt: skip
_ABROAD = ("US", "GB", "DE", "FR", "CA", "AU", "JP", "SG", "NL", "SE", "CH", "IT", "KR", "NZ", "BE", "ES")


def person(dice: Dice, address: str, area: Area | None, *, zh: float | None = None) -> PersonForm:
    """A person with the address `address`@example.org; `zh` is the chance that they write Chinese."""
    domestic = area is None or area.kind == "domestic"
    chinese = dice.falls((0.9 if domestic else 0.45) if zh is None else zh)
    if chinese:
        name = dice.pick(_ZH_FAMILY) + "".join(dice.pick(_ZH_GIVEN) for _ in range(1 + dice.randrange(2)))
    else:
        name = f"{dice.pick(_EN_GIVEN)} {dice.pick(_EN_FAMILY)}"
    at_home = domestic or dice.falls(0.8)
    country = (area.seat.country if area else "CN") if at_home else dice.pick(_ABROAD)
    return PersonForm(
        email=f"{address}@example.org",
        name=name,
        language="zh" if chinese else "en",
        zone=area.zone if area else "Asia/Shanghai",
        country=country,
        birth_year=1960 + dice.randrange(42),
    )


def title(dice: Dice, track: Track, language: str, number: int) -> str:
    """What a project is called; `number` keeps apart what chance would call the same."""
    how, what = dice.pick(_HOW), dice.pick(_WHAT)
    field = dice.pick(track.fields).name if track.fields else track.name
    if language == "zh":
        return f"面向{field.zh}的{how[1]}{what[1]}（{number}号）"
    return f"{how[0].capitalize()} {what[0]} for {field.en} no. {number}"


def organisation(dice: Dice, language: str) -> str:
    """A made-up company or institute."""
    number = 1 + dice.randrange(400)
    return f"示例研究院{number}所" if language == "zh" else f"Example Institute {number}"
