/** The health checks of a real server. What they do not say themselves, they take from the server and the service around it. */
import { type Ip, ipFamily } from '../../bytes/address.ts'
import { diagnostic } from '../../diagnostics/diagnostic.ts'
import { regexProblem } from '../../model/page-regex.ts'
import type {
  Checker,
  CheckSchedule,
  CheckTarget,
  FollowingChecker,
  HttpChecker,
  HttpPage,
  JsonWish,
  SslSettings,
  UdpChecker,
} from '../../model/virtual-server.ts'
import { type Context, from } from '../context.ts'
import { parseJsonPath } from '../json-path.ts'
import { blocks, type Keyword, many, once, readBlock, reportStanding, type Table, table } from '../keyword.ts'
import { command } from '../script-value.ts'
import { headerSpan, keywordOf, type Statement } from '../statement.ts'
import { address, anything, choice, flag, integer, name, present, text, timer, type Value } from '../value.ts'
import { weight } from './track-entry.ts'
import type { Trackable } from './vrrp-instance.ts'

/** What a service or a real server says for the checks inside it. */
export interface CheckDefaults {
  readonly intervalMs: number | undefined
  readonly retries: number | undefined
  readonly retryDelayMs: number | undefined
  readonly warmupMs: number | undefined
  readonly connectTimeoutMs: number | undefined
  readonly alpha: boolean | undefined
  readonly logAllFailures: boolean
  readonly virtualHost: string | undefined
}

const UNSIGNED = 0xffff_ffff
/** The longest time keepalived's microseconds can hold in 32 bits. */
const TIMER_MAX_S = 4294

export const TIMING: Readonly<
  Record<'delay_loop' | 'retry' | 'delay_before_retry' | 'warmup', Keyword<number | undefined>>
> = {
  delay_loop: once(timer(0.000001, TIMER_MAX_S), {
    doc: 'Seconds between checks. Default: that of the block around it, or 60.',
  }),
  retry: once(integer(0, UNSIGNED), { doc: 'Failures that are forgiven while the server is up. Default: 1.' }),
  delay_before_retry: once(timer(0, TIMER_MAX_S), { doc: 'Seconds until the next try then. Default: 1.' }),
  warmup: once(timer(0, TIMER_MAX_S), {
    doc: 'The first check comes at a random moment within this. Default: delay_loop.',
  }),
}

/** A word that no keepalived knows, as `since` has it. */
export const OURS = 'sluice'

const SCHEDULE = {
  ...TIMING,
  alpha: once(flag, { doc: 'Down until the check has succeeded.' }),
  log_all_failures: once(flag, { doc: 'Logs every failure, not only the last retry.' }),
  rise: once(integer(1, UNSIGNED), { doc: 'Successes in a row that bring the server up. Default: 1.', since: OURS }),
} as const

const CONNECTION = {
  connect_ip: once(address(), { doc: 'Whom to ask instead of the real server.' }),
  connect_port: once(integer(1, 65535), { doc: 'At which port. Default: that of the real server.' }),
  bindto: once(address(), { doc: 'From which address.' }),
  bind_port: once(integer(1, 65535), { doc: 'From which port.' }),
  bind_if: once(text('INTERFACE'), { doc: 'From which interface.' }),
  connect_timeout: once(timer(0.000001, TIMER_MAX_S), { doc: 'Seconds until a try has failed. Default: 5.' }),
  fwmark: once(integer(0, UNSIGNED), { doc: 'The firewall mark of what is sent.' }),
} as const

const PROBE = { ...CONNECTION, ...SCHEDULE } as const

const statusCodes: Value<readonly { readonly first: number; readonly last: number }[]> = {
  syntax: 'CODE[-CODE] …',
  read(words) {
    const ranges: { first: number; last: number }[] = []
    for (let word = words.need(); word !== undefined; word = words.take()) {
      const match = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(word.text)
      const range = match === null ? undefined : { first: Number(match[1]), last: Number(match[2] ?? match[1]) }
      if (range === undefined || range.last < range.first)
        return words.refuse(word, 'a code or a range from 100 to 599')
      ranges.push(range)
    }
    return ranges
  },
}

const digest: Value<string> = {
  syntax: 'MD5',
  read(words) {
    const word = words.need()
    if (word === undefined) return undefined
    return /^[0-9a-f]{32}$/i.test(word.text) ? word.text.toLowerCase() : words.refuse(word, '32 hexadecimal digits')
  },
}

