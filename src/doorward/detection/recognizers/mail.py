"""E-mail addresses: RFC 5321 mailboxes as people write them, quoted and international ones (RFC 6531) included.

Each "@" is looked at by itself, so the cost is bound to their number. Much has an "@" and is no mailbox: package
versions, images for dense screens, places of source repositories, handles, decorators.
"""

import re
from functools import lru_cache
from typing import Final

from doorward.detection.keys import Key
from doorward.detection.keywords import listed
from doorward.detection.recognizers.look import Candidate, Look

ENTITY: Final = "EMAIL_ADDRESS"
_LOCAL_MAX = 64  # RFC 5321 §4.5.3.1.1
# What an unquoted local part may be made of (RFC 5322 §3.2.3), but for "/", "|", "`", "{" and "}", which stand beside
# addresses more often than in them; backwards from the "@".
_LOCAL: Final = re.compile(r"[\w.!#$%&'*+=?^~-]{1,64}+")
_DOMAIN: Final = re.compile(
    r"((?:[^\W_][\w-]{0,62}+\.){1,8})((?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})(?!\w|-\w|@))", re.IGNORECASE
)
_LEADING: Final = frozenset(".'*!#~^%$+-")  # what leads is punctuation around the address
_LITERAL: Final = re.compile(r"\[(?:IPv6:[0-9A-Fa-f:.]{2,45}|[0-9]{1,3}(?:\.[0-9]{1,3}){3})\]")
_REPOSITORY: Final = re.compile(r":~?/?(?:[\w.-]+/|[\w.-]+\.git\b)|/[\w.-]+/[\w.-]+\.git\b")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,20})://[^\s/@\"'<>]{0,128}\Z")
# Schemes of hosts that one logs in to: what stands before the "@" is an account there. Others ("contacts://…") name
# what they hold.
_HOSTS: Final = listed(
    """
    http https ws wss ftp ftps sftp ssh scp rsync git svn hg bzr telnet vnc rdp smb cifs afp nfs dav davs webdav
    webdavs ldap ldaps imap imaps pop pop3 pops smtp smtps smtp+starttls amqp amqps mqtt mqtts stomp nats kafka pulsar
    redis rediss valkey memcached postgres postgresql psql cockroachdb mysql mysqlx mariadb mssql sqlserver oracle db2
    jdbc odbc mongodb cassandra scylla couchdb couchbase clickhouse neo4j bolt arangodb elasticsearch opensearch
    influxdb snowflake redshift trino presto hive impala vertica teradata sqlite duckdb consul etcd zookeeper vault
    docker tcp udp unix tls ssl quic rtsp rtsps rtmp rtmps srt socks socks4 socks5 socks5h proxy vmess vless trojan ss
    wireguard openvpn ipsec s3 gs gcs abfs abfss wasb wasbs hdfs adl azure blob oci npm pip gem cargo irc ircs gopher
    finger rabbitmq celery
    """
)
# "ann [at] example [dot] org", "ann at example dot org", "ann@example dot org", "ann-at-example-dot-org".
_POINT: Final = r"(?:dot|punkt|punto|point|ponto|punt|kropka|nokta|\.)"
_DOT: Final = rf"(?:\.|[ ]?[\[({{<][ ]?{_POINT}[ ]?[\])}}>][ ]?| dot )"
_AT: Final = r"[ ]?[\[({<][ ]?(?:at|arroba|@|ät|malpa|kukac)[ ]?[\])}>][ ]?"
_DOT_SAID: Final = r"(?: dot |[ ]?[\[({<][ ]?dot[ ]?[\])}>][ ]?)"
_JOINT: Final = " ?[-_*|~] ?"
# A letter alone begins an address only where a dot follows it.
_FIRST: Final = r"(?<![\w.+-])(?:[\w+-]{2,40}|[\w+-](?=\.| dot ))"
_SPELLED: Final = re.compile(
    rf"{_FIRST}(?:{_DOT}[\w+-]{{1,40}}){{0,3}}(?P<sign>{_AT}|@(?=[\w.-]{{1,80}}(?: dot | ?[\[({{<])))"
    rf"[a-z0-9](?:[\w-]{{0,61}}{_DOT}){{1,4}}(?P<top>[a-z]{{2,24}})(?![\w-])"
    rf"|{_FIRST}(?:{_DOT}[\w+-]{{1,40}}){{0,3}}(?P<said> at )"
    rf"[a-z0-9](?:[\w-]{{0,61}}{_DOT}){{0,3}}[\w-]{{0,61}}{_DOT_SAID}"
    r"(?P<spoken>[a-z]{2,24})(?![\w-])"
    rf"|{_FIRST}(?:(?:\.| punto | ponto | point )[\w+-]{{1,40}}){{0,3}} (?:arroba|arobase|chiocciola) "
    r"[a-z0-9](?:[\w-]{0,61}(?:\.| punto | ponto | point )){1,4}(?P<named>[a-z]{2,24})(?![\w-])"
    rf"|(?<![\w.+-])[a-z0-9.+]{{2,40}}{_JOINT}at{_JOINT}[a-z0-9.]{{1,61}}"
    rf"(?:{_JOINT}dot{_JOINT}[a-z0-9]{{1,61}}){{0,2}}{_JOINT}dot{_JOINT}(?P<end>[a-z]{{2,24}})(?![\w-])",
    re.IGNORECASE,
)
_IN_BRACKETS: Final = re.compile(r"[\[({<] ?(?:at|arroba|@|ät|malpa|kukac) ?[\])}>]", re.IGNORECASE)
_SAYS_DOT: Final = re.compile(r"[ _*|~(\[{<-]dot[ _*|~)\]}>-]", re.IGNORECASE)
_DOT_ALONE: Final = re.compile(r"[\[({<] ?\. ?[\])}>]")
_WORD: Final = re.compile(r"[^ _*|~-]+")
_DENSITY: Final = re.compile(r"[0-9](?:\.[0-9])?x\.", re.IGNORECASE)


