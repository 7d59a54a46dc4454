"""Applicants and the channels that recommend them: drafts, submissions, changes, late attempts, withdrawals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.forms import ChannelForm, EntryForm
from models.season import Area
from records import channels, entries
from rehearsal import habits, names
from rehearsal.acts import Act, Moot
from rehearsal.dice import Dice
from rehearsal.world import World


@dataclass
class Project:
    """What an applicant holds in hand: the form, and the entry's id once the draft was accepted."""

    world: World
    key: str
    form: EntryForm
    window: str
    channel: str | None = None
    id: int | None = None

    @property
    def by_channel(self) -> bool:
        """Half of the recommended are registered by their channel, half vouched for later."""
        return self.channel is not None and (self.form.readiness or 0) % 2 == 0

    def entered(self) -> int:
        """The entry's id. Raises Moot where the draft was refused."""
        if self.id is None:
            raise Moot
        return self.id

    async def draft(self) -> None:
        """Begin."""
        channel = self.channel if self.by_channel else None
        self.id = await entries.draft(self.world.database, self.world.season, self.form, channel=channel)

    async def submit(self) -> None:
        """Submit through the desk."""
        await self.world.desk.submit(self.entered())

    async def change(self) -> None:
        """Change the text and submit again."""
        changed = self.form.model_copy(update={"summary": self.form.summary + " Revised."})
        await entries.save(self.world.database, self.entered(), changed)
        await self.world.desk.submit(self.entered())

    async def vouch(self) -> None:
        """The channel vouches for the entry."""
        await channels.recommend(self.world.database, self.entered(), self.channel or "")

    async def withdraw(self) -> None:
        """Give up."""
        await entries.withdraw(self.world.database, self.entered(), reason="We go another way.")


def channels_of(world: World, area: Area) -> list[ChannelForm]:
    """The recommending organisations of an area."""
    forms = []
    for number in range(1, 4):
        dice = Dice(world.seed, "channel", area.code, number)
        contact = names.person(dice, f"channel-{area.code.lower()}-{number}", area)
        name = names.organisation(dice, contact.language)
        forms.append(ChannelForm(code=f"{area.code}-{number}", name=name, area=area.code, contact=contact))
    return forms


def register(world: World, window: dict[str, Any], count: int) -> Iterator[Act]:
    """All acts of the applicants of one registration window; `count` entries are started."""
    area = world.file.area(window["area"])
    for number in range(count):
        dice = Dice(world.seed, "entry", area.code, window["stage"], number)
        project = _project(world, area, window, dice, number)
        yield from _life(world, project, window, dice)


def _life(world: World, project: Project, window: dict[str, Any], dice: Dice) -> Iterator[Act]:
    """One entry's acts, from its draft on."""
    opens, closes = window["opens_at"], window["closes_at"]
    submits = _submitting(world, opens, closes, dice)
    begins = _beginning(world, opens, submits, dice)

    key, area = project.key, window["area"]
    fate = dice.random()
    late = habits.NEVER_SUBMITTED <= fate < habits.NEVER_SUBMITTED + habits.LATE
    if late and dice.falls(habits.BEGUN_LATE):
        begins = closes + _lateness(world, dice)
    yield Act(begins, f"{key}/1", project.draft, "draft", window["id"], lane=area, numbered=True)
    if fate < habits.NEVER_SUBMITTED:
        return
    if late:
        yield Act(
            max(begins, closes + _lateness(world, dice)), f"{key}/2", project.submit, "submit", window["id"], lane=area
        )
        return
    yield Act(submits, f"{key}/2", project.submit, "submit", window["id"], lane=area)
    if project.channel is not None and not project.by_channel:
        yield Act(dice.moment(begins, closes), f"{key}/3", project.vouch, "recommend", window["id"], lane=area)
    if dice.falls(habits.CHANGED):
        yield Act(dice.moment(submits, closes), f"{key}/4", project.change, "change", window["id"], lane=area)
    if dice.falls(habits.WITHDRAWN):
        yield Act(
            dice.moment(submits, closes + world.span(timedelta(days=40))), f"{key}/5", project.withdraw, "withdraw"
        )


