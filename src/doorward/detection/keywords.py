"""What words in names mean: of members, table heads and labels, in a dozen languages.

Words are folded as ``keys.fold`` does: lower case, no accents. From general knowledge of how data is named; a word
that means something else more often than not is left out, or stands in a class that asks the value to agree.
"""

from typing import Final

from doorward.detection import languages


def listed(text: str) -> frozenset[str]:
    """The words of ``text``, which are set apart by spaces."""
    return frozenset(text.split())


# Names that only carry: of the protocol, of result sets, of schemas. They are looked through to the name around them.
TRANSPORT: Final = listed(
    """
    result results content contents text params param arguments argument args structuredcontent structured data
    value values body payload items item rows row records record list entries entry object objects response
    request requests responses inputrequests inputresponses output outputs input inputs default example examples
    const enum val raw properties attributes attrs fields field columns meta hits docs nodes node edges edge
    elements element page set array batch collection json xml csv resource resources embedded delta update
    updates new old before after previous current original primary secondary main
    """
)

# Words that change nothing in a name with others: "phone number", "card no", "address line 1".
FILLER: Final = listed(
    """
    number no nr num nbr nmbr nummer numero numeros numer numara numarasi nomor nro tall n value val field text
    str string line raw full formatted primary secondary alt alternate alternative other main default home work
    office private personal business corporate daytime evening day night direct current new old previous
    original plain display of the de du des la le el los las do da dos das di del della van der den het og och
    ja y e et und en i a an is my your his her their info details detail data entry input e164 international
    intl national local principal contact linea ligne zeile riga
    """
)

# The last word of a name; numbers, codes and words under it are none of ours whatever stands before.
NEGATIVE_HEAD: Final = listed(
    """
    id ids uid uids uuid uuids guid guids oid pid tid gid rid cid sid ref refs reference key keys idx index
    indices count counts cnt total totals sum qty quantity amount amounts balance price prices cost costs fee
    fees rate rates ratio percent pct score scores rank version versions ver rev revision revisions build builds
    release tag tags hash hashes sha sha1 sha256 sha512 md5 crc crc32 checksum checksums digest etag commit
    commits signature fingerprint trace span parent timestamp timestamps ts time times epoch at date dates
    datetime created updated modified expires expiry exp ttl age duration elapsed latency timeout ms ns us sec
    secs seconds minutes hours days size length len bytes width height depth weight offset limit port ports pids
    serial sku skus upc ean gtin isbn issn asin doi part model models lat lon lng latitude longitude coord
    coords coordinates altitude x y z code codes status state type types kind level severity priority flag flags
    enabled verified valid active format schema pattern regex url uri urls uris href link links path paths file
    filename mime lang language locale currency timezone tz last4 lastfour lastdigits digits brand network bin
    avatar color colour hits arn seq sequence step position order orders batch lot session cursor nonce salt iv
    algorithm provider scheme method methods mode options policy preference preferences settings validation
    validator required optional len anzahl menge preis betrag datum kennung cantidad precio importe fecha
    quantite prix montant quantidade preco valor aantal prijs bedrag ilosc cena kwota data
    """
)

# Such a word anywhere makes the numbers under the name none of ours.
NEGATIVE_ANY: Final = listed(
    """
    sku upc ean gtin isbn issn asin doi uuid guid hash sha sha1 sha256 sha512 md5 crc checksum digest etag
    commit revision version trace span tracking track order orders bestellung pedido commande ordine bestelling
    zamowienie siparis shipment parcel waybill awb invoice rechnung factura facture fattura faktura fatura
    transaction txn tx correlation request session cursor offset timestamp epoch build arn port latitude
    longitude lat lon lng geo coord coords coordinates serial seq sequence barcode lot batch sample metric
    metrics counter gauge histogram latency duration bytes tokens ticket issue incident case run job task
    workflow pipeline node pod container cluster shard partition flight train sensor device imei imsi mac meter
    reading asset warehouse article part model pixel inode checkpoint block blockhash epochms unix nanos millis
    micros
    """
)

# Around a name without meaning of its own: measured, not personal.
NEGATIVE_PARENT: Final = listed(
    """
    metrics metric stats statistics counters gauges histogram timings timing usage coordinates geometry geo
    location bbox bounds versions dependencies checksums hashes dimensions samples series points datapoints
    buckets limits capabilities schema telemetry measurements latency
    """
)

NAME: Final = listed(
    """
    name names nm nombre nombres nom noms nome nomi nomes naam namen navn namn nimi nazwa isim ad adi nume nev
    fullnm nafn jmeno meno ime vardas vards nimeke nimetus
    """
    + languages.NAME
)
# What is looked for may be somebody.
SEARCH: Final = listed("q query search searchterm searchtext term keyword keywords lookup busqueda suche recherche")
# Of people only, whatever the words around.
GIVEN: Final = listed(
    """
    firstname fname forename forenames givenname givennames middlename mname vorname vornamen prenom prenoms
    voornaam voornamen roepnaam imie imiona fornavn fornamn etunimi etunimet isminiz primeironome primernombre
    tilltalsnamn prenume keresztnev rufname firstnm givennm nickname spitzname apodo soprannome przydomek
    preferredname goesby knownas callname callingname firstnames gname prename foren fornam jmeno krestnijmeno
    krestnimeno krstnomeno osobnoime primernome nomeproprio nomedebatismo nombredepila prenomi prenum numepren
    eesnimi vardas utonev keresztneve voornm kutsumanimi kaldenavn nomdusage doopnaam firstnam middlenm
    middleinitial preferredfirst firstpreferred
    """
    + languages.GIVEN
)
SURNAME: Final = listed(
    """
    lastname lname surname surnames familyname apellido apellidos sobrenome sobrenomes apelido nachname
    nachnamen familienname zuname cognome cognomi achternaam familienaam tussenvoegsel nazwisko nazwiska soyad
    soyadi soyisim efternavn efternamn etternavn sukunimi patronymic patronim otchestvo maidenname geburtsname
    lastnm nomfamille secondname apellidopaterno apellidomaterno
    surnm lstname famname familynm primerapellido segundoapellido apellidop apellidom prijmeni priezvisko prezime
    familia vezeteknev csaladnev numefamilie numedefamilie eftrnamn slektsnavn tilnavn leanykorinev nomdefamille
    nomdejeunefille nomdenaissance nomnaissance perekonnanimi pavarde uzvards sobrenom ultimonome nomedefamilia
    nomedesolteira cognomenubile geslachtsnaam meisjesnaam ledignavn flicknamn syntymanimi soyismi nazwiskorodowe
    dekjanaam lastnames
    """
    + languages.SURNAME
)
FULLNAME: Final = listed(
    """
    fullname fullnames legalname personname realname nombrecompleto nomecompleto nomcomplet volledigenaam
    adsoyad adisoyadi imienazwisko imieinazwisko nomeecognome nomecognome nombreyapellidos nombreapellidos
    vornamenachname vorundnachname fio klarname nometprenom nomprenom naamvoluit completename
    fullnm namefull nombrecompl nomeintero nomeesteso nomeesobrenome nomesobrenome nombreapellido apellidosynombre
    apellidosnombre apellidonombre cognomenome cognomeenome nomecognomeintero nometprenoms naamenvoornaam
    voorenachternaam volledigenm helnavn fuldenavn fuldtnavn fulltnavn fullstendignavn fornamnefternamn kokonimi
    jmenoaprijmeni jmenoprijmeni celejmeno menoapriezvisko imeiprezime imeprezime nevteljes teljesnev numecomplet
    numesiprenume numeprenume numelecomplet isimsoyisim adsoyisim adisoyisim nachnamevorname namevorname vornamename
    vornamenzuname zunamevorname nomprenoms legalfullname
    """
    + languages.FULLNAME
)
# With a name word: of people ("first name"). Inside a "name" object, alone ("name": {"first": ...}).
NAME_PART: Final = listed(
    """
    first last middle given family full legal preferred maiden nick birth real fore sur second complete completo
    complet completa volledige pelno whole paternal maternal
    """
)

