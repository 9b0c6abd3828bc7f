/**
 * Two tests that keep "effective" honest. Each keyword that the tables call effective changes the model when it is
 * written; and each field of the model is read somewhere beyond the configuration.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { hasErrors } from '../../diagnostics/diagnostic.ts'
import { loadText } from '../fixture.ts'
import type { Keyword, Table } from '../keyword.ts'
import { ROOT } from './root.ts'

const GLOBAL = 'notification_email { a@b }\nsmtp_server 10.0.0.9'
const TRACKED = `vrrp_script s { script /bin/true }
track_file f { file /tmp/f }
track_file g { file /tmp/g }
vrrp_track_process p { process httpd }
bfd_instance b { neighbor_ip 10.0.0.9 }
`
const VRRP = 'interface eth0\nvirtual_router_id 51\nvirtual_ipaddress { 10.0.0.1 }'
const SECOND = 'vrrp_instance VI_2 {\ninterface eth0\nvirtual_router_id 52\nvirtual_ipaddress { 10.0.0.2 }\n}\n'
const SIX =
  'vrrp_instance VI_6 {\ninterface eth0\nvirtual_router_id 51\npriority 255\nvirtual_ipaddress { fe80::1 }\n}\n'
const service = (more: string, servers = '') => `virtual_server 10.0.0.1 80 {
protocol TCP
real_server 10.0.0.2 80 { weight 9\n TCP_CHECK { } }
real_server 10.0.0.4 80 { HTTP_GET { url { path / } } }
${servers}
${more}
}
`
const server = (more: string) => service('', `real_server 10.0.0.3 80 {\n${more}\n}`)
const checker = (name: string, more: string) => server(`${name} {\n${more}\n}`)

/** Where the keywords of each table are tried: all that they need is there already. */
const PLACES: Readonly<Record<string, (line: string) => string>> = {
  'the top level': line => line,
  global_defs: line => `global_defs {\n${GLOBAL}\n${line}\n}\n${instance('')}${SIX}${service('smtp_alert')}`,
  vrrp_instance: line => `${TRACKED}${instance(line)}`,
  authentication: line => instance(`authentication {\nauth_type PASS\nauth_pass 1111\n${line}\n}`),
  auth_hmac: line =>
    instance(`auth_hmac {\nkey 1 hex:${'0a'.repeat(32)}\nkey 2 hex:${'0b'.repeat(32)}\nactive_key 1\n${line}\n}`),
  vrrp_sync_group: line => `${TRACKED}${instance('')}${SECOND}vrrp_sync_group G {\ngroup { VI_1 }\n${line}\n}`,
  vrrp_script: line => `vrrp_script x {\nscript /bin/false\n${line}\n}`,
  track_file: line => `track_file x {\nfile /tmp/x\n${line}\n}`,
  vrrp_track_process: line => `vrrp_track_process x {\nprocess nginx\n${line}\n}`,
  garp_group: line => `garp_group {\ninterface eth1\n${line}\n}`,
  bfd_instance: line => `bfd_instance x {\nneighbor_ip 10.0.0.9\n${line}\n}`,
  virtual_server: line => service(line),
  real_server: line => `${TRACKED}${server(`HTTP_GET { url { path / } }\n${line}`)}`,
  url: line => checker('HTTP_GET', `url {\npath /\n${line}\n}`),
  HTTP_GET: line => checker('HTTP_GET', `url { path / }\n${line}`),
  SSL_GET: line => checker('SSL_GET', `url { path / }\n${line}`),
  host: line => checker('SMTP_CHECK', `host {\nconnect_ip 10.0.0.3\n${line}\n}`),
  MISC_CHECK: line => checker('MISC_CHECK', `misc_path /bin/false\n${line}`),
  FILE_CHECK: line => `${TRACKED}${checker('FILE_CHECK', `track_file f\n${line}`)}`,
  BFD_CHECK: line => `${TRACKED}bfd_instance d { neighbor_ip 10.0.0.8 }\n${checker('BFD_CHECK', `name d\n${line}`)}`,
  SSL: line => `SSL {\n${line}\n}`,
}
const placeFor = (name: string) => PLACES[name] ?? (name.endsWith('_CHECK') ? line => checker(name, line) : undefined)

function instance(line: string): string {
  return `vrrp_instance VI_1 {\n${VRRP}\n${line}\n}\n`
}

/** Something that most keywords take. */
const VALUES = [
  '',
  '3',
  '2',
  '7.5',
  '1000',
  '-9',
  'on',
  'off',
  '10.0.0.7',
  '10.0.0.7/24',
  '2001:db8::7',
  '/bin/true',
  'word',
  'eth7',
  's',
  'f weight 3',
  'f',
  'p',
  'b',
  '200-299',
  '/page',
  '7 8',
  '10.0.0.7 80',
  '0a0b',
]

/** Values that no other keyword takes. */
const LINES: Readonly<Record<string, string>> = {
  'global_defs lvs_timeouts': 'lvs_timeouts tcp 7',
  'global_defs vrrp_mcast_group6': 'vrrp_mcast_group6 ff02::7',
  'vrrp_sync_group group': 'group { VI_2 }',
  'bfd_instance idle_tx': 'idle_tx 2000',
  'auth_hmac key': `key 3 hex:${'0c'.repeat(32)}`,
  'url regex_options': 'regex_options caseless',
  'url digest': 'digest 0123456789abcdef0123456789abcdef',
  'url status_code': 'status_code 404',
  'FILE_CHECK track_file': 'track_file g',
  'the top level virtual_server_group': 'virtual_server_group g { 10.0.0.5 80 }',
}

