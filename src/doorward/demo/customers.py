"""The rows of the sample CRM. Nobody here exists; the domains are reserved for examples (RFC 2606)."""

from typing import Any

CUSTOMERS: tuple[dict[str, Any], ...] = (
    {
        "id": "c-101",
        "name": "Ines Halvorsen",
        "company": "Fjordlight Optics",
        "email": "ines@fjordlight.example",
        "account": "ACCT-40071922",
        "open_deals": 2,
    },
    {
        "id": "c-102",
        "name": "Tomás Ferreira",
        "company": "Cork & Canvas",
        "email": "tomas@corkcanvas.example",
        "account": "ACCT-40071958",
        "open_deals": 0,
    },
    {
        "id": "c-103",
        "name": "Adaeze Obi",
        "company": "Northgate Logistics",
        "email": "adaeze@northgate.example",
        "account": "ACCT-40072011",
        "open_deals": 5,
    },
    {
        "id": "c-104",
        "name": "Jun Takeda",
        "company": "Fjordlight Optics",
        "email": "jun@fjordlight.example",
        "account": "ACCT-40071923",
        "open_deals": 1,
    },
)
