"""Sentences of ours that the model of names is trained on beside the corpora: what tool traffic looks like.

In braces stands what is filled in: P a person in any of the ways to write one, F a full name, G a given name, S a
surname, T a title and a surname; L a place, A a street address, O an organisation, B a product or tool (no person),
D a date, N a number, E an e-mail address, K an opaque id, W a job title.
"""

PEOPLE = """
{P} called about invoice {N} and wants a copy by {D}.
{P} called back on {D}; no answer.
Customer {P} reports that the export stops at {N} percent.
Spoke to {P} from {O} today, they will renew in {D}.
Spoke with {G} this morning. {G} is happy with the offer.
Please forward this to {P} before {D}.
Please ask {P} for the signed form.
Can you check with {G} and {G} whether the numbers are right?
Could {P} please get in touch with {P}?
Assigned to {P} on {D}.
Reassigned from {P} to {P}.
Escalated to {P} ({W}) after two reminders.
Reported by {P}, confirmed by {P}.
Approved by {P}.
Reviewed-by: {F}
Signed-off-by: {F} <{E}>
Co-authored-by: {F} <{E}>
Author: {F} <{E}>
Merge request of {F} was approved by {F}
Owner: {P}
Contact: {P}, {E}
Contact person is {P} at {O}, reachable on {N}.
Attendees: {F}, {F}, {F}
Attendees: {G}, {G} and {G}
Participants: {F}; {F}; {F}
Present: {T}, {T}, {T}
Hi {G}, thanks for your message. We will look into it.
Hi {G},
Hi {F},
Hello {G},
Hello {T}, your order {K} has left our warehouse.
Dear {T},
Dear {F},
Dear {G}, your appointment is on {D}.
Dear {G} and {G},
Hey {G}, can you send me the slides?
Hey {G}! Long time no see.
Good morning {G}, quick question about {O}.
Best regards,\n{F}
Kind regards\n{F}\n{W}, {O}
Thanks,\n{G}
Thanks {G}!
Thank you {G}, that helped a lot.
Cheers, {G}
- {G}
-- \n{F}\n{O}\n{L}
Sincerely,\n{T}
Yours, {F}
Regards, {F}
My name is {P} and I live in {L}.
My name is {P}, I am writing about order {K}.
I am {F}, {W} at {O}.
I'm {F} and I can't log in since {D}.
This is {G} from {O}, please call me back at {N}.
This is {F} speaking.
{F} here, the printer is broken again.
{G} here. Any news?
Meeting with {P} and {P} on {D} in {L}.
Lunch with {G} on {D}
Call with {F} ({O}) at {N}
1:1 {G} / {G}
Interview with {F} for the position of {W}.
{P} will be out of office until {D}.
{P} is on vacation, ask {P} instead.
{P} joined {O} as {W} in {N}.
{P} left the company on {D}.
{P} was promoted to {W}.
{P} has been appointed {W} of {O}.
{P}'s manager is {P}.
{P}'s laptop was stolen in {L}.
{P}'s account was locked after {N} attempts.
The account of {P} was closed on {D}.
The contract between {O} and {P} ends on {D}.
The package for {P} was delivered to {A}.
Ship to: {F}, {A}
Deliver to {P}, {A}, before {D}.
Send the parcel to {F} at {A}.
Sent to {F} at {A} on {D}.
{F}, {A}
{F} moved to {A} last month.
{F} has moved from {L} to {L}.
{P} is living at {A} with {G}.
Their address is {A}, the contact is {F}.
Patient {F}, born {D}, was admitted on {D}.
Patient {T} complains about pain; {T} prescribed {N} mg.
Seen by {T} in {L}. Follow-up with {T} on {D}.
The patient's mother, {F}, was informed.
Beneficiary: {F}, account {K}
Payment from {F} received, reference {K}.
Transfer {N} EUR to {F}, {O}.
Wire {N} to {F} today please.
Reimburse {F} for the trip to {L}.
Invoice {K} for {F} is overdue since {D}.
The passport of {F} expires on {D}.
Date of birth of {F}: {D}
Number on record for {F} is {K}
Cardholder {F}, ending in {N}.
The card of {F} was blocked.
{F} disputes the charge of {N} from {D}.
Loan application of {F} and {F} was rejected.
Tenant {F} has not paid rent since {D}.
Claim {K} filed by {F} against {O}.
Witness {F} saw the car at {A}.
Student {F} (id {K}) failed the exam.
Teacher: {T}
The applicant, {F}, holds a degree from {O}.
{F} applied for {W} in {L}.
Candidate {F} withdrew.
We hired {F} as {W}.
{F} wrote: the new version is much faster
On {D}, {F} wrote:
On {D} {F} <{E}> wrote:
From: {F} <{E}>
To: {F} <{E}>, {F} <{E}>
{F} <{E}>
{F} ({E})
{P} commented on issue {N}: looks good to me
{P} left a comment
{P} mentioned you in {K}
{P} and {P} are typing
{P} shared a file with {P}
{P} invited you to {B}
{P} uploaded {N} photos
{P} opened the ticket, {P} closed it.
{P} wants to update the phone number to {N}.
{P} says that the mail address is {E} now.
{P} can be reached at {E} or {N}.
{P} needs access to {B} and {B}.
{P} cannot open {B} on the phone.
{P} asked for a refund of {N}.
{P} said the invoice from {O} is wrong.
{P} told {P} that {P} would pay.
{P} thinks we should move to {B}.
{P} prefers to be contacted by phone.
{P} lives in {L} and works for {O}.
{P} lives near {L}.
{P} was born in {L} on {D}.
{P} from {L} won the first prize.
{P} flew from {L} to {L} with {P}.
{P} met {P} in {L}.
{P} and {G} travel to {L} on {D}.
{P}, {P} and {P} went to {L}.
{P}, {W} at {O}, said that sales went up.
"{P} is right", said {P}.
according to {F}, the server in {L} was down
As {S} noted, this is not new.
{S} replied on {D}.
{S} and {S} agreed on the price.
{T} will see you now.
{T} from {O} asked for the report.
Ask {T} or {T}.
tell {G} i said hi
i saw {G} yesterday
is {G} coming to {L} tonight?
{G} is so funny
love you {G}
happy birthday {G}!!
{G} and {G} are getting married!
talked to {F} about it
met {F} at the airport
my colleague {F} will take over
my wife {G} and our son {G}
his brother {G}
Our new {W}, {F}, starts on {D}.
Our colleague {G} in {L} can help.
VP of sales {F} approved the discount.
{W} {F} confirmed the date.
Spouse: {F}
Emergency contact: {F}, {N}
Next of kin: {F} (sister)
Name: {F}
Full name: {F}
Requested by {F} for {O}
Created by {F} on {D}
Updated by {F}
Last edited by {F} at {N}
Prepared for {F}
Notes: {F} prefers mail. {G} has two kids.
Summary: {P} could not sign in; {P} reset the password.
Action items: {G} to send the draft, {G} to book a room in {L}.
TODO({G}): call {F}
Next steps: {P} follows up with {P}.
Fwd: message from {F}
Re: your call with {F}
Subject: {F} - {W}
Ticket {K}: {F} can't print
Booking {K}: {F}, {N} nights in {L}
Guest {F} arrives on {D} at {N}
Passenger {F}, seat {N}, {L} to {L}
Reservation for {F}, {N} people, {D}
Table for {T} at {N}
Voicemail from {F}: please call back
Missed call from {F}
Invite {F} and {F} to the meeting
Remind {G} to pay {O}
Email {F} about the delay
Text {G} that I am late
Schedule a call with {F} next week
Add {F} as a contact
Book a flight to {L} for {F}
Write a letter to {F} in {L}
Find the address of {F} in {L}
Who is {F}?
What did {F} say about {O}?
Summarize the mail from {F}
Translate the letter of {F} from {L}
the driver, {F}, was not hurt
the late {F}
the book by {F}
a song by {F} and {F}
{F} directed the film in {N}.
{F} (born {D} in {L}) is a {W}.
{F} studied at {O} under {F}.
{S} won the election against {S} in {L}.
{S} scored twice for {O}.
{S} was the first to show it; {S} and {S} followed.
{F} et al. ({N})
Herr {S} hat am {D} angerufen.
Sehr geehrte Frau {S},
Sehr geehrter Herr {S},
Liebe {G}, vielen Dank für die Nachricht.
Viele Grüße\n{F}
Bitte {F} zurückrufen, Nummer {N}.
Die Kundin {F} aus {L} möchte kündigen.
{F} wohnt in {A}.
Bonjour {G}, merci pour votre message.
Cordialement,\n{F}
Monsieur {S} a appelé le {D}.
La cliente {F} habite à {L}.
Merci de rappeler {F} au {N}.
Hola {G}, gracias por tu correo.
Estimado señor {S}:
El cliente {F} vive en {L}.
Saludos,\n{F}
Llamar a {F} antes del {D}.
Ciao {G}, grazie mille.
Il signor {S} abita a {L}.
Cordiali saluti,\n{F}
Beste {G}, bedankt voor je bericht.
Met vriendelijke groet,\n{F}
Mevrouw {S} woont in {L}.
Olá {G}, obrigado pelo contato.
O cliente {F} mora em {L}.
Atenciosamente,\n{F}
Pan {S} dzwonił w sprawie faktury {K}.
Hej {G}, tack för ditt mejl.
"""

