from doorward.control.store.faults import StoreFault
from doorward.control.store.place import location
from doorward.control.store.rows import Issued
from doorward.control.store.store import Store

__all__ = ["Issued", "Store", "StoreFault", "location"]
