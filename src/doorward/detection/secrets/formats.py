"""Token formats that can be told by their beginning: who issues them, with which prefix, alphabet and length.

Made from the vendors' own pages and changelogs. ``documented`` is False where a vendor shows no such page and
the format is only known from use. A prefix stands here once, also where several vendors use it.
"""

from typing import NamedTuple

# The alphabets that bodies are made of, as the inside of a bracket expression.
ALPHABETS = {
    "alnum": "A-Za-z0-9",
    "word": "A-Za-z0-9_",
    "url": "A-Za-z0-9_-",
    "dotted": "A-Za-z0-9_.-",
    "base64": "A-Za-z0-9+/=",
    "base64any": "A-Za-z0-9+/=_-",
    "hex": "0-9a-f",
    "anyhex": "0-9A-Fa-f",
    "lower": "a-z0-9",
    "upper": "A-Z0-9",
    "base32": "A-Z2-7",
    "dash": "A-Za-z0-9-",
}

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Format(NamedTuple):
    """``prefix``, then ``least`` to ``most`` characters of ``alphabet`` (a key of ``ALPHABETS``), or ``shape``, an
    expression, where the body has an inner structure.

    ``lead`` is an expression for what stands directly before the prefix and belongs to the token. ``hint`` is how the
    body begins, for the one search over everything; "": the first characters of the alphabet.
    """

    kind: str
    vendor: str
    prefix: str
    alphabet: str = "alnum"
    least: int = 0
    most: int = 0
    documented: bool = True
    shape: str = ""
    lead: str = ""
    hint: str = ""


def _rows(kind: str, vendor: str, prefixes: str, alphabet: str, least: int, most: int = 0) -> list[Format]:
    """Formats that differ in their prefix only; without ``most`` the length is fixed."""
    return [Format(kind, vendor, prefix, alphabet, least, most or least) for prefix in prefixes.split()]


def _seen(kind: str, vendor: str, prefixes: str, alphabet: str, least: int, most: int = 0) -> list[Format]:
    """The same for formats that no page of the vendor describes."""
    return [row._replace(documented=False) for row in _rows(kind, vendor, prefixes, alphabet, least, most)]


def _url(kind: str, vendor: str, prefixes: str, shape: str, hint: str) -> list[Format]:
    """Addresses that whoever has them may post to: the whole address is the secret."""
    return [row._replace(lead="(?:https?://)?") for row in _shape(kind, vendor, prefixes, shape, hint)]


def _shape(kind: str, vendor: str, prefixes: str, shape: str, hint: str = "", alphabet: str = "url") -> list[Format]:
    """Formats with an inner structure; ``alphabet`` says what must not follow."""
    return [Format(kind, vendor, prefix, alphabet, shape=shape, hint=hint) for prefix in prefixes.split()]


