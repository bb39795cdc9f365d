"""Where somebody lives: values of address fields, and one-line addresses in prose.

An address in prose must have the strong shape of one: a number and a street word in the order of some country. The
parts behind it (flat, town, state, postcode) belong to it. Cities count only in fields beside somebody's data.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, cast

from doorward.detection import keywords, known
from doorward.detection.anchors import Anchors
from doorward.detection.beginnings import UPPER, Beginnings, Cursor, Together, begun, holding, padded
from doorward.detection.keys import fold

_L: Final = r"[^\W\d_]"
_UPPER: Final = r"[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĘĚĞĢĪİĶŁŃŅŇŌŐŘŚŞŠŤŪŮŰŹŻŽ]"
_CAP: Final = rf"{_UPPER}{_L}*+(?:['’.\-]{_L}++)*+\.?(?!\w)"

# Street words that follow the name: "12 Oak Street". From general knowledge: the usual ones and their short forms.
_AFTER: Final = (
    r"(?:Street|St|Str|Avenue|Ave|Av|Boulevard|Blvd|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Circle|Cir|Place|Pl|Square|Sq|"
    r"Terrace|Ter|Parkway|Pkwy|Highway|Hwy|Way|Trail|Trl|Crescent|Cres|Close|Gardens|Grove|Mews|Row|Alley|Plaza|Loop|"
    r"Pike|Turnpike|Expressway|Freeway|Causeway|Walk|Path|Hill|Hills|Heights|Ridge|Rise|Green|Park|View|Villas|Cove|"
    r"Creek|Crossing|Crossroad|Fork|Forks|Glen|Glens|Island|Islands|Isle|Junction|Junctions|Key|Keys|Knoll|Knolls|Lake|"
    r"Lakes|Landing|Light|Lights|Lock|Locks|Lodge|Mall|Manor|Manors|Meadow|Meadows|Mill|Mills|Mission|Motorway|Mount|"
    r"Mountain|Mountains|Neck|Orchard|Oval|Overpass|Pass|Passage|Pine|Pines|Plain|Plains|Point|Points|Port|Ports|"
    r"Prairie|Radial|Ramp|Ranch|Rapid|Rapids|Rest|Ridges|River|Roads|Route|Run|Shoal|Shoals|Shore|Shores|Skyway|Spring|"
    r"Springs|Spur|Spurs|Station|Stravenue|Stream|Streets|Summit|Throughway|Trace|Track|Trafficway|Tunnel|Underpass|"
    r"Union|Unions|Valley|Valleys|Via|Viaduct|Views|Village|Villages|Ville|Vista|Walks|Wall|Ways|Well|Wells|"
    r"Inlet|Haven|"
    r"Harbor|Harbors|Harbour|Hollow|Garden|Gateway|Freeway|Forge|Forges|Forest|Ford|Fords|Flat|Flats|Field|"
    r"Fields|Ferry|"
    r"Falls|Fall|Extension|Extensions|Estate|Estates|Divide|Dam|Dale|Curve|Course|Corner|Corners|Common|Commons|Club|"
    r"Cliff|Cliffs|Center|Centers|Centre|Cape|Canyon|Camp|Bypass|Burg|Burgs|Brook|Brooks|Bridge|Branch|Bottom|Bluff|"
    r"Bluffs|Bend|Beach|Bayou|Arcade|Annex|Squares|Marg|Nagar|Ganj|Chowk|Zila|Circle|Path|Parks|Parkways|"
    r"Plazas|Greens|Groves|Courts|Coves|"
    r"Circles|Drives|Motorway)"
)
# Of these a name and a number alone make an address; the others (streets that are called after what they lie at)
# need a town, a flat or a postcode behind them.
_PLAIN_STREET: Final = re.compile(
    r"(?:Street|St|Str|Avenue|Ave|Boulevard|Blvd|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Circle|Terrace|Parkway|Pkwy|Highway|"
    r"Hwy|Crescent|Close|Square|Place|Mews|Grove|Gardens|Way)\.?\Z"
)
_FLAT: Final = (
    r"(?:,? {1,2}(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Bldg|Building|Piso|Puerta|Piano|Apto|"
    r"Étage|interno|Interno|Appartamento|Stock|Whg|App?|Dept|"
    r"Esc|Int|#)\.?[ ]?#?[\w-]{1,6}+)"
)
_ZIP: Final = (
    r"(?:\d{5}-\d{4}|\d{4,5}-\d{3}|\d{3}-\d{4}|\d{2}-\d{3}|\d{3} ?\d{2}|\d{4} ?[A-Z]{2}|\d{4,6}|"
    r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}-\d{4,5})(?!\w)"
)
_BREAK: Final = r"(?:[ ]?,[ ]{1,2}|,?[ ]?\r?\n[ ]{0,4}|[ ]-[ ])"
# What follows the street: towns, states, postcodes, in whatever order, in parts between commas.
_TOWN: Final = (
    rf"(?:(?:da|de|do|den|la|le|del|los|las|el) )?{_CAP}"
    rf"(?:[ -](?:(?:de|del|la|le|les|am|an|der|do|da|of|on|upon|sur|sous|aan|den|the|in|bei|sul|im|an|ob|op|"
    rf"nad|pod|di|dei|les|lès|lez|aux) ){{0,2}}{_CAP}){{0,3}}"
)
_TAIL: Final = (
    rf"(?:{_BREAK}(?:{_ZIP}(?: {_TOWN})?(?: ?[/(-] ?[A-Z]{{2}}\)?(?!\w)|/{_CAP})?|"
    rf"{_TOWN}(?:/{_CAP})?(?:,?[ ]{{1,2}}{_ZIP}| \d{{1,2}}(?!\w))?|[A-Z]{{2,3}}(?: {_ZIP})?))"
)
_TAILS: Final = rf"{_FLAT}{{0,2}}(?P<tail>{_TAIL}{{0,4}})"

_NUMBER: Final = r"(?<![\w.,$€£#/:-])(?:No\.? ?)?\d{1,5}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"
# "76417 Allen Fork Apt. 141, North Anthony, OR 67166", "10 Downing Street", "221B Baker St."
_ENGLISH: Final = re.compile(
    rf"(?:(?<!\w)(?:Flat|Apt|Apartment|Unit|Suite|Studio|"
    rf"Room) {{1}}\w{{1,5}},? )?{_NUMBER},? (?:[NSEW]{{1,2}}\.? |North |South |East |"
    rf"West )?(?P<name>(?:(?:{_CAP}|\d{{1,3}}(?:st|nd|rd|th)) ){{1,3}}?)"
    rf"(?P<street>{_AFTER})(?!\w)\.?(?: (?:[NSEW]|NE|NW|SE|SW)(?!\w)\.?)?{_TAILS}"
)
# "5, rue Noémi Torres, 26807 Marion", "12 bis avenue de la République"
_FRENCH: Final = re.compile(
    rf"{_NUMBER}(?: ?(?:bis|ter))?,? (?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d|[Cc]hemin|[Aa]llées?|[Pp]lace|[Qq]uai|"
    rf"[Ii]mpasse|[Rr]oute|[Cc]ours|[Ss]quare|[Pp]assage|[Ss]entier|[Ff]aubourg)"
    rf"(?: (?:de la|de l['’]|de|du|des|d['’]|la|le|les|aux?))?(?: ?{_CAP}){{1,4}}{_TAILS}"
)
# "Calle Mayor 12, 3º B, 28013 Madrid", "Via Roma, 10", "Rua das Flores, 123", "ul. Długa 5", "Atatürk Caddesi No: 3"
_SOUTHERN: Final = re.compile(
    rf"(?<!\w)(?:[Cc]alle|C/|[Cc]\.|[Aa]venida|[Aa]vda?\.?|[Pp]aseo|[Pp]º|[Pp]laza|[Cc]arrer|[Cc]allej[oó]n|[Cc]alzada|"
    rf"[Cc]arretera|[Rr]onda|[Cc]uesta|[Gg]lorieta|[Rr]ambla|[Cc]amino|[Vv]ial|[Pp]asadizo|[Aa]cceso|[Cc]añada|"
    rf"[Uu]rbanización|"
    rf"[Vv]ia|[Vv]iale|[Cc]orso|[Pp]iazza|[Pp]iazzale|[Ll]argo|[Vv]icolo|[Bb]orgo|[Cc]ontrada|[Ss]trada|"
    rf"[Ss]tretto|[Cc]anale|[Rr]otonda|[Ii]ncrocio|"
    rf"[Rr]ua|[Tt]ravessa|[Pp]raça|[Aa]lameda|[Rr]odovia|[Ee]strada|[Vv]iaduto|[Ff]avela|[Qq]uadra|[Ll]adeira|"
    rf"[Pp]arque|[Pp]assarela|"
    rf"[Jj]ardim|[Ff]azenda|[Ee]splanada|[Cc]ondomínio|[Cc]onjunto|[Cc]olônia|[Cc]hácara|[Ll]oteamento|"
    rf"[Ll]agoa?|[Mm]orro|"
    rf"[Nn]úcleo|[Rr]ecanto|[Rr]esidencial|[Ss]etor|[Ss]ítio|[Tt]recho|[Tt]revo|[Vv]ereda|[Vv]ila|[Aa]eroporto|"
    rf"[Cc]ampo|[Ee]stação|"
    rf"[Uu]l\.?|[Uu]lica|[Aa]l\.|[Aa]leja|[Pp]l\.|[Oo]s\.|[Pp]lac) ?"
    rf"(?:(?:de la|de las|de los|del|della|dei|degli|de|da|das|do|dos|di|la|el|las|los) )?(?:{_CAP} ?){{1,5}}"
    rf"(?:(?:de la|de los|del|de|da|do|y|e|i) (?:{_CAP} ?){{1,2}}){{0,2}},? ?(?:n[º°.o]?\.? ?|[Nn]úm\.? ?|"
    rf"[Ss]/n|nr\.? ?)?"
    rf"\d{{1,5}}[A-Za-z]?(?:/\d{{1,4}})?(?!\w)(?:,? {{1,2}}(?:\d{{1,2}}[ºª°]?(?![\w-])(?: ?[A-Za-z](?!\w))?|"
    rf"[Pp]iso \d{{1,2}}|[Aa]pt?o?\.? ?\d{{1,4}}|[Pp]uerta \d{{1,3}})(?!\w))?{_TAILS}"
)
# "Musterstraße 12, 10115 Berlin", "Am Markt 3", "Kerkstraat 5", "Storgatan 4 B", "Jana Pawła II 3" is none of these.
_GERMANIC: Final = re.compile(
    rf"(?<!\w)(?:(?:{_CAP}[ -]){{0,3}}?(?:(?:{_UPPER}{_L}{{1,20}}-){{0,3}}{_UPPER}{_L}{{1,30}}?(?:straße|"
    rf"strasse|str\.|gasse|weg|platz|allee|ring|damm|"
    rf"ufer|steig|stieg|straat|laan|gracht|plein|kade|dreef|singel|steeg|pad|hof|gatan|gata|vägen|vagen|vägen|vej|gade|"
    rf"gate|veien|gränd|stigen|katu|tie|kuja)|(?:{_UPPER}{_L}{{1,20}}-){{0,3}}(?:Straße|Strasse|Str\.|Gasse|Weg|"
    rf"Platz|Allee|Ring|Damm|Ufer|Caddesi|"
    rf"Cad\.|Cd\.|Sokak|Sokağı|Sok\.|Sk\.|Bulvarı|Bulv\.|Mahallesi|Mah\.|Mh\.))|"
    rf"(?:Am|An der|Auf der|Im|In der|Zum|Zur|Unter den) {_CAP}) "
    rf"(?:No: ?|Nr\.? ?)?\d{{1,4}}(?: ?[a-zA-Z])?(?:[-/]\d{{1,4}})?(?!\w)(?P<tail>{_TAIL}{{0,4}})"
)
_BOXES: Final = (
    r"(?:P\.? ?O\.? ?Box|PO Box|Postfach|Apartado(?: de Correos)?|Boîte Postale|B\.P\.|Casella Postale|Caixa Postal|"
    r"Postbus|Skrytka pocztowa|Postboks|PSC|Box)"
)
_BOX: Final = re.compile(rf"(?<!\w){_BOXES} \d{{1,7}}(?!\w){_TAILS}")
# "USNV Johnson, FPO AA 12345", "Unit 4567 Box 89, DPO AP 12345"
_MILITARY: Final = re.compile(
    rf"(?<!\w)(?:US[NCS][VGS]? {_CAP}|USS {_CAP}|Unit \d{{4}} Box \d{{4}}|"
    rf"PSC \d{{3,4}},? Box \d{{3,4}}),? ?\n?(?:[FAD]PO) A[AEP],? \d{{5}}"
)
# Any street, where a town with the postcode of a country follows: "8 Queen's Gate, Leeds LS7 0AB", "4 County Road 12,
# Des Moines, IA 50390".
_STATE: Final = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AT]|"
    r"W[AIVY])"
)
_CODE: Final = (
    rf"(?:[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}|{_STATE} \d{{5}}(?:-\d{{4}})?|[A-Z]{{2}} [A-Z]\d[A-Z] ?\d[A-Z]\d)(?!\w)"
)
_OF: Final = r"(?:(?:of|the|on|and|de|la) )?"
_POSTED: Final = re.compile(
    rf"{_NUMBER}(?:,? {_OF}{_CAP}(?: {_OF}(?:{_CAP}|\d{{1,4}}(?:st|nd|rd|th)?(?!\w))){{1,4}}| {_CAP}){_FLAT}{{0,2}}"
    rf"(?:{_BREAK}{_TOWN}){{0,2}}{_BREAK}(?:{_TOWN},?[ ]{{1,2}})?{_CODE}"
)
# "Kitahama 3-chome 12, Kita-ku, Sapporo 069-0022", "Sakuragaoka-cho 12, Chuo-ku, Osaka"
_JAPANESE: Final = re.compile(
    rf"(?<!\w){_CAP}(?: {_CAP})? (?:\d{{1,2}}-?[Cc]h[oō]me[ ,-]{{1,2}})?\d{{1,4}}[a-z]?(?:-\d{{1,4}}){{0,2}}(?!\w)"
    rf"(?P<tail>{_TAIL}{{1,4}})"
)
_JAPAN: Final = re.compile(r"[Cc]h[oō]me\b|[a-z]-(?:ku|shi|gun|cho|machi)\b").search
_ODD: Final = re.compile(
    r"\A\d+(?:st|nd|rd|th)?,? (?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b"
)

# The trigger pass: the bytes of what the forms above need. What has an accent in it fires by itself.
_SOUTH: Final = (
    r"(?:"
    r"[Cc]alle|C\\*/|[Cc]\.|[Aa]venida|[Aa]vda?\.?|[Pp]aseo|[Pp]laza|[Cc]arrer|[Cc]alzada|[Cc]arretera|"
    r"[Rr]onda|[Cc]uesta|[Gg]lorieta|[Rr]ambla|[Cc]amino|[Vv]ial|[Pp]asadizo|[Aa]cceso|[Vv]ia|[Vv]iale|"
    r"[Cc]orso|[Pp]iazza|[Pp]iazzale|[Ll]argo|[Vv]icolo|[Bb]orgo|[Cc]ontrada|[Ss]trada|[Ss]tretto|"
    r"[Cc]anale|[Rr]otonda|[Ii]ncrocio|[Rr]ua|[Tt]ravessa|[Aa]lameda|[Vv]iaduto|[Ff]avela|[Qq]uadra|"
    r"[Ll]adeira|[Pp]arque|[Pp]assarela|[Jj]ardim|[Ff]azenda|[Ee]splanada|[Cc]onjunto|[Ll]oteamento|"
    r"[Ll]agoa?|[Mm]orro|[Rr]ecanto|[Rr]esidencial|[Ss]etor|[Tt]recho|[Tt]revo|[Vv]ereda|[Vv]ila|"
    r"[Aa]eroporto|[Cc]ampo|[Rr]odovia|[Ee]strada|[Uu]l\.?|[Uu]lica|[Aa]l\.|[Aa]leja|[Pp]l\.|[Oo]s\.|"
    r"[Pp]lac"
    r")"
)
_GERMAN: Final = (
    r"(?:[A-Z][A-Za-z-]*(?:stra(?:ss|ß)e|str\.|gasse|weg|platz|allee|ring|damm|ufer|steig|stieg|straat|laan|gracht|plein|"
    r"kade|dreef|singel|steeg|pad|hof|gatan|gata|vagen|vej|gade|gate|veien|stigen|katu|tie|kuja)|Stra(?:ss|ß)e|Str\.|Gasse|"
    r"Weg|Platz|Allee|Ring|Damm|Ufer|Caddesi|Cad\.|Cd\.|Sokak|Sok\.|Sk\.|Bulv\.|Mahallesi|Mah\.|Mh\.|"
    r"(?:Am|An der|Auf der|Im|In der|Zum|Zur|"
    r"Unter den) [A-Z][A-Za-z'.-]*)"
)
TRIGGERS: Final[tuple[str, ...]] = (
    rf"[0-9][A-Za-z]?,? (?:[A-Z0-9][A-Za-z0-9'.-]* )+{_AFTER}(?:$|[^A-Za-z])",
    r"[0-9](?: ?(?:bis|ter))?,? (?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d|[Cc]hemin|[Aa]ll|[Pp]lace|[Qq]uai|[Ii]mpasse|"
    r"[Rr]oute|[Cc]ours|[Ss]quare|[Pp]assage|[Ss]entier|[Ff]aubourg) ",
    rf"{_SOUTH} ?(?:(?:d[aeio]|del|dell[ao]|das|do|dos|dei|degli|la|el|los|las) )*[A-Z][A-Za-z '.-]*,? ?[nN./ ]*[0-9]",
    rf"{_GERMAN} (?:No: ?|Nr\.? ?)?[0-9]",
    r"(?:[Bb]ox|BOX|Postfach|Apartado|Correos|Postal|Postbus|pocztowa|Postboks|B\.P\.|PSC) [0-9]",
    r"[FAD]PO A[AEP]",
    # the postcodes of countries behind a town
    r", ?(?:[A-Z][A-Za-z'.-]*,? )*(?:[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z]{2} [0-9]{5}|"
    r"[A-Z]{2} [A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])(?:$|[^A-Za-z0-9])",
    r"-?[Cc]home[ ,-]|[a-z]-(?:ku|shi|gun|cho|machi)[ ,]",
)


# The same over characters: letters beyond U+00FF are "?".
_BIG: Final = r"[A-Z0-9?À-Þ]"
_ON: Final = r"[A-Za-z0-9'’.?À-ÿ-]*"
_SOUTHERN_NAME: Final = (
    rf"(?:{_SOUTH}|[Pp]º|[Cc]allejón|[Cc]añada|[Uu]rbanización|[Pp]raça|[Cc]ondomínio|"
    r"[Cc]olônia|[Cc]hácara|[Nn]úcleo|[Ss]ítio|[Ee]stação|[Cc]allejon) ?(?:(?:d[aeio]|del|dell[ao]|das|do|dos|"
    rf"dei|degli|la|el|los|las) )*{_BIG}"
)
ANCHORS: Final = Anchors(
    [
        rf"[0-9][A-Za-z]?,? (?:{_BIG}{_ON} )+{_AFTER}(?:$|[^A-Za-z0-9_])",
        r"[0-9](?:[A-Za-z]| ?bis| ?ter)?,? (?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d|[Cc]hemin|[Aa]ll[ée]e|[Pp]lace|"
        r"[Qq]uai|[Ii]mpasse|[Rr]oute|[Cc]ours|[Ss]quare|[Pp]assage|[Ss]entier|[Ff]aubourg)s? ",
        rf"(?:^|[^A-Za-z0-9_]){_SOUTHERN_NAME}[A-Za-z '’.?À-ÿ-]*,? ?[nN./º°úm ]*[0-9]",
        rf"(?:{_BIG}{_ON}(?:stra(?:ss|ß)e|str\.|gasse|weg|platz|allee|ring|damm|ufer|steig|stieg|straat|laan|gracht|"
        r"plein|kade|dreef|singel|steeg|pad|hof|gatan|gata|v[aä]gen|vej|gade|gate|veien|gränd|stigen|katu|tie|kuja)|"
        r"Stra(?:ss|ß)e|Str\.|Gasse|Weg|Platz|Allee|Ring|Damm|Ufer|Caddesi|Cad\.|Cd\.|Sokak|Sokağı|Sok\.|Sk\.|Bulvarı|Bulv\.|"
        r"Mahallesi|Mah\.|Mh\.|"
        rf"(?:Am|An der|Auf der|Im|In der|Zum|Zur|Unter den) {_BIG}{_ON}) (?:No: ?|Nr\.? ?)?[0-9]",
        r"(?:[Bb]ox|BOX|Postfach|Apartado|Correos|Postale?|Postbus|pocztowa|Postboks|B\.P\.|PSC) [0-9]",
        r"[FAD]PO A[AEP]",
        r"[A-Za-z'.?À-ÿ],? (?:[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z]{2} [0-9]{5}|"
        r"[A-Z]{2} [A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])(?:$|[^A-Za-z0-9])",
        r"-?[Cc]h.me[ ,-]|[a-z]-(?:ku|shi|gun|cho|machi)[ ,]",
    ],
    before=100,
    after=320,
)


WHOLES: Final = {("LOCATION", rule): frozenset({"PERSON"}) for rule in ("street", "postbox")}
"""Whose name is in an address of one line is nobody who is spoken of: "12 Rosa Parks Street"."""


def in_prose(string: str) -> list[tuple[int, int, float, str]]:
    """(start, end, score, rule) of one-line addresses."""
    found: list[tuple[int, int, float, str]] = []
    english: Cursor | None = None
    before = 0  # what was found first and ends before the region
    for region in ANCHORS.regions(string):
        if english is None:
            octets = padded(string)
            english, codes = _STREETS.of(octets), _CODES.of(octets)
            forms = [*zip(_FORMS, _BEGINNINGS.of(octets), strict=False)]
            if codes.next(0) < len(octets):
                forms.append((_FORMS[-1], _NUMBERS.of(octets)))
        _english(string, region, english, found)
        for (form, rule, tried), cursor in forms:
            if form is _POSTED and codes.next(region[0]) >= region[2]:
                continue
            for match in tried(form, string, region, cursor):
                if rule == "street" and form is _GERMANIC and not match["tail"] and not _strong(match[0]):
                    more = _MORE.match(string, match.end())
                    if more is None or not more["tail"]:
                        continue
                if form is _JAPANESE and _JAPAN(match[0]) is None:
                    continue
                if form is _POSTED:
                    while before < len(found) and found[before][1] <= region[0]:
                        before += 1
                    if not (_no_goods(match[0]) and _is_new(match, found[before:])):
                        continue
                    found[before:] = [
                        one for one in found[before:] if not (match.start() <= one[0] and one[1] <= match.end())
                    ]
                if match[0].startswith("Box") and not match["tail"]:
                    continue
                found.append((match.start(), _end(match), 0.8, rule))
    return [(start, _behind(string, end), score, rule) for start, end, score, rule in found]


# What stands between a house and its town in some countries: a floor, a side, a flat, a box; Irish postcodes.
_INSIDE: Final = (
    r"(?:-(?:hs|[IVX]{1,4}|[0-9]{1,3})(?!\w)|,? ?[0-9]{1,2}[.ºª°]{0,2} ?(?:tv|th|mf|dto|esq|fte|frente|izq|izda|dcha|"
    r"derecha|izquierda|floor|piso|andar|stock|og|kerros|étage)(?!\w)\.?|,? ?(?:bajo|ático|entlo)(?!\w)|"
    r"(?<=[ºª°.]) (?:dto|esq|fte|frente|izq|izda|dcha|tv|th|mf)(?!\w)\.?|,? ?(?:bte|boîte|bus|lgh) ?[0-9]{1,4}(?!\w)|"
    r" (?:ave )?(?:[0-9]{1,2} )?#[0-9]{2}-[0-9]{2,4}|,? [a-f] ?[0-9]{1,3}(?=,)|"
    r",? (?-i:[A-Z][0-9]{2} ?[A-Z][0-9A-Z]{3})(?!\w)| \([^\W\d_]+\))"
)
_MORE: Final = re.compile(rf"(?i:{_INSIDE}){{1,3}}(?P<tail>{_TAIL}{{0,3}})")


def _behind(string: str, end: int) -> int:
    """Where an address goes on to that seemed to end before its flat and its town."""
    more = _MORE.match(string, end) or (_MORE.match(string, end + 1) if string[end : end + 1] == "." else None)
    return end if more is None else end + len(string[end : more.end()].rstrip(" \t\r\n,.-"))


def _is_new(match: re.Match[str], found: list[tuple[int, int, float, str]]) -> bool:
    """Whether nothing of it was found by another form, or only less of it."""
    return all(
        end <= match.start() or match.end() <= start or (match.start() <= start and end <= _end(match))
        for start, end, _, _ in found
    )


def _germanic(
    form: re.Pattern[str], string: str, region: tuple[int, int, int], cursor: Cursor
) -> Iterator[re.Match[str]]:
    """As ``begun``, where the cursor is at the word that says that it is a street: others may go before it."""
    begin, behind, end = region
    position = begin
    while position < behind:
        at = cursor.next(position)
        if at >= end:
            return
        start = at - len(_NAME_BACK(string[position:at][::-1])[0])
        if start >= behind:
            return
        position = at + 1
        for capital in _CAPITAL(string, start, min(position, behind)):
            match = form.match(string, capital.start(), end) if capital.start() >= begin else None
            if match is not None:
                yield match
                begin = match.end()
        position = max(position, begin)


_NAME_BACK: Final = cast(Callable[[str], re.Match[str]], re.compile(rf"(?:{_L}|['’.\- ])*+").match)
_CAPITAL: Final = re.compile(rf"(?<!\w){_UPPER}").finditer

_BEGINS: Final = rf"{UPPER}[A-Za-z'.?\x80-\xff-]*"
_NO_NUMBER: Final = "[^A-Za-z0-9_.,$£#/:-]"  # which may go before one
_HOUSES: Final = r"(?:No\.? ?)?[0-9?]{1,5}[A-Za-z]?(?:[-/][0-9?]{1,4}[A-Za-z]?)?"
# Where each of the forms can begin.
_BEGINNINGS: Final = Together(
    Beginnings(
        rf"{_NO_NUMBER}{_HOUSES}(?: ?(?:bis|ter))?,? "
        r"(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d|[Cc]hemin|[Aa]llée|[Pp]lace|"
        r"[Qq]uai|[Ii]mpasse|[Rr]oute|[Cc]ours|[Ss]quare|[Pp]assage|[Ss]entier|[Ff]aubourg)"
    ),
    Beginnings(f"[^A-Za-z0-9_]{_SOUTHERN_NAME}"),
    Beginnings(
        r"(?s:.)(?:stra(?:ss|ß)e|str\.|gasse|weg|platz|allee|ring|damm|ufer|steig|stieg|straat|laan|gracht|plein|kade|dreef|"
        r"singel|steeg|pad|hof|gatan|gata|v.{1,2}gen|vej|gade|gate|veien|gr.{1,2}nd|stigen|katu|tie|kuja|"
        r"Stra(?:ss|ß)e|Str\.|Gasse|Weg|Platz|Allee|Ring|Damm|Ufer|Caddesi|Cad\.|Cd\.|Sokak|Sokağı|Sok\.|Sk\.|"
        r"Bulvarı|Bulv\.|Mahallesi|Mah\.|Mh\.|"
        rf"(?:Am|An der|Auf der|Im|In der|Zum|Zur|Unter den) {_BEGINS}) (?:No: ?|Nr\.? ?)?[0-9?]"
    ),
    Beginnings(r"(?s:.)(?:[Cc]h.me|[a-z]-(?:ku|shi|gun|cho|machi))"),
    Beginnings(rf"[^A-Za-z0-9_]{_BOXES} [0-9?]"),
    Beginnings(r"(?s:.)[FAD]PO A[AEP]"),
)
_NUMBERS: Final = Beginnings(rf"{_NO_NUMBER}{_HOUSES},? {_OF}{UPPER}")
_CODES: Final = Beginnings(
    rf"[ \n](?:[A-Z]{{1,2}}[0-9?][A-Z0-9?]? ?[0-9?][A-Z]{{2}}|{_STATE} [0-9?]{{5}}|"
    r"[A-Z]{2} [A-Z][0-9?][A-Z] ?[0-9?][A-Z][0-9?])"
)
_STREETS: Final = Beginnings(
    rf"(?:{_NO_NUMBER}|[^A-Za-z0-9_](?:Flat|Apt|Apartment|Unit|Suite|Studio|Room) [A-Za-z0-9_?\x80-\xff]{{1,5}},? )"
    rf"{_HOUSES},? (?:[NSEW]{{1,2}}\.? |North |South |East |West )?"
    rf"(?:(?:{_BEGINS}|[0-9?]{{1,3}}(?:st|nd|rd|th)) ){{1,3}}{_AFTER}"
)
AUTOMATA: Final = (ANCHORS, _BEGINNINGS, _NUMBERS, _CODES, _STREETS)
_FORMS: Final = (
    (_FRENCH, "street", begun),
    (_SOUTHERN, "street", begun),
    (_GERMANIC, "street", _germanic),
    (_JAPANESE, "street", holding),
    (_BOX, "postbox", begun),
    (_MILITARY, "postbox", holding),
    (_POSTED, "street", begun),  # which begins where a house's number does, and holds a code
)


def _english(
    string: str, region: tuple[int, int, int], cursor: Cursor, found: list[tuple[int, int, float, str]]
) -> None:
    for match in begun(_ENGLISH, string, region, cursor):
        text = match[0]
        bare = _PLAIN_STREET.match(match["street"]) is not None
        number = match[0].split(" ", 1)[0].strip(",")
        behind = bool(match["tail"]) or len(text) > match.end("street") - match.start() + 2
        year = len(number) == 4 and number[:2] in ("18", "19", "20") and number.isdigit()
        if (
            _ODD.match(text)
            or (year and not behind)
            or not (bare or behind)
            or (len(number) < 2 and not (bare or match["tail"]))
        ):
            continue
        found.append((match.start(), _end(match), 0.85 if behind else 0.65, "street"))


def _strong(text: str) -> bool:
    """A German street word that is nothing else, so that no town is needed behind the number."""
    lower = text.lower()
    return any(word in lower for word in ("straße", "strasse", "str.", "gasse", "straat", "gracht", "gatan", "caddesi"))


def _end(match: re.Match[str]) -> int:
    text = match[0].rstrip(" \t\r\n,.-")
    return match.start() + len(text)


_NO_MARK: Final = re.compile(r"[@{}<>=\\]")
_NOT_PLACE: Final = re.compile(
    r"\W*\Z|(?:0x)?[0-9a-fA-F]{16,}\Z|[\w.-]+(?::\d+)?/|\d{1,3}(?:\.\d{1,3}){3}|\S*[a-z]\.[a-z]{2,}\S*\Z"
)
_NONE: Final = keywords.listed(
    """
    n/a na none null unknown - -- tbd string remote online virtual true false yes no default localhost home work
    billing shipping primary secondary mailing physical same various multiple
    """
)
_WORDY: Final = re.compile(rf"{_L}{{2,}}")
_ASCII_DIGIT: Final = re.compile("[0-9]")
_CITY: Final = re.compile(rf"(?:{_L}|')++(?:[ .'’\-/(),]{{1,3}}(?:{_L}|')++){{0,5}}+[.)]?\Z")


def is_address(string: str) -> bool:
    """Whether ``string``, the value of an address field, can be (a line of) an address."""
    string = string.strip()
    lower = string.lower()
    if not 3 <= len(string) <= 200 or lower in _NONE or _is_field(string):
        return False
    if (" " not in string or "." in string or "/" in string) and _NOT_PLACE.match(string) is not None:
        return False
    if _NO_MARK.search(string) is not None or "://" in string:
        return False
    if _WORDY.search(string) is None:
        return False
    upper = not string.isascii() or lower != string
    if has_digit(string):
        return upper or " " in string
    # Without a number: words, the first of them a name.
    return upper and _CITY.match(string) is not None


def has_digit(string: str) -> bool:
    """Whether one of the characters is a digit, raised and circled ones too."""
    return _ASCII_DIGIT.search(string) is not None or (not string.isascii() and any(map(str.isdigit, string)))


def is_city(string: str) -> bool:
    """Whether ``string`` can be the name of a town: a few words, the first capitalised."""
    string = string.strip()
    if not 2 <= len(string) <= 50 or string.lower() in _NONE or _CITY.match(string) is None or _is_field(string):
        return False
    # Small letters too: it is only asked for in a town's field.
    return any(map(str.isalpha, string))


def _is_field(string: str) -> bool:
    """Whether ``string`` is what places are called, as a form calls them, and no place."""
    return len(string) <= _LONGEST_FIELD and fold(string) in _FIELDS


_TOWNS: Final = frozenset(fold(town) for town in known.TOWNS) | known.TOWNS_OF_WORDS

_FIELDS: Final = (keywords.STREET | keywords.CITY | keywords.POSTCODE | keywords.REGION) - _TOWNS
_LONGEST_FIELD: Final = max(map(len, _FIELDS))


def is_town(string: str) -> bool:
    """Whether ``string`` is the name of a town that is known, alone or with what it belongs to ("Austin, TX")."""
    if len(string) > 50 or not string[:1].isupper():
        return False
    town, comma, rest = fold(string.strip()).partition(",")
    return town in _TOWNS and (not comma or (len(rest) <= 24 and rest.replace(" ", "").isalpha()))


# What numbers stand beside where they are no house's: measures, times, parts of things.
_NO_HOUSE: Final = keywords.listed(
    """
    january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec mon tue wed thu fri sat sun am pm utc gmt kg g mg lb lbs oz cm mm km m ft gb mb tb ghz mhz hz
    px ms sec min hrs hours days weeks months years usd eur gbp chf pcs pieces pack packs size version v ver grade level
    class section chapter page item items order invoice ticket ref model type series season episode windows linux ubuntu
    chrome firefox safari mac macos ios android intel core http https api sdk percent pts points
    """
)
_DIGIT: Final = re.compile(r"\d")
_PART: Final = re.compile(r"[,;\n]|(?<=\d)\.(?= )")
_HOUSE: Final = re.compile(
    r"(?<![\w.])(?:[Nn][ºo°r]?\.?:? ?)?(?:[A-Z]\d{1,4}|\d{1,5})(?:[A-Za-z]|-[A-Za-z]|/\d{1,4}|-\d{1,4})?\.?"
    r"(?![\w%€$£])"
)
_NAMED: Final = re.compile(rf"{_UPPER}{_L}{{2,}}")
_ENDS: Final = re.compile(rf".*{_UPPER}{_L}{{2}}|[A-Z]{{2,3}} \d{{4,6}}")


def is_postal(string: str, *, sure: bool = True) -> bool:
    """Whether ``string`` reads as an address on one line: the number of a house with a name, and a town behind it.

    Not ``sure``: the name of its field says that it is a place, and a name with a number is enough.
    """
    if not 8 <= len(string) <= 160 or (sure and not _may_have_parts(string)):
        return False
    if _DIGIT.search(string) is None or not is_address(string):
        return False
    parts = [part.strip() for part in _PART.split(string)]
    if not sure and len(parts) == 1:
        return _HOUSE.search(string) is not None and _NAMED.search(string) is not None and _no_goods(string)
    if len(parts) < 2 or not _no_goods(string):
        return False
    houses = sum(_HOUSE.search(part) is not None for part in parts)
    names = sum(_NAMED.search(part) is not None for part in parts)
    last = parts[-1] if len(parts[-1]) > 1 else parts[-2]
    return houses >= 1 and names >= 2 and _ENDS.match(last) is not None and last.count(" ") <= 4


def _may_have_parts(string: str) -> bool:
    """Whether ``_PART`` may divide ``string``; most values are asked, and points in time have none."""
    return "," in string or ". " in string or ";" in string or "\n" in string


def _no_goods(string: str) -> bool:
    """Whether no words in ``string`` speak of goods, and it is no sentence."""
    said = _WORDY.findall(string)
    small = sum(word[0].islower() for word in said)
    return _NO_HOUSE.isdisjoint([word.lower() for word in said]) and 2 * small <= len(said)


_POSTCODE: Final = re.compile(rf"(?:{_ZIP}|\d{{5}} ?[A-Z][a-z]+.*|[A-Z]{{1,2}}-?\d{{4,6}})\Z")


_OF_ADDRESS: Final = re.compile(
    rf"(?:{_ZIP} {_TOWN}|{_TOWN},? (?:[A-Z]{{2,3}} \d{{4,6}}(?:-\d{{4}})?|[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}|"
    rf"[A-Z]\d[A-Z] ?\d[A-Z]\d)|(?:{_UPPER}{_L}+ )?{_INSIDE})\Z"
)
_TOWN_LAST: Final = re.compile(rf"({_TOWN}),? \d{{3}}[\d -]{{0,6}}\Z")


def goes_on(line: str) -> bool:
    """Whether ``line`` goes on with an address in the line above: a flat, or a town with its postcode."""
    line = line.strip(" \t>,.\r")
    if _OF_ADDRESS.match(line) is not None:
        return True
    town = _TOWN_LAST.match(line)
    return town is not None and is_town(town[1])


def is_postcode(string: str) -> bool:
    """Whether ``string`` has the form of a postcode of some country."""
    return len(string) <= 40 and _POSTCODE.match(string.strip()) is not None
