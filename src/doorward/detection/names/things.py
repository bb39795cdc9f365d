"""What is called after people and is nobody: brands, fonts, diseases, tests and theorems, goods in a catalogue.

The lists are written from general knowledge, and looked at only where the model saw a person.
"""

import re
from itertools import pairwise
from typing import Final

from doorward.detection.keys import words as words_of
from doorward.detection.keywords import NAME, THING, listed

# Two words that are a brand, a firm or a sort of something far more often than somebody.
_BRANDS: Final = listed(
    """
    calvin_klein grant_thornton baker_tilly thomson_reuters dun_bradstreet louis_vuitton max_mara hugo_boss
    tommy_hilfiger ralph_lauren michael_kors pierre_cardin christian_dior christian_louboutin yves_rocher
    saint_laurent jimmy_choo stella_mccartney vivienne_westwood kate_spade tory_burch donna_karan carolina_herrera
    giorgio_armani emporio_armani gianni_versace karl_lagerfeld paco_rabanne jo_malone elizabeth_arden estée_lauder
    estee_lauder mary_kay helena_rubinstein daniel_wellington patek_philippe audemars_piguet harry_winston tom_tailor
    jack_wolfskin helly_hansen eddie_bauer abercrombie_fitch oliver_peoples stan_smith air_jordan chuck_taylor
    steve_madden miu_miu johnnie_walker jack_daniel jack_daniels claude_desktop claude_code jim_beam captain_morgan
    jose_cuervo josé_cuervo don_julio william_lawson tia_maria johnny_walker earl_grey lady_grey granny_smith
    pink_lady bloody_mary tom_collins shirley_temple eggs_benedict caesar_salad peach_melba betty_crocker sara_lee
    aunt_jemima uncle_bens oscar_mayer trader_joe trader_joes tim_hortons papa_john papa_johns dolly_varden john_dory
    harley_davidson aston_martin rolls_royce alfa_romeo mercedes_benz land_rover john_deere massey_ferguson
    austin_healey les_paul morgan_stanley merrill_lynch goldman_sachs wells_fargo charles_schwab jp_morgan
    edward_jones raymond_james arthur_andersen booz_allen clifford_chance baker_mckenzie norton_rose smith_wesson
    smith_nephew hewlett_packard fisher_price madame_tussauds victoria_secret victorias_secret neiman_marcus
    harvey_nichols harman_kardon eli_lilly mark_levinson bang_olufsen whirlpool_corporation lucida_grande
    lucida_console lucida_sans gill_sans franklin_gothic comic_sans josefin_sans book_antiqua lazy_susan murphy_bed
    jolly_roger dow_jones rob_roy
    """
)
# Words that no person is called by, whatever stands beside them.
_MARKS: Final = listed(
    """
    adidas nike puma reebok vuitton gucci prada chanel dior versace hermès lego ikea samsung sony hyundai kawasaki bmw
    mercedes-benz peugeot volkswagen lamborghini ducati pepsi nestlé heineken starbucks ricoh epson nikon lenovo asus
    acer huawei xiaomi nokia motorola siemens makita dewalt ryobi stihl husqvarna rolex casio swatch tefal lato roboto
    verdana helvetica arial calibri cambria tahoma futura bodoni annex appendix article chapter paragraph clause
    exhibit amendment adobe sans serif dejavu noto nimbus bitstream
    """
)
# Goods. What is also a surname (Cook, Rice, Page, Bell) is left out.
GOODS: Final = listed(
    """
    desktop app suite studio cloud hub workspace playground lamp lamps sandal sandals belt belts boot boots shoe shoes
    sneaker sneakers trainers loafers slippers heels socks sock shirt shirts t-shirt tee blouse sweater hoodie
    cardigan jacket jackets coat jeans trousers pants shorts skirt dress dresses suit scarf scarves gloves hat beanie
    purse handbag backpack wallet watch watches sunglasses glasses earrings necklace bracelet perfume cologne lipstick
    mascara shampoo conditioner lotion soap deodorant toothbrush toothpaste primer paint paints varnish wallpaper sofa
    couch armchair chair chairs stool desk table tables bookcase shelf shelves wardrobe cupboard cabinet drawer
    mattress pillow duvet blanket curtain curtains rug carpet mirror vase candle candles mugs cup cups plate plates
    bowl bowls cutlery spoon fork kettle toaster blender mixer oven fridge freezer dishwasher vacuum screwdriver
    wrench pliers saw hammer ladder toolbox screws paintbrush tea teas coffee cookie cookies biscuit biscuits cake
    cakes sponge pie pies tart bread cheese yogurt yoghurt milk butter sauce ketchup mustard mayonnaise pasta noodles
    spaghetti cereal muesli granola chocolate chocolates sweets crisps crackers salad soup pizza sandwich sausage
    sausages steak salmon tuna trout apples pear pears grapes tomato tomatoes potato potatoes onion onions carrots
    lettuce whisky whiskey vodka gin tequila brandy beer lager ale cider champagne lemonade cola soda guitar guitars
    violin piano drumset amplifier amp microphone headphones earbuds speaker speakers soundbar laptop laptops notebook
    tablet smartphone phone charger cable adapter monitor printer scanner router tripod mouse webcam projector console
    controller racket racquet bicycle bike helmet tent rucksack kayak skis snowboard skateboard treadmill dumbbell
    yoga toy toys puzzle teddy crayons pencil pencils pens eraser stapler envelope envelopes sticker stickers poster
    calendar planner serum moisturizer cleanser sunscreen candleholder tin jar bottle bottles packs bundle bag bags
    crate carton cases kit edition deluxe refill refills sofa-bed loveseat ottoman nightstand dresser headboard tyre
    tyres tire tires battery batteries bulb bulbs lantern flashlight torch chandelier sconce gift voucher bouquet
    seeds seedling fertilizer planter lawnmower trowel hose typeface font fonts album remix soundtrack paperback
    hardcover ebook audiobook dvd vinyl
    """
)
_HEAD: Final = 40
_MEASURE: Final = re.compile(
    r"[ ,]{1,2}(?:\d+ ?x ?)?\d+(?:[.,]\d+)? ?(?:kg|g|mg|lbs?|oz|ml|cl|dl|l|ltr|cm|mm|m|in|inch|ft|gb|tb|mb|w|v|mah|pcs?"
    r"|pack|pk|ct|er|stk|st)\b",
    re.IGNORECASE,
)
# What is named after its finder: "the Pearson correlation", "Crohn disease".
_FOUND: Final = listed(
    """
    disease diseases syndrome disorder lymphoma sarcoma palsy chorea dementia thyroiditis contracture manoeuvre
    maneuver reflex sign stain staining score scale index coefficient correlation distribution distributions test
    tests statistic transform transforms transformation series expansion theorem theorems lemma conjecture hypothesis
    paradox inequality equation equations identity law laws principle effect constant number numbers function
    functions polynomial polynomials matrix matrices determinant eigenvalue algorithm algorithms method methods filter
    filters filtering operator operators kernel kernels threshold thresholding blur noise smoothing estimator
    regression classifier classification network networks machine machines automaton process processes chain chains
    model models simulation sampling sampler sequence sequences set fractal curve curves surface space spaces group
    groups algebra ring field metric distance divergence entropy loss norm integral sum measure diagram diagrams plot
    chart charts graph tree trees sort cipher encryption exchange encoding coding code codes compression hash logic
    calculus notation normal form cycle engine valve gauge counter tube cell cage coil bridge screw key wrench hammer
    drive ratio sequence triangle circle circles sphere ellipse strip bottle radiation scattering shift belt limit
    radius horizon telescope comet nebula dwarf
    """
)
# Of those, what somebody hardly has, so that "'s" may stand between.
_HIS: Final = listed(
    """
    disease syndrome palsy chorea theorem lemma conjecture paradox inequality law laws principle constant equation
    equations algorithm threshold transform distribution correlation coefficient sarcoma lymphoma triangle razor comet
    """
)
# The same of tools and of what carries a name to honour somebody.
_CARRIES: Final = listed(
    """
    agent agents job jobs pipeline pipelines server servers node nodes cluster plugin plugins kernel library libraries
    framework driver drivers chart dashboard dashboards module modules repo repository build builds image images
    container containers package packages compiler interpreter runtime console client daemon service queue topic
    instance database theme themes font fonts typeface search tree heap syntax parser linter formatter browser
    emulator simulator workflow airport station street avenue boulevard blvd road bridge school hospital university
    college institute stadium arena museum theatre theater auditorium memorial award awards prize medal scholarship
    fellowship cup trophy act terminal highway expressway tunnel dam dealer dealers dealership outlet
    """
)
# Firms that are called after somebody as somebody's: "Macy's".
_SHOPS: Final = listed(
    """
    sotheby christie macy mcdonald lloyd kellogg levi moody sainsbury domino denny hardee lowe kohl dillard
    bloomingdale applebee selfridge harrod hamley arby chili sherwin reese hershey heinz
    """
)
# Diseases, tests and tools that are called by a surname alone.
_ALONE: Final = listed(
    """
    alzheimer parkinson asperger tourette hashimoto crohn cushing hodgkin huntington raynaud kaposi epstein-barr
    kolmogorov smirnov otsu sobel kalman levenshtein dijkstra fibonacci voronoi mandelbrot hadamard fourier laplace
    bessel cauchy riemann gauss jacobi hermite chebyshev poisson weibull bernoulli dirichlet markov bayes nyquist
    kruskal damerau jaccard winkler wilcoxon spearman bonferroni mahalanobis minkowski hamming huffman geiger richter
    celsius fahrenheit beaufort mercator ampere luhn verhoeff fermat lagrange legendre fresnel tarjan bellman-ford
    viterbi savitzky-golay gini pareto likert zipf benford mersenne fisher-yates boyer-moore knuth-morris-pratt
    rabin-karp floyd-warshall needleman-wunsch smith-waterman shapiro-wilk mann-whitney kruskal-wallis kaplan-meier
    box-cox durbin-watson breusch-pagan dickey-fuller runge-kutta newton-raphson gauss-seidel navier-stokes
    michaelis-menten diffie-hellman merkle schnorr elgamal reed-solomon jaro-winkler cooley-tukey apgar karnofsky
    """
)
# The label of a line that lists no people: "Theme: Dracula".
_LISTS: Final = listed(
    """
    menu menus theme themes font fonts typeface typefaces unit units dish dishes recipe recipes dessert desserts drink
    drinks cocktail cocktails wine wines beer beers tea teas cheese cheeses fruit fruits color colors colour colours
    paint paints brand brands model models car cars band bands song songs album albums film films movie movies book
    books game games product products item items article articles software tool tools stack library libraries
    algorithm algorithms method methods disease diseases diagnosis diagnoses city cities country countries place
    places station stations street streets timezone timezones zone zones supplier suppliers vendor vendors
    manufacturer manufacturers merchant merchants shop shops store stores firm firms company companies server servers
    cluster clusters component components module modules skin palette flavour flavors flavor variety varieties breed
    breeds species plant plants
    """
)
# Names that are verbs or nouns before these: "Mark as read", "Bill to".
_BEFORE: Final = {
    "mark": listed("as all unread read done complete resolved"),
    "bill": listed("to of payment date due number"),
    "grant": listed("access program programme type permission permissions all number application agreement funding"),
    "chase": listed("bank account card"),
    "drew": listed("a the on from"),
    "sue": listed("for"),
}
_LABEL: Final = re.compile(r"([^\W\d_]+)\W{0,4}\Z")
_NAMES: Final = tuple(sorted(NAME))
_NAMED: Final = re.compile(r".*[^\w .-]", re.DOTALL)  # what is before "part name", "partName"
_BEHIND: Final = re.compile(r"(['’]s)? ([A-Za-z][a-z]+)\b")
_GAPS: Final = (" ", "'", "’")
_NEXT: Final = re.compile(r" ([^\W\d_]+)")