_CLOUD = (
    _rows("aws-access-key", "Amazon Web Services", "AKIA ASIA ABIA ACCA", "upper", 16)
    + _shape("amazon-mws-token", "Amazon", "amzn.mws.", _UUID, "[0-9a-f]{8}")
    + _rows("amazon-client-secret", "Amazon", "amzn1.oa2-cs.v1.", "hex", 64)
    + _seen("aws-bedrock-key", "Amazon Web Services", "ABSK", "base64", 109, 269)
    + _seen("aws-bedrock-key", "Amazon Web Services", "bedrock-api-key-", "base64", 60, 3000)
    + _rows("google-api-key", "Google", "AIza", "url", 35)
    + _rows("google-access-token", "Google", "ya29.", "dotted", 20, 2048)
    + _rows("google-refresh-token", "Google", "1//0", "url", 40, 250)
    + _rows("google-hmac-key", "Google", "GOOG1", "upper", 19, 57)
    + _seen("google-client-secret", "Google", "GOCSPX-", "url", 28)
    + _rows("alibaba-access-key", "Alibaba Cloud", "LTAI", "alnum", 12, 20)
    + _rows("tencent-secret-id", "Tencent Cloud", "AKID", "alnum", 32)
    + _shape("baidu-api-key", "Baidu AI Cloud", "bce-v3/ALTAK-", "[A-Za-z0-9]{21}/[0-9a-f]{40}")
    + _rows("yandex-iam-token", "Yandex Cloud", "t1.", "dotted", 60, 400)
    + _rows("yandex-api-key", "Yandex Cloud", "AQVN", "url", 35, 38)
    + _rows("yandex-oauth-token", "Yandex", "y0_", "url", 36, 80)
    + _rows("yandex-access-key", "Yandex Cloud", "YCA", "url", 22)
    + _rows("digitalocean-token", "DigitalOcean", "dop_v1_ doo_v1_ dor_v1_", "hex", 64)
    + _rows("scaleway-access-key", "Scaleway", "SCW", "upper", 17)
    + _rows("exoscale-api-key", "Exoscale", "EXO", "hex", 24, 28)
    + _rows("upcloud-token", "UpCloud", "ucat_", "alnum", 26)
    + _shape("akamai-credential", "Akamai", "akab-", "[a-z0-9]{16}-[a-z0-9]{16}")
    + _rows("heroku-token", "Heroku", "HRKU-", "url", 36, 80)
    + _rows("cloudflare-token", "Cloudflare", "cfk_ cfut_ cfat_", "alnum", 44, 56)
    + _shape("cloudflare-origin-key", "Cloudflare", "v1.0-", "[0-9a-f]{24}-[0-9a-f]{146}", "[0-9a-f]{24}-")
    + _rows("fly-token", "Fly.io", "fo1_", "url", 43)
    + _rows("fly-token", "Fly.io", "fm1r_ fm1a_ fm2_", "base64", 100, 2000)
    + _rows("vercel-token", "Vercel", "vcp_ vci_ vca_ vcr_ vck_", "alnum", 24, 100)
    + _shape("vercel-blob-token", "Vercel", "vercel_blob_rw_", "[A-Za-z0-9]{16}_[A-Za-z0-9]{30,40}")
    + _rows("netlify-token", "Netlify", "nfp_", "alnum", 36, 40)
    + _seen("netlify-token", "Netlify", "nfc_ nfo_ nfu_ nfb_", "alnum", 36, 40)
    + _rows("render-api-key", "Render", "rnd_", "alnum", 28, 32)
    + _rows("scalingo-token", "Scalingo", "tk-us-", "url", 48)
    + _rows("pulumi-token", "Pulumi", "pul-", "hex", 40)
    + [
        Format(
            "terraform-token", "HashiCorp", ".atlasv1.", "url", 60, 80, lead="[A-Za-z0-9]{14}", hint="[A-Za-z0-9_-]{8}"
        )
    ]
    + _rows("vault-token", "HashiCorp", "hvs. hvb. hvr.", "url", 24, 300)
    + _rows("tailscale-key", "Tailscale", "tskey-", "dash", 20, 100)
    + _shape(
        "tailscale-key",
        "Tailscale",
        "tskey-api- tskey-auth- tskey-client- tskey-scim- tskey-webhook-",
        "[A-Za-z0-9]{8,24}-[A-Za-z0-9]{16,60}",
        "[A-Za-z0-9]{4}",
    )
    + _rows("doppler-token", "Doppler", "dp.pt. dp.ct. dp.sa. dp.scim. dp.audit.", "alnum", 40, 44)
    + _shape("doppler-token", "Doppler", "dp.st.", "(?:[a-z0-9_-]{2,35}\\.)?[A-Za-z0-9]{40,44}", "[A-Za-z0-9]{2}")
    + _rows("age-secret-key", "age", "AGE-SECRET-KEY-1", "upper", 58)
    + _rows("1password-service-token", "1Password", "ops_eyJ", "base64any", 200, 2000)
    + _shape(
        "1password-secret-key",
        "1Password",
        "A3-",
        "[A-Z0-9]{6}-(?:[A-Z0-9]{6}-[A-Z0-9]{5}|[A-Z0-9]{11})(?:-[A-Z0-9]{5}){3}",
        "[A-Z0-9]{6}-",
    )
)

