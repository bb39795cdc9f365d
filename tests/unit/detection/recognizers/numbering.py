"""Makes numbers with right check digits for tests, by the published algorithms and not by the code under test."""


def luhn(stem):
    total = 0
    for index, digit in enumerate(reversed(stem)):
        value = int(digit) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return stem + str(-total % 10)


def iban(country, bban):
    number = "".join(str(int(c, 36)) for c in bban + country + "00")
    return f"{country}{98 - int(number) % 97:02d}{bban}"


def mod11(stem, weights, ten="X"):
    rest = -sum(int(d) * w for d, w in zip(stem, weights, strict=True)) % 11
    return None if rest == 10 else stem + str(rest)


def nhs(stem):
    return mod11(stem, range(10, 1, -1))


def bsn(stem):
    rest = sum(int(d) * w for d, w in zip(stem, range(9, 1, -1), strict=True)) % 11
    return None if rest == 10 else stem + str(rest)


def cpf(stem):
    for _ in range(2):
        rest = sum(int(d) * w for d, w in zip(stem, range(len(stem) + 1, 1, -1), strict=True)) % 11
        stem += str(0 if rest < 2 else 11 - rest)
    return stem


def pesel(stem):
    return stem + str(-sum(int(d) * w for d, w in zip(stem, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True)) % 10)


def nif(digits):
    return digits + "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23]


def nir(stem):
    return f"{stem}{97 - int(stem) % 97:02d}"