const optionWords: Value<readonly string[]> = {
  syntax: 'OPTION …',
  read(words) {
    const found: string[] = []
    for (let word = words.need(); word !== undefined; word = words.take()) found.push(word.text)
    return found
  },
}

const jsonWish: Value<JsonWish> = {
  syntax: 'PATH [VALUE]',
  read(words) {
    const word = words.need()
    if (word === undefined) return undefined
    const steps = parseJsonPath(word.text)
    if (steps === undefined) return words.refuse(word, 'a path is written like checks.db[0].state')
    return { path: word.text, steps, value: words.take()?.text }
  },
}

/** Bytes as keepalived reads them: `Ab12f 3` is ab 12 0f 03; `x` stands for any half of a byte, where that is allowed. */
interface Pattern {
  readonly bytes: Uint8Array
  readonly mask: Uint8Array
}

function pattern(wild: boolean, optional: boolean): Value<Pattern | undefined> & Value<Pattern> {
  return {
    syntax: optional ? '[HEX]' : 'HEX',
    read(words) {
      const bytes: number[] = []
      const mask: number[] = []
      const first = optional ? words.take() : words.need()
      for (let word = first; word !== undefined; word = words.take()) {
        if (!(wild ? /^[0-9a-fx]+$/i : /^[0-9a-f]+$/i).test(word.text)) return words.refuse(word, 'hexadecimal digits')
        for (const digits of word.text.match(/..?/g) ?? []) {
          const pair = digits.padStart(2, '0')
          bytes.push(Number.parseInt(pair.replace(/x/gi, '0'), 16))
          mask.push(Number.parseInt(pair.replace(/[^x]/gi, 'f').replace(/x/gi, '0'), 16))
        }
      }
      return { bytes: Uint8Array.from(bytes), mask: Uint8Array.from(mask) }
    },
  }
}

const URL_KEYWORDS = {
  path: once(text('PATH'), { doc: 'The page.' }),
  digest: once(digest, { doc: 'MD5 of its body.' }),
  status_code: once(statusCodes, { default: [{ first: 200, last: 299 }], doc: 'Codes that are good.' }),
  virtualhost: once(text('HOST'), { doc: 'The Host header.' }),
  body: once(text('TEXT'), { doc: 'What the body must contain.', since: OURS }),
  json: many(jsonWish, {
    doc: 'What a member of the JSON in the body must be; without VALUE, neither false nor null.',
    since: OURS,
  }),
  regex: once(text('PATTERN'), { doc: 'What the body must match.' }),
  regex_no_match: once(present, { doc: 'Or must not.' }),
  regex_options: once(optionWords, { doc: 'Options of PCRE2.' }),
  regex_min_offset: once(integer(0, 0x7fff_ffff), { default: 0, doc: 'Where a match may begin.' }),
  regex_max_offset: once(integer(0, 0x7fff_ffff), { doc: 'Where a match may begin at the latest.' }),
  regex_stack: once(anything('START MAX'), {
    doc: 'Memory of the matcher.',
    standing: { state: 'ignored', why: 'the matcher of JavaScript needs none' },
  }),
  tls_compliant: once(present, {
    doc: 'The server must end TLS properly.',
    since: '2.2.8',
    standing: { state: 'ignored', why: 'sluice takes an end of the connection for an end' },
  }),
} as const
const URL: Table = table('url', { doc: 'A page that is asked for.' }, URL_KEYWORDS)

const NB_GET_RETRY = {
  nb_get_retry: once(integer(0, UNSIGNED), { doc: 'Old name of retry.', instead: 'retry' }),
} as const