_CODE = (
    _rows("github-token", "GitHub", "ghp_ gho_ ghu_ ghs_ ghr_", "alnum", 36, 251)
    + _shape("github-token", "GitHub", "github_pat_", "[A-Za-z0-9]{22}_[A-Za-z0-9]{59}", alphabet="word")
    + _rows(
        "gitlab-token", "GitLab", "glpat- gldt- glrt- glrtr- glcbt- glft- glimt- glsoat- glffct-", "dotted", 20, 300
    )
    + _rows("gitlab-token", "GitLab", "glptt-", "url", 40, 300)
    + _rows("gitlab-token", "GitLab", "glagent-", "url", 50, 300)
    + _rows("gitlab-token", "GitLab", "gloas-", "url", 64, 300)
    + _rows("gitlab-token", "GitLab", "GR1348941", "url", 20)
    + _rows("atlassian-api-token", "Atlassian", "ATATT3 ATCTT3", "base64any", 60, 260)
    + _rows("bitbucket-app-password", "Atlassian", "ATBB", "alnum", 32)
    + _rows("npm-token", "npm", "npm_", "alnum", 36)
    + _rows("pypi-token", "PyPI", "pypi-AgE", "url", 50, 1000)
    + _rows("rubygems-key", "RubyGems", "rubygems_", "hex", 48)
    + _seen("crates-token", "crates.io", "cio", "alnum", 32)
    + _rows("clojars-token", "Clojars", "CLOJARS_", "hex", 60)
    + _seen("nuget-key", "NuGet", "oy2", "lower", 43)
    + _rows("docker-token", "Docker", "dckr_pat_ dckr_oat_", "url", 27, 40)
    + _seen("artifactory-key", "JFrog", "AKCp", "alnum", 60, 76)
    + _seen("artifactory-token", "JFrog", "cmVmdGtuOj", "base64", 52, 56)
    + _shape("circleci-token", "CircleCI", "CCIPAT_ CCIPRJ_", "[A-Za-z0-9]{20,24}_[0-9a-f]{40}", "[A-Za-z0-9]{4}")
    + _rows("buildkite-token", "Buildkite", "bkua_", "hex", 40)
    + _seen("buildkite-token", "Buildkite", "bkct_ bkaj_ bkpt_", "word", 30, 80)
    + _rows("sonarqube-token", "SonarSource", "squ_ sqp_ sqa_", "hex", 40)
    + _shape("sourcegraph-token", "Sourcegraph", "sgp_", "(?:(?:[0-9a-f]{16}|local)_)?[0-9a-f]{40}", "[0-9a-fl]{4}")
    + _rows("sourcegraph-token", "Sourcegraph", "sgd_ slk_", "hex", 64)
    + _rows("gitpod-token", "Gitpod", "gitpod_pat_", "url", 40, 120)
    + _rows("octopus-api-key", "Octopus Deploy", "API-", "upper", 25, 40)
    + _rows("chromatic-token", "Chromatic", "chpt_", "lower", 12, 20)
    + _shape(
        "jetbrains-token",
        "JetBrains",
        "perm: perm-",
        "[A-Za-z0-9+/=_-]{4,80}\\.[A-Za-z0-9+/=_-]{4,80}\\.[A-Za-z0-9+/=_-]{20,80}",
        "[A-Za-z0-9+/=_-]{4,80}\\.[A-Za-z0-9]",
    )
    + _shape(
        "harness-token",
        "Harness",
        "pat. sat.",
        "[A-Za-z0-9_-]{22}\\.[A-Za-z0-9]{24}\\.[A-Za-z0-9]{20}",
        "[A-Za-z0-9_-]{22}\\.",
    )
    + _rows("prefect-key", "Prefect", "pnu_ pnb_", "alnum", 36)
    + _seen("snyk-token", "Snyk", "snyk_uat. snyk_sat.", "dotted", 40, 200)
    + _shape("postman-key", "Postman", "PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}")
    + _seen("postman-collection-token", "Postman", "PMAT-", "upper", 26)
    + _rows("readme-key", "ReadMe", "rdme_", "lower", 70)
    + _shape("launchdarkly-key", "LaunchDarkly", "sdk- api-", _UUID, "[0-9a-f]{8}-[0-9a-f]{4}-")
    + _shape("wakatime-key", "WakaTime", "waka_", _UUID, "[0-9a-f]{8}")
    + _seen("retool-token", "Retool", "retool_01", "lower", 24, 40)
    + _shape("zuplo-key", "Zuplo", "zpka_", "[A-Za-z0-9]{20,40}(?:_[0-9a-f]{8})?", "[A-Za-z0-9]{8}")
    + _rows("trigger-key", "Trigger.dev", "tr_dev_ tr_prod_", "alnum", 20, 32)
    + _rows("inngest-signing-key", "Inngest", "signkey-prod- signkey-test-", "hex", 32, 128)
    + _rows("unkey-root-key", "Unkey", "unkey_", "alnum", 20, 60)
)

