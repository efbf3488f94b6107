"""The parts a deal's chance and value are made of: a closed list.

Nothing of the HR file but the group enters a model; a test holds that. A new term is one more line
here: the fit, the guard, the back-test and the tables follow the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

ALL = "(all)"
UNKNOWN = "(unknown)"


class Part(Enum):
    """Which sum of a prediction a term belongs to."""

    SEGMENT = "segment"  # the deal's own
    REP = "rep"  # the rep's and its group's, whatever the deal
    NICHE = "niche"  # the rep's on this kind of deal


@dataclass(frozen=True)
class Term:
    """One additive part of a prediction.

    Attributes:
        name: Name in the table of effects.
        part: The sum it belongs to.
        columns: Features of a deal; each combination of their values is a level with an effect.
    """

    name: str
    part: Part
    columns: tuple[str, ...]


KINDS = ("industry", "geography", "size_band", "product", "revenue_type")
PROFILE = ("industry", "geography", "size_band")
# What differs between the deals of one account.
OF_DEALS = ("product", "revenue_type")
REVENUE_TYPES = ("new", "existing")
GROUP = Term("group", Part.REP, ("group_id",))
REP = Term("rep", Part.REP, ("rep_id",))
ACCOUNT = Term("account", Part.SEGMENT, ("account_id",))
# What a rep can be strong in, by dimension; the last term's levels are the rep's effects.
DIMENSION_TERMS = {
    "overall": (GROUP, REP),
    **{kind: (Term(f"rep_{kind}", Part.NICHE, ("rep_id", kind)),) for kind in KINDS},
}
_REP_TERMS = tuple(term for terms in DIMENSION_TERMS.values() for term in terms)

# In the order in which they are fitted. The account is last: before its reps it would take what
# is theirs, since each has few accounts and an account few deals; what comes along to other
# accounts is tested afterwards.
WIN_TERMS = (*(Term(kind, Part.SEGMENT, (kind,)) for kind in KINDS), *_REP_TERMS, ACCOUNT)
VALUE_TERMS = (
    *(Term(kind, Part.SEGMENT, (kind,)) for kind in ("revenue_type", *PROFILE, "product")),
    REP,
    ACCOUNT,
)
CREATION_TERMS = tuple(term for term in WIN_TERMS if not set(term.columns) & set(OF_DEALS))