const HTTP_KEYWORDS = {
  ...PROBE,
  ...NB_GET_RETRY,
  http_protocol: once(choice('1.0', '1.0C', '1.1'), { default: '1.0', doc: '1.0C is 1.0 with "Connection: close".' }),
  virtualhost: once(text('HOST'), { doc: 'The Host header.' }),
  fast_recovery: once(flag, { default: false, doc: 'No pause between the pages while the server is down.' }),
  enable_sni: once(flag, { default: false, doc: 'Names the host in the TLS handshake.' }),
  sni_name: once(text('HOST'), { doc: 'Names this host instead.', since: '2.3.0' }),
  tls_compliant: once(present, {
    doc: 'The server must end TLS properly.',
    since: '2.2.8',
    standing: { state: 'ignored', why: 'sluice takes an end of the connection for an end' },
  }),
  tls_verify: once(flag, {
    default: false,
    doc: 'The certificate must be valid, for sni_name, the virtualhost or the address.',
    since: OURS,
  }),
  http2: once(flag, {
    default: false,
    doc: 'Asks in HTTP/2; SSL_GET agrees on it in the handshake, HTTP_GET takes it for granted.',
    since: OURS,
  }),
  keep_alive: once(flag, {
    default: false,
    doc: 'Asks in HTTP/1.1, or HTTP/2, and keeps the connection for the next check.',
    since: OURS,
  }),
  url: blocks(URL),
} as const

const HOST_KEYWORDS = {
  connect_ip: CONNECTION.connect_ip,
  connect_port: CONNECTION.connect_port,
  bindto: CONNECTION.bindto,
} as const
const HOST: Table = table('host', { doc: 'Old form of connect_ip, connect_port and bindto.' }, HOST_KEYWORDS)

const SMTP_KEYWORDS = {
  ...PROBE,
  helo_name: once(text('NAME'), { default: 'smtpchecker.keepalived.org', doc: 'What HELO says.' }),
  host: blocks(HOST),
} as const
const DNS_KEYWORDS = {
  ...PROBE,
  type: once(choice('A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA'), {
    default: 'SOA',
    doc: 'The type of record to ask for.',
  }),
  name: once(text('NAME'), { default: '.', doc: 'The name to ask for.' }),
} as const
const UDP_KEYWORDS = {
  ...PROBE,
  payload: once(pattern(false, false) as Value<Pattern>, { doc: 'What is sent; random bytes by default.' }),
  require_reply: once(pattern(true, true) as Value<Pattern>, { doc: 'An answer must come, and begin like this.' }),
  min_reply_length: once(integer(0, 65535), { default: 0, doc: 'Bytes of the shortest good answer.' }),
  max_reply_length: once(integer(0, 65535), { default: 255, doc: 'Bytes of the longest.' }),
} as const
const MISC_KEYWORDS = {
  ...SCHEDULE,
  misc_path: once(command, { doc: 'The program; exit code 0 is up, 1 is down.' }),
  misc_timeout: once(timer(0, TIMER_MAX_S), { doc: 'How long it may take. Default: delay_loop.' }),
  misc_dynamic: once(flag, { default: false, doc: 'Exit codes from 2 set the weight to that less two.' }),
  user: once(
    { syntax: 'USER [GROUP]', read: words => ({ user: words.need()?.text, group: words.take()?.text }) },
    { doc: 'Whom it runs as.' },
  ),
} as const
const BFD_KEYWORDS = {
  name: once(name('BFD_INSTANCE'), { doc: 'The session.' }),
  alpha: once(flag, { doc: 'Down until the session is up.' }),
} as const
const FILE_KEYWORDS = {
  track_file: once(name('TRACK_FILE'), { doc: 'The file.' }),
  weight: once(weight(0x7fff_ffff), { doc: 'What its number is multiplied with.' }),
} as const

export type CheckerName =
  | 'TCP_CHECK'
  | 'PING_CHECK'
  | 'HTTP_GET'
  | 'SSL_GET'
  | 'SMTP_CHECK'
  | 'DNS_CHECK'
  | 'UDP_CHECK'
  | 'MISC_CHECK'
  | 'BFD_CHECK'
  | 'FILE_CHECK'

const NEVER_DYNAMIC = { dynamic: 'the manual has it, keepalived does not know it' } as const
const RENAMED_RETRY = { nb_get_retry: 'only HTTP_GET and SSL_GET know it: here it is called retry' } as const
const former = RENAMED_RETRY

