"""The season file: everything that makes one competition different from another, as data.

A season file is YAML, read by `rules.season_file`. Dates in it are local wall times of a named zone;
`rules.timeline` turns them into instants, once, when the season starts.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from models.instants import Span
from models.notice_rules import NoticeRules
from models.notice_words import NoticeWords
from models.part import Part
from models.text import Language, Text

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", max_length=40)]
Template = Annotated[str, Field(pattern=r"^[a-z][a-z_]*$", max_length=40)]


_YEARS = range(1970, 2200)
"""Beyond them calendars of time zones and holidays know nothing."""


def _wall_time(value: object) -> object:
    # A bare date must stay a date through JSON and back: as a closing it means the end of that day.
    if isinstance(value, str):
        value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    if isinstance(value, date) and value.year not in _YEARS:
        raise ValueError(f"{value} is not in the years {_YEARS[0]} to {_YEARS[-1]}")
    return value


LocalTime = Annotated[datetime | date, BeforeValidator(_wall_time)]
"""A local wall time. A bare date as a closing means the end of that day; as an opening, its start."""

Scope = Literal["area", "season"]
Format = Literal["online", "offline", "hybrid"]
Degree = Literal["none", "bachelor", "master", "doctor"]
ScoreRule = Literal["trimmed_mean", "mean"]
Audience = Literal[
    "drafts",
    "channels",
    "channels_unsigned",
    "entrants",
    "entries",
    "judges",
    "judges_missing",
    "judges_silent",
    "invited_unanswered",
    "places",
    "places_unanswered",
    "objectors",
    "organisers",
    "office",
]


class Organiser(Part):
    """A body that organises the season."""

    name: Text
    role: Literal["host", "co-organiser", "undertaker", "supporter"] = "host"


class FieldOfTrack(Part):
    """One field of a track, such as smart medicine."""

    code: Code
    name: Text


class Group(Part):
    """A group inside a track, ranked apart, such as start-ups and students."""

    code: Code
    name: Text


class Track(Part):
    """A track: entries compete within it. With groups, within each group of it."""

    code: Code
    name: Text
    fields: tuple[FieldOfTrack, ...] = ()
    groups: tuple[Group, ...] = ()

    def divisions(self) -> tuple[str, ...]:
        """The keys within which entries are ranked: `LH`, or `LH/startup` where the track has groups."""
        return tuple(f"{self.code}/{g.code}" for g in self.groups) or (self.code,)


class Seat(Part):
    """Where the area organiser sits. `country` is ISO 3166-1 alpha-2; it decides the public holidays."""

    city: Text
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class StageOverride(Part):
    """What one area does differently in one stage. Absent fields are the stage's own."""

    opens: LocalTime | None = None
    closes: LocalTime | None = None
    quota: dict[str, int] | None = None
    wild_cards: int | None = None


class Area(Part):
    """A competition area: registers, reviews and selects by itself within its quota."""

    code: Code
    name: Text
    kind: Literal["overseas", "domestic"] = "overseas"
    seat: Seat
    zone: str
    languages: tuple[Language, ...] = ("en", "zh")
    format: Format = "hybrid"
    judges: int = Field(default=20, ge=1, description="Judges that the area organiser plans with.")
    stages: dict[str, StageOverride] = Field(default_factory=dict)
    illustrative: tuple[str, ...] = ()


class EntryRules(Part):
    """The entry rules that screening applies, as published."""

    team_max: int = Field(default=5, ge=1, description="People in a team, the leader included.")
    one_entry_per_person: bool = True
    documents: tuple[str, ...] = ("plan",)
    leader_degree: Degree = "none"
    likeness: float = Field(
        default=0.88, ge=0.8, le=1, description="Names as alike as this, with one birth year, are asked about."
    )
    near_duplicate: float = Field(
        default=0.7, ge=0.5, le=1, description="Texts (title and summary) as alike as this are asked about."
    )
    illustrative: tuple[str, ...] = ()


class Criterion(Part):
    """One criterion of a rubric. `weight` is its share of 100 points."""

    code: Code
    name: Text
    weight: int = Field(ge=1, le=100)


class Rubric(Part):
    """Weighted criteria; the weights add up to 100 points."""

    code: Code
    criteria: tuple[Criterion, ...]
    illustrative: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _weights_add_up(self) -> Self:
        total = sum(c.weight for c in self.criteria)
        if total != 100:
            raise ValueError(f"the weights of rubric '{self.code}' add up to {total}; make them add up to 100")
        return self


class Reminder(Part):
    """One line of a reminder plan: whom, how long before the close, in which words."""

    to: Audience
    before: Span
    template: Template
    any_hour: bool = Field(default=False, description="A last call: sent at its hour, even at night.")


class Stage(Part):
    """What every stage has."""

    id: Code
    name: Text
    illustrative: tuple[str, ...] = ()


