/**
 * The configuration that `waygate init` writes: valid as it is, with the settings that most people ask for next as
 * comments.
 * @param schema where editors find the JSON Schema, as seen from the file.
 */
export function starterFile(schema: string): string {
  return `# yaml-language-server: $schema=${schema}
#
# The configuration of Waygate. Your editor completes and explains every key, thanks to the line above.
#   waygate check                 lists every mistake in it
#   waygate explain GET /api/1    says what happens to a request
#   waygate start                 starts the gateway; it reloads when this file changes

# Where clients connect. Also: 127.0.0.1:3000, or a list.
listen: 3000

# Metrics, probes and the running configuration, for this machine only: http://127.0.0.1:9901/metrics
admin:
  port: 9901
  # token: \${ADMIN_TOKEN}          # from the environment; \${file:/run/secrets/token} from a file

# Proxies and load balancers in front of Waygate. Only their word counts about who the client is.
# trustedProxies: [10.0.0.0/8]

# Your services. An upstream may have several targets, that take turns.
upstreams:
  api: http://localhost:3001
  # orders:
  #   targets:
  #     - http://localhost:3002
  #     - { url: http://localhost:3012, weight: 2 }
  #   timeouts: { connect: 1s, responseHeaders: 10s }

# What happens on every route, in this order.
policies:
  - request-id: {}
  - security-headers: {}
  # - cors: { origins: [https://app.example.com] }

  # Who may come in: here for all routes, or under "policies" of one. Services learn who it is from X-Consumer.
  # With Authorization: Bearer <token>. The keys are found by the issuer's name, which is the "iss" of its tokens:
  # - jwt: { issuer: 'https://login.example.com', audience: my-api }
  # With X-Api-Key: <key>. "waygate key create acme" makes a key, and prints what goes here:
  # - api-key:
  #     consumers:
  #       - name: acme
  #         keys: ['sha256:0000000000000000000000000000000000000000000000000000000000000000']
  # Behind either, who may what:
  # - authorize: { rules: [{ name: staff-only, groups: [staff] }] }

# Which request goes where. The order of routes does not matter: an exact path comes before a pattern, a pattern before a
# prefix, and longer before shorter.
routes:
  # /api and everything below it. The service sees /1 for /api/1, as with app.use('/api', router).
  - path: /api
    stripPrefix: true
    upstream: api

  # One path, with parameters, for some methods:
  # - path: /users/:id
  #   method: [GET, PUT]
  #   rewrite: /v2/users/\${params.id}
  #   upstream: api
  #   policies:
  #     - body-limit: { size: 64kb }

  # Event streams and the like, which may take as long as they take:
  # - path: /events
  #   upstream: api
  #   streaming: true

  # Answered by the gateway itself.
  - path: { exact: / }
    policies:
      - respond:
          status: 200
          contentType: text/plain
          body: 'Waygate is here. Edit waygate.yaml, and see what changes.'
`;
}
