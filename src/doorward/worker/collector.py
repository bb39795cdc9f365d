"""How often a worker's garbage collector looks for cycles, and at what."""

import gc

_YOUNG = 5000
"""Objects that are made, and not given back, until the collector looks for cycles among them. A call leaves none: with
Python's 700 it looked every hundred calls or so, for up to 1 % of their CPU, and found nothing.
"""


def spare_the_collector() -> None:
    """What was made until now stays: no collection during a call walks through it again (10 ms with all detectors).

    And what calls make from here on is looked through more seldom.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
