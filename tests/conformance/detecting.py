"""The strictest configuration of the detectors: all of them, everything redacted both ways.

What the suite sends and gets holds nobody's data, so not one check may come out otherwise.
"""

from typing import Any

ENTITIES = (
    *("PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN", "LOCATION", "IBAN_CODE", "IP_ADDRESS"),
    *("US_ITIN", "UK_NHS", "UK_NINO", "CA_SIN", "IN_AADHAAR", "IN_PAN", "ES_NIF", "ES_NIE", "PL_PESEL", "DE_TAX_ID"),
    *("IT_FISCAL_CODE", "AU_TFN", "SECRET", "ACCOUNT_ID", "DATE_OF_BIRTH", "BR_CPF", "NL_BSN", "FR_NIR", "PASSPORT"),
    "DRIVER_LICENSE",
)
DETECTING: dict[str, Any] = {
    "inspect": {
        "detectors": [{"use": "patterns", "ip_addresses": True}, {"use": "secrets"}, {"use": "names"}],
        "entities": {entity: {"arguments": "redact", "results": "redact"} for entity in ENTITIES},
    }
}
