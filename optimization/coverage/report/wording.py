"""How numbers and coverers read in sentences."""

from __future__ import annotations

from optimization.coverers import HOUSE


def money(amount: float) -> str:
    """Round an amount to what a reader can hold: 12.3 M, 45,600, 480."""
    size = abs(amount)
    if size >= 999_500:
        return f"{amount / 1e6:,.1f} M"
    digits = -2 if size >= 9_950 else -1 if size >= 995 else 0
    return f"{round(amount, digits) + 0.0:,.0f}"  # + 0.0 turns -0 into 0


def is_shown(amount: float) -> bool:
    """Whether an amount is more than the 0 that a reader would see."""
    return round(amount) > 0


def counted(number: int, noun: str) -> str:
    """Number and noun in the right grammatical number: 1 account, 2 accounts, no accounts."""
    if number == 0:
        return f"no {noun}s"
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def coverer_name(rep_id: str, coverer_type: str) -> str:
    """Name a coverer by id: names of persons stay out of plans."""
    return "no one" if rep_id == HOUSE else f"{coverer_type} {rep_id}"