_DATA = (
    _shape("databricks-token", "Databricks", "dapi", "[0-9a-f]{32}(?:-[0-9])?", "[0-9a-f]{6}")
    + _rows("planetscale-token", "PlanetScale", "pscale_tkn_ pscale_pw_ pscale_oauth_", "dotted", 32, 64)
    + _rows("supabase-token", "Supabase", "sbp_", "hex", 40)
    + _rows("supabase-secret-key", "Supabase", "sb_secret_", "url", 28, 60)
    + _seen("neon-key", "Neon", "napi_", "alnum", 60, 72)
    + _rows("mongodb-client-secret", "MongoDB", "mdb_sa_sk_", "url", 36, 64)
    + _shape("cockroach-key", "Cockroach Labs", "CCDB1_", "[A-Za-z0-9]{22}_[A-Za-z0-9]{40}")
    + _rows("xata-key", "Xata", "xau_", "alnum", 36, 60)
    + _rows("materialize-password", "Materialize", "mzp_", "hex", 64)
    + _shape("tinybird-token", "Tinybird", "p.eyJ", "[A-Za-z0-9_-]{20,300}\\.[A-Za-z0-9_-]{20,80}")
    + _rows("dbt-token", "dbt Labs", "dbtc_ dbtu_", "url", 28, 60)
    + _seen("confluent-secret", "Confluent", "cflt", "base64", 60)
    + _rows("pinecone-key", "Pinecone", "pcsk_", "word", 40, 100)
    + [
        Format(
            "airtable-token",
            "Airtable",
            "pat",
            "alnum",
            shape="[A-Za-z0-9]{14}\\.[0-9a-f]{64}",
            hint="[A-Za-z0-9]{14}\\.[0-9a-f]{4}",
        )
    ]
    + _rows("contentful-token", "Contentful", "CFPAT-", "url", 43)
    + _shape("mapbox-token", "Mapbox", "sk.eyJ tk.eyJ", "[A-Za-z0-9_-]{20,300}\\.[A-Za-z0-9_-]{20,40}")
    + _rows("grafana-cloud-token", "Grafana", "glc_", "base64", 60, 400)
    + _shape("grafana-service-token", "Grafana", "glsa_", "[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}", alphabet="word")
    + _rows("grafana-api-key", "Grafana", "eyJrIjoi", "base64", 60, 200)
    + _rows("sentry-token", "Sentry", "sntrys_", "base64any", 60, 400)
    + _rows("sentry-token", "Sentry", "sntryu_ sntryi_", "hex", 64)
    + _rows("newrelic-key", "New Relic", "NRAK-", "upper", 27)
    + _rows("newrelic-key", "New Relic", "NRII-", "url", 32)
    + [Format("newrelic-license-key", "New Relic", "NRAL", "alnum", shape="", lead="[0-9a-f]{36}", hint="")]
    + _shape(
        "dynatrace-token",
        "Dynatrace",
        "dt0c01. dt0s01. dt0s02. dt0s16.",
        "[A-Z0-9]{24}\\.[A-Z0-9]{64}",
        "[A-Z0-9]{24}\\.",
    )
    + _shape("axiom-token", "Axiom", "xaat- xapt-", _UUID, "[0-9a-f]{8}")
    + _rows("logfire-token", "Pydantic Logfire", "pylf_v1_", "word", 30, 80)
    + _rows("posthog-key", "PostHog", "phx_ phs_", "alnum", 40, 64)
)

