"""What can go wrong with the store while the gateway runs. (At the start it is ``InvalidConfiguration``.)"""

from doorward.core.errors import Fault


class StoreFault(Fault):
    """The store could not be read or written. What was asked for has not happened."""

    code = "state.unavailable"
