"""Step 3, periods: whether something that happened on a partial date happened inside one.

A partial date counts in a period only if the whole of it lies inside; otherwise the thing is told apart
as "date uncertain" and never split, guessed or dropped (rule in the domain's arithmetic).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fallow.errors import FallowError
from fallow.kinds import date_high, date_low
from fallow.register import BEGINNING, OPEN_END

Side = Literal["inside", "outside", "uncertain"]


@dataclass(frozen=True, slots=True)
class Period:
    """From the first to the last day, both inclusive."""

    since: str = BEGINNING
    until: str = OPEN_END

    @classmethod
    def of(cls, since: str | None = None, until: str | None = None, year: int | str | None = None) -> Period:
        """From ISO dates, which may be partial, or a year; ``PERIOD`` when it ends before it starts.

        ``PERIOD_TWICE`` for a year beside a first or last day: whichever of them counted, the sentence of the
        number would name the other as well.
        """
        if year is not None:
            if since or until:
                raise FallowError("PERIOD_TWICE", "period", year=year, since=since or "-", until=until or "-")
            since, until = f"{int(year):04d}", f"{int(year):04d}"
        first = date_low(since) if since else BEGINNING
        last = date_high(until) if until else OPEN_END
        if last < first:
            raise FallowError("PERIOD", "period", since=first, until=last)
        return cls(first, last)

    @property
    def whole(self) -> bool:
        """Whether it has no bounds: then even an unknown date lies inside."""
        return self.since == BEGINNING and self.until == OPEN_END

    def side(self, partial: str | None, until: str | None = None) -> Side:
        """Where a partial date, or a span up to ``until``, lies; without a date it is uncertain.

        Unless everything is asked for: then it is inside, dated or not.
        """
        if partial is None:
            return "inside" if self.whole else "uncertain"
        low, high = date_low(partial), date_high(until or partial)
        if self.since <= low and high <= self.until:
            return "inside"
        if high < self.since or low > self.until:
            return "outside"
        return "uncertain"


def first_known(before: str, known: str | None) -> None:
    """``KNOWN_ORDER`` when the earlier of two days as known is after the later one.

    Asked the wrong way round, what was learned between the two days would read as taken back.
    """
    if known is not None and date_high(before) > known:
        raise FallowError("KNOWN_ORDER", "known_before", before=date_high(before), known=known)
