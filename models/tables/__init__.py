"""The tables. PostgreSQL owns the facts; this package is their shape."""

from models.tables.base import Base
from models.tables.entries import Channel, Counter, Entry, Member, Recommendation
from models.tables.judging import (
    Assignment,
    Ballot,
    Conflict,
    Judge,
    Objection,
    Selection,
    Session,
    Slot,
    Tally,
    WildCard,
)
from models.tables.matching import FollowUp, Match, Need, Place
from models.tables.notices import Campaign, Delivery
from models.tables.people import Person
from models.tables.results import Award, Invitation
from models.tables.seasons import LogLine, Season, Window

__all__ = [
    "Assignment", "Award", "Ballot", "Base", "Campaign", "Channel", "Conflict", "Counter", "Delivery", "Entry",
    "FollowUp", "Invitation", "Judge", "LogLine", "Match", "Member", "Need", "Objection", "Person", "Place",
    "Recommendation", "Season", "Selection", "Session", "Slot", "Tally", "WildCard", "Window",
]  # fmt: skip
