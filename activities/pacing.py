"""How fast one process sends: limits in all and for each domain, and pauses while the server takes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta

from records.campaigns import Claimed

_TICK = 0.005
_MANY, _OLD = 10_000, 3600.0


class Pacing:
    """Spreads the sends of one process evenly: at most `per_second` in all, `per_domain` to each domain.

    None or 0 means as fast as it goes.
    """

    def __init__(self, per_second: float | None = None, per_domain: float | None = None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._domain_gap = 1 / per_domain if per_domain else 0.0
        self._domains: dict[str, float] = {}
        self._promised: dict[tuple[str, int, str], float] = {}

    @property
    def by_domain(self) -> bool:
        """Whether there is a limit for each domain."""
        return self._domain_gap > 0

    def wait(self) -> float:
        """Seconds until the next send may begin; the caller's it is then. What is not worth waiting for is 0."""
        if not self._gap:
            return 0.0
        now = time.monotonic()
        start = max(now, self._next)
        self._next = start + self._gap
        return start - now if start - now > _TICK else 0.0

    def slot(self, delivery: Claimed) -> float:
        """Seconds until this one may go to its domain; the instant is kept for it until it asks again."""
        now, key = time.monotonic(), delivery.key
        start = self._promised.pop(key, None)
        if start is None:
            domain = delivery.email.rpartition("@")[2].lower()
            start = max(now, self._domains.get(domain, 0.0))
            self._domains[domain] = start + self._domain_gap
        if start <= now:
            return 0.0
        self._promised[key] = start
        self._forget(now)
        return start - now

    def keep_slots(self, unused: Iterable[Claimed]) -> None:
        """These were let go and did not go after all: they may at once when they ask again."""
        if self.by_domain:
            now = time.monotonic()
            self._promised.update((one.key, now) for one in unused)

    def _forget(self, now: float) -> None:
        # Some never ask again, as what they are about was done or discarded.
        if len(self._promised) > _MANY:
            self._promised = {key: at for key, at in self._promised.items() if at > now - _OLD}
            self._domains = {domain: at for domain, at in self._domains.items() if at > now - _OLD}


class Breaker:
    """Holds all mail of one process back while the server takes none: pauses that grow from `first` to `longest`.

    `first` and `longest` are in seconds. Nothing is lost meanwhile: what waits stays queued.
    """

    def __init__(self, first: float = 1.0, longest: float = 60.0) -> None:
        self._first, self._longest = first, longest
        self._pause = self._until = 0.0

    @property
    def waits(self) -> bool:
        """Whether it is too early to try the server again."""
        return time.monotonic() < self._until

    @property
    def down(self) -> bool:
        """Whether the server took no mail when it was last tried."""
        return self._pause > 0

    @property
    def pause(self) -> timedelta:
        """The present pause, from its beginning."""
        return timedelta(seconds=self._pause)

    def trip(self) -> bool:
        """The server takes no mail: pause, longer than last time; whether that is news.

        Lanes that find out together lengthen the pause once.
        """
        news = not self.down
        if not self.waits:
            self._pause = min(self._pause * 2 or self._first, self._longest)
            self._until = time.monotonic() + self._pause
        return news

    def mend(self) -> bool:
        """The server answers again; whether that is news."""
        news, self._pause, self._until = self.down, 0.0, 0.0
        return news