# Who is a human being: the value is a name, unless it plainly is none. (``…_SAID`` here and below: the words that prose
# has as well. The others only stand in names.)
ROLE_SAID: Final = listed(
    """
    contact contacts assignee assignees reporter reporters employee employees emp staff attendee attendees
    participant participants organizer organiser organizers invitee invitees patient patients guest guests
    passenger passengers traveler traveller travelers travellers pax cardholder accountholder holder beneficiary
    beneficiaries signatory signatories signer signers signee cosigner nurse doctor physician practitioner
    clinician surgeon therapist dentist student students pupil pupils teacher teachers instructor professor
    visitor visitors
    tutor tutors investigator counselor spouse husband wife partner mother father parent guardian child children
    sibling son daughter kin relative heir applicant applicants candidate candidates interviewer interviewers
    interviewee recruiter referee insured claimant claimants witness witnesses plaintiff defendant attorney
    lawyer judge juror debtor creditor borrower borrowers lender landlord renter lessee lessor driver drivers
    courier technician mechanic supervisor supervisors manager managers mgr boss director superior foreman
    colleague coworker worker workers contractor caller callers callee subscriber subscribers donor donors
    volunteer volunteers voter member members resident residents citizen person persons people human individual
    individuals somebody approver approvers requester requestor requesters submitter reviewer reviewers examiner
    inspector auditor author authors coauthor editor translator speaker speakers hostess presenter chair
    chairperson president ceo cto cfo cardmember bearer accountant secretary treasurer broker salesperson
    salesrep dependent dependents dependant mitarbeiter mitarbeiterin ansprechpartner ansprechpartnerin kontakt
    kontaktperson empfaenger empfanger inhaber kontoinhaber karteninhaber patientin versicherter vorgesetzter
    bearbeiter sachbearbeiter arzt aerztin fahrer gast mieter vermieter schueler lehrer teilnehmer bewerber
    antragsteller ehepartner empleado empleada empleados paciente pacientes titular beneficiario huesped
    pasajero pasajeros contacto destinatario remitente medico alumno alumna profesor profesora solicitante
    conductor inquilino gerente jefe conyuge funcionario funcionaria colaborador hospede passageiro contato
    beneficiaria responsavel responsable aluno professora gestor motorista employe employee salarie titulaire
    beneficiaire passager voyageur destinataire expediteur medecin eleve enseignant conducteur locataire
    responsable interlocuteur assure conjoint dipendente dipendenti paziente intestatario beneficiario ospite
    passeggero contatto destinatario mittente medico studente docente autista inquilino referente responsabile
    richiedente medewerker werknemer patient rekeninghouder kaarthouder begunstigde gast passagier
    contactpersoon ontvanger afzender arts leerling leraar chauffeur huurder aanvrager pracownik pacjent
    posiadacz odbiorca nadawca lekarz uczen nauczyciel kierowca najemca pasazer osoba calisan hasta yolcu
    misafir alici gonderen doktor ogrenci ogretmen surucu kisi yetkili ansatt anstalld medarbetare medarbejder
    pasient passager passasjer mottaker mottagare modtager avsandare afsender lakare laege lege elev sjafor
    henkilo tyontekija potilas vastaanottaja
    """
)
ROLE: Final = ROLE_SAID | listed(
    """
    guarantor guarantors coapplicant cosignatory cosignatories coborrower coowner consignator mandator grantor
    grantee trustee trustees administratrix testator taxpayer taxpayers filer filers declarant declarants
    originator originators remitter remitters giver givers contributor contributors philanthropist pledger payor
    payors beneficiaryholder nominees annuitant annuitants pensioner pensioners retiree retirees policyholder
    policyholders shopper shoppers purchaser purchasers orderer bidder bidders athlete athletes competitor
    competitors contestant contestants swimmer skater golfer coach coaches trainer trainers umpire graduate
    graduates graduand alumnus alumni scholar scholars learner learners trainee trainees apprentice apprentices
    enrollee enrollees registrant registrants delegate delegates entrant entrants exhibitor panelist panelists
    moderator facilitator adopter adopters fosterer caregiver caregivers carer carers caretaker babysitter nanny
    midwife pediatrician pharmacist paramedic psychologist psychiatrist radiologist prescriber prescribers
    clinicians orderingprovider siblings fiance fiancee widow widower parents stepmother stepfather grandmother
    grandfather grandparent aunt uncle niece nephew cousin nextofkin godparent inmate detainee offender suspect
    victim victims complainant complainants petitioner respondent appellant defendants plaintiffs deponent
    arrestee notary solicitor barrister paralegal conveyancer heirs inheritor decedent deceased occupants
    occupier lodger boarder flatmate roommate housemate sublessee subtenant homeowner homeowners householder
    squatter hirer hirers rider riders cyclist biker pilot pilots copilot skipper sailor steward stewardess
    trucker carrierdriver deliverer postman janitor concierge receptionist housekeeper gardener plumber
    electrician carpenter forewoman surveyor valuer appraiser assessor adjuster loanofficer caseworker
    socialworker counsellor mentor mentors mentee mentees buddy sponsor sponsors advisor adviser advisors
    consultants jobseeker reviewee supervisee subordinate teammate coworkers colleagues headmaster principalname
    lecturer lecturers tutee schoolchild schoolboy schoolgirl kids newborn baby toddler teenager congregant
    parishioner priest pastor vicar rabbi imam attestor certifier depositor depositors saver stakeholder
    stakeholders officer commissioner councillor alderman mayor senator deputyname constituent elector electors
    respondents interviewees correspondent reporteradjuster journalist photographer columnist narrator
    illustrator architect biographer keyholder bookkeeper payrollcontact bondholder noteholder mortgagor
    mortgagee chargee pledgor assignor transferor transferee donee testatrix feepayer ratepayer billpayer
    contractee freelancer freelancers subcontractor handyman groom bride bridesmaid bestman fahrgast fluggast
    reisender steuerpflichtiger steuerzahler buerge burge versicherungsnehmer versicherte versicherungsnehmerin
    kontaktpersonen notfallkontakt notfallperson erziehungsberechtigter erziehungsberechtigte vormund elternteil
    mutter vater ehefrau ehemann ehegatte kinder sohn tochter bruder schwester patienten kundenname
    ansprechperson anrufer beschwerdefuehrer klaeger beklagter zeuge zeugin schuldner glaeubiger glaubiger
    darlehensnehmer kreditnehmer eigentuemer eigentumer vertragspartner unterzeichner bevollmaechtigter spender
    spenderin schuler schulerin schuelerin studierende studierender auszubildender lehrerin trainerin besucher
    besucherin hausarzt behandler zahler zahlungspflichtiger auftragnehmer leistungsempfaenger
    rechnungsempfaenger lieferempfaenger halter halterin fahrzeughalter lenker beifahrer betreuer betreuerin
    pfleger contribuyente contribuyentes avalista avalistas fiador fiadora garante garantes asegurado asegurada
    tomador tomadora pagador pagadora ordenante deudor deudora acreedor acreedora prestatario prestataria
    arrendatario arrendataria arrendador arrendadora huespedes viajero viajera viajeros asistente asistentes
    participante participantes invitado invitada firmante firmantes apoderado apoderada representado tutora
    esposo esposa pareja hermano hermana familiar emergencia acompanante doctora enfermero enfermera profesores
    estudiante estudiantes candidato candidata postulante aspirante trabajador trabajadora encargado encargada
    supervisora denunciante testigo victima demandante demandado interesado interesada suscriptor donante socio
    socia socios abonado abonada remitentes conductora repartidor jugador atleta contribuintes segurado segurada
    segurados devedor devedora credor credora inquilina locatario locataria senhorio hospedes passageiros
    viajante convidado convidada assinante signatario encarregado encarregada encarregadoeducacao marido irmao
    irma acompanhante medica enfermeiro enfermeira estudante formando formanda trabalhador trabalhadora
    empregado empregada testemunha doador doadora aluna alunos professores motoristas ordenador adquirente
    contribuable contribuables garants assuree souscripteur souscriptrice payeur donneur donneuse debiteur
    debitrice creancier emprunteur emprunteuse preteur bailleur locatrice voyageuse passagere convive signataire
    signataires mandataire tuteur tutrice epoux epouse frere soeur accompagnant medecintraitant patiente
    infirmier infirmiere etudiant etudiante etudiants postulant demandeur demandeuse salaries collaboratrice
    encadrant plaignant temoin victime adherent adherente abonnee donateur donatrice chauffeurs conductrice
    livreur joueur contribuenti contribuente garanti assicurato assicurata contraente pagatore pagante ordinante
    debitore creditore mutuatario conduttore conduttrice locatore ospiti viaggiatore passeggeri partecipante
    partecipanti invitato invitata firmatario sottoscrittore delegato tutore genitore figlio figlia marito
    moglie fratello sorella accompagnatore dottore dottoressa infermiere infermiera studentessa alunno alunna
    allievo allieva insegnante lavoratore lavoratrice impiegato impiegata collaboratore testimone vittima
    donatore abbonato tesserato soci conducente giocatore belastingplichtige borgsteller verzekerde
    verzekeringnemer schuldenaar schuldeiser kredietnemer verhuurder reiziger reizigers passagiers deelnemer
    deelnemers genodigde ondertekenaar gemachtigde voogd moeder vader zoon dochter echtgenoot echtgenote
    kinderen begeleider huisarts behandelaar verpleegkundige leerlingen studenten kandidaat sollicitant
    werknemers leidinggevende klager getuige slachtoffer leden bestuurder sporter speler gebruikersnm podatnik
    podatnika poreczyciel ubezpieczony ubezpieczona ubezpieczajacy platnik dluznik wierzyciel kredytobiorca
    pozyczkobiorca wynajmujacy gosc goscie podrozny pasazerowie uczestnik uczestnicy zaproszony podpisujacy
    pelnomocnik opiekun rodzic ojciec corka siostra malzonek pacjentka lekarka pielegniarka uczennica studentka
    kandydat kandydatka pracownica pracownicy wspolpracownik przelozony zglaszajacy swiadek poszkodowany
    darczynca czlonek czlonkowie abonent kierowcy zawodnik zleceniodawca skattebetaler skattskyldig borgensman
    forsikringstaker forsakringstagare forsikringstager forsakrad forsikrede betalare laantager lantagare
    lantaker laanetaker utleier udlejer hyresgast leietaker lejer hyresvard gaster gjest gjester resenar
    rejsende passagerare passasjerer deltagare deltaker deltager deltagere foraelder foralder forelder
    vardnadshavare foresatt sonn ektefelle aegtefaelle anhorig parorende paarorende patienter sykepleier
    sjukskoterska elever lararen laerer larer studerende sokande ansoger ansatte anstallda kollega sjef chauffor
    givare giverinna medlemmer medlemmar abonnent forare forer idrottare veronmaksaja takaaja vakuutettu maksaja
    velallinen lainanottaja vuokralainen vuokranantaja matkustaja osallistuja allekirjoittaja huoltaja aiti
    puoliso omainen laakari hoitaja oppilas opiskelija opettaja hakija esimies tyontekijat kuljettaja ilmoittaja
    todistaja lahjoittaja lahettaja mukellef kefil sigortali odeyen borclu alacakli kiraci kiralayan konuklar
    yolcular katilimci davetli imzalayan ebeveyn kardes refakatci hekim hemsire ogrenciler basvuran calisanlar
    yonetici magdur bagisci uyeler abone sporcu muhatap adina poplatnik rucitel pojisteny pojistnik platce
    veritel najemce pronajimatel cestujici ucastnik ucastnici podepsany zmocnenec porucnik rodic otec dcera
    bratr sestra manzel manzelka pacientka lekar zdravotni ucitel uchazec zadatel zamestnanec zamestnanci
    vedouci svedek ridic predplatitel odesilatel prijemce drzitel kontaktniosoba adozo biztositott szerzodo
    befizeto hitelezo berlo berbeado vendeg vendegek utasok resztvevo alairo fiver feleseg hozzatartozo paciens
    hallgato jelentkezo kerelmezo alkalmazott munkavallalo vezeto sofor cimzett birtokos kapcsolattarto
    ugyfelnev contribuabil asigurat platitor debitor imprumutat chirias proprietarul oaspete oaspeti calator
    pasageri participanti invitat semnatar imputernicit parinte sotie pacienta asistenta candidat solicitant
    angajat angajati martor membru membri donator expeditor destinatarul titularul persoana
    """
    + languages.ROLE
    + languages.GERMAN_ROLE
    + " ".join(f"{word}in" for word in languages.GERMAN_ROLE.split())
)
# Who may be a firm, a bot or an account as well: the value has to look like a person.
WEAK_ROLE: Final = listed(
    """
    customer customers cust client clients clnt user users usr owner owners sender senders recipient recipients
    receiver payer payers payee payees buyer buyers seller sellers vendor supplier shipper consignee consignor
    lead leads prospect prospects account subscriber tenant tenants creator committer maintainer maintainers
    operator admin administrator representative rep agent assigned assigner delegate responder responsible
    oncall artist actor composer lessee merchant profile profiles from to cc bcc replyto attn attention
    salutation shipto billto soldto billing shipping delivery ship bill emergency signature kunde kunden kundin
    kaeufer kaufer verkaeufer besteller auftraggeber absender benutzer nutzer cliente clientes usuario usuarios
    comprador vendedor proveedor propietario dueno utilizador proprietario dono utilisateur acheteur vendeur
    proprietaire utente acquirente venditore fornitore klant klanten gebruiker koper verkoper eigenaar klient
    klienci uzytkownik kupujacy sprzedawca wlasciciel musteri kullanici alan satici sahibi kund kunder bruker
    anvandare bruger eier agare ejer asiakas kayttaja omistaja
    cdtr dbtr ultmtcdtr ultmtdbtr initgpty who whom whose purchaserid booker bookedby reservee reserver reservation
    correspondents subscriberperson
    initiator instigator holderof counterparty counterparties correspondent signedfor recipientof biller billee
    facturar facturara afacturar enviara entregara vendera pagara pagadera faturara enviarpara entregarpara
    faturarpara facturera livrera envoyera consegnarea spedirea fatturarea intestatoa leveraan factuuraan
    verzendenaan lieferan rechnungan versandan zuhaenden zuhanden zhd aandacht alaattention atencion atencao
    aufmerksamkeit doreczeniedo wysylkado fakturado klantnm cari alici odberatel dodavatel zakaznik zakaznici
    kupujici prodavajici uzivatel vlastnik vevo elado ugyfel ugyfelek felhasznalo tulajdonos vasarlo cumparator
    vanzator utilizator proprietar brukere brugere selger salja saljare saelger sælger saelgere eieren kopare kjoper
    myyja ostaja tilaaja leverandor leverantor toimittaja satinalan odeyici hesapsahibi
    """
    + languages.WEAK_ROLE
)
# Of these even a name of two words needs more: a sibling, a known given name.
UNLIKELY_ROLE: Final = listed(
    """
    boss from to cc bcc account accounts client clients lead leads profile profiles artist artists actor vendor
    supplier merchant agent ship bill billing shipping delivery emergency signature tenant tenants operator
    prospect admin fornitore proveedor maintainer host user users usr
    """
)
# Of somebody, if the record is about somebody.
PERHAPS: Final = listed(
    """
    who for with whom cn sn grad ordering requesting performing rendering referring consulting attending
    signed self me him her they party parties principal captain minor adult host invite occupant
    invitee nominee lead first last middle given family maiden nick alias fn ln nm nme fnm lnm contactperson
    elev aday uye gost medlem reisende fit lid utas tanu tanar konuk veli vekil osoba kind mari femme fils fille
    mere pere madre padre hijo hija pai mae filho filha far mor son sonn datter dotter bror broer zus brat siostra
    maz zona syn ana apa anya tag vieras jasen osallistuja poika tytar signe naar aan voor pour para per fur
    fuer dla till til companion companions gp
    """
)
# Of a place, if it can be one and the record is about somebody.
WHERE: Final = listed(
    """
    where near nearby in at from to site sites location locations office branch depot station base area district
    origin destination dest departure arrival via stop venue place pickup dropoff collection drop deliver delivery
    visit visited home house property premises whereabouts locality l loc region ort lugar lieu luogo plaats
    miejsce yer sted plats paikka misto hely loc ziel herkunft start origen destino oficina sede filiale bureau
    kantoor biuro ofis kontor toimisto pobocka iroda sucursal succursale agence agenzia ship send remit forward
    forwarding mailing shipping billing bill domicile residence dwelling plot estate building surgery practice
    clinic ward school campus
    """
)
# Of lists whose members are called by people's names: {"attendance": {"Ann Lee": true}}.
ROLL: Final = listed(
    """
    attendance attendances absentees roster rota rsvp rsvps birthdays anwesenheit asistencia presenze presences
    aanwezigheid frequencia obecnosc narvaro
    """
)
# The same, if the names are known: clubs and options are marked, too.
TALLY: Final = listed(
    """
    grades gradebook marks scores votes points shifts dienstplan timesheet timesheets payroll absences balances
    directory phonebook addressbook allocations salaries standings leaderboard noten puntos notas voti stimmen
    punkte oceny karakterer betyg
    """
)
# What else they count.
COUNTED: Final = listed(
    """
    total totals average overall seats capacity rate days hours week month year present absent late excused unexcused
    gross net amount tax taxes bonus overtime deduction deductions allowance allowances base bank final exam quiz test
    sick leave pay shift shifts day night early morning evening open empty free maximum minimum grand sub walk no not
    """
)
# Of these most are firms: only what else is in the record makes a person of one.
FIRM: Final = listed(
    """
    vendor vendors supplier suppliers merchant merchants fornitore fornitori proveedor proveedores fournisseur
    fournisseurs fornecedor fornecedores lieferant lieferanten leverancier leveranciers dostawca leverandor leverantor
    tedarikci toimittaja dodavatel szallito furnizor
    """
)
# Before "to": whom papers and goods go to.
ADDRESSED: Final = listed(
    """
    bill billed ship shipped sold sell remit invoice invoiced deliver delivered pay paid payable send forward
    courier mail post return refund dispatch despatch charge
    """
)
# Before "by": who did it.
DONE: Final = listed(
    """
    created updated modified changed edited deleted removed signed approved rejected reviewed submitted
    requested assigned opened closed reported resolved uploaded sent written authored prepared performed
    completed invited handled issued received entered recorded logged verified checked sold bought booked
    ordered referred prescribed ordered diagnosed treated examined inspected installed delivered collected paid
    posted raised filed owned led managed supervised taught organized organised hosted presented interviewed
    hired reports reporting assigned escalated merged committed authorized authorised witnessed notarized
    translated measured added
    """
)
# The same, but only before "by": what goes "to" somewhere goes to no person in particular.
DONE_BY: Final = listed(
    """
    claimed drafted proposed suggested initiated launched started stopped canceled cancelled voided refunded charged
    billed shipped packed picked dispatched returned accepted declined acknowledged countersigned cosigned certified
    validated audited inspected attended taken given provided supplied drawn recorded captured scanned printed
    compiled calculated designed built tested fixed repaired serviced cleaned driven operated flown nominated
    recommended endorsed sponsored donated contributed funded invested insured guaranteed represented accompanied
    escorted guided coached trained mentored graded marked assessed evaluated scored judged refereed photographed
    filmed edited illustrated translated narrated published announced notified contacted called phoned emailed
    visited interviewed screened admitted discharged transferred referred dispensed administered vaccinated
    witnessed sworn filed lodged appealed settled adjusted registered enrolled enroled hosted led chaired minuted
    transcribed seen adopted fostered rented leased occupied reserved requisitioned released locked unlocked
    disabled enabled archived restored imported exported synced maintained
    """
)
# With a name word: of things. Alone, around a bare "name": the name of a thing.
THING: Final = listed(
    """
    product products sku item items article articles project projects company companies organization
    organizations organisation organisations org orgs firm business businesses employer brand brands merchant
    merchants store stores shop vendor supplier manufacturer maker team teams group groups department
    departments dept division unit units role roles position job jobs event events class classes course courses
    file files filename folder folders directory directories dir host hosts hostname server servers service
    services node nodes pod pods container containers cluster clusters machine instance instances image images
    volume disk database databases db table tables column columns schema schemas field fields index key keys tag
    tags label labels category categories type types kind kinds model models package packages module modules
    library libraries lib function functions method methods tool tools command commands cmd action actions
    script scripts task tasks step steps stage stages pipeline pipelines workflow workflows run runs build
    builds branch branches repo repos repository repositories commit release releases version versions
    environment environments env region regions zone zones city cities country countries state states province
    county town place places location locations venue venues room rooms building site sites area district street
    road domain domains app apps application applications program programs process processes thread plugin
    plugins extension extensions theme template templates font color colour channel channels topic topics queue
    queues stream streams bucket buckets metric metrics counter sensor sensors device devices printer network
    networks interface interfaces album albums song songs track tracks playlist movie movies film films book
    books show shows game games series episode recipe recipes ingredient ingredients dish dishes menu restaurant
    restaurants hotel hotels bar cafe airport airports station stations airline train trains vehicle vehicles
    car cars vessel aircraft plan plans subscription subscriptions policy policies rule rules resource resources
    prompt prompts parameter parameters param property properties attribute attributes setting settings option
    options variable variables feature features dataset datasets document documents report reports form forms
    page pages section sections chapter view views dashboard dashboards widget widgets chart alert alerts check
    checks test tests suite case campaign campaigns segment segments list lists board boards sprint epic
    milestone milestones issue issues ticket tickets incident bug currency bank banks drug drugs medication
    medications medicine disease condition diagnosis procedure allergy species breed plant animal pet element
    elements ingredient material brandname school schools university universities college institution hospital
    hospitals clinic facility ward agency ministry court league club tournament match competition asset assets
    fund funds stock stocks token coin contract contracts license licence certificate skill skills award badge
    language languages locale timezone holiday holidays promotion coupon gift offer deal deals opportunity
    opportunities collection collections workspace workspaces space spaces tenant tenants namespace namespaces
    scope scopes secret secrets config configuration artifact artifacts object objects entity entities
    dependency dependencies layer layers rule header headers parameter cookie cookies header enum constant
    part parts component components
    produkt produkte produkts artikel firma unternehmen abteilung gruppe verein datei ordner projekt projekte
    kategorie stadt land ort schule producto productos articulo empresa empresas departamento equipo grupo
    archivo carpeta proyecto proyectos categoria ciudad pais evento produto produtos equipe ficheiro arquivo
    pasta projeto cidade produit produits entreprise societe groupe fichier dossier projet categorie ville pays
    evenement prodotto prodotti azienda reparto squadra gruppo cartella progetto citta paese bedrijf afdeling
    groep bestand map stad produkty dzial zespol plik miasto kraj urun sirket bolum takim dosya sehir ulke proje
    vare varer varor foretag virksomhed bedrift avdeling avdelning
    """
)