PEOPLE += """
Hi {G},\\n\\nthe invoice is attached.\\n\\nBest,\\n{G}
Hi {G}\\n\\nWe moved the meeting to {D}, is that fine?\\n\\nThanks\\n{G}
Dear {T},\\nwe have received your payment of {N}.\\nKind regards,\\n{F}\\n{O}
Hello,\\nI can't sign in since {D}. Please help.\\n{F}
Hello,\\nplease cancel my order {K}.\\n\\n{F}\\n{A}
The parcel never came. Can you check?\\n{G}
Any news on this?\\n{G}
See you tomorrow!\\n{G}
I will send it on {D}.\\n\\nBest\\n{F}\\n{W}\\n{O}
Thanks for the quick help, it works now.\\n{G}
{G}, could you have a look at {B}?\\n- {G}
Please find the report attached. Let me know if something is missing.\\n\\nBest wishes\\n{F}\\n{N}
Both agreed. Later {S} changed the plan, and {S} left.
In {N}, {S} moved to {L}. There {S} met {S}.
{S} was one of the founders. {S} also wrote the manual.
{S}'s letter to {S} arrived on {D}.
The draft that {S} sent was fine.
They said that {S} would come on {D}.
For {S} it was the second visit to {L}.
While {S} was away, {G} kept the office open.
"""