_AI = (
    _rows("openai-key", "OpenAI", "sk-proj- sk-admin-", "url", 40, 250)
    + _seen("openai-key", "OpenAI", "sk-svcacct-", "url", 40, 250)
    + _seen("openai-key", "OpenAI and others", "sk-", "alnum", 32, 64)
    + _rows("anthropic-key", "Anthropic", "sk-ant-api03- sk-ant-admin01-", "url", 80, 120)
    + _seen("anthropic-key", "Anthropic", "sk-ant-oat01- sk-ant-ort01- sk-ant-sid01-", "url", 80, 120)
    + _rows("openrouter-key", "OpenRouter", "sk-or-v1-", "hex", 64)
    + _shape("langfuse-key", "Langfuse", "sk-lf-", _UUID, "[0-9a-f]{8}")
    + _rows("huggingface-token", "Hugging Face", "hf_", "alnum", 34, 40)
    + _seen("huggingface-token", "Hugging Face", "api_org_", "alnum", 34)
    + _rows("groq-key", "Groq", "gsk_", "alnum", 50, 56)
    + _rows("replicate-token", "Replicate", "r8_", "alnum", 37, 40)
    + _rows("perplexity-key", "Perplexity", "pplx-", "alnum", 40, 64)
    + _rows("xai-key", "xAI", "xai-", "alnum", 70, 90)
    + _rows("fireworks-key", "Fireworks AI", "fw_", "alnum", 22, 24)
    + _rows("nvidia-key", "NVIDIA", "nvapi-", "url", 60, 70)
    + _rows("jina-key", "Jina AI", "jina_", "url", 60, 70)
    + _seen("together-key", "Together AI", "tgp_v1_", "url", 43)
    + _seen("voyage-key", "Voyage AI", "pa-", "url", 43)
    + _seen("elevenlabs-key", "ElevenLabs", "sk_", "hex", 48)
    + _shape("langsmith-key", "LangChain", "lsv2_pt_ lsv2_sk_", "[0-9a-f]{32}_[0-9a-f]{10}", "[0-9a-f]{6}")
    + _rows("tavily-key", "Tavily", "tvly-", "dash", 30, 64)
    + _rows("firecrawl-key", "Firecrawl", "fc-", "hex", 32)
    + _rows("e2b-key", "E2B", "e2b_", "hex", 40)
    + _seen("modal-token", "Modal", "ak- as-", "alnum", 22)
    + _seen("browserbase-key", "Browserbase", "bb_live_ bb_test_", "url", 24, 48)
)