EMAIL_SAID: Final = listed(
    """
    email emails mail mails eposta epost epostadresse epostadress sahkoposti correo correos courriel
    emailaddress mailaddress emailaddr mailadresse emailadresse emailadres mailadres emailid posta smtp mailto
    """
)
EMAIL: Final = EMAIL_SAID | listed(
    """
    emailids eml maildress mailadr mailadresa emailadresa adresaemail epostasi epostaadresi emailaddy eaddr
    eaddress eadres eadresse elpost elpostadress sahkopostiosoite posteelectronique adressemail adresseemail
    adresseelectronique correoelectronico direccioncorreo mailadressen emailaddresses enderecoemail
    enderecoeletronico correioeletronico indirizzoemail indirizzoposta postaelettronica emailcim drotposta
    villamposta workmail workemail homemail inbox mailbox mailid
    """
)
PHONE_SAID: Final = listed(
    """
    phone phones phonenumber phoneno phonenum tel tels telno telnum telnr telephone telephones telefon telefono
    telefonos telefone telefones telefoon telefoonnummer telefonnummer telefonnr telefonnumer telefonie fon
    mobile mobiles mobil mobiltelefon mobilnummer mobilnr mob mobileno mobilephone cell cells cellphone cellular
    fax faxes telefax msisdn whatsapp viber handy handynummer gsm cep ceptelefonu celular celulares movil
    moviles portable cellulare mobiel mobieltje komorka komorkowy puhelin matkapuhelin puh tlf tlfnr tlfn ph
    fono telf phn contactno contactnumber callback landline hotline sms rufnummer festnetz fijo fixe vast
    stacjonarny
    """
)
PHONE: Final = PHONE_SAID | listed(
    """
    telemovel telemoveis telef telefonszam telefonszama telefonu telefoni telefony telefonn rufnr telefonszamok
    mobilszam gsmno gsmnr handynr komorkowe numertelefonu nrtelefonu nrtel telcislo mobilcislo telefonnicislo
    telefonicislo mobilni ceptel ceptelefon ceptelefonlari evtelefonu istelefonu puhelinnumero puhnro kannykka
    matkapuh gsmnumero tlfnummer mobiltlf mobiltelefonnr directdial directline dial dialin speeddial
    phonecontact contactphone contactph contacttel contactcell contactmobile icenumber icephone emergencyphone
    emergencynumber notifytel voicemail callbackno waid whatsappno signalno telegramno ringno numerodetelephone
    numtel numerotelephone numtelephone nrotelefono nrocelular numerocelular numerocel telcelular telcasa telcel
    fonoparticular teldomicilio teloficina telefonocasa numtelefono numerodetelefono numerodecelular
    numerodetelefone celularno numcel recapito recapitotelefonico recapiti numerotelefono numerocell cellno
    cellnum mobno mobnum phno phnum phonenbr mobilenumber mobilenum gsmtel draadloos vastelijn telefoonnr
    mobielnr mobielnummer telefonmobil telefonfix nrtelefon
    """
    + languages.PHONE
)
CARD_SAID: Final = listed(
    """
    cardnumber cardno cardnum creditcard creditcardnumber creditcardno debitcard ccnum ccnumber ccno kreditkarte
    kreditkartennummer kartennummer tarjetacredito numerotarjeta cartaocredito cartebancaire cartedecredit
    cartacredito kaartnummer creditcardnummer kartakredytowa numerkarty kartnumarasi kredikarti kortnummer
    kredittkort kreditkort luottokortti accountpan primaryaccountnumber cardpan
    """
)
CARD: Final = CARD_SAID | listed(
    """
    cardonfile paidwith cardcharged chargedcard paidwithcard paymentcard paymentcardnumber bankcard
    bankcardnumber cardused usedcard kartenr kortnr kaartnr nrkarty numerokarty numtarjeta nrotarjeta
    numerodetarjeta numerodecartao numcartao numcarte numerocarte numerodecarte numerocarta numcarta cislokarty
    kartyaszam kartyaszama nrcard numarcard kartno kartnumara kartanumero korttinumero corpcard corpcardno
    corpcardnr
    """
)
CARD_WORD: Final = listed(
    """
    card cards cc tarjeta cartao carte carta karte kreditkarte kaart karta kart kort kortti kartu kartya bankkarte
    bankkort
    """
)

