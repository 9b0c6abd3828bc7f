/** What is written of ipvsadm's options, and of what it prints as JSON, is what there is. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { play } from '../../../test/conformance/ipvsadm/play.ts'
import { parseSessions } from '../../../test/conformance/ipvsadm/session.ts'
import { MemoryTable } from '../../balancer/memory-table.ts'
import { ip } from '../../bytes/address.ts'
import { COMMANDS } from './commands.ts'
import { HELP } from './help.ts'
import { OPTIONS } from './options.ts'

const root = new URL('../../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')
const spellings = new Set(
  [...COMMANDS, ...OPTIONS].flatMap(({ long, short }) => [`--${long}`, ...(short === undefined ? [] : [`-${short}`])]),
)

test('the list of compatibility has every command and option, and no other', () => {
  const rows = read('docs/compatibility-ipvsadm.md')
    .split('\n')
    .filter(line => line.startsWith('| `'))
  const listed = rows.flatMap(row => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, spelling]) => spelling!))
  assert.deepEqual(listed.toSorted(), [...spellings].toSorted())
  assert.ok(rows.every(row => row.split('|')[2]!.trim() !== ''))
})

for (const [what, text] of [
  [
    'the manual page',
    read('docs/man/sluice-ipvsadm.8')
      .replaceAll(/\\f[BIR]/g, '')
      .replaceAll('\\-', '-'),
  ],
  ['--help', HELP],
] as const) {
  test(`${what} has every command and option, long or short`, () => {
    const words = new Set(text.match(/(?<![\w-])--?[A-Za-z0-9][A-Za-z0-9-]*/g))
    const missing = [...COMMANDS, ...OPTIONS].filter(
      ({ long, short }) => !words.has(`--${long}`) && (short === undefined || !words.has(`-${short}`)),
    )
    // ipvsadm's own help is silent about these, and ours says what it says.
    const unsaid = what === '--help' ? ['version'] : []
    assert.deepEqual(
      missing.map(({ long }) => long).filter(long => !unsaid.includes(long)),
      [],
    )
  })
}

type Schema = { readonly [keyword: string]: unknown }
const SCHEMA = JSON.parse(read('docs/ipvsadm.schema.json')) as Schema & { readonly $defs: Record<string, Schema> }

const FORMS = [
  '-L',
  '-Ln',
  '-L --stats',
  '-L --rate --exact',
  '-L --thresholds',
  '-L --persistent-conn',
  '-L --tun-info --nosort',
  '-Lc',
  '-L --timeout',
  '-L --daemon',
  '-L -t 10.0.0.1:80',
]

test('everything that is printed as JSON is of the schema', async () => {
  const sessions = new URL('test/conformance/ipvsadm/sessions/', root)
  let printed = 0
  for (const file of readdirSync(sessions)) {
    for (const { exchanges } of parseSessions(readFileSync(new URL(file, sessions), 'utf8'))) {
      const table = new MemoryTable({ interfaces: new Map([['d0', 1500]]), connections: CONNECTIONS })
      for (const { command, stdin } of exchanges) await play(command, stdin, table)
      for (const form of FORMS) {
        const { stdout, status } = await play(`ipvsadm ${form} --json`, '', table)
        if (status !== 0) continue
        printed++
        assert.deepEqual(faults(JSON.parse(stdout), SCHEMA), [], `${file}: ${form}: ${stdout}`)
      }
    }
  }
  assert.ok(printed > 400)
})

test('what is not of the schema is found', () => {
  const timeouts = { tcpS: 1, tcpFinS: 2, udpS: 3 }
  assert.deepEqual(faults({ timeouts }, SCHEMA), [])
  for (const other of [{ timeouts: { ...timeouts, tcpS: -1 } }, { timeouts: { tcpS: 1 } }, { timeouts, more: 1 }, []])
    assert.notDeepEqual(faults(other, SCHEMA), [])
})

const CONNECTIONS = [
  {
    protocol: 'TCP',
    state: 'ESTABLISHED',
    expiresInS: 899,
    client: { address: ip('10.0.0.2'), port: 30001 },
    virtual: { address: ip('10.0.0.1'), port: 80 },
    destination: { address: ip('172.16.0.11'), port: 80 },
  },
  {
    protocol: 'UDP',
    state: 'UDP',
    expiresInS: 0,
    client: { address: ip('2001:db8::2'), port: 5060 },
    virtual: { address: ip('2001:db8::1'), port: 5060 },
    destination: { address: ip('2001:db8::11'), port: 5060 },
    engine: { name: 'sip', data: 'a"b' },
  },
] as const

/** Where a value is not of a schema; the keywords are those that ours uses. */
function faults(value: unknown, schema: Schema, at = '$'): readonly string[] {
  if (typeof schema.$ref === 'string') return faults(value, SCHEMA.$defs[schema.$ref.split('/').at(-1)!]!, at)
  const alternatives = schema.anyOf as readonly Schema[] | undefined
  if (alternatives !== undefined)
    return alternatives.some(one => faults(value, one, at).length === 0) ? [] : [`${at} is none of the alternatives`]
  if (Array.isArray(schema.enum)) return schema.enum.includes(value) ? [] : [`${at} is ${value}`]
  if (typeOf(value) !== schema.type) return [`${at} is no ${schema.type}`]
  if (typeof value === 'number') {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema as Record<string, number>
    return value < minimum || value > maximum ? [`${at} is ${value}`] : []
  }
  if (Array.isArray(value)) return value.flatMap((item, i) => faults(item, schema.items as Schema, `${at}[${i}]`))
  if (typeof value !== 'object' || value === null) return []
  const properties = schema.properties as Record<string, Schema>
  const missing = (schema.required as readonly string[]).filter(name => !(name in value))
  return [
    ...missing.map(name => `${at} has no ${name}`),
    ...Object.entries(value).flatMap(([name, member]) =>
      properties[name] === undefined ? [`${at} has a ${name}`] : faults(member, properties[name], `${at}.${name}`),
    ),
  ]
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}
