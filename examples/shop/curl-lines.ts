/** What there is to try, and the lines that do it when pasted into a shell. */
export function curlLines(
  gateway: number,
  admin: number,
): readonly { readonly what: string; readonly line: string }[] {
  const base = `http://localhost:${gateway}`;
  return [
    { what: 'users, without the /users that the service does not know', line: `curl ${base}/users/1` },
    {
      what: 'a new user',
      line: `curl -i ${base}/users -H 'content-type: application/json' -d '{"name":"Edsger","email":"edsger@example.com"}'`,
    },
    { what: 'a search in the catalog', line: `curl '${base}/catalog/products?q=tea'` },
    { what: 'a named parameter, rewritten to /products/3', line: `curl ${base}/p/3` },
    {
      what: 'a new order',
      line: `curl -i ${base}/orders -H 'content-type: application/json' -d '{"product":"Kettle"}'`,
    },
    {
      what: 'orders as an event stream, for two seconds',
      line: `curl -sN --max-time 2 ${base}/orders/events`,
    },
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
  ];
}
