/** What to say of directives that become nothing, by the beginning of their name. */
const known: readonly (readonly [pattern: RegExp, why: string, remedy: string])[] = [
  [
    /^(?:ssl_|ssl$|http2$)/,
    'the gateway does not serve TLS yet',
    'end TLS in front of it, and name what does that under trustedProxies',
  ],
  [
    /^(?:access_log|log_format|error_log|log_not_found|log_subrequest)$/,
    'the gateway writes logs of its own',
    'see log in docs/configuration.md',
  ],
  [/^(?:gzip|brotli|zstd)/, 'answers are not compressed', 'let the services compress'],
  [
    /^(?:root|alias|index|autoindex|try_files|expires|etag|if_modified_since|default_type|charset|types|sendfile)/,
    'the gateway serves no files',
    'put the files behind an upstream',
  ],
  [/^error_page$/, 'errors are answered as docs/errors.md says', 'a policy in TypeScript for other answers'],
  [
    /^if$/,
    'a condition in the middle has no place in a route',
    'write a route with method, headers or query that say the same',
  ],
  [
    /^rewrite$/,
    'it is not plain to see what the path becomes',
    'write a route with path: { regex: … } and rewrite, or the policy redirect',
  ],
  [
    /^(?:map|geo|split_clients|set|perl_set)$/,
    'there are no variables of one’s own',
    'write routes with headers or query, or a policy in TypeScript',
  ],
  [
    /_by_lua|^lua_|^js_|^njs|^perl_/,
    'programs inside of nginx are not translated',
    'write a policy in TypeScript (docs/policies.md)',
  ],
  [
    /^(?:fastcgi_|uwsgi_|scgi_|grpc_|memcached_)/,
    'services are asked over HTTP',
    'let the service take HTTP',
  ],
  [/^(?:stream|mail)$/, 'only HTTP is passed on', 'keep nginx for it'],
  [
    /^(?:real_ip_header|set_real_ip_from|real_ip_recursive)$/,
    'whose word counts is said by addresses',
    'name the proxies in front under trustedProxies',
  ],
  [
    /^(?:proxy_redirect|proxy_cookie_)/,
    'redirects and cookies of services go to the client as they are',
    'let the service name its public address, which it learns from X-Forwarded-Host and -Proto',
  ],
  [
    /^proxy_next_upstream/,
    'which requests are sent again is decided by what is safe',
    'see retries of the upstream',
  ],
  [
    /^proxy_(?:cache|no_cache|store)/,
    'the policy cache keeps to RFC 9111',
    'see the options of the policy cache',
  ],
  [/^proxy_ssl_/, 'there is nothing for it', 'see tls of the upstream: ca, serverName, verify'],
  [
    /^proxy_intercept_errors$/,
    'answers of services go to the client',
    'a policy in TypeScript for other answers',
  ],
  [
    /^limit_(?:req|conn)_/,
    'it is not used, or says what clients are told',
    'see the policies rate-limit and concurrency-limit',
  ],
  [/^resolver/, 'names are looked up as the system does', 'nothing is needed'],
  [
    /^(?:mirror|sub_filter|addition|auth_jwt)/,
    'there is nothing for it, or a policy of its own',
    'see docs/policies.md',
  ],
  [/^upstream$/, 'no proxy_pass asks it', 'nothing is lost; write it under upstreams where it is needed'],
  [
    /^(?:proxy_(?:pass|set_header|hide_header|(?:read|send|connect)_timeout)|add_header|limit_(?:req|conn)|allow|deny|satisfy|auth_(?:basic|request)\w*|return|client_max_body_size)$/,
    'nothing asks for it there: what is inside has its own, or the answer comes without it',
    'nothing is needed, unless that is a mistake of the source',
  ],
  [/^stub_status$/, 'there are metrics of its own', 'set admin: { port: 9901 }, and read /metrics'],
];

/** Directives about how nginx itself works, which need nothing in place of them. */
const needless =
  /^(?:events|worker_\w+|user|pid|daemon|master_process|pcre_jit|load_module|use|multi_accept|accept_mutex|tcp_nodelay|tcp_nopush|sendfile\w*|aio|directio|types_hash\w*|server_names_hash\w*|variables_hash\w*|map_hash\w*|server_tokens|keepalive_\w+|reset_timedout_connection|large_client_header_buffers|client_\w*buffer\w*|client_header_timeout|client_body_timeout|client_body_temp_path|send_timeout|lingering_\w+|output_buffers|postpone_output|open_file_cache\w*|proxy_buffer\w*|proxy_busy_buffers_size|proxy_max_temp_file_size|proxy_temp\w*|proxy_request_buffering|proxy_http_version|proxy_socket_keepalive|proxy_headers_hash\w*|proxy_pass_request_\w+|proxy_pass_header|proxy_ignore_\w+|merge_slashes|underscores_in_headers|ignore_invalid_headers|port_in_redirect|absolute_redirect|server_name_in_redirect|chunked_transfer_encoding|internal|env|thread_pool|timer_resolution|google_perftools\w*|msie_\w+|recursive_error_pages|connection_pool_size|request_pool_size|auth_delay)$/;

/** What a directive that became nothing is worth saying; undefined where nothing is needed in its place. */
export function knownDirective(name: string): { readonly why: string; readonly remedy: string } | undefined {
  if (needless.test(name)) return undefined;
  const found = known.find(([pattern]) => pattern.test(name));
  if (found === undefined)
    return { why: 'there is nothing known by this name', remedy: 'look whether it is needed' };
  return { why: found[1], remedy: found[2] };
}