SSN: Final = listed("ssn ssns socialsecurity socialsecuritynumber socsec socialsec socialsecnum ssnum ssno")
# Joined names of national numbers.
NATIONAL: Final[dict[str, str]] = {
    **dict.fromkeys(SSN, "US_SSN"),
    **dict.fromkeys(listed("itin individualtaxpayer taxpayeridentification"), "US_ITIN"),
    **dict.fromkeys(listed("nhs nhsnumber nhsno nhsnum nationalhealth"), "UK_NHS"),
    **dict.fromkeys(listed("nino ninos nationalinsurance nationalinsurancenumber nationalins"), "UK_NINO"),
    **dict.fromkeys(
        listed("socialinsurance socialinsurancenumber socialins socins sinnumber canadasin cansin"), "CA_SIN"
    ),
    **dict.fromkeys(listed("aadhaar aadhar adhaar adhar uidai aadhaarnumber aadharnumber"), "IN_AADHAAR"),
    **dict.fromkeys(listed("pannumber pancard panno permanentaccount permanentaccountnumber"), "IN_PAN"),
    **dict.fromkeys(
        listed("nif dni nifs dnis dninie nifnie niedni nienif documentoidentidad documentonacionalidad niff"), "ES_NIF"
    ),
    **dict.fromkeys(listed("nie numeroextranjero identidadextranjero"), "ES_NIE"),
    **dict.fromkeys(listed("pesel pesels"), "PL_PESEL"),
    **dict.fromkeys(
        listed("steuerid steueridnr steueridentifikationsnummer steuernummer idnr identifikationsnummer steuernr"),
        "DE_TAX_ID",
    ),
    **dict.fromkeys(listed("codicefiscale codfiscale fiscalcode codfisc"), "IT_FISCAL_CODE"),
    **dict.fromkeys(listed("tfn taxfile taxfilenumber"), "AU_TFN"),
    **dict.fromkeys(listed("cpf cpfs cadastropessoafisica"), "BR_CPF"),
    **dict.fromkeys(listed("bsn burgerservicenummer burgerservice sofinummer sofi"), "NL_BSN"),
    **dict.fromkeys(
        listed("nir insee numerosecu numsecu nss securitesociale numerosecuritesociale numsecuritesociale secu"),
        "FR_NIR",
    ),
}
# What a name that says "the number of a person" without a country may hold.
NATIONAL_ALL: Final = frozenset(NATIONAL.values())
NATIONAL_GENERIC: Final = listed(
    """
    taxid taxnumber taxno taxpayerid taxpayernumber tin nationalid nationalidnumber nationalidno nationalnumber
    nationalidentifier nationalidentity idnumber idno idcard idcardnumber identitynumber identitycard personalid
    personalnumber personalidnumber citizenid govid governmentid govtid socialid documentnumber iddocument nid
    ninumber insurancenumber socialinsuranceno healthnumber healthid medicareid healthcarenumber ausweisnummer
    personalausweis sozialversicherungsnummer svnr svnummer identificacion numeroidentificacion numerodocumento
    documento identificacao identidade contribuinte identite numeroidentite numerofiscal identita
    documentoidentita dowodosobisty numerdowodu kimlik kimlikno tckn tckimlik tckimlikno tcno personnummer
    personnumer fodselsnummer cprnummer cpr henkilotunnus hetu identiteitsnummer sofinr niss rijksregisternummer
    """
)
# "SIN" is "without" in Spanish, "TIN" and "CF" are short: only as a whole name.
WHOLE: Final[dict[str, str]] = {
    "sin": "CA_SIN",
    "cf": "IT_FISCAL_CODE",
    "pan": "CREDIT_CARD",
    "uid": "",
    "dl": "DRIVER_LICENSE",
    "dln": "DRIVER_LICENSE",
    "fn": "PERSON",
    "ln": "PERSON",
    "mi": "",
    "st": "",
    "pw": "SECRET",
    "ccn": "CREDIT_CARD",
    **dict.fromkeys(listed("nohp hpno notelp notlp"), "PHONE_NUMBER"),
    # Too short, or words of other languages as well.
    **dict.fromkeys(
        listed("ili il ort plats stras mesto obec oras semt miasto stad " + languages.WHOLE_PLACE), "LOCATION"
    ),
    **dict.fromkeys(listed(languages.WHOLE_PERSON), "PERSON"),
}

