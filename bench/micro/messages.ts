/** A request of a browser's `fetch`, with ten headers, as several benchmarks read it. */
export const requestText = [
  'GET /services/users-42/items/4711?page=2&size=50 HTTP/1.1',
  'Host: api.example.com',
  'Connection: keep-alive',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: application/json, text/plain, */*',
  'Accept-Language: en-GB,en;q=0.7,de;q=0.3',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Origin: https://app.example.com',
  'Referer: https://app.example.com/',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
  'X-Requested-With: XMLHttpRequest',
  '\r\n',
].join('\r\n');

/** An answer to it, as Express sends it. */
export const responseText = [
  'HTTP/1.1 200 OK',
  'Content-Type: application/json; charset=utf-8',
  'Content-Length: 116',
  'ETag: W/"74-ygBjYvG8r2mjq0F8V9k6Qm3cQ5g"',
  'Cache-Control: private, max-age=0, must-revalidate',
  'Vary: Accept-Encoding',
  'Date: Sun, 22 Nov 2026 16:00:00 GMT',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
  '\r\n',
].join('\r\n');
