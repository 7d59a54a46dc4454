"""Facts in words: what the CLI, the API and the pages say about an event, a problem, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from desk.labels import ACTORS, AUDIENCE_WORDS, COMING, CONCERNS, EVENTS, LABELS, NOTICES, RULES, SEASON_WORDS
from models.season import SeasonFile
from models.text import Language, Text
from models.views import Coming, Concern, Event, LineView, WindowView
from notices.instants import in_clock, in_clocks
from notices.own_answers import in_language
from notices.phrases import STAGE_KIND_WORDS, STATE_WORDS, WINDOW_WORDS, sentence

_UNITS = (("d", "天", 86400), ("h", "小时", 3600), ("min", "分钟", 60), ("s", "秒", 1))


def language_of(tag: str | None) -> Language:
    """`zh` for any Chinese language tag (also `zh_CN.UTF-8`), else `en`."""
    return "zh" if (tag or "").lower().startswith("zh") else "en"


@dataclass(frozen=True)
class Step:
    """Things that happen at one instant for one stage, in one area or many."""

    at: datetime
    what: str
    stage_name: Text | None
    template: str | None
    audience: str | None
    people: int | None
    areas: tuple[Text, ...]
    windows: tuple[str, ...]


def steps(coming: Iterable[Coming]) -> list[Step]:
    """What comes next, with areas that do the same at the same instant told as one."""
    groups: dict[tuple[Any, ...], list[Coming]] = {}
    for c in coming:
        groups.setdefault((c.at, c.what, c.stage, c.template, c.audience), []).append(c)
    return [
        Step(
            at=same[0].at,
            what=same[0].what,
            stage_name=same[0].stage_name,
            template=same[0].template,
            audience=same[0].audience,
            people=None if same[0].people is None else sum(c.people or 0 for c in same),
            areas=tuple(c.window.area_name for c in same if c.window and c.window.area_name),
            windows=tuple(c.window.id for c in same if c.window),
        )
        for same in groups.values()
    ]


@dataclass(frozen=True)
class Words:
    """Speaks one language; with a season file it knows the names of stages and areas, and the season's zone."""

    language: Language
    file: SeasonFile | None = None

    @property
    def zone(self) -> str:
        """IANA zone of the season; UTC where none is known."""
        return self.file.zone if self.file else "UTC"

    def of(self, text: Text) -> str:
        """The text in this language."""
        return text.in_language(self.language)

    def label(self, name: str, **values: object) -> str:
        """A fixed text of pages and commands by its name."""
        return self.of(LABELS[name]).format(**values)

    def state(self, state: str) -> str:
        """The state of an entry, as staff say it."""
        known = STATE_WORDS.get(state)
        return self.of(known[0]) if known else state

    def entry_states(self) -> tuple[str, ...]:
        """All states of an entry, in the order of a season."""
        return tuple(STATE_WORDS)

    def window_state(self, state: str) -> str:
        """The state of a window."""
        return self.of(WINDOW_WORDS[state]) if state in WINDOW_WORDS else state

    def season_state(self, state: str) -> str:
        """The state of a season."""
        return self.of(SEASON_WORDS[state]) if state in SEASON_WORDS else state

    def kind(self, kind: str) -> str:
        """A kind of stage."""
        return self.of(STAGE_KIND_WORDS[kind]) if kind in STAGE_KIND_WORDS else kind

    def when(self, at: datetime, zone: str | None = None, *, deadline: bool = False) -> str:
        """An instant in a zone's clock (the season's by default), to the second."""
        return in_clock(at.replace(microsecond=0), zone or self.zone, self.language, deadline=deadline)

    def span(self, span: timedelta) -> str:
        """A length of time in its two largest units, such as `3 d 4 h`."""
        parts: list[str] = []
        left = int(abs(span.total_seconds()))
        for en, zh, size in _UNITS:
            count, left = divmod(left, size)
            if count or (size == 1 and not parts):
                parts.append(f"{count}{zh}" if self.language == "zh" else f"{count} {en}")
        return ("" if self.language == "zh" else " ").join(parts[:2])

    def relative(self, at: datetime, now: datetime) -> str:
        """`in 3 d 4 h`, or `5 min 2 s ago`."""
        return self.label("in" if at > now else "ago", span=self.span(at - now))

    def clocks(self, at: datetime, zone: str, *, deadline: bool = False) -> str:
        """An instant in the season's clock, and in another where that shows another time."""
        return in_clocks(at.replace(microsecond=0), (self.zone, zone), self.language, deadline=deadline)

    def footing(self, event: Event | LineView) -> str:
        """By whom, under which rule, and why."""
        parts = [self.pair("who", self.actor(event.actor))]
        if event.rule:
            parts.append(self.pair("rule", self.of(RULES[event.rule]) if event.rule in RULES else event.rule))
        if event.reason:
            parts.append(self.pair("why", event.reason))
        return "; ".join(parts) if self.language == "en" else "；".join(parts)

    def pair(self, name: str, value: object) -> str:
        """A label and its value, with the colon of the language."""
        return f"{self.label(name)}{'：' if self.language == 'zh' else ': '}{value}"

    def actor(self, actor: str) -> str:
        """Who did it: the system, operations, a judge by number."""
        kind, _, number = actor.partition("/")
        return self.of(ACTORS[kind]).format(number=f" {number}" if number else "").strip() if kind in ACTORS else actor

    def known_label(self, name: str) -> str | None:
        """A fixed text without values, where there is one of this name."""
        return self.of(LABELS[name]) if name in LABELS else None

    def document(self, kind: str) -> str:
        """A kind of document; the kind itself where a season file has one of its own."""
        return self.known_label(f"document_{kind}") or kind

    def size(self, size: int) -> str:
        """A file's size, such as `1.4 MB`."""
        return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{max(size, 1) / 1024:.0f} KB"

    def notice(self, template: str) -> str:
        """What a kind of notice is called."""
        return self.of(NOTICES[template]) if template in NOTICES else template.replace("_", " ")

    def answer(self, answer: str | None) -> str:
        """What became of a notice: a mail server's words as they are, ours in this language; empty where nothing yet."""
        return in_language(answer or "", self.language)

    def audience(self, audience: str) -> str:
        """Whom a reminder is for."""
        return self.of(AUDIENCE_WORDS[audience]) if audience in AUDIENCE_WORDS else audience.replace("_", " ")

    def window(self, window: WindowView) -> str:
        """A window by its stage and area, such as `Registration, Europe`."""
        name = self.of(window.stage_name)
        return self._in_area(name, self.of(window.area_name)) if window.area_name else name

    def window_id(self, window_id: str) -> str:
        """The same from a window's id; the id itself where it is not that of a stage."""
        parts = window_id.split("/")
        if self.file is None or not 2 <= len(parts) <= 3:
            return window_id
        stage = next((s.name for s in self.file.stages if s.id == parts[-1]), None)
        area = next((a.name for a in self.file.areas if len(parts) == 3 and a.code == parts[1]), None)
        if stage is None:
            return window_id
        return self._in_area(self.of(stage), self.of(area)) if area else self.of(stage)

    def _in_area(self, stage: str, area: str) -> str:
        return f"{area}{stage}" if self.language == "zh" else f"{stage}, {area}"

    def event(self, event: Event | LineView, *, areas: bool = True) -> str:
        """What happened, as a sentence without its reason and rule. `areas` names the area of a window."""
        data: dict[str, Any] = {k: v for k, v in event.data.items() if k not in ("reason", "rule")}
        data["zone"] = self.zone
        if event.event.startswith("window.") and areas and event.window:
            data["stage"] = self.window_id(event.window)
        elif isinstance(data.get("stage"), str):
            data["stage"] = self._stage(data["stage"])
        if isinstance(event, LineView) and event.entry:
            data.setdefault("number", event.entry)
        if event.event == "entry.recommended":
            data |= self._recommended(data)
        if event.event.startswith("document.") and "kind" in data:
            data["kind"] = self.document(str(data["kind"]))
        if event.event.startswith("notice.") and isinstance(data.get("answer"), str):
            data["answer"] = self.answer(data["answer"])
        if "notice" in data:
            data["notice"] = self.notice(str(data["notice"]))
        name = event.event
        if name == "tally.made" and data.get("score") is None:
            name = "tally.none"
        if name in EVENTS and ("stage" in data or not name.startswith("tally.")):
            shown = {key: "…" if value is None else value for key, value in data.items()}
            return self.of(EVENTS[name]).format_map(_Missing(shown)) + (
                self.label("possibly_twice_note") if data.get("possibly_twice") else ""
            )
        return sentence(event.event, data, self.language)

    def _recommended(self, data: Mapping[str, Any]) -> dict[str, str]:
        """By which act, and whether it counts, where that is known."""
        told = {}
        if f"chan_how_{data.get('act')}" in LABELS:
            told["how"] = self.label(f"chan_how_{data['act']}")
        if "counts" in data:
            told["standing"] = self.label("chan_counts" if data["counts"] else "chan_counts_not")
        return told

    def _stage(self, stage_id: str) -> str:
        found = next((s.name for s in self.file.stages if s.id == stage_id), None) if self.file else None
        return self.of(found) if found else stage_id

    def concern(self, concern: Concern) -> str:
        """A problem, in one sentence."""
        values = {
            **concern.data,
            "answer": self.answer(concern.data.get("answer")),
            "count": concern.count,
            "window": self.window_id(concern.window) if concern.window else "",
            "entry": concern.entry or "",
            "at": self.when(concern.at) if concern.at else "",
        }
        text = CONCERNS.get(f"{concern.code}.one") if concern.count == 1 else None
        return self.of(text or CONCERNS[concern.code]).format_map(_Missing(values))

    def link(self, season: str, concern: Concern) -> str:
        """Path of the page on which a problem can be looked at."""
        base = f"/seasons/{season}"
        match concern.code:
            case "hooks.disabled" | "hooks.failed":
                return f"{base}/hooks"
            case "mail.failed" | "mail.bounced":
                return f"{base}/notices?state=failed"
            case "mail.twice":
                return f"{base}/notices?state=twice"
            case "mail.held":
                return f"{base}/notices"
            case "mail.outbox":
                return f"{base}/notices/campaigns"
            case "mail.stuck" | "mail.down":
                return f"{base}/notices?state=queued"
            case "screening.undecided":
                return f"{base}/screening"
            case "judges.short" | "objections.open" if concern.entry:
                return f"{base}/entries/{concern.entry}"
            case _:
                return f"{base}/windows" + (f"?window={concern.window}" if concern.window else "")

    def step(self, step: Step) -> str:
        """What will happen, in one sentence."""
        if step.template == "replace_silent":
            name = "replaces"
        elif step.what == "follow_up" and step.people is None:
            name = "follow_up.any"
        else:
            name = f"{step.what}.one" if step.people == 1 and f"{step.what}.one" in COMING else step.what
        stage = self.of(step.stage_name) if step.stage_name else ""
        values = {
            "stage": stage,
            "where": self._where(step.areas),
            "people": "…" if step.people is None else step.people,
            "audience": self.audience(step.audience or ""),
            "notice": self.notice(step.template or ""),
        }
        return self.of(COMING[name]).format_map(_Missing(values))

    def _where(self, areas: tuple[Text, ...]) -> str:
        if not areas:
            return ""
        if len(areas) > 2:
            return self.label("in_areas", count=len(areas))
        return self.label("in_area", area=("、" if self.language == "zh" else " and ").join(self.of(a) for a in areas))


class _Missing(dict[str, Any]):
    """Values for a phrase; a missing one is shown as `…`, never raised."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)

    def __missing__(self, key: str) -> str:
        return "…"