const TABLES: Readonly<Record<CheckerName, Table>> = {
  TCP_CHECK: table('TCP_CHECK', { doc: 'A connection can be made.', former }, PROBE),
  PING_CHECK: table('PING_CHECK', { doc: 'It answers a ping.', former }, PROBE),
  HTTP_GET: table('HTTP_GET', { doc: 'Web pages are as expected.' }, HTTP_KEYWORDS),
  SSL_GET: table('SSL_GET', { doc: 'The same over TLS.' }, HTTP_KEYWORDS),
  SMTP_CHECK: table('SMTP_CHECK', { doc: 'A mail server answers.', former }, SMTP_KEYWORDS),
  DNS_CHECK: table('DNS_CHECK', { doc: 'A name server answers.', former }, DNS_KEYWORDS),
  UDP_CHECK: table(
    'UDP_CHECK',
    { doc: 'Nothing says that the port is closed, or a certain answer comes.', former },
    UDP_KEYWORDS,
  ),
  MISC_CHECK: table(
    'MISC_CHECK',
    { doc: 'A program of your own succeeds.', former: { ...former, connect_timeout: 'today: misc_timeout' } },
    MISC_KEYWORDS,
  ),
  BFD_CHECK: table('BFD_CHECK', { doc: 'A BFD session is up.' }, BFD_KEYWORDS),
  FILE_CHECK: table(
    'FILE_CHECK',
    { doc: 'A number in a file changes the weight.', former: NEVER_DYNAMIC },
    FILE_KEYWORDS,
  ),
}

/** The keywords that a real server takes checks by. */
export const CHECKERS: { readonly [N in CheckerName]: Keyword<readonly Statement[]> } = {
  TCP_CHECK: blocks(TABLES.TCP_CHECK),
  PING_CHECK: blocks(TABLES.PING_CHECK),
  HTTP_GET: blocks(TABLES.HTTP_GET),
  SSL_GET: blocks(TABLES.SSL_GET),
  SMTP_CHECK: blocks(TABLES.SMTP_CHECK),
  DNS_CHECK: blocks(TABLES.DNS_CHECK),
  UDP_CHECK: blocks(TABLES.UDP_CHECK),
  MISC_CHECK: blocks(TABLES.MISC_CHECK),
  BFD_CHECK: blocks(TABLES.BFD_CHECK),
  FILE_CHECK: blocks(TABLES.FILE_CHECK),
}

const SSL_KEYWORDS = {
  password: once(text('WORD'), { doc: 'Of the key.' }),
  ca: once(text('PATH'), { doc: 'Certificates that are trusted.' }),
  certificate: once(text('PATH'), { doc: 'The certificate to show.' }),
  key: once(text('PATH'), { doc: 'Its key.' }),
} as const
export const SSL: Table = table('SSL', { doc: 'What SSL_GET shows and trusts.' }, SSL_KEYWORDS)

export function elaborateSsl(statement: Statement, context: Context): SslSettings {
  const { password, ca, certificate, key } = readBlock(SSL_KEYWORDS, statement, context.report).values
  return { password, ca, certificate, key }
}

export interface CheckedServer {
  readonly address: Ip
  readonly port: number
}

/** All checks among the statements of a real server, in the order they are written. */
export function elaborateCheckers(
  statements: readonly Statement[],
  server: CheckedServer,
  defaults: CheckDefaults,
  trackable: Trackable,
  context: Context,
): { readonly checkers: readonly Checker[]; readonly following: readonly FollowingChecker[] } {
  const checkers: Checker[] = []
  const following: FollowingChecker[] = []
  for (const statement of statements) {
    const type = keywordOf(statement) as CheckerName
    if (!Object.hasOwn(CHECKERS, type)) continue
    reportStanding(type, CHECKERS[type], statement, context.report)
    if (type === 'BFD_CHECK' || type === 'FILE_CHECK') {
      const found = elaborateFollowing(type, statement, trackable, context)
      if (found !== undefined) following.push(found)
    } else {
      const found = elaborateChecker(type, statement, server, defaults, context)
      if (found !== undefined) checkers.push(found)
    }
  }
  // Copies are as long as they are; what grew has room for more.
  return { checkers: [...checkers], following: [...following] }
}

