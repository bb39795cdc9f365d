"""The rows of the sample CRM. Nobody here exists; the domains are reserved for examples (RFC 2606), the telephone
numbers for fiction (555-0100 to 555-0199), and the key opens nothing.
"""

from typing import Any

CUSTOMERS: tuple[dict[str, Any], ...] = (
    {
        "id": "c-101",
        "name": "Ines Halvorsen",
        "company": "Fjordlight Optics",
        "email": "ines@fjordlight.example",
        "phone": "+1 212-555-0109",
        "address": "8 Kestrel Lane, Albany, NY 12207",
        "account": "ACCT-40071922",
        "open_deals": 2,
    },
    {
        "id": "c-102",
        "name": "Tomás Ferreira",
        "company": "Cork & Canvas",
        "email": "tomas@corkcanvas.example",
        "phone": "+1 503-555-0147",
        "address": "14 Harbour Street, Portland, OR 97205",
        "account": "ACCT-40071958",
        "open_deals": 0,
    },
    {
        "id": "c-103",
        "name": "Adaeze Obi",
        "company": "Northgate Logistics",
        "email": "adaeze@northgate.example",
        "phone": "+1 312-555-0182",
        "address": "220 Orchard Road, Chicago, IL 60614",
        "account": "ACCT-40072011",
        "open_deals": 5,
    },
    {
        "id": "c-104",
        "name": "Jun Takeda",
        "company": "Fjordlight Optics",
        "email": "jun@fjordlight.example",
        "phone": "+1 212-555-0164",
        "address": "8 Kestrel Lane, Albany, NY 12207",
        "account": "ACCT-40071923",
        "open_deals": 1,
    },
)

PRODUCTS: tuple[dict[str, Any], ...] = (
    {"sku": "FL-2040-88", "name": "Florence desk lamp", "ean": "2012007100179", "price": 129.0, "lot": "240-11-0907"},
    {"sku": "FL-2041-17", "name": "Elliott armchair", "ean": "2012007100278", "price": 540.5, "lot": "240-11-0911"},
    {"sku": "FL-2077-03", "name": "Madison sideboard", "ean": "2012007100377", "price": 799.0, "lot": "240-12-0044"},
)
"""Names like people's and numbers like telephones': what a careless filter would damage."""

KEY = "".join(("sk", "_live_", "7hQ2mVx9", "LrT4bNc8", "WkZ3pYd6"))
"""Has the form of a payment service's key. In pieces, so that no scanner of repositories takes it for one."""

NOTES: dict[str, tuple[str, ...]] = {
    "c-102": (f"Tomás Ferreira called. Their shop signs in with {KEY} until Friday; then Jun Takeda sends a new one.",),
}
"""Customer to what somebody wrote about them."""