def lists_things(text: str, begin: int, start: int) -> bool:
    """Whether the last label before ``start`` in the line that has its ``begin`` there says that it lists things."""
    colon = max(text.rfind(":", begin, start), text.rfind("=", begin, start))
    if colon < 0:
        return False
    label = _LABEL.search(text, max(begin, colon - _HEAD), colon)
    if label is None:
        return False
    last = label[1].lower()
    if last in _LISTS:
        return True
    if not last.endswith(_NAMES):
        return False
    said = words_of(_NAMED.sub("", text[max(begin, colon - _HEAD) : label.end(1)]))
    return len(said) > 1 and said[-1] in NAME and (said[-2] in _LISTS or said[-2] in THING)


def is_thing(text: str, start: int, end: int, words: list[str], *, title: bool) -> bool:
    """Whether ``text[start:end]``, whose letters are ``words``, is no person. ``title``: it is in no sentence."""
    low = [word.lower() for word in words]
    behind = text[end : end + 1]
    if not _MARKS.isdisjoint(low) or (len(low) == 1 and len(low[0]) == 1 and behind == "-"):
        return True  # of the latter kind is "T-shirt"
    if len(low) > 1:
        if any(f"{a}_{b}" in _BRANDS for a, b in pairwise(low)) or not GOODS.isdisjoint(low[1:]):
            return True
        if low[1] in _BEFORE.get(low[0], ()):
            return True
    if start > 1 and text[start - 1] == "-" and text[start - 2].isupper() and not text[start - 3 : start - 2].isalnum():
        return True  # "X-Vault-Token"
    if behind in "-_`" and behind and (_is_mark(text, start, end) or _is_part(words[-1], text[end + 1 : end + 2])):
        return True
    if title and (_of_goods(text, end) or (len(low) > 1 and _MEASURE.match(text, end))):
        return True
    after = _BEHIND.match(text, end) if behind in _GAPS else None
    if after is not None and not after[1] and after[2].lower() in _CARRIES:
        return True
    if " " not in text[start:end]:
        if after is not None and after[2].lower() in _BEFORE.get(low[0], ()):
            return True
        if low[0] in _ALONE or (low[0] in _SHOPS and text[end : end + 2] in ("'s", "’s")):
            return True
        if words[0].isupper() and text[max(0, start - 3) : start] in ("'s ", "’s "):
            return True  # "her NINO"
        return after is not None and after[2] in (_HIS if after[1] else _FOUND)
    return False


def _is_mark(text: str, start: int, end: int) -> bool:
    """Whether it is the begin of a number ("Ricoh-4092") or quoted as code is."""
    if text[end] == "`":
        return start > 0 and text[start - 1] == "`"
    return text[end + 1 : end + 2].isdigit()


def _is_part(last: str, following: str) -> bool:
    """Whether a name goes on that has no capitals: "jackson-databind"."""
    return last.islower() and following.islower()


def _of_goods(text: str, end: int) -> bool:
    """Whether goods stand right behind."""
    following = _NEXT.match(text, end)
    return following is not None and following[1].lower() in GOODS
