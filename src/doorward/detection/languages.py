"""What names of fields say in further languages, as they are written in Latin letters: of East, South and
South-East Asia, of Slavic and Baltic countries, Greece, Arabia, Catalonia, Iceland; and words of nearer ones for who
has to do with whom.

``keywords`` holds the classes that these belong to. From general knowledge of how data is named there, folded as there;
what is a word of another language just as often is left out, or stands in ``WHOLE_…``: whole names only. A word of
four letters that is part of others costs the trigger pass more time than all the rest.
"""

from typing import Final

NAME: Final = "namae onamae nama imya jina pangalan onoma izena mingzi"
GIVEN: Final = """
    pehlanaam pahlanaam prathamnaam namadepan namapertama namapanggilan namakecil tendem jinalakwanza jinakwanza
    ismawal alismalawwal ismulawwal unangpangalan nompila primernom mikroonoma shemprati krestnoimya osobnoime
    eesnimed vardsdzimtais chue chuejing rodnoime shitanonamae personvardas
"""
SURNAME: Final = """
    myoji myouji miyoji upnaam upanaam kulnaam antimnaam akhirinaam namabelakang namakeluarga namamarga namaakhir
    jinalaukoo jinalafamilia jinalamwisho ukoo eponymo eponimo epitheto eponimia familiya familija prizvyshche
    prizvische prizvisce priimek cognom cognoms primercognom segoncognom abizena abizenak deitura apelyido sloinne
    cyfenw eftirnafn kenninafn namsakul mishpacha shemmishpacha ismalaila ismalaailah alaqab otchestvo pobatkovi
    nomedefamilla perekonnanimed
"""
FULLNAME: Final = """
    shimei simei puranaam pooranaam poornaam namalengkap namapenuh hovaten hoten tendaydu tenkhachhang jinakamili
    jinalote onomateponymo onomatepwnymo onomateponimo xingming quanming seongmyeong sungmyung ismkamil alismalkamil
    alismalkamel ismkamel nomicognoms nomcognoms buongpangalan chuelaenamsakul imeinpriimek imepriimek imeifamiliya
    imyafamiliya taisnimi fulltnafn imyaotchestvo vardasirpavarde vardspavarde vardsunuzvards namesurname
    surnamename
"""

# Who is a human being.
ROLE: Final = """
    okyakusama tantousha tantosha kaiin kanja shain juugyouin jugyoin uketorinin hoshounin hoshonin sekininsha
    daihyosha daihyousha moushikomisha moshikomisha keiyakusha yoyakusha renrakusha todokesaki grahak marij mareez
    karmchari karamchari chhatra vidyarthi pelanggan nasabah karyawan pegawai pasien siswa mahasiswa penerima
    pengirim penumpang tamu pembeli penjual pemohon penanggungjawab suami istri nhanvien benhnhan bacsi hocsinh
    sinhvien nguoinhan nguoigui nguoilienhe nguoimua mteja mgonjwa mfanyakazi daktari mwanafunzi mpokeaji asthenis
    giatros ypallilos paraliptis foititis sotrudnik patsient pacient vrach poluchatel otpravitel zayavitel vladelets
    kontaktnoelitso otvetstvenny spivrobitnyk patsiyent likar oderzhuvach vidpravnyk pacijent pacijentica lijecnik
    lijecnica zaposlenik zaposlenica zaposleni primatelj primalac posiljatelj posiljalac putnik ucenik ucenica
    odgovornaosoba bolnik zdravnik zdravnica zaposlena prejemnik sluzhitel podatel pacientas darbuotojas gydytojas
    gavejas siuntejas keleivis mokinys kontaktinisasmuo pacients darbinieks arsts sanemejs sutitajs kontaktpersona
    tootaja saaja saatja opilane kontaktisik treballador treballadora destinatari metge alumne pekerja pesakit
    pelajar pasyente empleyado yuangong huanzhe yisheng xuesheng shoujianren jijianren lianxiren hwanja jikwon
    damdangja suryeongin sjuklingur starfsmadur laeknir nemandi vidtakandi tengilidur handlaggare saksbehandler
    sagsbehandler kundebehandler kundansvarig handledare radgivare radgiver konsulent kasittelija yhteyshenkilo
    neuvoja asianhoitaja vastuuhenkilo toimeksiantaja ugyintezo tanacsado conseiller conseillere gestionnaire
    interlocutrice redacteur redactrice curateur curatrice praticien praticienne consulente gestore curante
    medicocurante medicodibase consigliere assistito assistita asesor asesora tramitador tramitadora gestora doctora
    cuidador apoderado letrado letrada consultora atendente assessora cuidadora doradca konsultant konsultantka
    lokator lokatorka referentka poradce referent consilier danisman temsilci gorevli sorumlu avukat zaakbehandelaar
    dossierbehandelaar adviseur adviseuse klantbegeleider berater beraterin sachbearbeitung kundenberater
    betreuungsperson neighbour neighbor referrer introducer liaison counselee advocate
"""
# German words for men, and of women with -in.
GERMAN_ROLE: Final = """
    mitarbeiter ansprechpartner empfaenger inhaber kontoinhaber karteninhaber bearbeiter sachbearbeiter fahrer
    mieter vermieter schueler teilnehmer bewerber antragsteller ehepartner versicherungsnehmer anrufer
    beschwerdefuehrer klaeger schuldner glaeubiger darlehensnehmer kreditnehmer eigentuemer vertragspartner
    unterzeichner spender behandler zahler auftragnehmer leistungsempfaenger rechnungsempfaenger lieferempfaenger
    halter fahrzeughalter lenker beifahrer pfleger berater kundenberater betreuer kundenbetreuer verwalter makler
    leiter projektleiter teamleiter abteilungsleiter filialleiter pruefer gutachter dozent assistent praktikant
    kollege therapeut
"""
# Who may be a firm as well.
WEAK_ROLE: Final = """
    kokyaku kokyakumei klient klijent klijenti korisnik kupac kupec stranka narucitelj narocnik klientas klients
    pirkejas pircejs ostja pokupatel zakazchik prodavets zamovnyk pokupets kupuvach pelatis agorastis khachhang
    kliyente kehu yonghu gogaek vidskiptavinur kaupandi seljandi bezeroa comprador venedor alameel zaboon pemilik
    pemesan okurisaki chumonsha toiawase
"""

