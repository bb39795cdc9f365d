"""A small customer register as a real MCP server on the official SDK; the people in it are made up.

    python -m doorward.demo.crm --stdio         newline-framed JSON-RPC on stdin and stdout
    python -m doorward.demo.crm --port 3001     Streamable HTTP on http://127.0.0.1:3001/mcp, both eras

With ``--port 0`` the system picks a port. The URL is printed on stdout as soon as the port answers.
"""

import argparse
import json
import socket

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel

from doorward.demo.customers import CUSTOMERS, NOTES, PRODUCTS

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


class Customer(BaseModel):
    """One row of the register, as ``structuredContent`` carries it."""

    id: str
    name: str
    company: str
    email: str
    phone: str
    address: str
    account: str
    open_deals: int


class Product(BaseModel):
    """One row of the catalogue."""

    sku: str
    name: str
    ean: str
    price: float
    lot: str


class Contact(BaseModel):
    """What a search shows of a customer."""

    id: str
    name: str
    company: str
    email: str


def build() -> MCPServer[None]:
    """The server with five tools, a resource and a prompt. Notes live as long as the process."""
    register = {row["id"]: Customer.model_validate(row) for row in CUSTOMERS}
    notes = {customer: list(written) for customer, written in NOTES.items()}
    server: MCPServer[None] = MCPServer(
        "crm",
        title="Sample CRM",
        version="1.0.0",
        instructions="Made-up customers to try things on.",
        log_level="ERROR",
    )

    @server.tool(title="Search contacts", annotations=_READS)
    def search_contacts(query: str, limit: int = 5) -> list[Contact]:
        """Find customers whose name, company or e-mail address contains the words."""
        wanted = query.casefold()
        found = [c for c in register.values() if wanted in f"{c.name} {c.company} {c.email}".casefold()]
        return [Contact(id=c.id, name=c.name, company=c.company, email=c.email) for c in found[:limit]]

    @server.tool(title="Get customer", annotations=_READS)
    def get_customer(customer_id: str) -> Customer:
        """Everything the register holds about one customer."""
        return _find(register, customer_id)

    @server.tool(title="List products", annotations=_READS)
    def get_products() -> list[Product]:
        """The catalogue."""
        return [Product.model_validate(row) for row in PRODUCTS]

    @server.tool(title="Read notes", annotations=_READS)
    def read_notes(customer_id: str) -> list[str]:
        """What colleagues wrote about a customer."""
        return notes.get(_find(register, customer_id).id, [])

    @server.tool(title="Create note", annotations=_WRITES)
    def create_note(customer_id: str, text: str) -> str:
        """Add a note to a customer's file."""
        kept = notes.setdefault(_find(register, customer_id).id, [])
        kept.append(text)
        return f"Note {len(kept)} added to {customer_id}."

    @server.resource("crm://customers", title="All customers", mime_type="application/json")
    def customers() -> str:
        """Ids and names of all customers."""
        return json.dumps({c.id: c.name for c in register.values()})

    @server.prompt(title="Prepare a call")
    def prepare_call(customer_id: str) -> str:
        """Ask a model to prepare a telephone call with a customer."""
        return f"Prepare me for a call with customer {customer_id}. Look up the facts with the CRM tools first."

    return server


def _find(register: dict[str, Customer], customer_id: str) -> Customer:
    if customer_id not in register:
        raise ToolError(f"No customer {customer_id!r}; search_contacts lists the ids.")
    return register[customer_id]


class _Announcing(uvicorn.Server):
    """Says where it listens once it does, so that whoever started it need not poll."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for held in sockets or ():
            print(f"http://127.0.0.1:{held.getsockname()[1]}/mcp", flush=True)


def serve_http(port: int) -> None:
    """Serve on loopback until SIGTERM."""
    held = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(build().streamable_http_app(), log_level="error", timeout_graceful_shutdown=1)
    _Announcing(config).run(sockets=[held])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m doorward.demo.crm", description="A sample MCP server.")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--stdio", action="store_true", help="speak on stdin and stdout")
    how.add_argument("--port", type=int, help="serve Streamable HTTP on this loopback port; 0 picks one")
    chosen = parser.parse_args()
    if chosen.stdio:
        build().run("stdio")
    else:
        serve_http(chosen.port)


if __name__ == "__main__":
    main()