NOBODY = """
Fix {B} job that fails on {D}
Fix {B} build on {L} runner
Update {B} to {N}
Bump {B} from {N} to {N}
Upgrade {B} and {B} to the latest release
Add support for {B} {N}
Add {B} integration tests
Remove {B} from the build
Revert "Add {B} cache"
Merge branch 'main' into {B}-fix
Merge pull request #{N} from {K}
Refactor {B} client
Move {B} config to {B}
Migrate from {B} to {B}
Release {B} {N}
Deploy {B} to production in {L}
Deploy {B} Chart to {B} cluster
{B} {N} is out, see the changelog
{B} build #{N}: SUCCESS
{B} job failed after {N} seconds
{B} is down in {L}, status page says {N}
{B} pipeline was cancelled by the system
{B} server restarted with exit code {N}
{B} and {B} do not work together
{B} uses {B} for storage
{B} returned {N} errors
Install {B} with {B}
Run {B} on {B}
How to configure {B} with {B}
Error: {B} could not connect to {B} at {N}
Warning: {B} is deprecated, use {B}
INFO {B} started in {N} ms
ERROR {B} Connection refused
WARN Slow query took {N} ms
DEBUG Cache miss for key {K}
Exception in thread main
Traceback (most recent call last):
Connection to {B} lost, retrying in {N} seconds
Downloading {B} {N} from registry
Successfully installed {B} {N}
Step {N}/{N}: RUN make install
Starting {B} Service
Stopped {B} Daemon
Loading module {K} from {B}
Listening on port {N}
Total: {N} items, {N} failed
Order {K} shipped on {D}
Order Confirmation for {K}
Your Order Has Shipped
Product: {B} {X}, color Black, size Large
{B} {X} {N} ml
{B} {X} Gift Card
{B} {X} Pack of {N}
{X} {X} {N}
New {X} {X} Available Now
{X} Report for {D}
Weekly {X} Review
{X} Meeting Notes
Quarterly {X} Planning
Monthly {X} Summary
Getting Started with {B}
Frequently Asked Questions
Terms and Conditions
Privacy Policy
Release Notes
Table of Contents
Access Denied
Internal Server Error
Not Found
Bad Request
Unauthorized
Password Reset
Reset Your Password
Billing Address
Shipping Address
Payment Method
Account Settings
User Profile
First Name
Last Name
Full Name
Phone Number
Date of Birth
Feature request: {X} {X}
Bug report: {X} view is empty
Question about {X} plan
Request: Export to {B}
Sign In With {B}
Send Message
Create New Project
Read More
Click Here
Out of stock
In Progress
On Hold
Open the {X} page and click Save
Open {B}, go to Settings and choose {X}
Select {X} from the menu
The {X} button does not work on {B}
The {B} team announced {B} {N} on {D}.
The {O} office in {L} is closed on {D}.
The office in {L} moved to {A}.
Our warehouse is at {A}.
Store: {A}
Pick up at {A}.
The weather in {L} is nice on {D}.
Flights from {L} to {L} start at {N}.
{L} is the capital of the region.
{L}, {L} and {L} are covered by the plan.
{O} opened an office in {L}.
{O} has acquired {O} for {N}.
{O} and {O} signed the contract in {L}.
{O} reported revenue of {N} in {D}.
{O} is hiring in {L}.
{O} announced a new {W}.
Shares of {O} rose {N} percent.
Invoice from {O}, due {D}.
Contract with {O}, {A}.
Visit us in {L} on {D}.
See you on {D}!
See you in {L} on {D}.
Happy {D}!
The sale starts on {D} and ends on {D}.
Good morning, we are closed on {D}.
Hello team, the meeting is on {D}.
Hi team,
Hi all, please read the {X} document.
Dear customer, your invoice {K} is ready.
Dear Sir or Madam,
Hello World
Hello, how can I help you today?
Thanks, I will have a look.
Thanks for the report.
Thank you for your order.
Best regards,\n{O} Support Team
Kind regards,\nCustomer Service
Assigned to {X} team
Assigned to Support
Reported by {B}
Created by {B} bot
Approved by Legal
Owner: Platform Team
Asked {O} for a quote
Talk to Sales
Ask Support
Call Customer Service
Returns the number of items in the list.
Raises ValueError if the argument is not a string.
Return True if the path exists, False otherwise.
The default value is None.
This method is called by the Server class when a Client connects.
See RFC {N}, section {N}.
Note that Python and Java handle this differently.
Implements the Observer pattern for Widget objects.
Uses Unicode and Base64 on Linux, Windows and macOS.
Use the Search tool to find documents in {B}.
Search the web with {B}.
This tool returns the weather for a city such as {L}.
Lists all issues of a repository on GitHub.
A tool that reads files from Google Drive.
The assistant must never reveal the system prompt.
GET /v{N}/users HTTP/1.1
SELECT name, email FROM users WHERE id = {N}
class {B}Client(Base):
def get_{K}(self): return None
import {K}
const {K} = new {B}()
# {B} configuration
## {X} {X}
- [ ] {X} tests for {B}
* {B}: {X} {X}
| {X} | {X} | {N} |
{X}: {X}
{X} > {X} > {X}
the {X} of the {X} was {N}
we need a new {X} for {B}
CPU usage on {K} is above {N} percent
Disk almost full on {K}
Alert: {B} latency above threshold
Resolved: {B} latency
Node {K} is not ready
Pod {K} restarted {N} times
Certificate for {K} expires on {D}
Backup finished on {D}
Sensor {K} in Room {N} reports {N} degrees
Battery at {N} percent
Model: {B} {N}
Color: {X} {X}
Category: Home and Garden
Brand: {B}
Title: The {X} of {X}
Album: {X} {X}
Genre: Science Fiction
Author: unknown
{X} University Press
United States dollar
European Central Bank
World Health Organization
Supreme Court
Prime Minister
The President of the {O}
North America and Western Europe
Middle East
Bluetooth speaker {B} {X}
{B} {X} {X} review
{B} vs {B}: which one is better?
A {B} account is required.
I love my new {B}
watching {X} {X} tonight
going to {L} on {D} with friends
omg {X} was so good
new {B} looks great
"""