# Names of files end so and no top-level domain does.
_SUFFIXES: Final = listed(
    """
    png jpg jpeg gif svg webp avif ico bmp tif tiff css scss less js mjs cjs jsx tsx json yaml yml toml xml html htm
    txt csv tsv pdf doc docx xls xlsx ppt pptx ini cfg conf lock log bak tmp tar tgz gz bz xz rar whl egg jar war
    exe dll dylib bin woff ttf otf eot map vue svelte php rb java class swift kt gradle properties proto sql parquet
    wasm patch diff service timer socket target mount slice git mp mkv avi wav
    """
)
# Common generic and special top-level domains; those of two letters are countries. Any other counts only
# where the key or a word says that this is an address.
_GENERIC: Final = listed(
    """
    com org net edu gov mil int info biz name pro aero asia cat coop jobs mobi museum tel travel post xxx app dev
    page blog cloud online site store shop tech xyz club email mail live life world today space website digital
    agency media news studio design solutions services systems network company group global team work works
    consulting partners capital ventures finance financial bank insurance legal law health care clinic dental
    hospital academy school university college education institute foundation community social chat zone link click
    one top vip fun icu host press art music photo photos video games game software technology computer support
    center international expert guru ninja rocks land house homes estate properties city london berlin paris tokyo
    nyc africa eus gal scot wales swiss wien koeln hamburg bayern ruhr amsterdam brussels moscow istanbul quebec
    google amazon apple example test invalid local localhost localdomain internal intranet private corp home lan
    arpa onion energy engineering marketing events tours hotel restaurant cafe pizza fashion jewelry auto cars bike
    family care cool fund gallery gift gifts guide help holdings ink ltd gmbh llc inc srl limited ltda love luxury
    management mba moda moe mom ngo ninja nrw ong organic party photography pics pictures place promo properties pub
    racing realty recipes rehab rent rentals repair reviews rip sale salon school science sexy shoes singles ski
    soccer social solar soy supplies supply surf tattoo taxi team tennis theater tienda tips tirol training tube uno
    vacations vegas viajes villas vin vision vote voyage watch wedding wiki zone boutique builders business camera
    careers casa catering charity church cleaning clothing coach construction contractors credit cruises dating deals
    degree delivery dentist diamonds diet direct directory discount enterprises equipment exchange express flights
    florist football foundation furniture glass graphics hockey holiday immo industries institute irish jetzt kaufen
    kitchen kiwi lease limo loan loans maison melbourne miami monster mortgage navy okinawa osaka paris parts physio
    plumbing rio ryukyu saarland sydney taipei vlaanderen gent bzh cymru kyoto boston moscow vegas
    fit fitness yoga baby kids pet dog garden green eco bio farm wine beer coffee market markets trade trading money
    cash tax accountant lawyer attorney doctor healthcare pharmacy surgery vet
    """
)

# ISO 3166-1's two letters, as far as they are delegated.
_COUNTRIES: Final = listed(
    """
    ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc
    cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga
    gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo
    jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr
    ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re
    ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr
    tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
    """
)

_TOPS: Final = (_GENERIC | _COUNTRIES) - _SUFFIXES

# A value that is an address as nearly all are.
_USUAL: Final = re.compile(
    r"(?!(?i:git|hg|svn)@)[0-9A-Za-z][0-9A-Za-z_+-]*+(?:\.[0-9A-Za-z_+-]++)*+@"  # those are of machines
    r"(?:[A-Za-z][0-9A-Za-z]*+(?:-[0-9A-Za-z]++)*+\.)++([A-Za-z]{2,12})"
)
_LABELLED = 80  # characters; no part of a longer string is too long for RFC 1035 if this is the whole


def whole(string: str, key: Key) -> list[Candidate]:
    """The string as one usual address; none: it is another string, to be looked at more closely."""
    size = len(string)
    if size > _LABELLED or (found := _USUAL.fullmatch(string)) is None:
        return []
    if found[1].lower() not in _TOPS or (size > _LOCAL_MAX and string.find("@") > _LOCAL_MAX):
        return []
    return [Candidate(0, size, ENTITY, 1.0 if key.entity == ENTITY else 0.95, "email")]


