// An OpenID Connect issuer, by `oidc-provider`, with a page on which a person signs in.

import { createServer } from "node:http";

import { Provider } from "oidc-provider";

import { serve } from "./lines.mjs";

// The standard output is for answers only.
console.info = console.error;
console.log = console.error;

let server;

/** Starts an issuer for a public client at `app`. Returns its URL. */
async function start({ app, verified, lifetime = 3600 }) {
  server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://localhost:${server.address().port}`;
  const provider = new Provider(url, {
    clients: [{
      client_id: "humanops-app",
      application_type: "web",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code"],
      response_types: ["code"],
      redirect_uris: [`${app}/sign-in`],
      post_logout_redirect_uris: [`${app}/`],
    }],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    scopes: ["openid", "email"],
    pkce: { required: () => true },
    clientBasedCORS: (_, origin) => origin === app,
    ttl: { IdToken: lifetime },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    findAccount: (_, sub) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@example.com`, email_verified: verified }),
    }),
    cookies: { keys: ["only for tests"] },
  });
  server.on("request", provider.callback());
  return { url };
}

async function leave() {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

await serve({ start, leave });