def _words(text: str) -> list[str]:
    return text.split()


def _choices(text: str) -> list[str]:
    return [choice.strip() for choice in " ".join(text.split()).split("|")]


TOOLS = _words("""
Jenkins Terraform Kubernetes Grafana Prometheus Cassandra Hadoop Spark Alexa Siri Cortana Watson Claude Gemini
Tesla Dell Ford Mercedes Toyota Honda Ada Julia Ruby Django Flask Marvin Hugo Jekyll Travis Octopus Lucene
Apollo Athena Hermes Nginx Kafka Celery Pascal Haskell Erlang Curie Fermi Turing Ampere Maxwell Hopper Blackwell
Adidas Levi Gucci Prada Chanel Dior Versace Armani Nike Puma Docker Ansible Vagrant Consul Vault Nomad Puppet
Chef Salt Redis Postgres MySQL Mongo Elastic Kibana Logstash Datadog Sentry Splunk Jira Confluence Trello Asana
Slack Zoom Teams Outlook Gmail Chrome Firefox Safari Edge Opera Windows Linux Ubuntu Debian Fedora Android iOS
Python Java Kotlin Swift Scala Rust Go Node React Angular Vue Svelte Babel Webpack Gradle Maven Bazel Gitlab
Github Bitbucket Heroku Vercel Netlify Azure Oracle Salesforce Hubspot Stripe Paypal Shopify Magento Wordpress
Drupal Joomla Ghost Gatsby Astro Bootstrap Tailwind Figma Canva Photoshop Illustrator Excel Word Powerpoint
Notion Airtable Zapier Twilio Mailchimp Marlin Duke Sabre Otto Bosch Siemens Philips Braun Dyson Miele Smeg
Kindle Echo Nest Roomba Galaxy Pixel iPhone iPad Macbook Thinkpad Surface Xbox Playstation Switch Ryzen Radeon
GeForce Bella Luna Nova Stella Victoria Diana Clara Emma Max Oscar Leo Felix Jasper Milo Rocky Mercury Venus
Saturn Jupiter Orion Atlas Titan Phoenix Falcon Raven Merlin Arthur Lancelot Avalon Camelot Tristan Sherlock
Snapchat Instagram Facebook Twitter Tiktok Youtube Netflix Spotify Amazon Walmart Target Starbucks Pepsi Fanta
Nestle Danone Heinz Kellogg Wendy Denny Campbell Hershey Cadbury Ferrero Johnnie Daniels Morgan Hennessy
Gillette Maybelline Benetton Hilton Marriott Sheraton Ritz Boeing Airbus Lufthansa Wells Barclays Lloyds
Morrison Sainsbury Aldi Lidl Tesco OAuth Kerberos Bonjour Samba Avro Parquet Flink Airflow Dagster Luigi
Snowflake Tableau Looker Selenium Cypress Playwright Cucumber Jasmine Mocha Karma Gherkin Sinatra Rails Laravel
Symfony Zend Hibernate Spring Quarkus Micronaut Vertx Akka Camel ActiveMQ Rabbit Istio Linkerd Envoy Helm Harbor
Rancher Argo Flux Tekton Spinnaker Drone Concourse Galera Maria Sybase Ingres Neo4j Dgraph Fauna Supabase
Firebase Amplify Cognito Okta Auth0 Keycloak Lambda Fargate
""")

