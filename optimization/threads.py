"""One thread for linear algebra, so that the same tables give the same bytes on any machine.

BLAS cuts long sums into as many pieces as there are threads, which changes their last digits and,
through them, prices and plans. At the sizes of a coverage problem its threads mostly wait for
each other, so one is also the fastest: the price search at 1,000 x 100,000 took half the seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

Params = ParamSpec("Params")
Result = TypeVar("Result")


def on_one_thread(function: Callable[Params, Result]) -> Callable[Params, Result]:
    """Run a function with BLAS limited to one thread; the limit before it is restored."""

    @wraps(function)
    def limited(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        # At each call: libraries that were loaded since the last one are found and limited too.
        with threadpool_limits(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited
