"""Reading the configuration file; ``config.py`` is what comes out."""

from doorward.configfile.load import Loaded, load, load_text
from doorward.configtypes import InvalidConfiguration

__all__ = ["InvalidConfiguration", "Loaded", "load", "load_text"]
