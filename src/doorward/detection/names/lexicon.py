"""Small word lists that the model of names looks words up in: closed classes of English (and a few neighbours), months,
titles, and well-known places. Written from general knowledge; the long lists are learned (``model.bin``).
"""

from doorward.detection.keywords import listed

TITLES = listed(
    """mr mrs ms miss mx dr prof professor doctor sir madam lady lord dame judge justice senator sen rep congressman
    congresswoman governor gov president chancellor minister mayor captain capt colonel col general gen
    lieutenant lt major sgt sergeant officer detective inspector rev reverend father sister brother uncle aunt
    aunty king queen prince princess pope coach nurse herr frau fräulein monsieur madame mademoiselle mme mlle
    señor señora sr sra don doña signor signora sig mevrouw meneer dhr mevr pan pani senhor senhora dona herrn
    ambassador secretary"""
)
ROLES = listed(
    """actor actress author singer writer director producer composer player striker goalkeeper guitarist drummer poet
    playwright novelist journalist philosopher scientist physicist mathematician engineer architect ceo cto cfo
    manager lawyer attorney colleague friend wife husband son daughter mother mom mum dad brother sister founder
    co-founder candidate leader chairman chairwoman spokesman spokeswoman spokesperson editor captain commander
    customer client patient employee contractor tenant applicant caller guest user passenger driver claimant
    requester assignee reporter reviewer candidate student teacher recipient beneficiary cardholder policyholder
    contact owner attendee"""
)
SPEECH = listed(
    """said says say told tells asked asks replied wrote writes called calls emailed confirmed confirms reported
    reports requested requests mentioned added explained argued claims claimed announced noted notes thinks
    thought believes wants wanted complained agreed joined joins signed married met sang played plays lives
    lived works worked moved resigned retired died born attended paid ordered bought accepted declined approved
    rejected"""
)
GREETINGS = listed(
    "hi hello hey dear thanks thank cheers regards sincerely bye hallo liebe lieber hola bonjour ciao cc"
)
BEFORE = listed("by from with to for of about against between between de von per à von para por von")
CLOSINGS = listed(
    """regards thanks you cheers sincerely yours best love wishes grüßen grüße gruß cordialement saludos saluti groet
    groeten atenciosamente abraços hälsningar pozdrawiam truly faithfully"""
)
"""The last word of the line above a signature."""
TOWARDS = listed("by from with to ask call tell meet contact cc and")
AUXILIARIES = listed(
    "is are was were be been has have had will would can could should not if when that who which please ask"
)
PLACE_BEFORE = listed(
    "in at near to from into around outside across visiting live lives living based en à w em nach aus"
)
AND = listed("and & or und et y e och og en")
DETERMINERS = listed(
    "the a an this that these those my your his her its our their some any no every each der die das le la"
)
PARTICLES = listed(
    "van von de der den del della di da dos das do du la le el al bin ibn ben ter ten zu st mac mc o' d'"
)
PRONOUNS = listed("i you he she it we they me him them us who whom someone anyone everyone nobody")
ORG_SUFFIXES = listed(
    """inc ltd llc llp plc gmbh ag corp corporation company co group holdings bank university college institute school
    association society foundation committee council department ministry agency office bureau club fc united
    team band orchestra museum party union federation league church hospital press records studios systems
    technologies partners labs army navy force commission court parliament authority"""
)
PLACE_SUFFIXES = listed(
    """street st road rd avenue ave lane ln drive dr boulevard blvd square court ct place pl way terrace highway hwy
    route park river lake mountain mount island islands beach valley county city town village district province
    state airport station bridge bay coast harbour harbor desert forest canal port hills creek"""
)
MONTHS = listed(
    """january february march april may june july august september october november december jan feb mar apr jun jul
    aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur
    thurs fri sat sun christmas easter halloween thanksgiving ramadan diwali"""
)
PEOPLES = listed(
    """american british english french german spanish italian dutch polish portuguese swedish norwegian danish finnish
    russian ukrainian chinese japanese korean indian pakistani turkish greek irish scottish welsh canadian
    australian mexican brazilian argentine african european asian arab jewish muslim christian catholic islamic
    israeli iranian iraqi egyptian swiss austrian belgian czech hungarian romanian latin hebrew arabic buddhist
    hindu republican democrat democratic conservative"""
)
PLACES = listed(
    """afghanistan albania algeria andorra angola argentina armenia australia austria azerbaijan bahamas bahrain
    bangladesh barbados belarus belgium belize benin bhutan bolivia bosnia botswana brazil brunei bulgaria
    burundi cambodia cameroon canada chad chile china colombia congo croatia cuba cyprus czechia denmark
    djibouti ecuador egypt england eritrea estonia ethiopia europe fiji finland france gabon gambia germany
    ghana greece greenland grenada guatemala guinea guyana haiti holland honduras hungary iceland india
    indonesia iran iraq ireland israel italy jamaica japan kazakhstan kenya korea kosovo kuwait kyrgyzstan laos
    latvia lebanon lesotho liberia libya lithuania luxembourg madagascar malawi malaysia maldives mali malta
    mauritius mexico moldova monaco mongolia montenegro morocco mozambique myanmar namibia nepal netherlands
    nicaragua niger nigeria norway oman pakistan palestine panama paraguay peru philippines poland portugal
    qatar romania russia rwanda samoa scotland senegal serbia singapore slovakia slovenia somalia spain sudan
    sweden switzerland syria taiwan tajikistan tanzania thailand togo tunisia turkey uganda ukraine uruguay usa
    uk eu uzbekistan venezuela vietnam wales yemen zambia zimbabwe africa asia antarctica alabama alaska arizona
    arkansas california colorado connecticut delaware florida hawaii idaho illinois indiana iowa kansas kentucky
    louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada ohio
    oklahoma oregon pennsylvania tennessee texas utah vermont virginia wisconsin wyoming ontario quebec alberta
    manitoba bavaria saxony tuscany catalonia andalusia brittany normandy london paris berlin madrid rome vienna
    amsterdam brussels lisbon dublin edinburgh glasgow manchester birmingham liverpool leeds bristol cardiff
    belfast oxford cambridge hamburg munich münchen cologne köln frankfurt stuttgart düsseldorf leipzig dresden
    zurich zürich geneva basel bern prague budapest warsaw kraków krakow gdańsk wrocław poznań bucharest sofia
    athens istanbul ankara izmir moscow kyiv kiev minsk riga vilnius tallinn helsinki stockholm oslo bergen
    copenhagen gothenburg malmö reykjavik barcelona valencia seville sevilla bilbao zaragoza málaga porto braga
    milan milano turin torino naples napoli florence firenze venice bologna genoa palermo lyon marseille
    toulouse nantes bordeaux lille strasbourg nice rotterdam utrecht eindhoven antwerp ghent toronto vancouver
    montreal ottawa calgary edmonton winnipeg chicago boston philadelphia seattle portland denver dallas houston
    austin phoenix atlanta miami orlando tampa detroit cleveland pittsburgh baltimore washington brooklyn
    manhattan queens hollywood vegas sacramento oakland cincinnati milwaukee minneapolis nashville memphis
    charlotte tucson albuquerque honolulu anchorage havana bogota bogotá lima quito santiago caracas montevideo
    brasília brasilia recife salvador fortaleza curitiba tokyo osaka kyoto yokohama sapporo nagoya seoul busan
    beijing shanghai shenzhen guangzhou wuhan chengdu taipei bangkok hanoi saigon manila jakarta bali delhi
    mumbai bangalore bengaluru chennai hyderabad kolkata pune ahmedabad karachi lahore islamabad dhaka kathmandu
    colombo kabul tehran baghdad damascus aleppo mosul beirut amman jerusalem gaza riyadh jeddah mecca dubai
    doha cairo alexandria tripoli tunis algiers casablanca rabat lagos abuja accra nairobi kampala kigali
    johannesburg pretoria durban harare lusaka luanda addis khartoum dakar sydney melbourne brisbane perth
    adelaide canberra hobart auckland wellington christchurch"""
)
NO_PEOPLE = (MONTHS - listed("april may june august jan sun mar")) | listed(
    """true false none null nan elif nil void bearer basic digest token json yaml toml xml html css csv pdf ascii
    unicode utf http https url uri api sdk cli gui ide ssl tls tcp udp dns vpn sql lisp scheme swift perl python java
    javascript typescript rust golang haskell fortran cobol linux unix windows macos android ios docker
    kubernetes helm ansible terraform puppet vagrant grafana prometheus kafka redis cassandra mongo postgres
    mysql sqlite oracle elastic kibana splunk sentry datadog jira confluence slack trello asana notion zoom
    teams outlook gmail github gitlab bitbucket heroku vercel netlify azure aws gcp google amazon microsoft
    apple facebook meta twitter instagram whatsapp youtube netflix spotify paypal stripe visa mastercard amex
    siri gemini copilot chatgpt django flask rails spring angular react vue svelte node gatsby jekyll selenium
    cypress bitcoin ethereum wifi bluetooth usb hdmi covid internet web email god christ bible quran santa
    batman superman user admin administrator root guest system server client support team manager customer todo
    fixme note warning error info debug yes no ok okay hi hello thanks please lol omg rt dm btw asap eta faq id
    pr ceo cto cfo hr qa it pm am
    vim neovim emacs nano tmux zsh bash cmake meson bazel gradle maven npm yarn pnpm pip conda poetry webpack vite
    rollup eslint prettier pytest mocha jest numpy pandas scipy pytorch tensorflow keras jupyter anaconda spark hadoop
    hive airflow dagster snowflake databricks looker tableau metabase superset celery rabbitmq nginx caddy traefik
    envoy istio consul nomad vault etcd podman rancher openshift proxmox vmware qemu xen wayland xorg gnome kde gtk qt
    pango ubuntu debian fedora centos redhat suse gentoo nixos openbsd freebsd amiga solaris cygwin mingw msys symfony
    laravel wordpress drupal joomla magento shopify hubspot zendesk freshdesk intercom mailchimp sendgrid twilio okta
    auth0 cloudflare fastly akamai linear figma canva blender gimp inkscape unity unreal godot arduino audio"""
)
THINGS = listed(
    """product products item items brand model category plan sku song album track movie film book game recipe dish
    channel repo repository project package module library branch file filename path company organization
    organisation org team vendor store department merchant status type kind level label tag tags unit color
    colour size material version platform browser device os host hostname server service cluster region zone
    timezone currency language query sql regex pattern script code command cmd part parts component components"""
)
"""Names of fields whose short strings are titles of things."""
