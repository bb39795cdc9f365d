"""How many files a worker may have open: enough for all the connections that it is willing to hold."""

import sys

_ENOUGH = 8192  # 2,048 clients, as many connections to servers, their processes' pipes, the log; twice that


def make_room() -> None:
    """Raise the soft limit where it is lower, as far as the hard one allows.

    Shells and service managers mostly give 1,024, for the sake of programs that use select(2). Five hundred open
    streams take them all, and from then on no server can be reached.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