def _submitting(world: World, opens: datetime, closes: datetime, dice: Dice) -> datetime:
    """When somebody submits: half of all in the last three days, a surge in the last hour."""
    length = closes - opens
    hour = min(world.span(habits.LAST_HOUR), length / 4)
    days = min(world.span(habits.LAST_DAYS), length / 2)
    chance = dice.random()
    if chance < habits.LAST_HOUR_SHARE:
        # The nearer to the close, the more: some to the very millisecond.
        return max(closes - hour * dice.random() ** 2, opens) - timedelta(milliseconds=1)
    if chance < habits.LAST_HOUR_SHARE + habits.LAST_DAYS_SHARE:
        return dice.moment(closes - days, closes - hour)
    return dice.moment(opens, closes - days)


def _beginning(world: World, opens: datetime, submits: datetime, dice: Dice) -> datetime:
    """A draft is begun some days before, at the earliest when the window opens."""
    before = world.span(timedelta(hours=dice.expovariate(1 / 60)))
    return max(opens, min(submits - before, submits - timedelta(milliseconds=1)))


def _lateness(world: World, dice: Dice) -> timedelta:
    """Some are late by nothing at all (the closing instant is over), the others by minutes and hours."""
    return timedelta(0) if dice.falls(0.1) else world.span(timedelta(minutes=dice.expovariate(1 / 45)))


def _project(world: World, area: Area, window: dict[str, Any], dice: Dice, number: int) -> Project:
    key = f"{area.code}/{window['stage']}/{number}"
    track = dice.pick(world.file.tracks)
    address = f"{area.code}-{window['stage']}-{number}".lower()
    applicant = names.person(dice, address, area)
    size = dice.randrange(world.file.entry_rules.team_max)
    documents = world.file.entry_rules.documents
    wrong = dice.random()
    bounds = habits.TEAM_TOO_LARGE, habits.TEAM_TOO_LARGE + habits.PLAN_MISSING
    if wrong < bounds[0]:
        size = world.file.entry_rules.team_max + dice.randrange(3)
    elif wrong < bounds[1]:
        documents = documents[1:]
    team = [names.person(dice, f"{address}-{n}", area) for n in range(1, size + 1)]
    if number and bounds[1] <= wrong < bounds[1] + habits.SAME_PERSON:
        team = [*team[:-1], names.person(dice, f"{area.code}-{window['stage']}-{number - 1}".lower(), area)]
    title = _title(world, area, window["stage"], number)
    form = EntryForm(
        area=area.code,
        track=track.code,
        group=dice.pick(track.groups).code if track.groups else None,
        fields=tuple(f.code for f in dice.sample(track.fields, min(len(track.fields), 1 + dice.randrange(2)))),
        title=title,
        # By the title: a project that is entered once more says the same of itself.
        summary=names.summary(Dice(world.seed, "summary", area.code, title), title),
        applicant=applicant,
        team=tuple(team),
        organisation=names.organisation(dice, applicant.language),
        leader_degree=dice.pick(("bachelor", "master", "doctor", "doctor")),
        documents=documents,
        readiness=1 + dice.randrange(9),
    )
    channel = f"{area.code}-{1 + dice.randrange(3)}" if dice.falls(habits.RECOMMENDED) else None
    return Project(world, key, form, window["id"], channel)


def _title(world: World, area: Area, stage: str, number: int) -> str:
    """What a project is called; now and then it is the project of the one before, entered once more."""
    dice = Dice(world.seed, "title", area.code, stage, number)
    if number and dice.falls(habits.NEAR_DUPLICATE):
        return _title(world, area, stage, number - 1)
    return names.title(dice, dice.pick(world.file.tracks), dice.pick(("en", "zh")), number)