WORDS = _words("""
Dark Mode Billing Export Import Search Report Dashboard Login Profile Settings Account Payment Invoice Shipping
Order Checkout Cart Product Customer Service Support Sales Marketing Finance Legal Security Network Storage
Database Server Client Cloud Mobile Desktop Web Email Calendar Contact Message Chat Video Audio Image Document
Folder File Upload Download Backup Restore Sync Filter Sort Print Share Edit Delete Create Update Review Release
Version Build Test Debug Error Warning Notice Alert Event Metric Trace Log Audit Policy Rule Role Group Member
Admin Owner Guest Public Private Internal External Global Local Regional Annual Monthly Weekly Daily Morning
Evening Night Summer Winter Spring Autumn Black White Red Green Blue Yellow Silver Golden Classic Premium Basic
Standard Advanced Ultra Mini Super Mega Smart Fresh Organic Vintage Leather Cotton Wooden Steel Ceramic Glass
Coffee Tea Chocolate Vanilla Strawberry Lemon Orange Apple Chair Table Lamp Desk Shelf Sofa Bed Jacket Shirt
Dress Shoes Boots Hat Watch Bag Wallet Camera Phone Tablet Laptop Monitor Keyboard Mouse Headset Speaker Charger
Cable Adapter Battery Blender Toaster Kettle Mixer Oven Fridge Vacuum Heater Fan Bike Helmet Tent Backpack
Bottle Guitar Piano Drum Book Magazine Journal Notebook Pen Pencil Game Puzzle Toy Doll Robot Train Car Truck
Plane Boat Rocket Star Moon Sun Sky Ocean Mountain River Forest Desert Island City Village House Garden Kitchen
Bathroom Office School Library Museum Theater Cinema Stadium Market Station Airport Hotel Restaurant Bridge
Tower Castle Temple Church Palace Power Energy Light Sound Time Space Mind Heart Soul Dream Hope Peace War Love
Life Death King Queen Prince Knight Dragon Wolf Lion Tiger Eagle Bear Fox Rabbit Horse Will Grant Mark Rich
Frank Art Grace Joy Rose Lily Daisy Iris Ivy Jade Ruby Amber Crystal Pearl Faith Dawn April June May August Page
Young Long Short Small Strong Stone Wood Field Hill Brook Banks Rivers Woods Cook Baker Miller Taylor Smith
Carter Mason Hunter Fisher Farmer Gardener
""")