function elaborateChecker(
  type: Exclude<CheckerName, 'BFD_CHECK' | 'FILE_CHECK'>,
  statement: Statement,
  server: CheckedServer,
  defaults: CheckDefaults,
  context: Context,
): Checker | undefined {
  switch (type) {
    case 'TCP_CHECK':
    case 'PING_CHECK': {
      const reading = readBlock(PROBE, statement, context.report)
      return from(context, reading.origin, {
        type,
        schedule: scheduleOf(reading.values, defaults, 1, 1000),
        target: targetOf(reading.values, server, defaults),
      })
    }
    case 'HTTP_GET':
    case 'SSL_GET':
      return elaborateHttp(type, statement, server, defaults, context)
    case 'SMTP_CHECK': {
      const reading = readBlock(SMTP_KEYWORDS, statement, context.report)
      const { values } = reading
      const host =
        values.host[0] === undefined ? undefined : readBlock(HOST_KEYWORDS, values.host[0], context.report).values
      const asked = { address: host?.connect_ip ?? server.address, port: host?.connect_port ?? server.port }
      const target = targetOf(values, asked, defaults)
      return from(context, reading.origin, {
        type,
        schedule: scheduleOf(values, defaults, 1, 1000),
        target: { ...target, bindAddress: target.bindAddress ?? host?.bindto },
        heloName: values.helo_name,
      })
    }
    case 'DNS_CHECK': {
      const reading = readBlock(DNS_KEYWORDS, statement, context.report)
      const { values } = reading
      const retryDelayMs = values.delay_loop ?? defaults.intervalMs ?? DELAY_LOOP_MS
      return from(context, reading.origin, {
        type,
        schedule: scheduleOf(values, defaults, 3, retryDelayMs),
        target: targetOf(values, server, defaults),
        queryType: values.type,
        name: values.name,
      })
    }
    case 'UDP_CHECK':
      return elaborateUdp(statement, server, defaults, context)
    case 'MISC_CHECK': {
      const reading = readBlock(MISC_KEYWORDS, statement, context.report)
      const { values } = reading
      if (values.misc_path === undefined) return missing(statement, 'misc_path', context)
      const schedule = scheduleOf(values, defaults, 0, 1000)
      return from(context, reading.origin, {
        type,
        schedule,
        target: targetOf({}, server, defaults),
        script: { ...values.misc_path, user: values.user?.user, group: values.user?.group },
        timeoutMs: values.misc_timeout || schedule.intervalMs,
        dynamic: values.misc_dynamic,
      })
    }
  }
}

function elaborateHttp(
  type: 'HTTP_GET' | 'SSL_GET',
  statement: Statement,
  server: CheckedServer,
  defaults: CheckDefaults,
  context: Context,
): HttpChecker | undefined {
  const reading = readBlock(HTTP_KEYWORDS, statement, context.report)
  const { values } = reading
  const virtualHost = values.virtualhost ?? defaults.virtualHost
  const pages = values.url.flatMap(url => {
    const page = elaboratePage(url, virtualHost, context)
    return page === undefined ? [] : [page]
  })
  if (values.url.length === 0) return missing(statement, 'url', context)
  if (pages.length === 0) return undefined
  return from(context, reading.origin, {
    type,
    schedule: scheduleOf(values, defaults, 1, 3000),
    target: targetOf(values, server, defaults),
    protocol: values.http_protocol,
    fastRecovery: values.fast_recovery,
    sendServerName: values.enable_sni || values.sni_name !== undefined,
    serverName: values.sni_name,
    verifyCertificate: values.tls_verify,
    http2: values.http2,
    keepAlive: values.keep_alive,
    pages,
  })
}

function elaboratePage(url: Statement, virtualHost: string | undefined, context: Context): HttpPage | undefined {
  const reading = readBlock(URL_KEYWORDS, url, context.report)
  const { values } = reading
  if (values.path === undefined) return missing(url, 'path', context)
  const regex =
    values.regex === undefined
      ? undefined
      : {
          pattern: values.regex,
          options: values.regex_options ?? [],
          noMatch: values.regex_no_match ?? false,
          minOffset: values.regex_min_offset,
          maxOffset: values.regex_max_offset,
        }
  const problem = regex === undefined ? undefined : regexProblem(regex)
  if (problem !== undefined) {
    const span = reading.origin.at('regex')?.line.words[1] ?? headerSpan(url)
    context.report(diagnostic('bad-pattern', span, { pattern: `"${values.regex}"`, problem }))
  }
  return {
    path: values.path,
    virtualHost: values.virtualhost ?? virtualHost,
    digest: values.digest,
    body: values.body,
    json: values.json,
    statusCodes: values.status_code,
    regex,
  }
}