_MONEY = (
    _rows("stripe-key", "Stripe and others", "sk_live_ sk_test_ rk_live_ rk_test_", "alnum", 24, 247)
    + _rows("stripe-key", "Stripe", "sk_org_", "word", 24, 247)
    + _rows("webhook-secret", "Stripe and others", "whsec_", "base64", 32, 88)
    + _rows("square-token", "Square", "sq0atp-", "url", 22)
    + _rows("square-secret", "Square", "sq0csp-", "url", 43)
    + _seen("meta-or-square-token", "Meta and Square", "EAA", "url", 61, 400)
    + _rows("paypal-token", "PayPal", "A21AA", "url", 80, 120)
    + _shape(
        "braintree-token", "Braintree", "access_token$production$ access_token$sandbox$", "[a-z0-9]{16}\\$[0-9a-f]{32}"
    )
    + _shape("plaid-token", "Plaid", "access-sandbox- access-production- access-development-", _UUID, "[0-9a-f]{8}")
    + _rows("shopify-token", "Shopify", "shpat_ shpca_ shppa_ shpss_", "anyhex", 32)
    + _shape(
        "adyen-key",
        "Adyen",
        "AQE",
        "[A-Za-z0-9]hm[A-Za-z0-9+/]{30,200}={0,2}(?:-[A-Za-z0-9+/]{20,80}=?(?:-[!-~]{16})?)?",
        "[A-Za-z0-9]hm[A-Za-z0-9+/]{8}",
    )
    + _rows("easypost-key", "EasyPost", "EZAK EZTK", "alnum", 54)
    + _rows("shippo-token", "Shippo", "shippo_live_ shippo_test_", "hex", 40)
    + _rows("duffel-token", "Duffel", "duffel_live_ duffel_test_", "url", 43)
    + _shape("flutterwave-key", "Flutterwave", "FLWSECK- FLWSECK_TEST-", "[0-9A-Za-z]{12,64}(?:-X)?", "[0-9A-Za-z]{6}")
    + _rows("razorpay-key", "Razorpay", "rzp_live_ rzp_test_", "alnum", 14)
    + _shape(
        "payment-key",
        "Mollie and Lob",
        "live_ test_",
        "(?:[0-9a-f]{35}|[A-Za-z0-9]{30})",
        "[A-Za-z0-9]{30}",
    )
    + _rows("checkout-key", "Checkout.com", "sk_sbox_", "lower", 27, 30)
    + _rows("omise-key", "Omise", "skey_ skey_test_", "lower", 19, 24)
    + _rows("midtrans-key", "Midtrans", "Mid-server-", "url", 24, 40)
    + _rows("xendit-key", "Xendit", "xnd_production_ xnd_development_", "alnum", 40, 100)
    + _shape(
        "mercadopago-token",
        "Mercado Pago",
        "APP_USR- TEST-",
        "[0-9]{12,20}-[0-9]{6}-[0-9a-f]{32}-[0-9]{6,12}",
        "[0-9]{12}",
    )
    + _shape(
        "paddle-key",
        "Paddle",
        "pdl_live_apikey_ pdl_sdbx_apikey_",
        "[a-z0-9]{26}_[A-Za-z0-9]{22}_[A-Za-z0-9]{3}",
        alphabet="word",
    )
    + _rows("polar-token", "Polar", "polar_oat_ polar_pat_", "alnum", 36, 64)
    + _rows("persona-key", "Persona", "persona_production_ persona_sandbox_", "url", 32, 80)
    + _shape(
        "onfido-token",
        "Onfido",
        "api_live. api_sandbox.",
        "[A-Za-z0-9_-]{11}\\.[A-Za-z0-9_-]{32}",
        "[A-Za-z0-9_-]{11}\\.",
    )
)

