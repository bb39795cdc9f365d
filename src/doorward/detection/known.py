"""Names that many people and towns have, written from general knowledge: some of each culture.

They only tip the scales where a column, a record or a field's name already speaks for somebody. What is an ordinary
word just as often ("Rose", "Summer") is left out, or stands in ``WORDS``, which count for nothing by themselves.
"""

from typing import Final

from doorward.detection.keywords import listed

# The most common: with a second word they are a name even where nothing else speaks for one.
COMMON: Final = listed(
    """
    james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony
    mark steven paul andrew joshua kenneth kevin brian george timothy ronald edward jason jeffrey ryan jacob
    gary nicholas eric jonathan stephen larry justin scott brandon benjamin samuel gregory alexander patrick
    frank raymond jack dennis jerry tyler aaron jose adam nathan henry peter zachary kyle noah ethan jeremy
    walter keith liam oliver lucas simon mary patricia jennifer linda elizabeth barbara susan jessica sarah
    karen lisa nancy betty sandra margaret ashley kimberly emily donna michelle carol amanda melissa deborah
    stephanie rebecca sharon laura cynthia dorothy amy kathleen angela shirley emma brenda pamela nicole anna
    samantha katherine christine helen debra rachel carolyn janet maria heather diane olivia julie joyce
    victoria kelly christina lauren joan evelyn judith megan andrea cheryl hannah martha jacqueline frances
    gloria ann teresa kathryn sara janice alice julia grace judy sophia charlotte amelia chloe hans klaus jürgen
    wolfgang stefan andreas thorsten dieter uwe heinz matthias sabine ursula monika petra claudia katrin birgit
    anja heike ingrid greta jean pierre michel philippe alain nicolas laurent olivier françois julien marie
    nathalie isabelle sylvie catherine valérie sophie céline camille aurélie luis carlos juan miguel antonio
    francisco javier manuel pedro jorge alejandro fernando diego pablo carmen josefa isabel ana lucía elena rosa
    pilar dolores cristina sofía joão josé paulo rafael tiago mariana beatriz fernanda juliana giuseppe giovanni
    marco luca alessandro matteo andrea francesca giulia chiara federica valentina jan piet kees willem sander
    bram daan anouk sanne femke lotte piotr krzysztof andrzej tomasz paweł marcin agnieszka małgorzata katarzyna
    joanna magdalena mehmet mustafa ahmet ali hüseyin emre ayşe fatma zeynep elif lars erik nils sven björn
    karin astrid ingeborg mikko mohammed muhammad ahmed omar hassan ibrahim fatima aisha layla yusuf raj rahul
    amit priya anjali sunita vijay sanjay deepak arjun ananya wei ming li jing yan hiroshi takashi kenji yuki
    sakura haruto minho jihoon seoyeon nguyen linh ivan dmitri sergei olga natasha svetlana kwame chidi amara
    ngozi zanele thabo
    """
)
GIVEN: Final = COMMON | listed(
    """
    bruce ralph roy eugene russell louis philip bobby johnny bradley albert willie alan juan wayne elijah randy
    roger mason vincent gabriel carl harold arthur gerald lawrence dylan jesse bryan billy joe jordan logan
    terry austin christian sean harry fred howard martin craig stanley leonard nathaniel curtis victor dale
    theodore isaac caleb connor owen wyatt evan gavin ian neil graham stuart colin geoffrey nigel trevor derek
    gareth rhys dylan hugh duncan angus callum fraser hamish ewan alistair fergus declan cormac niall padraig
    cillian ciaran eoin oisin darragh seamus brendan donal aoife niamh siobhan saoirse grainne roisin sinead
    ciara orla maeve deirdre caitlin bronwen rhiannon carys ffion megan angharad cerys iestyn gethin emrys
    fiona eilidh isla morag kirsty ailsa catriona heather jacqueline kathy theresa diana natalie brittany
    doris marilyn madison kayla alexis lori tiffany abigail jean beverly denise danielle alexandra sheila
    kathleen bonnie tammy lillian brianna audrey ellen phyllis roberta anita marjorie vanessa gail regina
    yvonne lucille leslie lorraine erin tracy tina stacy wendy melanie jillian kristen courtney whitney
    latoya keisha tamika shanice latasha ebony monique deshawn tyrone jamal darnell marquis lamar terrence
    malik andre dwayne reginald leroy cedric jermaine devonte imani aaliyah nia zoe molly lucy harriet imogen
    florence poppy freya phoebe georgia matilda eleanor beatrice rosalind philippa gemma hayley

    günther günter horst manfred jörg holger ralf bernd frank rainer gerhard werner helmut friedrich wilhelm
    karl kurt ernst otto moritz leon felix jonas lukas tim niklas florian tobias sebastian dominik fabian
    marcel sascha torsten steffen detlef ansgar ulrich volker hartmut norbert reinhard rüdiger eberhard lothar
    siegfried gisela renate helga brigitte christa elke angelika gabriele susanne martina kerstin silke anke
    ute doris ilse edith hannelore waltraud gerda irmgard annegret swantje wiebke imke antje ulrike dagmar
    bärbel cornelia franziska johanna lena lea mia hannah leonie marlene frieda mathilda katharina elisabeth

    jacques andré bernard gérard rené guy marcel roger thierry didier bruno christophe stéphane frédéric
    sébastien guillaume antoine maxime alexandre mathieu benoît fabien yannick loïc gaëtan rémi rémy cédric
    jérôme arnaud thibault baptiste clément quentin romain valentin hugo théo gilles yves hervé pascal étienne
    luc bastien corentin maël aurélien jeanne monique nicole françoise jacqueline martine christiane véronique
    brigitte dominique chantal corinne sandrine stéphanie virginie delphine élodie émilie amélie anaïs manon
    léa chloé clémence apolline noémie solène maëlys margaux mathilde pauline agathe capucine inès lucie océane
    éloïse hélène geneviève bénédicte ségolène anne-sophie marie-claire jean-pierre jean-luc jean-claude

    álvaro adrián raúl sergio rubén óscar iván jesús josé ángel ramón andrés víctor alberto joaquín enrique
    ricardo eduardo gonzalo iñaki iker unai borja jaime ignacio ernesto emilio arturo gustavo héctor hugo rodrigo
    santiago mateo sebastián nicolás martín emiliano leonardo julio césar rogelio efraín fermín cuauhtémoc
    salvador guillermo armando marcos felipe esteban agustín tomás benito gerardo alfredo rocío leire macarena
    inmaculada montserrat mercedes amparo concepción encarnación consuelo nuria marta raquel silvia beatriz
    patricia susana lorena verónica yolanda alicia inés irene natalia paula daniela valeria camila ximena
    guadalupe xóchitl citlali yolotzin graciela alondra marisol esperanza paloma lupe leticia norma rosario
    araceli maribel estela josefina dolores catalina adriana ainhoa itziar nerea begoña miren

    antónio joaquim rui nuno vasco duarte gonçalo afonso tomás bernardo martim henrique filipe luís hélder
    américo armindo thiago caio matheus gabriel guilherme leonardo murilo vinícius otávio renato fábio márcio
    marcelo rodrigo eduardo flávio sérgio cláudio inês catarina matilde leonor filipa benedita carolina rita
    teresa joana sílvia fátima conceição larissa bianca camila bruna letícia amanda jéssica aline vanessa
    priscila tatiana renata luciana simone débora thaís yasmin

    antonio francesco vincenzo mario luigi angelo salvatore domenico stefano roberto paolo giorgio riccardo
    davide simone lorenzo nicola enrico massimo fabio fabrizio maurizio claudio emanuele gabriele tommaso
    ruggero leonardo edoardo pietro filippo giacomo alberto daniele gianluca gianni renzo umberto bruno ugo anna
    giuseppina rosa angela giovanna teresa lucia caterina elisabetta paola daniela antonella patrizia silvia
    elisa alessia martina sara giorgia eleonora ilaria benedetta ginevra beatrice ludovica arianna camilla
    viola noemi rebecca serena simona roberta monica cinzia tiziana ornella

    johannes hendrik gerrit cornelis pieter wouter joost sjoerd maarten bas thijs jeroen rutger tijmen niels
    jasper ruben lars daan sem luuk bart koen joris dirk gijs floris stijn wim ruud marloes marieke annelies
    saskia ilse anneke mieke els ingrid esther roos fleur maaike nienke hanneke jolanda wilma ineke truus
    liesbeth margriet tess noor

    stanisław jan jerzy tadeusz józef zbigniew ryszard kazimierz marek grzegorz wojciech jacek michał łukasz
    kamil mateusz bartosz jakub szymon filip dawid rafał maciej sławomir mirosław dariusz janusz henryk anna
    maria krystyna barbara ewa elżbieta zofia janina teresa halina irena jadwiga danuta bożena dorota grażyna
    jolanta beata iwona renata aneta sylwia justyna aleksandra karolina natalia paulina patrycja weronika
    zuzanna julia oliwia kinga urszula

    jiří petr josef pavel martin tomáš jaroslav miroslav zdeněk václav michal františek lukáš ondřej vladimír
    radek radoslav luděk vítězslav bohumír marek jana eva lenka kateřina věra alena petra hana ivana jitka
    květoslava michaela markéta zuzana tereza barbora eliška jozef ján štefan peter ľubomír juraj marián alojz
    norbert emanuel miroslava romana andrea katarína mária anežka

    istván józsef lászló jános zoltán sándor gábor ferenc attila péter tamás zsolt tibor andrás imre lajos györgy
    balázs csaba gergely máté bence levente dávid ádám krisztián katalin ilona erzsébet éva ágnes zsuzsanna
    mária judit andrea tímea réka dóra eszter noémi krisztina anikó piroska boglárka orsolya

    ion vasile gheorghe constantin nicolae mihai alexandru andrei cristian bogdan răzvan ștefan florin adrian
    marius ionuț cătălin radu dan sorin lucian elena ioana andreea mihaela loredana simona gabriela alina
    cristina raluca roxana anca oana mădălina

    johan anders gunnar per olof mats magnus fredrik gustav oskar axel emil anton viktor hampus linus rasmus
    mads søren jens niels henrik morten jesper kasper mikkel aage asbjørn ivar kjetil stian sigurd arne odd
    bjarne håkon torbjørn øyvind kari ingeborg solveig sigrid gudrun ragnhild turid else liv randi anne hilde
    silje emilie nicoline signe mette lene birgitte pernille annette dorthe kirsten karen inge bodil maja ida
    elsa ebba wilma alva linnea birgitta margareta elisabet kristina annika ulrika malin frida hedvig johanna
    juha timo kari matti pekka jukka antti heikki jari seppo lauri ville eero tapio jorma markku tuomas päivi
    tuula ritva riikka aino helena kaarina liisa hanna sari leena tarja anneli marjatta pirkko outi eeva jón
    sigurður guðrún kristín

    murat hasan hüseyin ibrahim osman yusuf ömer kemal cem can burak oğuz kaan emir berk serkan volkan onur
    tolga barış selim orhan erkan hakan fatih halil ramazan selin defne nazlı ebru derya esra merve büşra
    hatice emine hülya gül gülsen özlem pınar sevgi tuğba yasemin ceren deniz

    abdullah abdul abdelrahman khalid khaled mahmoud mostafa hussein hamza bilal tariq tarek samir karim rashid
    saeed faisal sultan nasser youssef ayman hicham rachid mehdi anas zayd hadi walid ziad rami nour noura
    zainab zaynab maryam mariam khadija salma rania hanan farida halima samira leila amina yasmin dina reem huda
    lubna nadia soraya latifa malak

    reza hossein farhad behrouz dariush kourosh cyrus arash babak siavash shirin laleh parisa nasrin mahsa
    niloofar azadeh roya fatemeh zahra

    suresh ramesh mahesh rajesh mukesh dinesh ganesh satish ashok anil sunil manoj vinod pradeep sandeep rakesh
    harpreet gurpreet manpreet jaspreet kunal rohan rohit nikhil varun karthik aditya aarav vivek siddharth ajay
    vikram abhishek ankit gaurav krishna ravi kiran prakash mohan naveen imran asif bilal usman hamid iqbal
    deepika meenakshi lakshmi kavita pooja neha shreya divya swati aparna tanvi ritu rekha savita usha radha
    geeta meera nisha sneha preeti madhuri ayesha sana

    xiuying xiaoming haoran zihan yuxuan meiling lihua guoqiang jun hong fang xin yong lei qiang tao chao bo xia
    juan min hui ping yu mei ling xiang hao jie zhiwei jianhua weiming yifan zixuan

    haruka misaki aiko naoko keiko yoko akiko yumiko emi mai rina hina yui takeshi kazuki daiki shota ryota
    satoshi makoto hiroto sota yuto ren kaito tsubasa

    ji-woo min-jun soo-ah dong-hyun hyun-woo ha-rin eun-ji sung-min ji-hoon seo-yeon ji-hye min-seo young-ho
    sang-hoon jiwoo minjun sooah donghyun hyunwoo sungmin

    minh tuấn thảo ngọc phương trang huỳnh hương lan hoa mai hùng dũng đức quang hải long nam thành hoàng anh
    thu thuỷ hằng khánh bảo

    purwadi siti dewi putri sri agus budi eko wahyu bambang hendra rizki nurul galang wakiman aurora gatra
    crisanto arnel benigno jomar rodel danilo reynaldo rowena marites jovelyn maricel

    oluwaseun adebayo chinedu emeka ifeanyi obinna chukwuemeka olumide babatunde temitope folake chiamaka
    adaeze nkechi yetunde bukola ifeoma halima kofi kwabena kojo yaw kwasi akua ama efua adwoa abena esi
    kwaku wanjiru nyambura njeri wambui akinyi atieno achieng mwangi kamau otieno odhiambo kipchoge kiprop
    wekesa tesfaye getachew bekele dawit yonas haile abebe tigist selamawit hiwot almaz sipho bongani themba
    nomvula lerato tendai tatenda

    giorgos panagiotis dimitris kostas nikolaos nikos ioannis vasilis stavros spyros christos ioanna katerina
    eleni sofia vasiliki dimitra georgia

    oleksandr mykola taras andriy vasyl bohdan volodymyr oksana iryna svitlana kateryna olena halyna yulia
    natalia tetiana alexei aleksei nikolai mikhail vladimir yuri igor oleg pavel andrei ekaterina anastasia
    tatiana irina ludmila galina

    yael noam shira avigail dafna eitan moshe yosef avi itai tamar noa michal rivka chaim shlomo

    marija ana ivana petra katarina danica ankica suzana ivan josip marko tomislav luka vladimir zoran
    branko goran dragan nikola milan jelena milica dragana vesna snežana evaldas karolis laurynas edvardas
    robertas sonata erika jonas tomas vytautas greta ruta

    wiremu tamati hemi aroha mere anahera
    """
)
SURNAMES: Final = listed(
    """
    smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson
    anderson thomas taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis
    robinson walker young allen king wright scott torres nguyen hill flores green adams nelson baker hall rivera
    campbell mitchell carter roberts gomez phillips evans turner diaz parker cruz edwards collins reyes stewart
    morris murphy cook rogers müller schmidt schneider fischer weber meyer wagner becker schulz hoffmann koch
    bauer dubois durand leroy moreau laurent lefebvre bernard petit rousseau rossi russo ferrari esposito
    bianchi romano colombo ricci silva santos oliveira souza pereira costa ferreira almeida jansen visser bakker
    smit meijer kowalski nowak wiśniewski wójcik yılmaz kaya demir şahin çelik johansson andersson karlsson
    nilsson hansen olsen larsen nielsen korhonen virtanen khan singh patel kumar sharma gupta wang zhang chen
    liu kim park choi tanaka suzuki sato yamamoto ivanov petrov okafor mensah dlamini cohen levi haddad

    morgan bell reed bailey kelly howard ramos cox ward richardson watson brooks chavez bennett mendoza ruiz
    hughes alvarez castillo sanders myers ross foster jimenez powell jenkins perry russell sullivan henderson
    coleman patterson jordan reynolds hamilton graham kim griffin wallace hayes chavez gibson bryant ellis
    stevens murray marshall owens mcdonald kennedy harrison fernandez wells woods vasquez gutierrez snyder
    simpson crawford daniels palmer nichols grant knight ferguson stone hawkins dunn perkins hudson spencer
    gardner stephens payne pierce arnold watkins wagner willis ray olson duncan cunningham andrews harper
    fox riley armstrong carpenter weaver greene lawrence elliott chavez sims austin kelley franklin lawson
    fields gutierrez ryan carr vasquez wheeler chapman oliver montgomery richards williamson johnston banks
    meyer mccoy howell alvarez morrison hansen fernandez garza harvey little burton stanley nguyen george jacobs
    reid fuller lynch dean gilbert garrett romero welch larson frazier burke hanson mendoza moreno bowman
    fowler hatfield whitaker holloway ashworth underhill penrose kirkland sizemore pettway hightower
    macdonald mackenzie mclean macleod urquhart mctavish drummond buchanan sinclair o'brien o'neill o'connor
    o'sullivan byrne doyle walsh gallagher doherty kinsella tierney brennan nolan fitzgerald mccarthy mac
    llewellyn davies bevan pritchard gruffydd vaughan griffiths

    schäfer richter klein wolf schröder neumann schwarz braun hofmann zimmermann krüger hartmann lange werner
    krause lehmann köhler maier herrmann walter könig mayer huber kaiser fuchs peters möller lang weiß jung hahn
    vogel friedrich keller günther frank berger winkler roth beck lorenz baumann franke albrecht schuster simon
    ludwig böhm winter kraus schumacher krämer vogt stein jäger otto sommer groß seidel heinrich brandt haas
    schreiber graf dietrich ziegler kuhn kühn pohl engel horn busch bergmann sauer arnold pfeiffer oberhauser
    bieber lindner hauser gruber steiner moser egger

    martin thomas richard robert simon michel garcia david bertrand roux vincent fournier morel girard andré
    mercier dupont lambert bonnet françois legrand garnier faure rousselot blanc guérin boyer chevalier perrin
    clément gauthier masson marchand duval denis dumont lemaire noël meyer dufour meunier brun blanchard giraud
    rivière lucas brunet gaillard barbier arnaud martinez gérard roche renard schmitt roy leroux colin vidal
    caron picard roger fabre aubert lemoine renaud dumas lacroix olivier philippe bourgeois pierre benoît rey
    leclerc payet rolland leclercq guillaume lecomte guillou bouvier chastain legoff

    garcía rodríguez gonzález fernández lópez martínez sánchez pérez gómez martín jiménez ruiz hernández díaz
    moreno álvarez muñoz romero alonso gutiérrez navarro torres domínguez vázquez ramos gil ramírez serrano
    blanco molina morales suárez ortega delgado castro ortiz rubio marín sanz núñez iglesias medina garrido
    cortés castillo santos lozano guerrero cano prieto méndez cruz calvo gallego herrera márquez león peña
    flores cabrera campos vega fuentes carrasco diez reyes caballero nieto aguilar pascual santana vargas
    giménez hidalgo lorenzo montero ibáñez santiago ferrer durán benítez mora arias vicente carmona crespo roman
    soto pastor sáez velasco moya soler esteban parra bravo gallardo rojas etxeberria quintana montoya
    villaseñor cárdenas arellano tapia ochoa pineda cisneros saldivar olivarez montemayor barragán zúñiga trevino
    salazar espinoza contreras estrada guzmán juárez luna maldonado mejía miranda ponce quiroga rivas rosales
    salinas sandoval solís valdez valencia zamora

    rodrigues martins jesus sousa fernandes gonçalves gomes lopes marques alves ribeiro pinto carvalho teixeira
    moreira correia mendes nunes soares vieira monteiro cardoso rocha raposo neves coelho cunha pires ramos reis
    simões antunes matos fonseca machado araújo barbosa tavares lourenço castro figueiredo freitas lima barros
    azevedo nogueira pacheco moraes vasconcelos sequeira batista campos melo dias nascimento andrade moura
    cavalcanti duarte peixoto queiroz rezende

    marino greco bruno gallo conti deluca mancini giordano rizzo lombardi moretti barbieri fontana santoro
    mariani rinaldi caruso ferrara galli martini leone longo gentile martinelli vitale lombardo serra coppola
    desantis marchetti parisi villa conte ferraro ferri fabbri bianco marini grasso valentini messina sala
    sorrentino pellegrino palumbo pagano orlando

    dejong devries vandenberg vandijk bakker visser smit meijer deboer mulder degroot bos vos peters hendriks
    vanleeuwen dekker brouwer dewit dijkstra smits degraaf vandermeer kok jacobs vermeulen vandenheuvel
    schouten willems hoekstra postma vandervelde maas verhoeven koster prins huisman peeters kuipers veenstra
    janssen janssens maes claes goossens wouters desmet

    kowalczyk kamiński lewandowski zieliński szymański woźniak dąbrowski kozłowski jankowski mazur wojciechowski
    kwiatkowski krawczyk kaczmarek piotrowski grabowski zając pawłowski michalski król wieczorek jabłoński
    wróbel nowakowski majewski olszewski stępień malinowski jaworski adamczyk dudek nowicki pawlak górski
    witkowski walczak sikora baran rutkowski michalak szewczyk ostrowski tomaszewski pietrzak grabowska
    kowalska wiśniewska kamińska lewandowska zielińska szymańska dąbrowska kozłowska jankowska

    novák svoboda novotný dvořák černý procházka kučera veselý horák němec pokorný marek pospíšil hájek jelínek
    král růžička beneš fiala sedláček šmíd doležal zeman kolář navrátil čermák vaněk urban blažek kříž kovář
    říha nováková svobodová novotná dvořáková sedláčková horváth kováč varga tóth nagy baláž molnár szabó lukáč
    vašek dostál bartoš vacek martáň

    kovács kiss németh farkas balogh papp takács juhász lakatos mészáros oláh simon rácz fekete szilágyi török
    fehér gál szűcs orosz fodor

    popescu ionescu popa radu dumitru stan stoica gheorghe matei ciobanu rusu moldovan serban constantin lazăr
    marin tudor florea nistor dragomir țurcanu

    eriksson larsson olsson persson svensson gustafsson pettersson jonsson jansson hansson bengtsson jönsson
    lindberg jakobsson magnusson olofsson lindström lindqvist lindgren berg axelsson bergström lundberg lind
    lundgren mattsson berglund fredriksson sandberg henriksson forsberg sjöberg wallin engström jensen pedersen
    christensen sørensen rasmussen jørgensen petersen madsen kristensen thomsen christiansen poulsen johansen
    møller mortensen iversen eriksen simonsen lassen frandsen jespersen jepsen bech kristiansen halvorsen
    andersen berg haugen hagen johannessen eide thorsen helland myklebust sæther amundsen mäkinen nieminen
    mäkelä hämäläinen laine heikkinen koskinen järvinen lehtonen lehtinen saarinen salminen heinonen niemi
    heikkilä kinnunen salonen turunen laitinen tuominen rantanen karjalainen jokinen mattila savolainen
    lahtinen ahonen niskanen

    yıldız yıldırım öztürk aydın özdemir arslan doğan kılıç aslan çetin kara koç kurt özkan şimşek polat korkmaz
    özer erdem güneş aksoy bulut keskin ünal taş avcı

    hamdan khalil mansour nasser salem saleh khoury najjar shaheen darwish aziz rahman hussain malik mahmood
    siddiqui ansari qureshi sheikh chaudhry bouzid benjelloun idrissi alaoui amrani elamrani el-sayed elsayed
    al-rashidi al-tamimi al-farsi qasim habib abdullah abdallah abdelrahman

    karimi tehrani hosseini ahmadi mohammadi rezaei moradi jafari sadeghi shirazi kazemi rostami ebrahimi

    verma mishra reddy nair menon iyer pillai rao joshi mehta shah desai kulkarni deshpande bhat patil chopra
    kapoor malhotra agarwal banerjee mukherjee chatterjee das ghosh bose sen saxena pandey tiwari yadav chauhan
    rathore nambiar krishnan subramanian venkatesh naidu kaur gill sandhu bhatt trivedi

    huang zhao wu zhou xu sun ma zhu hu guo he lin luo gao zheng liang xie tang xu deng feng cao peng zeng xiao
    tian dong pan yuan cai jiang yu du ye cheng wei ren qian lu ding shen ouyang situ zhong cui fan wong chan
    cheung leung lam chow

    takahashi watanabe ito nakamura kobayashi kato yoshida yamada sasaki yamaguchi matsumoto inoue kimura hayashi
    shimizu yamazaki mori abe ikeda hashimoto ishikawa fujita ogawa goto okada hasegawa murakami kondo ishii
    saito fujiwara

    lee jung kang cho yoon jang lim han shin seo kwon hwang ahn song yoo hong moon jeong bae baek heo

    trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý

    wijaya santoso susanto hidayat setiawan saputra nugroho wibowo kusuma sudiati maryati winarsih sinaga
    samosir sirait usamah wulandari delacruz bautista santos aquino villanueva pangilinan catacutan macaraeg
    salonga abad tolentino dimaculangan

    adeyemi okonkwo adebayo balogun eze nwosu obi chukwu afolabi ogunleye abubakar bello musa danjuma okoye
    owusu boateng appiah asante agyeman osei quaye addo kamau mwangi ochieng odhiambo otieno mutua karanja
    kariuki njoroge wanjiku chepkoech kiprono wekesa tesfaye haile bekele alemu kebede mekonnen negash wolde
    tadesse girma nkosi ndlovu zulu khumalo mokoena moyo ncube banda phiri

    papadopoulos papadakis nikolaidis georgiou vasileiou economou karamanlis samaras pappas

    shevchenko kovalenko bondarenko tkachenko kravchenko petrenko lysenko hrytsenko kovalchuk smirnov kuznetsov
    popov sokolov lebedev kozlov novikov morozov volkov fedorov

    friedman katz mizrahi azoulay sasson ben-david goldberg rosenberg shapiro peretz biton dayan levy

    horvat kovačević babić marić jurić novak kovačić knežević vuković marković petrović nikolić jovanović
    đorđević blagaić kazlauskas petrauskas butkus poška gagys ambrasas

    kiss walker harrison thorne prescott
    """
)