IBAN: Final = listed("iban ibans ibannumber ibanno ibannr")
# Whole joined names (fillers kept) of accounts of people.
ACCOUNT_SAID: Final = listed(
    """
    accountnumber accountno accountnum accountnr accountnbr acctnumber acctno acctnum acctnr accno accnum acct
    bankaccount bankaccountnumber bankaccountno bankacct bankacctno bankaccountid accountiban checkingaccount
    savingsaccount directdepositaccount depositaccount brokerageaccount loanaccount kontonummer kontonr konto
    bankkonto bankverbindung numerocuenta cuentabancaria cuenta ctabancaria nrocuenta numeroconta contabancaria
    contacorrente numerocompte comptebancaire numeroconto contocorrente contobancario rekeningnummer
    bankrekening bankrekeningnummer numerkonta numerrachunku rachunek hesapno hesapnumarasi bankahesabi
    kontonumer bankkontonummer tilinumero mrn medicalrecordnumber medicalrecordno medicalrecord medicalrecordid
    patientnumber patientmrn policyholdernumber insurancepolicynumber memberno membernumber membershipnumber
    healthplannumber
    """
)
ACCOUNT: Final = ACCOUNT_SAID | listed(
    """
    origacct origacctno origaccount benefacct benefacctno destacct destaccount sourceacct sourceaccount
    fromaccount toaccount fromacct toacct drawnonaccount drawnon debitaccount creditaccount debitacct creditacct
    payeraccount payeeaccount senderaccount receiveraccount beneficiaryaccount beneficiaryacct kontono kontoid
    bankkontonr rekeningnr reknr nrconta numconta numcuenta nrocta ctano numcompte nocompte numerodecompte
    numerodecuenta numerodeconta ncuenta nconta nrkonta nrrachunku numerrachunkubankowego rachunekbankowy
    cislouctu bankovniucet szamlaszam bankszamlaszam bankszamla contbancar numarcont hesapnumara tilinro
    pankkitili rekeningbank subscribernumber subscriberno policyno policynumber policynr insurancepolicy
    insuranceno healthplanno groupmemberid membershipno loyaltynumber loyaltyno frequentflyer
    frequentflyernumber frequentflyerno ffn customernumber customerno customernr clientnumber clientno
    kundennummer kundennr kundenr kundnr kundnummer kundenummer klantnummer klantnr numeroclient numclient
    nrklienta numerklienta musterino asiakasnumero asiakasnro zakaznickecislo ugyfelszam vertragsnummer
    versicherungsnummer versicherungsnr versichertennummer polizzennummer policennummer polisnummer polisnr
    numeropoliza numpoliza poliza apolice numeroapolice numerodepolice numeropolizza polizza nrpolisy
    numerpolisy forsikringsnummer forsakringsnummer policenummer mitgliedsnummer mitgliedsnr lidnummer
    lidmaatschap numerosocio nrosocio numeroadherent nradherent numerotessera tessera nrczlonkowski
    medlemsnummer medlemsnr jasennumero uyeno patientno patientnr patientennummer chartnumber hospitalnumber
    hospitalno
    linkedaccount linkedacct fundingaccount fundingacct settlementaccount settlementacct nominatedaccount
    receivingaccount sendingaccount payoutaccount disbursementaccount refundaccount salaryaccount jointaccount
    investmentaccount tradingaccount mortgageaccount pensionaccount retirementaccount transferaccount zielkonto
    gegenkonto empfaengerkonto auftraggeberkonto belastungskonto referenzkonto cuentadestino cuentaorigen
    cuentacargo cuentaabono contadestino contaorigem comptedebite comptecredite comptedestinataire contoaddebito
    contoaccredito tegenrekening
    """
)
ACCOUNT_WORD: Final = listed("account acct acc accnt konto cuenta conta compte conto rekening hesap rachunek konta")

