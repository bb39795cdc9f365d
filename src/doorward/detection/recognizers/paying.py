"""Whether somebody speaks of paying beside a number that could be a card's: "paid with", "abgebucht von".

Such words stand beside much that is no card (receipts, references), so they count only for numbers that keep an
issuer's range and the check digit.
"""

from typing import Final

from doorward.detection.keys import fold
from doorward.detection.keywords import listed
from doorward.detection.recognizers.look import Look, is_prose

_BEFORE, _AFTER = 80, 40  # characters
_PAYING: Final = listed(
    """
    pay pays paid paying payment payments payable prepaid charge charges charged charging billed debited debit credited
    refund refunds refunded refunding reimburse reimbursed chargeback money purchase purchased bought deposit swiped
    cvv cvv2 cvc cvc2 csc expiry expires exp topup autopay checkout
    bezahlt bezahlen bezahle bezahlung zahlung zahlen gezahlt zahle abgebucht abbuchen abbuchung belastet belasten
    erstattet erstatten erstattung ruckerstattung geld gebucht gekauft gultig ablaufdatum prufziffer
    pago pagos pagado pagar pague pagamos cobro cobrado cobrar cobraron cobren reembolso reembolsar reembolsado dinero
    cargo cargado comprado caducidad vencimiento
    paga pagamento pagamentos pagou paguei cobrou cobraram cobranca estorno estornar reembolsado dinheiro comprei
    validade
    paye payer payez paiement paiements debite debiter preleve prelever prelevement rembourse rembourser remboursement
    regle regler argent achat achete
    pagato pagare pagamenti addebito addebitato addebitare rimborso rimborsare rimborsato soldi acquisto acquistato
    scadenza
    betaald betalen betaling betaal afgeschreven afschrijven terugbetaald terugbetaling terugstorten geld gekocht
    vervaldatum
    zaplacono zaplacic zaplacilem zaplacila platnosc platnosci platne obciazono obciazyc zwrot zwrocic pieniadze
    kupilem kupilam waznosci
    odeme odedim odendi odeyin odemeyi tahsil cekildi iade
    betalt betala betalade betalning betalte betaling debiterat debiterats belastet trukket trukket dratt dragit
    aterbetalning tilbakebetaling refundering refusion pengar penge kopt kjopt
    maksettu maksoin maksan maksu maksut veloitettu veloitus hyvitys palautus rahat
    zaplaceno zaplatit zaplatil zaplatila platba platby platbu strzeno strhnuto vratit vraceni penize peniaze platit
    platit platil platila platite plateno fizetes fizettem fizetve terheles terheltek visszaterites penz
    plata platit platita plati incasat rambursare bani
    bayar dibayar membayar pembayaran ditagih tagihan uang
    оплата оплатил оплатила оплачено платеж списали списано списание возврат вернуть деньги
    сплачено оплату кошти повернення πληρωμη πληρωσα πληρωμενο χρεωση χρεωθηκε επιστροφη χρηματα
    """
)
# Right before it, in a sentence: what was paid from, with, to.
_BY: Final = listed(
    """
    with from using via to on onto against mit von vom auf per con de desde en com pelo pela
    avec sur par du au sul dal sulla dalla met van op od ile kartla med fran pa fra til og kortilla s se ze z cu
    din pe dengan dari ke с со на от по из з на від
    """
)


def speaks_of_paying(look: Look, start: int, end: int) -> bool:
    """Whether the names around the string, or words close to ``string[start:end]``, do."""
    if not _PAYING.isdisjoint(look.key.words):
        return True
    string = look.string
    if end - start > len(string) - 4:
        return False
    before = _words(string[max(0, start - _BEFORE) : start])
    if not _PAYING.isdisjoint(before) or not _PAYING.isdisjoint(_words(string[end : end + _AFTER])):
        return True
    return bool(before) and before[-1] in _BY and string[start - 1] == " " and is_prose(string)


def _words(text: str) -> list[str]:
    return "".join([c if c.isalpha() else " " for c in fold(text)]).split()
