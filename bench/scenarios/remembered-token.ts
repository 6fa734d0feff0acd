import type { Scenario } from '../scenario.ts';

/** A token of 601 characters that holds until 2100, and the key that it was signed with; nobody has the private half. */
const token =
  'eyJhbGciOiJSUzI1NiIsImtpZCI6ImJlbmNoIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFt' +
  'cGxlIiwiYXVkIjoib3JkZXJzIiwic3ViIjoiYWxpY2UiLCJncm91cHMiOlsiZ29sZCJdLCJzY29wZSI6Im9yZGVyczpyZWFk' +
  'IG9yZGVyczp3cml0ZSIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjo0MTAyNDQ0ODAwfQ.badOuTsV3my3A-MNu0zHSR1XBypun' +
  'IbGzehBx9XU_0tFRurj-p3y8Cf-0ECPMKpl65FxMaLBHAtOnJgGz1buCy9tzw8JGQ2ZQtGRLFnyA5cF09cUiHxVkLMcy7SMC' +
  'FzDOqppyJ9qgaIZRUUQRzzwTzhEVsNkLxQ6ipc026xsU7E3d33wTZ6FyZx37AGkFcOeZHEEY1kW06jQxnrZ-SsbZTLwvsPr1' +
  'QVCf7WssD7zXg7SanBvkgz4oHmL-ACZbCeo2DVt3fBV5xfMwRm7ocCCumIFvPvdMKGwfiS6sZLJsdGq7bHof6ueTqD3skNhr' +
  'MDFf9mOUzokVwNmjJbyvQDERw';
const jwks = JSON.stringify({
  keys: [
    {
      kty: 'RSA',
      kid: 'bench',
      alg: 'RS256',
      e: 'AQAB',
      n:
        'ssy84pwU-aVErBKg5Y4nKtCLKlIJ-9y4vrUczJ3bh2EUILgNFyAZ3ZE9aES4GNLao0UUEvHSFW5eoWp9i3r4PDxFmF6lNHXd' +
        'kSHr2ip1bE49Iu1keEV7dnfO6l--9q5N5qQFPVN_0JU07Q5wmlJJUhrLnwtQxy0ZjK0MXr4IzM7WTMWBVz1RsXlWItw84QYD' +
        'ZxQ-0ccWLUytIaG-NnkUG7l--Wsw7LzsFh9W6UHAylOBvxBekqTYp1DcefaGtP9tXf-jszMqjjbTUjfocoJa9AoJGlTv1KB3' +
        'F9xVVNaVWfJqpua8oIujZ_WjgijZQZemm5VKT9H_LNPkdQMOL1XlvQ',
    },
  ],
});

export const rememberedToken: Scenario = {
  id: '14',
  title: 'jwt, with an RS256 token that is remembered',
  note: 'All requests have the same token, which is verified once and then looked up. Without the policy, and through nginx, it is a header like any other.',
  kind: 'closed loop',
  request: { path: '/json', headers: { Authorization: `Bearer ${token}` } },
  connections: 64,
  routes: 3,
  proxies: ['nginx', 'waygate', 'waygate-plain'],
  policies: { waygate: [{ jwt: { issuer: 'https://issuer.example', audience: 'orders', jwks } }] },
};
