"""What theory expects of lines that nobody leaves; the C++ of common/staffing computes the same."""


def erlang_c(agents, erlangs):
    """The part of customers that waits (A. K. Erlang, 1917)."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = erlangs * blocked / (n + erlangs * blocked)
    return agents * blocked / (agents - erlangs * (1 - blocked))


def erlang_c_wait(agents, erlangs, service_s):
    """The mean wait over all customers, in seconds."""
    return erlang_c(agents, erlangs) * service_s / (agents - erlangs)


def shared_places_blocked(lines, agents, erlangs, places):
    """The part of customers that is blocked by `lines` separate desks of so many agents and erlangs each,
    which share their waiting places.

    Each desk by itself is a reversible birth-and-death process; shutting the door when the places are
    full cuts off states of their product and leaves the others as likely beside each other as before
    (F. P. Kelly, "Reversibility and Stochastic Networks", 1979, section 1.6).
    """
    chance, free = 1.0, 0.0  # of a desk with n customers, nobody waiting and an agent free
    for n in range(1, agents + 1):
        free += chance
        chance *= erlangs / n
    busy = [chance * (erlangs / agents) ** waiting for waiting in range(places + 1)]
    desk = [busy[0] + free] + busy[1:]

    def together(a, b):
        return [sum(a[i] * b[n - i] for i in range(n + 1)) for n in range(places + 1)]

    others = [1.0] + [0.0] * places
    for _ in range(lines - 1):
        others = together(others, desk)
    return together(others, busy)[places] / sum(together(others, desk))