/** What a keyword adds to says nothing without it. */
const COMPANY: Readonly<Record<string, string>> = {
  'global_defs startup_script_timeout': 'startup_script /bin/true',
  'global_defs shutdown_script_timeout': 'shutdown_script /bin/true',
  'global_defs notify_fifo_script': 'notify_fifo /tmp/x',
  'global_defs vrrp_notify_fifo_script': 'vrrp_notify_fifo /tmp/x',
  'global_defs lvs_notify_fifo_script': 'lvs_notify_fifo /tmp/x',
  'vrrp_instance preempt': 'nopreempt',
  'vrrp_instance owner_ignore_adverts': 'priority 255',
  'vrrp_instance timer_expired_backup': 'nopreempt',
  'vrrp_instance thread_timer_expired': 'nopreempt',
  'vrrp_instance accept': 'strict_mode on\nversion 3',
  'vrrp_instance vmac_xmit_base': 'use_vmac',
  'virtual_server persistence_granularity': 'persistence_timeout 50',
  'virtual_server hysteresis': 'quorum 5',
  'virtual_server sorry_server_inhibit': 'sorry_server 10.0.0.9 80',
  'virtual_server sorry_server_lvs_method': 'sorry_server 10.0.0.9 80',
  'url regex_no_match': 'regex x',
  'url regex_options': 'regex x',
  'url regex_min_offset': 'regex x',
  'url regex_max_offset': 'regex x',
  'the top level virtual_server_group': 'virtual_server group g {\nprotocol TCP\nreal_server 10.0.0.2 80 { }\n}',
}

/** Other words for the same, or what acts before there is a model. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'global_defs include_check': 'read.ts: what include complains of',
  'vrrp_instance no_virtual_ipaddress': 'check/vrrp.ts: nothing is said of the lack of addresses',
  'virtual_server ip_family': 'of firewall marks: see elaborate.test.ts',
}

/** A line with which the model is another than without. */
function effectOf(table: Table, name: string, keyword: Keyword<unknown>): string | undefined {
  const place = placeFor(table.name)
  if (place === undefined) return `there is no place to try ${table.name} in`
  const company = COMPANY[`${table.name} ${name}`] ?? ''
  const before = loadText(place(company), { lenient: true })
  const choices = (keyword.syntax.match(/[\w.-]+(?:\|[\w.-]+)+/g) ?? []).flatMap(found => found.split('|'))
  const own = LINES[`${table.name} ${name}`]
  const lines =
    own !== undefined
      ? [own]
      : [...choices, ...VALUES].map(value => (keyword.body === 'line' ? `${name} ${value}` : `${name} {\n${value}\n}`))
  return lines.some(line => {
    const after = loadText(place(`${company}\n${line}`), { lenient: true })
    return !hasErrors(after.diagnostics) && !isDeepStrictEqual(after.configuration, before.configuration)
  })
    ? undefined
    : `${table.name} ${name}`
}

function* effectiveKeywords(table: Table, seen: Set<Table>): Iterable<readonly [Table, string, Keyword<unknown>]> {
  if (seen.has(table)) return
  seen.add(table)
  for (const [name, keyword] of table.keywords) {
    if (keyword.standing.state !== 'effective') continue
    // Blocks are tried by the keywords inside.
    if (keyword.table === undefined) yield [table, name, keyword]
    else yield* effectiveKeywords(keyword.table, seen)
  }
}

test('every keyword that is called effective changes the model', () => {
  const idle = [...effectiveKeywords(ROOT, new Set())].flatMap(([table, name, keyword]) =>
    ELSEWHERE[`${table.name} ${name}`] === undefined ? (effectOf(table, name, keyword) ?? []) : [],
  )
  assert.deepEqual(idle, [])
})

/** Fields of the model that the configuration itself uses, with what for. */
const WITHIN: Readonly<Record<string, string>> = {
  dynamicInterfaces: 'check/host.ts: interfaces that come later are no mistake',
  forVrrp: 'keywords/vrrp-instance.ts: who may follow a session',
  forCheckers: 'keywords/checkers.ts: the same',
}

test('every field of the model is read beyond the configuration', () => {
  const sources = fileURLToPath(new URL('../../', import.meta.url))
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
    file => file.endsWith('.ts') && !/\.test\.ts$|testdata|samples\.ts$/.test(file),
  )
  const names = ['configuration', 'global', 'script', 'vrrp-instance', 'virtual-server', 'bfd-instance']
  const declaring = names.map(name => `model/${name}.ts`)
  const elsewhere = files
    .filter(file => !/^(config|diagnostics)\//.test(file) && !declaring.includes(file))
    .map(file => readFileSync(join(sources, file), 'utf8'))
    .join('\n')
  const words = new Set(elsewhere.match(/\b[a-z][A-Za-z0-9]*\b/g))
  const fields = names.flatMap(name =>
    [...readFileSync(join(sources, 'model', `${name}.ts`), 'utf8').matchAll(/^ {2}readonly (\w+)/gm)].map(
      ([, field]) => field!,
    ),
  )
  const unread = [...new Set(fields)].filter(field => !words.has(field) && WITHIN[field] === undefined)
  assert.deepEqual(unread, [])
})
