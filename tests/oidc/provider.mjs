// The real OpenID provider of these tests: npm's oidc-provider with a person who always logs in and always agrees.
//
//   node provider.mjs PATH_OF_OIDC_PROVIDER
//
// The first line of stdin is its setting as JSON (tests/oidc/provider.py writes it). The first line of stdout is the
// issuer's URL, once it answers. It ends when stdin does.
import http from "node:http";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

const { default: Provider } = await import(pathToFileURL(process.argv[2]).href);
const { value: line } = await readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]().next();
const setting = JSON.parse(line);
process.stdin.resume().on("end", () => process.exit(0));

const server = http.createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}${setting.path}`;

// Every resource is known, and each gets access tokens in JWT form (RFC 9068) for itself alone (RFC 8707).
const resource = async (context, indicator) => ({
  audience: indicator,
  scope: setting.scopes.join(" "),
  accessTokenFormat: "jwt",
  accessTokenTTL: setting.lifetime,
  jwt: { sign: { alg: setting.algorithm } },
});

const provider = new Provider(issuer, {
  jwks: { keys: setting.keys },
  clients: setting.clients,
  scopes: ["openid", "offline_access", ...setting.scopes],
  clientDefaults: { id_token_signed_response_alg: setting.algorithm },
  enabledJWA: { clientAuthSigningAlgValues: ["ES256", "RS256"], idTokenSigningAlgValues: ["ES256", "RS256"] },
  cookies: { keys: [setting.cookieKey] },
  pkce: { required: () => true },
  ttl: { IdToken: setting.lifetime, Interaction: 60, Session: 60, Grant: 60, RefreshToken: 60, AuthorizationCode: 60 },
  findAccount: async (context, id) => ({ accountId: id, claims: async () => ({ sub: id, groups: setting.groups }) }),
  // One claim beyond RFC 9068, as many providers send it.
  extraTokenClaims: async () => ({ groups: setting.groups }),
  interactions: { url: (context, interaction) => `${setting.path}/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    registration: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: { enabled: true, getResourceServerInfo: resource, useGrantedResource: () => true },
  },
});

async function agree(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: setting.person, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? "openid");
  for (const indicator of [params.resource ?? []].flat()) {
    grant.addResourceScope(indicator, setting.scopes.join(" "));
  }
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId: setting.person }, consent });
}

// A client registers with the scopes that it knows so far; here they are no bound for what it may ask for later.
async function register(request) {
  const { scope, ...registration } = JSON.parse(Buffer.concat(await request.toArray()));
  request.body = registration;
}

// Its metadata names none of a resource's scopes: a client learns those from the resource. (RFC 8414 only recommends to
// name scopes, and the SDKs' clients ask for all that they find.)
provider.use(async (context, next) => {
  await next();
  if (context.oidc?.route === "discovery") {
    context.body.scopes_supported = setting.advertised ?? undefined;
  }
});
const answer = provider.callback();
provider.on("server_error", (context, error) => console.error(error));

server.on("request", async (request, response) => {
  const path = new URL(request.url, issuer).pathname.slice(setting.path.length);
  if (path.startsWith("/interaction/")) {
    agree(request, response).catch((error) => response.writeHead(500).end(String(error)));
    return;
  }
  if (path === "/reg" && request.method === "POST") {
    await register(request);
  }
  // What a framework does that mounts it below a path: it makes its own addresses from the difference.
  request.originalUrl = request.url;
  request.url = request.url.slice(setting.path.length);
  answer(request, response);
});

console.log(issuer);