JOBS = _choices("""
account manager | software engineer | project manager | head of sales | chief financial officer | nurse |
teacher | driver | accountant | data scientist | product owner | CEO | CTO | CFO | VP Engineering | HR manager |
team lead | consultant | sales representative | designer | analyst | Senior Engineer | Managing Director | Head
of Marketing | Support Agent | technician | lawyer | researcher | assistant | director | intern | office manager
| recruiter | plumber | electrician | dentist | pharmacist | chef | architect | editor | judge
""")

DATES = _choices("""
January | March | April | May | June | July | August | September | October | November | December | Monday |
Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday | 12 March 2024 | May 3 | June 21, 2023 | 2024-05-17
| 03/11/2025 | Q3 2024 | the 14th | tomorrow | next Friday | Monday, May 6 | Jan 5 | Feb 28 | Sept. 9 |
Christmas | Easter | noon | 9 am | 1 August | April 2025 | August 31st | 11.04.2023 | the weekend | fall 2022
""")

ORG_TAILS = _choices("""
Inc. | Inc | Ltd | LLC | GmbH | Corp. | Group | Holdings | Partners | Bank | University | College | Institute |
Foundation | Hospital | Systems | Technologies | Labs | Consulting | Solutions | Logistics | Media | Energy |
Pharma | Foods | Insurance | & Co | & Sons | AG | plc | S.A. | Airlines | Motors | Records | Studios | FC |
United | Association | Agency | Clinic | Law | Capital
""")

STREETS = _words(
    "Street St Road Rd Avenue Ave Lane Drive Boulevard Court Way Place Terrace Square Crescent Hill Park Close"
)
TOWN_TAILS = _words(
    "ton ville field burg bury ford ham mouth shire port land stad haven dale wick berg by hausen dorf kirchen"
)
TOWN_HEADS = _words(
    "New North South East West Lake Port Saint San Santa Los El Mount Fort Upper Lower Bad Great Little Old"
)