PHONE: Final = """
    denwa denwabangou denwabango keitai keitaidenwa keitaibangou keitaibango renrakusaki jitakudenwa kinmusakidenwa
    doorbhash dooravaani durbhash phonenambar mobailnambar sampark samparknambar telepon notelepon nomortelepon
    nomorhp ponsel nomorponsel teleponrumah dienthoai sodienthoai dienthoaididong nambayasimu nambariyasimu tilefono
    thlefono kinito nomertelefona sotovyy mobilnyy kontaktnyytelefon telefonnyynomer dianhua shouji shoujihao
    shoujihaoma lianxidianhua jeonhwa jeonhwabeonho hyudaejeonhwa hyudaepon yeollakcheo haendeupon hatif
    raqamalhatif jawwal jawal thorasap beothorasap mobitel brojtelefona brojmobitela telefonskibroj
    telefonskastevilka telefonas telefononumeris mobilusis talrunis talrunanumurs mobiiltelefon telefoninumber
    telefonoa telepono numerongtelepono selpon simanumer farsimi telefonmobil numerdetelefon
"""

STREET: Final = """
    diachi pata jusho juusho jyusho genjusho genjuusho banchi haisousaki sthayipata vartamanpata mohalla alamat
    alamatlengkap alamatrumah alamatpengiriman alamattinggal kelurahan kecamatan anwani mtaa diefthynsi dieuthinsi
    dieythynsi ulitsa kvartira domashniyadres dizhi zhuzhi jiedao xiangxidizhi shouhuodizhi juso dorojuso jusosangse
    unwan alunwan enwan neshani khiaban thiyu thanon prebivaliste adresastanovanja adresaprebivalista bivalisce
    adresas gatve adrese iela dzivesvieta aadress tanav elukoht adreca carrer helbidea kalea enderezo heimilisfang
    heimili seoladh cyfeiriad tirahan kalye privatadresse privatadress besoksadress besoksadresse bolagsadress
    hjemmeadresse hjemadresse arbetsadress arbeidsadresse leveringsadresse fakturaadresse fakturaadress
    leveransadress faktureringsadress wohnungsadresse kundenadresse rechnungsaddresse lieferaddresse heimatadresse
    einsatzadresse firmenadresse klantadres thuisadres werkadres afleveradres toimitusosoite laskutusosoite
    kayntiosoite
"""
CITY: Final = """
    todofuken shikuchoson shichouson shahar sheher shehar gaon tehsil kabupaten kotaasal tempatlahir tempattinggal
    domisili bandaraya thanhpho noisinh quequan mji jiji dimos gorod naselennyypunkt mestorozhdeniya mestozhitelstvo
    derevnya chengshi shiqu chushengdi dosi madina almadinah changwat amphoe mjesto mjestorodenja mjestorodjenja
    naselje opcina obcina krajrojstva miestas gyvenviete gimimovieta pilseta dzimsanasvieta linnvald sunnikoht
    poblacio ciutat municipi localitat llocdenaixement hiria udalerria concello sveitarfelag faedingarstadur lungsod
    lugarngkapanganakan geboorteplek
"""
POSTCODE: Final = """
    yubinbangou yuubinbangou yubinbango yuubin kodepos poskod mabuudien pochtovyyindeks postanskibroj postnastevilka
    pastokodas pastaindekss postiindeks sihtnumber codipostal youbian youzhengbianma upyeonbeonho pinkod postikodi
    postnumer
"""
BIRTH: Final = """
    seinengappi tanjoubi tanjobi janmtithi janamtithi tanggallahir tgllahir tarikhlahir ngaysinh datarozhdeniya
    denrozhdeniya chushengriqi saengnyeonworil tarikhmilad datumrodenja datumrodjenja datumrojstva datanaixement
"""

# Only as whole names, and short: given and family names, towns.
WHOLE_PERSON: Final = "mei sei"
WHOLE_PLACE: Final = "shi machi kota desa poli linn thanh"
