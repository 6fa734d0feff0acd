/** Lines that belong together. */
export interface CurlLines {
  readonly title: string;
  readonly lines: readonly {
    /** What the line shows. */
    readonly what: string;
    /** Does it when pasted into a shell, whatever was pasted before. */
    readonly line: string;
  }[];
}

/** What there is to try with each service. */
export function curlLines(gateway: number, admin: number): CurlLines {
  const base = `http://localhost:${gateway}`;
  return {
    title: 'Try, in another terminal:',
    lines: [
      { what: 'users, without the /users that the service does not know', line: `curl ${base}/users/1` },
      {
        what: 'a new user',
        line: `curl -i ${base}/users -H 'content-type: application/json' -d '{"name":"Edsger","email":"edsger@example.com"}'`,
      },
      { what: 'a search in the catalog', line: `curl '${base}/catalog/products?q=tea'` },
      { what: 'a named parameter, rewritten to /products/3', line: `curl ${base}/p/3` },
      {
        what: 'a report that takes longer than its route allows: 504',
        line: `curl -i '${base}/catalog/report?delay=5000'`,
      },
      {
        what: 'what a browser asks before it posts from another site',
        line: `curl -i -X OPTIONS ${base}/orders -H 'origin: http://localhost:5173' -H 'access-control-request-method: POST'`,
      },
      { what: 'an answer of the gateway itself', line: `curl -i ${base}/` },
      { what: 'a redirect', line: `curl -i ${base}/shop` },
      { what: 'no route', line: `curl -i ${base}/nothing` },
      { what: 'the metrics', line: `curl -s http://localhost:${admin}/metrics | grep waygate_requests` },
    ],
  };
}

/**
 * What there is to try with orders, which need a token.
 * @param token of ada, which stands in full in the line that shows what a client sends.
 */
export function curlLinesWithToken(gateway: number, issuer: number, token: string): CurlLines {
  const orders = `http://localhost:${gateway}/orders`;
  const tokenUrl = `http://localhost:${issuer}/token`;
  const freshToken = (user: string) => `-H "authorization: Bearer $(curl -s ${tokenUrl} -d user=${user})"`;
  return {
    title: 'Orders need a token, which the demo issuer gives to anybody:',
    lines: [
      { what: 'without a token: 401', line: `curl -i ${orders}` },
      {
        what: "ada's own orders, with her token, valid for one hour",
        line: `curl ${orders}/of/ada -H 'authorization: Bearer ${token}'`,
      },
      {
        what: "somebody else's: 403, and the name of the rule that says so",
        line: `curl -i ${orders}/of/grace ${freshToken('ada')}`,
      },
      { what: 'all orders: grace is staff', line: `curl ${orders} ${freshToken('grace')}` },
      { what: 'another token', line: `curl ${tokenUrl} -d user=grace` },
      {
        what: 'a new order with a fresh token: the service learns from X-Consumer whose it is',
        line: `curl -i ${orders} -H 'content-type: application/json' -d '{"product":"Kettle"}' ${freshToken('ada')}`,
      },
      {
        what: 'orders as an event stream, for two seconds',
        line: `curl -sN --max-time 2 ${orders}/events ${freshToken('grace')}`,
      },
    ],
  };
}
