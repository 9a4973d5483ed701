// An OpenID provider for tests: oidc-provider with keys, clients and accounts from a file, a log-in page that asks for a
// name only, and a place (/control) where a test changes them, as an operator would.
//   node provider.mjs SETTINGS PATH-OF-OIDC-PROVIDER
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { default: Provider } = await import(process.argv[3]);
const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { issuer, port, secret } = settings;
let provider = started();
let asked = {};

function started() {
  const grantsOf = (name) => settings.accounts[name];
  return new Provider(issuer, {
    jwks: { keys: settings.keys },
    clients: settings.clients,
    cookies: { keys: [secret] },
    claims: { openid: ['sub'], profile: ['name', 'motcua_grants'] },
    scopes: ['openid', 'profile', 'api'],
    conformIdTokenClaims: settings.claims_at_userinfo,
    ...(settings.token_methods && { clientAuthMethods: settings.token_methods }),
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...grantsOf(id) }) }),
    extraTokenClaims: (_ctx, token) => grantsOf(token.accountId ?? token.clientId),
    interactions: { url: (_ctx, interaction) => `/log-in/${interaction.uid}` },
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid profile');
      await grant.save();
      return grant;
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = page(`${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`);
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx) => (ctx.oidc.params.grant_type === 'client_credentials' ? settings.audience : undefined),
        getResourceServerInfo: (_ctx, audience, client) => ({
          scope: 'api',
          audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: client.clientId.split('-')[1] ?? 'RS256' } },
        }),
      },
    },
  });
}

function page(content) {
  return `<!doctype html><html lang="en"><title>Provider</title><link rel="icon" href="data:,">${content}</html>`;
}

async function body(request) {
  let text = '';
  for await (const part of request) text += part;
  return text;
}

createServer(async (request, response) => {
  const path = new URL(request.url, issuer).pathname;
  if (path === '/control') {
    Object.assign(settings, JSON.parse((await body(request)) || '{}'));
    provider = started();
    response.end(JSON.stringify(asked));
    asked = {};
    return;
  }
  asked[path] = (asked[path] ?? 0) + 1;
  if (settings.hangs) {
    return;
  }
  if (settings.away) {
    request.socket.destroy();
  } else if (path.startsWith('/log-in/') && request.method === 'POST') {
    const name = new URLSearchParams(await body(request)).get('name');
    const result = name ? { login: { accountId: name } } : { error: 'access_denied' };
    await provider.interactionFinished(request, response, result);
  } else if (path.startsWith('/log-in/')) {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(page('<form method="post"><label>Name <input name="name"></label><button>Log in</button></form>'));
  } else {
    provider.callback()(request, response);
  }
}).listen(port, '127.0.0.1', () => console.log('ready'));
