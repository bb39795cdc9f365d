"""What looks like somebody's number and is none: nothing of it may count."""

import pytest

from doorward.detection.keys import NOTHING, classify
from doorward.detection.recognizers import candidates


def counted(string, *names):
    found = candidates(string, classify(names) if names else NOTHING, frozenset())
    return [(c.entity, string[c.start : c.end], c.score) for c in found if c.score >= 0.5]


TELEMETRY = [
    "1733710764", "1681124036273", "1700000000.123456", "1681124036273000000", "674.2335876205225", "-0.000123456789",
    "1.2345678901e+10", "99.999999999", "12345678", "4294967295", "18446744073709551615", "9007199254740993",
    "cpu=0.7312345678 mem=8123456789 disk=512110190592", "p99=1234567.891 count=20482048", "latency_ns=1234567890",
    "GC pause 123456789 ns, heap 2147483648 -> 1073741824", "bytes_sent 4503599627370496 total",
    "[1733710764.123] eth0: 1234567890 packets", "uptime 12345678.90 23456789.01",
    "0x7ffd5e8b1a2c 0xdeadbeef12345678",
]  # fmt: skip
TIMES = [
    "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.123456+02:00", "2026-11-22 10:00:00", "20261122T100000Z", "20261122",
    "20261122100000", "22.11.2026", "22/11/2026 10:00", "11-22-2026", "2026/11/22 10:00:00.123",
    "Sun, 22 Nov 2026 10:00:00 +0000",
    "22 Nov 2026 10:00:00 -0500", "2026-W47-7", "2026-326", "1999-2024", "2019 - 2024", "2024-01-15 to 2024-02-15",
    "Between 2024-01-15 and 2025-03-31 (441 days)", "from 01.02.2024 - 03.04.2025", "10:00:00.123456789",
    "P3Y6M4DT12H30M5S",
    "*/15 0-23 1,15 1-12 1-5", "0 0 1 1 0 /usr/bin/job >> /var/log/job.log 2>&1", "TZ=UTC+0100", "+00:00", "+05:30",
]  # fmt: skip
IDS = [
    "550e8400-e29b-41d4-a716-446655440000", "12345678-1234-4234-8234-123456789012",
    "id 12345678-1234-4234-8234-123456789012 was removed", "6ba7b8109dad11d180b400c04fd430c8",
    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "commit 4111111 fixes 5500000", "sha256:4111111111111111411111111111111141111111111111114111111111111111",
    "00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e", "i-0123456789abcdef0", "vol-049df61146c4d7901",
    "arn:aws:iam::123456789012:role/Admin", "arn:aws:s3:::bucket-4155551234/key",
    "projects/123456789012/locations/us",
    "pod-7d4b9c6f5d-x2x4z", "ip-10-0-190-41", "ip-172-31-255-254.ec2.internal", "req_8fK2mP9xQ3",
    "5f8d0d55b54764421b7156d9",
    "snowflake 1234567890123456789", "urn:isbn:9780306406157", "PMID: 12345678", "doi:10.1000/182",
    "10.1093/nar/gkz1031",
    "arXiv:2101.12345", "RFC 2119", "CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q", "PR #4155551", "JIRA-1234567",
    "CWE-79 and CVE-2024-1234567", "zone 10115-10999",
]  # fmt: skip
COMMERCE = [
    "ISBN 978-3-16-148410-0", "ISBN 0-306-40615-2", "EAN 4006381333931", "UPC 036000291452", "GTIN 00012345600012",
    "1Z999AA10123456784", "9400 1000 0000 0000 0000 00", "JD014600003828392837", "tracking 420941059400111899223",
    "Order #114-3941689-8772232", "Order no. 112-3456789-1234567", "SKU 428-61-3536", "sku: 803-49-8596",
    "Part 123-45-6789",
    "Item no. 987-65-4320", "Invoice 2024-000123456", "INV-2024-001234", "PO 4500012345", "Rechnung Nr. 2024-1234567",
    "Bestellnummer 302-1234567-7654321", "Serial 8675-309-1234", "model 555-123-4567", "Lot 20240115-001",
    "AB-1234-5678",
    "M8x1.25 bolt 500-0123", "HS code 8471.30.0100", "NDC 0002-7510-01", "CAS 7732-18-5", "$1,234,567.89",
    "EUR 12.345.678,90", "1 234 567,89 €", "USD 4155551234", "price: 19.99", "Total: 1,000,000", "£12345678",
    "50% of 1234567",
    "100-200-3000 units", "3.14159265358979", "1,234,567,890", "1.234.567.890", "12 345 678 inhabitants",
    "sizes 38 40 42 44 46 48 50", "lotto 04 11 23 27 35 41", "1 2 3 4 5 6 7 8 9 10", "0123456789", "1234567890",
]  # fmt: skip
PLACES = [
    "40.712776, -74.005974", "48.8566 2.3522", "-33.8688197,151.2092955", "geo:52.5200066,13.404954",
    "POINT(13.404954 52.520008)",
    "52.5200,13.4050,10.0 51.5074,-0.1278,20.0", "lat=40.7127763&lon=-74.0059741", "bbox 12.34,56.78,90.12,34.56",
    "zip 94105-1234", "PLZ 10115", "SW1A 1AA",
]  # fmt: skip
CODE = [
    "v1.2.3", "1.2.3.4", "10.0.0.1", "192.168.100.200:8080", "10.20.30.40/24", "255.255.255.255", "node@18.17.1",
    "react@18.2.0", "@types/node@20.10.5", "npm i lodash@4.17.21 left-pad@1.3.0", "actions/checkout@v4.1.1",
    "pkg:npm/%40angular/core@12.3.1", "numpy-2.1.0-cp311-cp311-manylinux_2_17_x86_64.whl", "foo@2x.png",
    "icon@3x.jpg",
    "sprite@1.5x.webp", "git@github.com:owner/repo.git", "git clone git@gitlab.com:group/sub/project.git",
    "ssh://git@example.com:2222/a/b.git", "deploy@host.example.com:/srv/www",
    "scp file user@host.example.org:dir/file",
    "https://user@example.com/path", "https://user:word@example.com/", "@app.route('/x')", "@media screen", "a @ b.c",
    "x = a@b", "np.dot(a@b.T)", "self.w@self.x.data", "image@sha256:0123456789abcdef", "user@localhost",
    "@user@mastodon",
    "line 1234567:12", "main.py:123:45", "Main.java:4155551", "at 0x00007f8b12345678", "#4155551234", "#ff00aa",
    "#123456",
    "rgb(123, 123, 123)", "rgba(415,555,123,4)", "port 5432, pid 1234567", "chmod 0755 0644 0600 0777",
    "SELECT * FROM t WHERE id IN (4155551234, 4155551235, 4155551236)", "LIMIT 1000000 OFFSET 20000000",
    "VALUES (1234567, 7654321, 1122334)", "email VARCHAR(255), phone VARCHAR(20), ssn CHAR(11)",
    "[1234567, 2345678, 3456789]",
    "{1: 1000000, 2: 2000000}", "0b1010101010101010", "0o1234567", "1e10 1e-10 1_000_000_000",
    "fib: 0 1 1 2 3 5 8 13 21 34 55 89",
    "matrix [[1 2 3 4] [5 6 7 8] [9 10 11 12]]", "tel: input type", "regex ^\\d{3}-\\d{2}-\\d{4}$",
    "ssn: ***-**-6789",
    "card ending in 4242", "**** **** **** 4242", "4242", "XXX-XX-1234", "phone: N/A", "phone: (___) ___-____",
    "call me later",
    "$2b$12$" + "EixZaYVK1fsbw1ZfbX3OXe" + "PaWxn96p36WQoeG6Lruj3vjPGga31lW", "AKIA" + "IOSFODNN7EXAMPLE",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA", "Chrome/120.0.6099.109 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64)",
    "https://example.com/orders/4155551234/items/5105105105105100", "/api/v1/users/123456789/posts/987654321",
    "?ts=1733710764&v=20240115", "w=1920&h=1080&dpr=2", "1920x1080", "4k 3840x2160@60",
    "diff --git a/1234567 b/7654321",
    "@@ -123,45 +1234,567 @@", "index 1234567..7654321 100644", "0.0.0.0:8080->80/tcp", "[2001:db8::1]:443",
    "retries: 3, timeout: 30000, max: 1000000",
]  # fmt: skip


