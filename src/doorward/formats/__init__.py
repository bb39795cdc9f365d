"""What a record looks like to those who collect events: each format makes one line of it, or a few."""

from doorward.formats.cef import lines as cef_lines
from doorward.formats.ecs import lines as ecs_lines
from doorward.formats.native import lines as native_lines
from doorward.formats.ocsf import lines as ocsf_lines

FORMATS = {"native": native_lines, "ocsf": ocsf_lines, "ecs": ecs_lines, "cef": cef_lines}
"""``lines(record, most)``: lines without their ends, of at most ``most`` bytes (else ``LARGEST_EVENT``) where less than
the record says can be. Raises ``ValueError`` for a record that has no time.
"""