class WindowStage(Stage):
    """A stage that is a window: something with an opening and a closing instant that the system enforces."""

    scope: Scope = "area"
    opens: LocalTime
    closes: LocalTime
    zone: str = Field(default="season", description="`season`, `area`, or an IANA zone name.")
    reminders: tuple[Reminder, ...] = ()
    overlaps: bool = Field(default=False, description="True if it may overlap the stage before it.")

    def lines(self) -> tuple[Reminder, ...]:
        """The lines of its plan: the reminders, and what else is due before its close."""
        return self.reminders


class RegistrationStage(WindowStage):
    """Applicants and channels register entries. A season may have several."""

    kind: Literal["registration"]


class ScreeningStage(WindowStage):
    """Entry rules are applied at its opening; people decide the unclear ones until its close."""

    kind: Literal["screening"]
    undecided: Literal["eligible", "ineligible"] = "eligible"
    correction: Span = Field(
        default=timedelta(days=3),
        description="So long has an applicant to answer when an entry is returned for correction; less near the close.",
    )


class EndorsementStage(WindowStage):
    """Channels rank the entries that they brought, and sign their list once. After registration, before the checks."""

    kind: Literal["endorsement"]
    unsigned: Literal["keep", "sign_as_is"] = Field(
        default="keep",
        description="A list unsigned at the close: its entries stand without a ranking, or it is signed as it is.",
    )


class ReviewStage(WindowStage):
    """An online review round: judges score the entries assigned to them."""

    kind: Literal["review"]
    rubric: Code
    judges_per_entry: int = Field(default=3, ge=1)
    max_load: int = Field(default=40, ge=1, description="Entries for one judge at the most.")
    score_rule: ScoreRule = "trimmed_mean"
    replace_silent: Span | None = Field(
        default=None, description="How long before the close ballots still missing go to other judges."
    )

    def lines(self) -> tuple[Reminder, ...]:
        """The reminders, and the moment at which silent judges are replaced."""
        if self.replace_silent is None:
            return self.reminders
        return (*self.reminders, Reminder(to="judges_silent", before=self.replace_silent, template="replace_silent"))


class DefenceStage(WindowStage):
    """Defence (roadshow) sessions before a panel, ballots on the spot. Season-wide ones are semi-finals and finals."""

    kind: Literal["defence"]
    rubric: Code
    panel_size: int = Field(default=5, ge=1)
    pitch_minutes: int = Field(default=8, ge=1)
    question_minutes: int = Field(default=7, ge=0)
    entries_per_session: int = Field(default=12, ge=1)
    format: Format | None = Field(default=None, description="The area's own where absent.")
    score_rule: ScoreRule = "trimmed_mean"
    places: int | None = Field(default=None, description="Places for each division, where they are limited.")


class SelectionStage(Stage):
    """Ranks by the round before it and keeps the best of each division within the quota."""

    kind: Literal["selection"]
    scope: Scope = "area"
    by: Code = Field(description="Id of the review or defence stage whose tally ranks the entries.")
    quota: dict[str, int] = Field(description="Division or track code, or `default`, to the number selected.")
    wild_cards: int = Field(default=0, ge=0, description="Entries that operations may add with a reason, per area.")
    waiting_list: int = Field(default=3, ge=0, description="Next in rank that wait, for each division.")

    def quota_of(self, division: str, override: StageOverride | None = None) -> int:
        """The quota of a division: the area's own before the stage's; the group before the track before the default."""
        for table in ((override.quota if override else None) or {}, self.quota):
            for key in (division, division.split("/")[0], "default"):
                if key in table:
                    return table[key]
        return 0


class PublicNoticeStage(WindowStage):
    """The list of the selected is shown; anyone may object. An upheld objection moves the next in rank up."""

    kind: Literal["public_notice"]
    undecided: Literal["dismissed", "upheld"] = "dismissed"


class ConfirmationStage(WindowStage):
    """The selected confirm that they take part. Who declines or stays silent makes room for the next in rank."""

    kind: Literal["confirmation"]


class EventStage(WindowStage):
    """An event beside the competition, such as the ceremony or the exhibition: its window is for confirming."""

    kind: Literal["event"]
    scope: Scope = "season"
    event: Literal["ceremony", "exhibition", "training", "other"] = "other"
    starts: LocalTime
    ends: LocalTime
    asks: tuple[Literal["attendance", "booth", "materials"], ...] = ("attendance",)
    invites: Literal["finalists", "awarded"] = "finalists"


class Prize(Part):
    """A prize: how many are given in each division, best first."""

    code: Code
    name: Text
    each: int = Field(ge=1, description="How many in each division.")


class AwardsStage(Stage):
    """Gives the prizes in order of rank. Who recommended the winners is rewarded by these results."""

    kind: Literal["awards"]
    scope: Literal["season"] = "season"
    by: Code = Field(description="Id of the round whose tally ranks the finalists.")
    prizes: tuple[Prize, ...]