@pytest.mark.parametrize("string", TELEMETRY + TIMES + IDS + COMMERCE + PLACES + CODE)
def test_nothing_counts_in_what_is_nobodys(string):
    assert counted(string) == []


@pytest.mark.parametrize(
    ("name", "string"),
    [
        ("sku", "428-61-3536"),
        ("order_id", "415-555-1234"),
        ("orderNumber", "4155551234"),
        ("tracking_number", "9400 1000 0000 0000 0000 00"),
        ("isbn", "978-0-306-40615-7"),
        ("ean", "4006381333931"),
        ("timestamp", "1733710764"),
        ("trace_id", "4111111111111111"),
        ("version", "415.555.1234"),
        ("invoice_no", "123-45-6789"),
        ("serial", "AB123456C"),
        ("part_number", "12345678Z"),
        ("price", "4155551234"),
        ("session_id", "078-05-1120"),
        ("build", "020 7946 0958"),
        ("metric", "9434765919"),
    ],
)
def test_numbers_under_a_name_that_says_otherwise_do_not_count(name, string):
    assert counted(string, name) == []


@pytest.mark.parametrize(
    ("name", "string", "entity"),
    [
        ("order_ref", "4111-1111-1111-1111", "CREDIT_CARD"),
        ("trace_id", "DE89 3704 0044 0532 0130 00", "IBAN_CODE"),
        ("sku", "jo@example.org", "EMAIL_ADDRESS"),
    ],
)
def test_what_is_strong_by_itself_counts_under_any_name(name, string, entity):
    assert [found[0] for found in counted(string, name)] == [entity]
