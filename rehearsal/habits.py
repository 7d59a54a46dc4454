"""How people behave, as shares between 0 and 1 and as spans of the season's own time. All in one place to be read."""

from __future__ import annotations

from datetime import timedelta

# Applicants
NEVER_SUBMITTED = 0.12
"""Drafts that are never finished."""
LAST_DAYS, LAST_DAYS_SHARE = timedelta(days=3), 0.40
LAST_HOUR, LAST_HOUR_SHARE = timedelta(hours=1), 0.10
"""Half of all come in the last three days, of which a surge in the last hour."""
LATE = 0.05
"""Attempts after the deadline, of all who submit."""
BEGUN_LATE = 0.2
"""Of those, who have not even a draft by then."""
CHANGED = 0.08
"""Change their entry after they submitted it."""
RECOMMENDED = 0.30
WITHDRAWN = 0.015
SIGNS_LIST = 0.85
"""Channels that sign their list in time."""
TEAM_TOO_LARGE, PLAN_MISSING, SAME_PERSON, NEAR_DUPLICATE = 0.02, 0.02, 0.015, 0.01

# Judges
JUDGE_DECLINES, JUDGE_CONFLICT, JUDGE_SILENT, JUDGE_LATE = 0.03, 0.02, 0.04, 0.03
SITTING = 5
"""Ballots that a judge hands in together, at the end of a sitting."""
BIAS = 5.0
"""Standard deviation, in points of 100, of how strict or mild a judge is."""
NOISE = 4.0

# Defences
NO_SHOW = 0.03

# The office
DECIDES_AT_ALL = 0.9
"""Share of undecided screenings and of objections on which the office decides before the close."""
FOUND_ELIGIBLE = 0.6
UPHELD = 0.25
WILD_CARDS_USED = 0.5

# The public
OBJECTIONS = 0.02
"""Objections for each entry on a public notice."""

# Finalists and guests
CONFIRMS, DECLINES = 0.90, 0.05

# Places
PLACES_PER_TRACK = 6
NEEDS_NOT_FILED = 0.10
MATCH_ACCEPTED, MATCH_DECLINED = 0.62, 0.20
LANDED, FAILED = 0.12, 0.13
"""Of each report in a negotiation; the rest go on."""
FOLLOW_UP_ANSWERED = 0.85