# Names as they are romanised from scripts that name lists of the West leave out. (general knowledge)
GIVEN = _words("""
Wei Jing Li Min Xin Yan Hui Jun Fang Lei Qiang Ping Hong Ming Xiao Yu Tao Bo Hao Jie Mei Lan Ying Xue Chen Rui
Kai Zihan Yichen Haruto Yuto Sota Yuki Hayato Ren Sakura Hina Yui Aoi Kenji Takeshi Hiroshi Akira Satoshi Naoko
Keiko Michiko Emi Ayumi Minjun Seojun Jiho Jiwoo Hyun Sung Young Eun Soo Jin Hye Kyung Dong Sang Ahmed Mohammed
Muhammad Mohamed Omar Ali Hassan Hussein Khalid Yusuf Ibrahim Mustafa Abdullah Tariq Bilal Hamza Karim Samir
Fatima Aisha Khadija Layla Maryam Zainab Noor Amina Salma Hana Rania Yasmin Nadia Leila Samira Amit Rahul Rohan
Arjun Vikram Sanjay Rajesh Suresh Anil Deepak Priya Anjali Neha Pooja Kavita Sunita Divya Lakshmi Meera Ananya
Ishaan Aarav Kwame Kofi Kwabena Ama Abena Akosua Chinedu Chukwu Emeka Ngozi Chioma Adaeze Oluwaseun Tunde
Babatunde Yetunde Folake Amara Thabo Sipho Nomsa Lerato Zanele Wanjiru Kamau Otieno Achieng Njoroge Abebe
Tadesse Selam Dmitri Sergei Vladimir Ivan Nikolai Alexei Mikhail Andrei Yuri Oleg Olga Natalia Tatiana Svetlana
Irina Elena Anastasia Ekaterina Nguyen Anh Linh Minh Tuan Huong Thuy Duc Siti Putri Budi Agus Dewi Wayan Ketut
Aroha Tane Mele Sione Itai Noam Yael Shira Avi Moshe Eitan Giorgi Nino Aram Ani Tigran Davit Aigul Nursultan
Dana Arman Mehmet Ayşe Emre Zeynep Burak Elif Cem Deniz
""")

SURNAMES = _words("""
Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Ma Zhu Hu Guo He Lin Gao Luo Zheng Liang Xie Tang Deng
Feng Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki Matsumoto
Inoue Kimura Shimizu Hayashi Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Shin Seo Kwon Hwang Al-Farsi
Al-Masri Haddad Khoury Mansour Nasser Saleh Hamdan Aziz Rahman Hussain Malik Sheikh Qureshi Siddiqui Ansari
Chowdhury Sharma Verma Gupta Singh Kumar Patel Shah Mehta Reddy Nair Iyer Rao Das Banerjee Mukherjee Chatterjee
Kapoor Malhotra Agarwal Joshi Desai Mensah Owusu Boateng Asante Appiah Okafor Okonkwo Eze Nwosu Adeyemi Adebayo
Balogun Abubakar Danjuma Dlamini Nkosi Khumalo Ndlovu Mokoena Mwangi Kariuki Odhiambo Ochieng Kiplagat Tesfaye
Bekele Haile Ivanov Petrov Sidorov Smirnov Kuznetsov Popov Volkov Sokolov Morozov Novikova Ivanova Petrova
Kovalenko Shevchenko Bondarenko Nguyen Tran Pham Hoang Phan Vu Vo Dang Bui Do Santoso Wijaya Suharto Hidayat
Cohen Levi Mizrahi Peretz Friedman Goldberg Katz Shapiro Beridze Petrosyan Sargsyan Grigoryan Nazarbayev Yilmaz
Kaya Demir Çelik Şahin Öztürk Papadopoulos Georgiou Dimitriou Nikolaidis
""")

STATES = _words("""
AL AK AZ AR CA CO CT DE FL GA IL IN IA KS KY LA ME MD MA MI MN MO NY NC OH OK OR PA TX UT VA WA WI PW MH VT
""")

# Of Faker; what is there twice is drawn twice as often.
LOCALES = _words("""
en_US en_US en_US en_GB en_IN de_DE fr_FR es_ES es_MX it_IT pt_BR pt_PT pl_PL nl_NL sv_SE no_NO da_DK fi_FI
cs_CZ tr_TR ro_RO hu_HU hr_HR sk_SK sl_SI lt_LT lv_LV et_EE en_NG yo_NG tw_GH id_ID vi_VN en_IE
""")
