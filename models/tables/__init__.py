"""The tables. PostgreSQL owns the facts; this package is their shape."""

from models.tables.access import ApiToken, KnownRequest, SignInLink, Staff, WebSession
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
from models.tables.notices import Campaign, Delivery, MailHold, OptOut
from models.tables.outside import BounceReport, Hook, HookDelivery
from models.tables.people import Person
from models.tables.registration import ChannelList, Correction, Document, Grace, Nudge
from models.tables.results import Award, Invitation
from models.tables.seasons import LogLine, Season, Window

__all__ = [
    "ApiToken", "Assignment", "Award", "Ballot", "Base", "BounceReport", "Campaign", "Channel", "ChannelList", "Conflict",
    "Correction", "Counter", "Delivery", "Document", "Entry", "FollowUp", "Grace", "Hook", "HookDelivery", "Invitation", "Judge",
    "KnownRequest", "LogLine", "MailHold", "Match", "Member", "Need", "Nudge", "Objection", "OptOut", "Person", "Place", "Recommendation",
    "Season", "Selection", "Session", "SignInLink", "Slot", "Staff", "Tally", "WebSession", "WildCard", "Window",
]  # fmt: skip