class NeedsStage(WindowStage):
    """Places (cities, parks, companies) file their needs."""

    kind: Literal["needs"]
    scope: Scope = "season"


class MatchingStage(Stage):
    """Matching rounds between projects and needs, and the negotiations that follow."""

    kind: Literal["matching"]
    scope: Literal["season"] = "season"
    first_round: LocalTime
    every: Span | None = Field(default=None, description="Between renewed rounds; absent means one round.")
    rounds: int = Field(default=1, ge=1)
    candidates: Literal["eligible", "finalists", "awarded"] = "finalists"
    per_entry: int = Field(default=3, ge=1, description="Places that one project negotiates with in a round.")
    answer_within: Span
    follow_up_every: Span
    close_after: Span = Field(description="A negotiation without outcome expires after this.")
    reminders: tuple[Reminder, ...] = ()


class TrackingStage(Stage):
    """Follow-ups on each landed or negotiating project, for years."""

    kind: Literal["tracking"]
    scope: Literal["season"] = "season"
    after: tuple[Span, ...]
    yearly_for: int = Field(default=5, ge=0, description="Further yearly follow-ups.")
    answer_within: Span
    reminders: tuple[Reminder, ...] = ()


AnyStage = Annotated[
    RegistrationStage
    | EndorsementStage
    | ScreeningStage
    | ReviewStage
    | DefenceStage
    | SelectionStage
    | PublicNoticeStage
    | ConfirmationStage
    | EventStage
    | AwardsStage
    | NeedsStage
    | MatchingStage
    | TrackingStage,
    Field(discriminator="kind"),
]


_YEAR = timedelta(days=365)


def _years(value: object) -> object:
    return int(value[:-1]) * _YEAR if isinstance(value, str) and re.fullmatch(r"\d{1,2}y", value.strip()) else value


Term = Annotated[Span, BeforeValidator(_years)]
"""How long something is kept: a length of time, or whole years, such as `3y`, of 365 days each."""


class Retention(Part):
    """How long after the season's end what is kept about people is deleted, in real time. See docs/privacy.md."""

    entries: Term = Field(default=3 * _YEAR, description="Titles, summaries, organisations, names of teams.")
    people: Term = Field(default=3 * _YEAR, description="People all of whose seasons ended that long ago.")
    mails: Term = Field(default=_YEAR, description="Values in notices, and what the mail server answered.")
    documents: Term = Field(default=2 * _YEAR, description="Files of entries.")


class SeasonFile(Part):
    """A whole season."""

    id: Code
    number_prefix: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,12}$")] = Field(
        description="First part of public numbers."
    )
    name: Text
    theme: Text | None = None
    organisers: tuple[Organiser, ...] = ()
    zone: str
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    languages: tuple[Language, ...] = ("zh", "en")
    tracks: tuple[Track, ...] = Field(min_length=1)
    areas: tuple[Area, ...] = Field(
        min_length=1, description="Left out by a competition without areas: its own office is then the one area, `ALL`."
    )
    entry_rules: EntryRules = EntryRules()
    rubrics: tuple[Rubric, ...] = ()
    stages: tuple[AnyStage, ...] = Field(min_length=1)
    retention: Retention = Retention()
    notices: NoticeRules = NoticeRules()
    words: dict[Template, NoticeWords] = Field(default={}, description="Own words for notices, by the notice's name.")
    illustrative: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_area_where_none_is_named(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("areas"):
            office = {
                "code": "ALL",
                "name": {"en": "Season office", "zh": "组委会"},
                "kind": "domestic",
                "seat": {"city": {"en": "Season office", "zh": "组委会"}, "country": data.get("country", "CN")},
                "zone": data.get("zone", "UTC"),
            }
            return {**data, "areas": [office]}
        return data

    def stage(self, stage_id: str) -> AnyStage:
        """The stage of that id. Raises KeyError."""
        for stage in self.stages:
            if stage.id == stage_id:
                return stage
        raise KeyError(stage_id)

    def area(self, code: str) -> Area:
        """The area of that code. Raises KeyError."""
        for area in self.areas:
            if area.code == code:
                return area
        raise KeyError(code)

    def track(self, code: str) -> Track:
        """The track of that code. Raises KeyError."""
        for track in self.tracks:
            if track.code == code:
                return track
        raise KeyError(code)

    def rubric(self, code: str) -> Rubric:
        """The rubric of that code. Raises KeyError."""
        for rubric in self.rubrics:
            if rubric.code == code:
                return rubric
        raise KeyError(code)

    def divisions(self) -> tuple[str, ...]:
        """All divisions of all tracks, in the file's order."""
        return tuple(d for track in self.tracks for d in track.divisions())