STREET: Final = listed(
    """
    address addresses addr addrs address1 address2 addr1 addr2 street streets streetaddress streetname
    mailingaddress postaladdress homeaddress residence domicile domicilio adresse adressen adress anschrift
    wohnort wohnanschrift strasse strassen str hausnummer direccion direcciones calle domicili endereco
    enderecos rua logradouro morada bairro rue voie indirizzo indirizzi via residenza adres adressi adresi
    straat woonplaats straatnaam huisnummer ulica zamieszkania adresy sokak cadde mahalle gate gata gatuadress
    vej osoite katu katuosoite postadresse postadress lieferadresse rechnungsadresse lieferanschrift
    rechnungsanschrift pobox postbox apartment apt
    addressline streetline strasseundhausnr strassenr strassehausnummer gatenavn gateadresse gatuadresse gadenavn
    vejnavn vejadresse bostad bostadsadress bostadsadresse bopalsadresse bopel bosted bostedsadresse bopael
    postiosoite kotiosoite kotiosoitteesi lahiosoite adresse1 adresse2 deliveryaddr shippingaddr billingaddr deladdr
    shipaddr billaddr homeaddr mailaddr mailingaddr postaddr residentialaddress     housenum buildingname
    thoroughfare wohnadresse hausanschrift postanschrift
    meldeadresse zustelladresse versandadresse firmenanschrift direccionpostal domiciliofiscal direccionfiscal
    direccionenvio colonia avenida urbanizacion moradacompleta moradafiscal enderecocompleto
    adressepostale adressecomplete adressedomicile adresselivraison adressefacturation numvoie nomvoie viaecivico
    indirizzocompleto indirizzoresidenza civico recapitopostale adreszamieszkania adreskorespondencyjny
    adreszameldowania adresdostawy miejscezamieszkania huisadres bezorgadres factuuradres postadres verzendadres
    woonadres adresregel straatennr straatnr straathuisnummer evadresi isadresi ikametgah teslimatadresi
    faturaadresi acikadres ulicecislo bydliste trvalebydliste adresabydliste dorucovaciadresa adresa lakcim lakohely
    szallitasicim levelezesicim hazszam domiciliu adresadomiciliu adresalivrare
    """
    + languages.STREET
)
CITY: Final = listed(
    """
    city cities town village municipality suburb hometown birthplace cityname stadt ort gemeinde wohnort
    geburtsort ciudad localidad municipio poblacion cidade municipio localidade ville commune localite citta
    comune localita luogonascita stad gemeente plaats woonplaats miasto miejscowosc sehir ilce kommune ort
    postort poststed kaupunki kunta township borough neighborhood neighbourhood
    cty ctynm citynm basecity homecity birthcity cityofbirth cityofresidence hometowns homebase basedin livesin
    residesin livedin locatedin dutystation stationed postingcity worklocation joblocation currentcity bostadsort
    bopelsort bostedsort bopelkommun hemort hemstad hjemby hjemsted hjemstad fodelseort fodested fodeby byen
    postaort paikkakunta asuinpaikka kotipaikka kotikunta syntymapaikka kommunnavn ilcesi sehri dogumyeri ikamet
    obec mestobydliste rodiste mistonarozeni telepules varos helyseg szuletesihely localitatea orasul orase
    loculnasterii comuna wohnstadt heimatort einsatzort dienstort arbeitsort geburtsstadt lieferort versandort
    poblado ciudadresidencia ciudadnacimiento lugarnacimiento lugardenacimiento lugarresidencia residenciaciudad
    freguesia concelho naturalidade cidadenatal lugarejo villederesidence lieunaissance lieudenaissance
    villenaissance lieuderesidence communeresidence comunediresidenza comuneresidenza cittaresidenza luogodinascita
    luogoresidenza frazione geboorteplaats plaatsnaam vestigingsplaats standplaats dorp miejsceurodzenia
    miastozamieszkania wies gmina posttown posttowns citytown citystate locality localities arriving arrivingfrom
    departingfrom travellingfrom travelingfrom comingfrom originallyfrom nativeof arrivalcity departurecity
    origincity destinationcity destcity fromcity tocity pickupcity dropoffcity deliverycity shippingcity billingcity
    mailingcity shipcity billcity
    """
    + languages.CITY
)
POSTCODE: Final = listed(
    """
    zip zipcode zips postcode postalcode postal postleitzahl plz codigopostal cep codepostal cap postkode postnr
    postnummer kodpocztowy postakodu postinumero eircode pincode
    zipplus postleitzahlen pcode postcd zipcd postalcd plzort codigozip cpostal kodp pscode psc smerovacicislo
    iranyitoszam irsz codpostal postinro postikoodi postanummer kodpoczt postakod
    """
    + languages.POSTCODE
)
# Beside a street or city they belong to the address; alone they are statistics.
REGION: Final = listed(
    """
    state province region county country prefecture district bundesland kanton provincia estado pais departement
    pays regione paese provincie land wojewodztwo kraj ulke fylke lan maakunta nation territory
    """
)
# Before "address" or "addr": of a machine or a wallet.
NO_PLACE: Final = listed(
    """
    ip ipv4 ipv6 mac email mail e web url http https site memory mem wallet contract crypto btc eth bitcoin
    ethereum network net remote server host peer bind listen socket source src dest destination dst local node
    base physical virtual return bus i2c hardware hw register offset endpoint proxy gateway subnet dns forwarded
    broadcast multicast token
    """
)
NETWORK: Final = listed("ip ips ipaddr ipaddress ipv4 ipv6 clientip remoteip sourceip srcip dstip userip ipadresse")

