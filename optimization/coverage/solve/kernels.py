"""The chain search, compiled: loops that whole arrays cannot express.

Importing this module imports numba (a second), so only what solves large problems does.
"""

from __future__ import annotations

import numba
import numpy as np

_compile = numba.njit(cache=True, fastmath=False, nogil=True)
# Accounts of a coverer that a relief looks at, about; all of them would cost more than they bring.
FEW_ACCOUNTS = 40


@_compile
def constraint_cost(load, limit, slack_limit, slack_price, penalty):
    """Cost of a constraint at a load: slack at its price, beyond it at the penalty."""
    over = load - limit
    if over <= 0.0:
        return 0.0
    if over <= slack_limit:
        return over * slack_price
    return slack_limit * slack_price + (over - slack_limit) * penalty


@_compile
def _change(pair, sign, load, uses, terms, apply):
    """Cost change when a pair is added (+1) or removed (-1); optionally move the loads."""
    indptr, indices, data = uses
    limit, slack_limit, slack_price, penalty = terms
    change = 0.0
    for e in range(indptr[pair], indptr[pair + 1]):
        m = indices[e]
        new = load[m] + sign * data[e]
        change += constraint_cost(new, limit[m], slack_limit[m], slack_price[m], penalty[m])
        change -= constraint_cost(load[m], limit[m], slack_limit[m], slack_price[m], penalty[m])
        if apply:
            load[m] = new
    return change


@_compile
def _unlink(a, c, head, after, before):
    if before[a] >= 0:
        after[before[a]] = after[a]
    else:
        head[c] = after[a]
    if after[a] >= 0:
        before[after[a]] = before[a]


@_compile
def _link(a, c, head, after, before):
    after[a] = head[c]
    before[a] = -1
    if head[c] >= 0:
        before[head[c]] = a
    head[c] = a


@_compile
def _shift(a, new, choice, load, worth, coverer, uses, terms, book):
    """Give account a another pair; returns the gain, and the cost that the new pair adds."""
    head, after, before = book
    old = choice[a]
    freed = _change(old, -1.0, load, uses, terms, True)
    added = _change(new, 1.0, load, uses, terms, True)
    _unlink(a, coverer[old], head, after, before)
    _link(a, coverer[new], head, after, before)
    choice[a] = new
    return worth[new] - worth[old] - freed - added, added


@_compile
def _best_relief(c, chain, depth, account, load, worth, coverer, choice, listed, uses, terms, book):
    """Best shift of an account out of coverer c, accounts of the chain left alone."""
    list_first, list_pair, crowd = listed
    best, best_account, best_pair = -np.inf, -1, -1
    share = np.random.random() * min(1.0, FEW_ACCOUNTS / max(crowd, 1.0))
    b = book[0][c]
    while b >= 0:
        in_chain = np.random.random() > share
        for d in range(depth):
            in_chain = in_chain or chain[d] == b
        if not in_chain:
            old = choice[b]
            freed = _change(old, -1.0, load, uses, terms, True)
            for n in range(list_first[b], list_first[b + 1]):
                new = list_pair[n]
                if coverer[new] != c:
                    gain = worth[new] - worth[old] - freed
                    if gain > best:
                        gain -= _change(new, 1.0, load, uses, terms, False)
                        if gain > best:
                            best, best_account, best_pair = gain, b, new
            _change(old, 1.0, load, uses, terms, True)
        b = book[1][b]
    return best, best_account, best_pair


@_compile
def chain_search(
    choice, load, worth, account, coverer, listed, proposals, uses, terms, book, seed, temperature,
    longest,
):  # fmt: skip
    """Improve a plan by ejection chains, in place.

    A try takes a random pair of the candidate list and gives its account to that coverer; while
    that overloads the coverer, the best account to leave it is shifted on, up to ``longest``
    shifts. The best beginning of the chain is kept if it gains more than temperature x
    log(random), else undone. Source: Yagiura, Ibaraki, Glover (2004), An ejection chain approach
    for the generalized assignment problem, INFORMS Journal on Computing 16(2).

    Args:
        choice: Pair per account, shape (A,).
        load: Units used of each constraint, shape (M,).
        worth: Value of each pair, shape (N,).
        account: Account of each pair, shape (N,).
        coverer: Coverer of each pair, shape (N,).
        listed: The candidate list, (first, pair, crowd): pairs worth trying by account, shapes
            (A + 1,) and (K,), and the mean number of accounts in a coverer's book.
        proposals: Pairs that begin a chain, drawn at random as often as there are any.
        uses: CSR arrays of the constraints' uses.
        terms: limit, slack limit, slack price, penalty beyond it, each of shape (M,).
        book: Linked lists of each coverer's accounts that have a choice: head (R,), after (A,),
            before (A,). Accounts of proposals must be in it.
        seed: Seed of the draws.
        temperature: Loss that is accepted with probability 1/e.
        longest: Most shifts of a chain.

    Returns:
        Gain over all chains kept.
    """
    np.random.seed(seed)
    chain = np.empty(longest, np.int64)
    old_pair = np.empty(longest, np.int64)
    gained = 0.0
    for _ in range(len(proposals)):
        new = proposals[np.random.randint(0, len(proposals))]
        a = account[new]
        if choice[a] == new:
            continue
        floor = 1e-9
        if temperature > 0.0:
            floor = temperature * np.log(np.random.random() + 1e-300)
        total = 0.0
        best, best_depth, depth = -np.inf, 0, 0
        while True:
            chain[depth] = a
            old_pair[depth] = choice[a]
            gain, added = _shift(a, new, choice, load, worth, coverer, uses, terms, book)
            total += gain
            depth += 1
            if total > best:
                best, best_depth = total, depth
            if depth == longest or added <= 0.0:
                break  # nothing to relieve: the new coverer had room
            relief, a, new = _best_relief(
                coverer[new], chain, depth, account, load, worth, coverer, choice, listed, uses,
                terms, book,
            )  # fmt: skip
            if a < 0 or (total + relief <= min(best, floor) and depth + 1 == longest):
                break
        keep = best_depth if best > floor else 0
        for d in range(depth - 1, keep - 1, -1):
            _shift(chain[d], old_pair[d], choice, load, worth, coverer, uses, terms, book)
        if keep:
            gained += best
    return gained