# Given names that are a word or the name of a thing as well: a surname behind them makes them one.
WORDS: Final = listed(
    """
    max tea
    april may june august autumn summer hope faith joy grace dawn eve carol rose lily ivy iris violet daisy heather
    hazel olive ruby pearl amber crystal jade opal coral ginger rosemary basil jasmine holly laurel willow brook
    robin jay martin hunter mason carter cooper grant miles chase chance dean earl duke king prince baron major
    sterling reed drew pat rob bill will art gene guy rusty sandy sunny river forest skye star melody harmony
    destiny angel christian case mark frank jack rich dale glen cliff heath page paige bishop dick ray victor
    viola aurora sol luna paz mercedes dolores
    """
)

# Towns of some size that are hardly anything else.
TOWNS: Final = listed(
    """
    london manchester birmingham leeds glasgow edinburgh liverpool bristol sheffield cardiff belfast leicester
    nottingham newcastle brighton southampton portsmouth plymouth norwich oxford cambridge aberdeen dundee swansea
    dublin cork galway limerick waterford sligo dundalk

    chicago houston philadelphia phoenix dallas austin seattle denver boston detroit nashville portland baltimore
    milwaukee albuquerque tucson fresno sacramento atlanta omaha miami oakland minneapolis tulsa wichita cleveland
    tampa honolulu anaheim pittsburgh cincinnati anchorage toledo orlando buffalo chattanooga duluth spokane
    toronto montreal vancouver calgary ottawa edmonton winnipeg halifax sydney melbourne brisbane perth adelaide
    canberra auckland wellington christchurch hamilton dunedin

    berlin hamburg münchen munich köln cologne frankfurt stuttgart düsseldorf dortmund essen leipzig bremen dresden
    hannover nürnberg duisburg bochum wuppertal bielefeld bonn münster karlsruhe mannheim augsburg wiesbaden
    mönchengladbach gelsenkirchen braunschweig kiel chemnitz aachen halle magdeburg freiburg lübeck erfurt rostock
    mainz kassel göttingen heidelberg potsdam würzburg regensburg ulm wien vienna graz linz salzburg innsbruck
    zürich zurich genf geneva basel bern lausanne luzern

    paris marseille lyon toulouse nice nantes montpellier strasbourg bordeaux lille rennes reims toulon grenoble
    dijon angers nîmes clermont-ferrand brest limoges tours amiens perpignan metz besançon orléans rouen caen nancy
    bruxelles brussels antwerpen antwerp gent brugge liège namur luxembourg monaco

    madrid barcelona valencia sevilla seville zaragoza málaga murcia palma bilbao alicante córdoba valladolid vigo
    gijón granada cáceres badajoz salamanca burgos santander pamplona donostia lisboa lisbon porto braga coimbra
    faro évora aveiro funchal setúbal

    roma rome milano milan napoli naples torino turin palermo genova genoa bologna firenze florence bari catania
    venezia venice verona messina padova trieste brescia parma modena reggio perugia livorno cagliari

    amsterdam rotterdam utrecht eindhoven tilburg groningen almere breda nijmegen haarlem arnhem enschede apeldoorn
    zwolle leiden maastricht delft

    warszawa warsaw kraków łódź wrocław poznań gdańsk szczecin bydgoszcz lublin katowice białystok gdynia
    częstochowa radom toruń rzeszów praha prague brno ostrava plzeň olomouc liberec bratislava košice žilina nitra
    budapest debrecen szeged miskolc pécs győr bucurești bucharest cluj-napoca timișoara iași constanța craiova
    brașov oradea sibiu sofia plovdiv varna beograd belgrade zagreb split rijeka osijek ljubljana maribor sarajevo
    skopje tirana athens thessaloniki patras heraklion volos larissa vilnius kaunas klaipėda riga tallinn tartu

    stockholm göteborg gothenburg malmö uppsala västerås örebro linköping helsingborg oslo bergen trondheim stavanger
    tromsø københavn copenhagen aarhus odense aalborg esbjerg helsinki espoo tampere vantaa oulu turku jyväskylä
    reykjavík

    moscow petersburg kazan novosibirsk kyiv kiev kharkiv odesa odessa dnipro lviv minsk tbilisi yerevan baku almaty
    tashkent istanbul ankara izmir bursa antalya adana konya gaziantep eskişehir mersin kayseri trabzon

    cairo alexandria giza casablanca rabat marrakesh marrakech fes tangier algiers tunis tripoli khartoum riyadh
    jeddah mecca medina dammam dubai sharjah doha muscat manama kuwait amman beirut damascus aleppo baghdad basra
    tehran isfahan mashhad shiraz tabriz jerusalem haifa netanya ashdod

    lagos abuja kano ibadan enugu accra kumasi tamale takoradi nairobi mombasa kisumu nakuru eldoret kampala
    kigali dodoma johannesburg durban pretoria soweto harare lusaka luanda maputo dakar abidjan douala kinshasa
    antananarivo mekelle gondar

    mumbai delhi bengaluru bangalore hyderabad ahmedabad chennai kolkata pune jaipur lucknow kanpur nagpur indore
    thane bhopal visakhapatnam patna vadodara kochi coimbatore madurai surat karachi lahore islamabad rawalpindi
    faisalabad dhaka chittagong colombo kandy kathmandu

    beijing shanghai guangzhou shenzhen chengdu chongqing tianjin wuhan hangzhou nanjing suzhou qingdao dalian xiamen
    changsha kunming harbin shenyang zhengzhou taipei kaohsiung taichung tokyo osaka kyoto nagoya yokohama sapporo
    kobe fukuoka sendai hiroshima nagasaki seoul busan incheon daegu daejeon gwangju suwon ulsan hanoi saigon
    huế bangkok phuket singapore jakarta surabaya bandung medan semarang makassar yogyakarta denpasar manila
    cebu davao baguio iloilo phnom vientiane yangon penang

    guadalajara monterrey puebla tijuana oaxaca mérida cancún querétaro toluca bogotá medellín cali cartagena
    quito guayaquil lima arequipa cusco caracas maracaibo santiago valparaíso concepción montevideo asunción
    rosario mendoza recife fortaleza brasília manaus curitiba goiânia belém campinas florianópolis salvador
    natal havana managua tegucigalpa
    """
)
# The same of two words and more, as they begin and end.
TOWNS_OF_WORDS: Final = frozenset(
    line.strip()
    for line in """
    new york,new orleans,los angeles,san francisco,san diego,san antonio,san jose,las vegas,salt lake city,el paso
    fort worth,fort wayne,kansas city,oklahoma city,st louis,saint louis,st paul,long beach,santa fe,santa ana
    baton rouge,grand rapids,des moines,little rock,colorado springs,virginia beach,washington dc,quebec city
    milton keynes,newcastle upon tyne,kingston upon hull,stoke-on-trent,frankfurt am main,den haag,the hague
    's-hertogenbosch,san sebastian,santa cruz,la coruna,a coruna,las palmas,le havre,saint-etienne,aix-en-provence
    cape town,port elizabeth,port harcourt,addis ababa,bahir dar,dar es salaam,tel aviv,be'er sheva,abu dhabi
    al ain,el jadida,ho chi minh city,da nang,nha trang,can tho,hai phong,kuala lumpur,george town,hong kong
    cebu city,quezon city,davao city,iloilo city,new delhi,navi mumbai,mexico city,ciudad de mexico,ciudad juarez
    san luis potosi,buenos aires,la plata,la paz,santa fe,sao paulo,rio de janeiro,belo horizonte,porto alegre
    ribeirao preto,joao pessoa,santo domingo,san juan,san salvador,guatemala city,panama city,ciudad de panama
    santiago de chile,vila nova de gaia,gold coast,palmerston north,nizhny novgorod,st petersburg
    saint petersburg,kryvyi rih,bielsko-biala,zielona gora,hradec kralove,ceske budejovice,banska bystrica
    stari grad,novi sad,satu mare,targu mures,baia mare,drobeta-turnu severin,bad homburg,castrop-rauxel
    """.replace("\n", ",").split(",")
    if line.strip()
)