BIRTH_SAID: Final = listed(
    """
    dob birthdate dateofbirth birthday bday bdate birthdt doblong birthdayiso geburtsdatum geburtstag gebdatum
    gebdat gebursttag fechanacimiento fechadenacimiento nacimiento fnac fecnac datanascimento datadenascimento
    nascimento dtnasc datenaissance datedenaissance naissance ddn datadinascita datanascita nascita
    geboortedatum geboortedag gebdatum gbdatum dataurodzenia urodzenia dogumtarihi dogumgunu fodselsdato
    fodselsdag fodelsedatum fodelsedag syntymaaika born datebirth birth
    """
)
BIRTH: Final = BIRTH_SAID | listed(
    """
    geburtsdat geburtsdt geborenam fechanac fechanacim fnacimiento dtnascimento dtnascto datnasc datanasc
    nascitadata datanaissance dnaiss geboortedat geboren datur dogumtar dtarihi syntymapvm synaika fodselsdat
    fodsdato fodelsedat datumnarozeni narozeni narozen szuletesidatum szuldatum szul datanasterii nasterii
    personalbirthdate dobirth dobdt
    """
    + languages.BIRTH
)
PASSPORT_SAID: Final = listed(
    """
    passport passports passportnumber passportno passportnum passportnr pasaporte passaporte passaporto
    passeport reisepass reisepassnummer passnummer passnr paspoort paspoortnummer paszport pasaport pasaportno
    passi traveldocument
    """
)
PASSPORT: Final = PASSPORT_SAID | listed(
    """
    passportcode cestovnipas utlevel utlevelszam pasaportul pasaportnumarasi passeportno numeropasaporte
    numeropassaporte numpasseport nrpaszportu passnumber
    """
)
LICENSE: Final = listed(
    """
    driverslicense driverlicense driverslicence driverlicence drivinglicence drivinglicense driverslicensenumber
    driverlicensenumber driverlicenseno drivinglicencenumber licensenumberdriver dlnumber dlno fuhrerschein
    fuehrerschein fuhrerscheinnummer fuehrerscheinnummer permisconduire permisdeconduire patenteguida
    patentediguida licenciaconducir carnetconducir permisoconducir cartahabilitacao carteiramotorista cnh
    rijbewijs rijbewijsnummer prawojazdy ehliyet ehliyetno forerkort korkort korekort ajokortti
    """
)
SECRET: Final = listed(
    """
    password passwords passwd passwort passwoerter pwd pswd passphrase passcode userpass passwordhash
    userpassword dbpassword dbpass pgpassword secret secrets clientsecret secretkey secretaccesskey sharedsecret
    appsecret consumersecret webhooksecret signingsecret signingkey encryptionkey masterkey privatekey privkey
    sshkey apikey apikeys apitoken apisecret xapikey accesskey accesstoken accesskeyid authtoken authkey
    authorization bearer bearertoken refreshtoken idtoken sessiontoken sessionkey sessionsecret oauthtoken
    usertoken bottoken personalaccesstoken pat token tokens jwt cookie setcookie credential credentials creds
    licensekey otp otpsecret totp totpsecret mfasecret seedphrase mnemonic recoverycode recoverycodes
    backupcodes hmac hmackey storagekey accountkey connectionstring connstr dsn databaseurl webhookurl sas
    sastoken authpassword senha senhas contrasena contrasenas clave claveacceso motdepasse mdp kennwort
    losungswort wachtwoord haslo sifre parola passord losenord adgangskode kodeord salasana jelszo heslo parol
    """
)
# Beside a secret word: it is about the secret, not the secret itself.
NO_SECRET: Final = listed(
    """
    count counts type types name names id ids limit limits usage used total max min num number length expires
    expiry exp expiration created updated at page next prev previous continuation sync progress cursor policy
    required enabled reset hint public url uri path endpoint file version strength input output prompt
    completion per budget cost price symbol address supply decimals sort scope scopes status valid verified last
    changed age rotation manager ref arn
    """
)