def find(look: Look, out: list[Candidate]) -> None:
    """All addresses of the string."""
    string = look.string
    at = string.find("@")
    while at >= 0:
        place = _around(string, at)
        if place is not None:
            start, end, known = place
            if known or look.level(ENTITY, start, end):
                sure = look.entity == ENTITY
                out.append(Candidate(start, end, ENTITY, 1.0 if sure else 0.95 if known else 0.8, "email"))
            else:
                out.append(Candidate(start, end, ENTITY, 0.4, "email-unknown-tld"))
        at = string.find("@", at + 1)


def is_spelled(string: str) -> bool:
    """Whether there may be an address in a text that was written so that programs do not see it."""
    if ("dot" in string or "DOT" in string or "Dot" in string) and _SAYS_DOT.search(string) is not None:
        return True
    if (")" in string or "]" in string or "}" in string or ">" in string) and (
        _IN_BRACKETS.search(string) is not None or ("@" in string and _DOT_ALONE.search(string) is not None)
    ):
        return True
    return "arroba" in string or "arobase" in string or "chiocciola" in string


def spelled(look: Look, out: list[Candidate]) -> None:
    """Such addresses."""
    string = look.string
    match = _SPELLED.search(string)
    while match is not None:
        start, end = match.span()
        top = match["top"] or match["spoken"] or match["named"] or match["end"]
        if top.lower() not in _TOPS:
            match = _SPELLED.search(string, start + 1)  # "me at ann dot lee at example dot org"
            continue
        # What has no word for its dot is an ordinary address. "ann at example[.]com" is a host in a report.
        plain = match["sign"] == "@" and not (_SAYS_DOT.search(match[0]) or _DOT_ALONE.search(match[0]))
        if not (plain or (match["said"] and _DOT_ALONE.search(match[0]))):
            # "look at example dot com" has none; "look_at_example_dot_com" is a name of code.
            word = match[0].partition(" ")[0] if match["said"] else _WORD.findall(match[0])[0] if match["end"] else ""
            told = not word.isalpha()
            score = 0.85 if told or look.level(ENTITY, start, end) else 0.4
            out.append(Candidate(start, end, ENTITY, score, "email-spelled"))
        match = _SPELLED.search(string, end)


def _around(string: str, at: int) -> tuple[int, int, bool] | None:
    """Start, end, and whether the top-level domain is well known, of the mailbox around ``string[at]``."""
    end, known = _domain(string, at + 1)
    if end < 0:
        return None
    start = _local(string, at)
    if start < 0:
        return None
    before = string[start - 1] if start else ""
    if before == "@" or _DENSITY.match(string, at + 1):
        return None
    if before in ("/", ":") and (url := _SCHEME.search(string, max(0, start - 160), start)) is not None:
        scheme = url[1].lower()
        if before == ":" or string[end : end + 1] == ":" or scheme in _HOSTS or scheme.partition("+")[0] in _HOSTS:
            return None  # the user of a URL; what is secret in one is the secrets detector's
    if string[start:at].lower() in ("git", "hg", "svn") or _REPOSITORY.match(string, end):
        return None
    return start, end, known


def _local(string: str, at: int) -> int:
    """Where the local part begins that ends before ``at``; -1: there is none."""
    if at and string[at - 1] == '"':
        opening = string.rfind('"', max(0, at - _LOCAL_MAX - 1), at - 1)
        inside = string[opening + 1 : at - 1]
        return opening if opening >= 0 and inside and inside.isprintable() else -1
    window = string[max(0, at - _LOCAL_MAX) : at]
    found = _LOCAL.match(window[::-1])
    if found is None:
        return -1
    start = at - found.end()
    local = window[-found.end() :]
    if "=" in local or "&" in local or "?" in local:
        # "email=a@b.example", "?to=a@b.example&x": what is before the last of these names it.
        start += max(local.rfind("="), local.rfind("&"), local.rfind("?")) + 1
    while start < at and string[start] in _LEADING:
        start += 1
    return start if start < at and string[at - 1] != "." else -1


def _domain(string: str, start: int) -> tuple[int, bool]:
    """Where the domain at ``start`` ends (-1: there is none), and whether its top level is well known."""
    found = _DOMAIN.match(string, start)
    if found is None:
        literal = _LITERAL.match(string, start)
        return (literal.end(), True) if literal is not None else (-1, False)
    known = _is_known(found[0])
    return (-1, False) if known is None else (found.end(), known)


@lru_cache(4096)
def _is_known(domain: str) -> bool | None:
    """Whether the top level of a domain is well known; None: it is none. Many addresses are at the same few."""
    before, _, top = domain.rpartition(".")
    labels = before.split(".")
    top = top.lower()
    if top in _SUFFIXES:
        return None
    numeric = sum(label[:1].isdigit() and not label.isalpha() for label in labels)
    if numeric >= 2 or (numeric and labels[0][:1] in "vV"):
        return None  # a version
    if any(label.endswith("-") for label in labels):
        return None
    return top in _COUNTRIES or top in _GENERIC or top.startswith("xn--") or not top.isascii()