function elaborateUdp(
  statement: Statement,
  server: CheckedServer,
  defaults: CheckDefaults,
  context: Context,
): UdpChecker {
  const reading = readBlock(UDP_KEYWORDS, statement, context.report)
  const { values } = reading
  const reply = values.require_reply
  return from(context, reading.origin, {
    type: 'UDP_CHECK',
    schedule: scheduleOf(values, defaults, 1, 1000),
    target: targetOf(values, server, defaults),
    payload: values.payload?.bytes,
    requireReply: reply !== undefined,
    reply: reply === undefined || reply.bytes.length === 0 ? undefined : reply,
    minReplyLength: values.min_reply_length,
    maxReplyLength: values.max_reply_length,
  })
}

function elaborateFollowing(
  type: 'BFD_CHECK' | 'FILE_CHECK',
  statement: Statement,
  trackable: Trackable,
  context: Context,
): FollowingChecker | undefined {
  if (type === 'BFD_CHECK') {
    const { values } = readBlock(BFD_KEYWORDS, statement, context.report)
    if (values.name === undefined) return missing(statement, 'name', context)
    if (trackable.bfd.get(values.name.text)?.forCheckers !== true) {
      const help = trackable.bfd.has(values.name.text) ? 'it is for VRRP alone: add "checker" to it' : undefined
      const fill = { what: 'bfd_instance', name: values.name.text }
      context.report(diagnostic('unknown-name', values.name, fill, { help }))
      return undefined
    }
    return { type, name: values.name.text, alpha: values.alpha ?? false }
  }
  const { values } = readBlock(FILE_KEYWORDS, statement, context.report)
  if (values.track_file === undefined) return missing(statement, 'track_file', context)
  const file = trackable.files.get(values.track_file.text)
  if (file === undefined) {
    context.report(diagnostic('unknown-name', values.track_file, { what: 'track_file', name: values.track_file.text }))
    return undefined
  }
  return { type, trackFile: values.track_file.text, ...(values.weight ?? file) }
}

const DELAY_LOOP_MS = 60_000
const CONNECT_TIMEOUT_MS = 5000

type ScheduleValues = {
  readonly delay_loop?: number | undefined
  readonly retry?: number | undefined
  readonly delay_before_retry?: number | undefined
  readonly warmup?: number | undefined
  readonly alpha?: boolean | undefined
  readonly log_all_failures?: boolean | undefined
  readonly rise?: number | undefined
}

function scheduleOf(
  values: ScheduleValues,
  defaults: CheckDefaults,
  retries: number,
  retryDelayMs: number,
): CheckSchedule {
  const intervalMs = values.delay_loop ?? defaults.intervalMs ?? DELAY_LOOP_MS
  return {
    intervalMs,
    retries: values.retry ?? defaults.retries ?? retries,
    retryDelayMs: values.delay_before_retry ?? defaults.retryDelayMs ?? retryDelayMs,
    warmupMs: values.warmup ?? defaults.warmupMs ?? intervalMs,
    alpha: values.alpha ?? defaults.alpha ?? false,
    rises: values.rise ?? 1,
    logAllFailures: values.log_all_failures ?? defaults.logAllFailures,
  }
}

type TargetValues = {
  readonly connect_ip?: Ip | undefined
  readonly connect_port?: number | undefined
  readonly bindto?: Ip | undefined
  readonly bind_port?: number | undefined
  readonly bind_if?: string | undefined
  readonly connect_timeout?: number | undefined
  readonly fwmark?: number | undefined
}

function targetOf(values: TargetValues, server: CheckedServer, defaults: CheckDefaults): CheckTarget {
  const address = values.connect_ip ?? server.address
  return {
    address,
    port: values.connect_port ?? server.port,
    bindAddress:
      values.bindto !== undefined && ipFamily(values.bindto) === ipFamily(address) ? values.bindto : undefined,
    bindPort: values.bind_port ?? 0,
    bindInterface: values.bind_if,
    connectTimeoutMs: values.connect_timeout ?? defaults.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    mark: values.fwmark ?? 0,
  }
}

function missing(statement: Statement, keyword: string, context: Context): undefined {
  context.report(
    diagnostic(
      'missing-keyword',
      headerSpan(statement),
      { block: keywordOf(statement), keyword },
      { help: 'without it there is nothing to check' },
    ),
  )
  return undefined
}
