"""Made-up people, organisations and projects. Addresses end in example.org, which nobody owns."""

from __future__ import annotations

from models.forms import PersonForm
from models.season import Area, Track
from rehearsal.dice import Dice

_ZH_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余"
_ZH_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚桂英华慧巧美玉兰凤洁梅琳素云莲真环雪荣爱妹"
_ZH_SECOND = (
    "安博昌晨诚承川春达丹德东恩帆方飞峰福刚歌光国海涵航浩和恒宏鸿欢辉吉佳嘉建江锦靖康可宽昆乐黎林灵龙鹿"
    "茂明沐楠宁鹏朴琪谦青清庆然仁荣瑞森山韶声圣石书舒思松泰天田廷彤望维文曦贤翔笑欣新星兴旭轩雅岩彦阳尧野依"
    "逸毅音盈永友宇羽雨语元远月悦越云泽展哲真振正知志智中舟洲竹卓子梓"
)
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
_DEED = (
    ("prove", "验证"), ("build", "建成"), ("license", "许可"), ("certify", "认证"), ("pilot", "试点"), ("scale", "推广"),
    ("export", "出口"), ("redesign", "改进"), ("deliver", "交付"), ("field-test", "现场测试"), ("open", "开放"),
)  # fmt: skip
_WHOM = (
    ("two hospitals", "两家医院"), ("a port", "一座港口"), ("regional farms", "地方农场"), ("a steel works", "一家钢厂"),
    ("city schools", "城市学校"), ("a grid operator", "电网企业"), ("film studios", "影视公司"), ("a car maker", "汽车厂"),
    ("water works", "自来水厂"), ("small workshops", "小型工坊"), ("an airline", "航空公司"), ("museums", "博物馆"),
    ("a chip foundry", "晶圆厂"), ("rural clinics", "乡村诊所"), ("shipyards", "船厂"), ("a rail company", "铁路公司"),
)  # fmt: skip
_GAIN = (
    ("cut waste", "减少废料"), ("save energy", "节约能源"), ("shorten tests", "缩短检测"), ("lower cost", "降低成本"),
    ("raise yield", "提高产量"), ("reduce noise", "降低噪声"), ("halve errors", "减少误差"), ("spare water", "节约用水"),
    ("speed up repair", "加快维修"), ("lengthen service life", "延长寿命"), ("lighten parts", "减轻部件"),
)  # fmt: skip
_ABROAD = ("US", "GB", "DE", "FR", "CA", "AU", "JP", "SG", "NL", "SE", "CH", "IT", "KR", "NZ", "BE", "ES")


def person(dice: Dice, address: str, area: Area | None, *, zh: float | None = None) -> PersonForm:
    """A person with the address `address`@example.org; `zh` is the chance that they write Chinese."""
    domestic = area is None or area.kind == "domestic"
    chinese = dice.falls((0.9 if domestic else 0.45) if zh is None else zh)
    # More by a throw of the address's own: few share a whole name and a birth year, as in life.
    more = Dice(0, "name", address)
    if chinese:
        name = dice.pick(_ZH_FAMILY) + "".join(dice.pick(_ZH_GIVEN) for _ in range(1 + dice.randrange(2)))
        name = name[:2] + more.pick(_ZH_SECOND)
    else:
        name = f"{dice.pick(_EN_GIVEN)} {more.pick(_EN_GIVEN)} {dice.pick(_EN_FAMILY)}-{more.pick(_EN_FAMILY)}"
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


def summary(dice: Dice, title: str) -> str:
    """What a project says of itself, in the language of its title, by five sentences drawn from many words."""
    zh = not title.isascii()
    said = []
    for _ in range(5):
        deed, how, what, whom, gain = (dice.pick(words) for words in (_DEED, _HOW, _WHAT, _WHOM, _GAIN))
        year, share = 2025 + dice.randrange(8), 10 + dice.randrange(80)
        said.append(
            f"{year}年前{deed[1]}{whom[1]}的{how[1]}{what[1]}，{gain[1]}{share}%。"
            if zh
            else f"By {year} we {deed[0]} the {how[0]} {what[0]} with {whom[0]} to {gain[0]} by {share} percent."
        )
    return "".join(said) if zh else " ".join(said)


def organisation(dice: Dice, language: str) -> str:
    """A made-up company or institute."""
    number = 1 + dice.randrange(400)
    return f"示例研究院{number}所" if language == "zh" else f"Example Institute {number}"
