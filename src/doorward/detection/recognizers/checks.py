"""Check digits of national numbers, by python-stdnum. Its modules are imported when the first number needs them."""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Final

# Entity to module of stdnum.
_MODULES: Final[dict[str, str]] = {
    "AU_TFN": "au.tfn",
    "BR_CPF": "br.cpf",
    "CA_SIN": "ca.sin",
    "DE_TAX_ID": "de.idnr",
    "ES_NIE": "es.nie",
    "ES_NIF": "es.nif",
    "FR_NIR": "fr.nir",
    "IN_AADHAAR": "in_.aadhaar",
    "IN_PAN": "in_.pan",
    "IT_FISCAL_CODE": "it.codicefiscale",
    "NL_BSN": "nl.bsn",
    "PL_PESEL": "pl.pesel",
    "UK_NHS": "gb.nhs",
    "US_ITIN": "us.itin",
}


@lru_cache(maxsize=32)
def _checker(entity: str) -> Callable[[str], bool]:
    checker: Callable[[str], bool] = import_module("stdnum." + _MODULES[entity]).is_valid
    return checker


@lru_cache(maxsize=8192)
def valid(entity: str, number: str) -> bool:
    """Whether ``number``, without separators, keeps the rules of ``entity``: form, check digit, dates in it."""
    return bool(_checker(entity)(number))