_TALK = (
    _rows("slack-token", "Slack", "xoxb- xoxp- xoxe- xoxa- xoxr- xapp- xwfp-", "dash", 20, 250)
    + _rows("slack-token", "Slack", "xoxe.xoxb- xoxe.xoxp-", "dash", 40, 300)
    + _seen("slack-token", "Slack", "xoxs- xoxc-", "dash", 40, 250)
    + _url(
        "slack-webhook",
        "Slack",
        "hooks.slack.com/services/",
        "T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}",
        "T[A-Z0-9]{8}",
    )
    + _url(
        "discord-webhook",
        "Discord",
        "discord.com/api/webhooks/ discordapp.com/api/webhooks/",
        "[0-9]{17,20}/[A-Za-z0-9_-]{60,80}",
        "[0-9]{17}",
    )
    + _url(
        "teams-webhook",
        "Microsoft",
        "webhook.office.com/webhookb2/",
        f"{_UUID}@{_UUID}/IncomingWebhook/[0-9a-f]{{32}}/{_UUID}",
        "[0-9a-f]{8}",
    )
    + _url("zapier-webhook", "Zapier", "hooks.zapier.com/hooks/catch/", "[0-9]{5,10}/[a-z0-9]{6,10}", "[0-9]{5}")
    + _rows("discord-mfa-token", "Discord", "mfa.", "url", 84)
    + [Format("telegram-bot-token", "Telegram", ":AA", "url", 33, 33, lead="[0-9]{8,10}", hint="[A-Za-z0-9_-]{33}")]
    + _rows("twilio-api-key", "Twilio", "SK", "hex", 32)
    + _shape("sendgrid-key", "SendGrid", "SG.", "[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}", "[A-Za-z0-9_-]{22}\\.")
    + _rows("mailgun-key", "Mailgun", "key-", "hex", 32)
    + [Format("mailchimp-key", "Mailchimp", "-us", "alnum", shape="[0-9]{1,2}", lead="[0-9a-f]{32}", hint="[0-9]")]
    + _rows("mandrill-key", "Mailchimp", "md-", "url", 22)
    + _shape("brevo-key", "Brevo", "xkeysib- xsmtpsib-", "[0-9a-f]{64}-[A-Za-z0-9]{16}")
    + _shape("resend-key", "Resend", "re_", "[A-Za-z0-9]{8}_[A-Za-z0-9]{24}", "[A-Za-z0-9]{8}_[A-Za-z0-9]{8}")
    + _shape(
        "klaviyo-or-clickup-key",
        "Klaviyo and ClickUp",
        "pk_",
        "(?:[0-9a-f]{34}|[0-9]{6,12}_[A-Z0-9]{32})",
        "[0-9a-f]{6}",
    )
    + _rows("intercom-token", "Intercom", "dG9rOj", "base64", 50, 80)
    + _shape("hubspot-token", "HubSpot", "pat-na1- pat-na2- pat-eu1- pat-ap1-", _UUID, "[0-9a-f]{8}")
    + _rows("dropbox-token", "Dropbox", "sl.", "dotted", 100, 1500)
    + _rows("linear-key", "Linear", "lin_api_", "alnum", 40)
    + _seen("linear-key", "Linear", "lin_oauth_ lin_wh_", "alnum", 32, 64)
    + _rows("notion-token", "Notion", "ntn_", "alnum", 40, 50)
    + [Format("notion-token", "Notion", "secret_", "alnum", 43, 43, hint="[A-Za-z0-9]{43}")]
    + _rows("figma-token", "Figma", "figd_", "url", 36, 60)
    + _rows("frameio-token", "Frame.io", "fio-u-", "url", 64)
    + _rows("typeform-token", "Typeform", "tfp_", "dotted", 40, 64)
    + [
        Format(
            "asana-token", "Asana", "1/", "alnum", shape="[0-9]{10,20}:[0-9a-f]{32}", hint="[0-9]{10,20}:[0-9a-f]{4}"
        ),
        Format(
            "asana-token",
            "Asana",
            "2/",
            "alnum",
            shape="[0-9]{10,20}/[0-9]{10,20}:[0-9a-f]{32}",
            hint="[0-9]{10,20}/[0-9]{10}",
        ),
    ]
    + _rows("stytch-secret", "Stytch", "secret-live- secret-test-", "base64any", 32, 48)
)

FORMATS: tuple[Format, ...] = (*_CLOUD, *_CODE, *_DATA, *_AI, *_MONEY, *_TALK)


def body(row: Format) -> str:
    """The expression for what follows the prefix."""
    if row.shape or not row.most:
        return row.shape
    return f"[{ALPHABETS[row.alphabet]}]{{{row.least},{row.most}}}+"


def opening(row: Format) -> str:
    """How the body begins, in the syntax common to RE2 and Hyperscan."""
    if row.hint or not row.most:
        return row.hint
    return f"[{ALPHABETS[row.alphabet]}]{{{min(8, row.least)}}}"


def described(row: Format) -> str:
    """The row of the table in ``docs/secrets.md``."""
    if row.shape or not row.most:
        inside = f"`{row.lead}…{row.shape}`" if row.lead else f"`{row.shape}`"
        body_cell = inside.replace("|", "\\|")
    else:
        size = str(row.least) if row.least == row.most else f"{row.least} to {row.most}"
        lead = f"`{row.lead}`, prefix, " if row.lead else ""
        body_cell = f"{lead}{size} of `{ALPHABETS[row.alphabet]}`"
    known = "yes" if row.documented else "from use"
    return f"| `{row.prefix}` | {row.vendor} | {row.kind} | {body_cell} | {known} |"
