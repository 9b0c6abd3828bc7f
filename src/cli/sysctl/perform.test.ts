import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SYSCTLS, type SysctlName } from '../../balancer/sysctls.ts'
import { Failure } from '../../diagnostics/failure.ts'
import { performSysctl, type SysctlTable } from './perform.ts'

test('a parameter is shown as sysctl(8) shows it, by either way of writing its name', () => {
  const table = unmade()
  assert.deepEqual(performSysctl(table, ['net.ipv4.vs.conn_reuse_mode'], {}).lines, ['net.ipv4.vs.conn_reuse_mode = 1'])
  assert.deepEqual(performSysctl(table, ['net/ipv4/vs/drop_entry'], { values: true }).lines, ['0'])
  assert.equal(table.made, undefined, 'a look makes no table')
})

test('--all shows what can be set and what is fixed', () => {
  const { lines } = performSysctl(unmade(), [], { all: true })
  assert.ok(lines.includes('net.ipv4.vs.amemthresh = 1024'))
  assert.ok(lines.includes('net.ipv4.vs.conntrack = 0'))
  assert.deepEqual(performSysctl(unmade(), [], { all: true, names: true }).lines[0], 'net.ipv4.vs.am_droprate')
})

test('what is set is told, unless it is to be quiet; what is wrong is told, and the rest is set', () => {
  const table = unmade()
  const words = ['net.ipv4.vs.drop_entry=3', 'net.ipv4.vs.drop_entyr=1', 'net.ipv4.ip_forward=1']
  assert.deepEqual(performSysctl(table, words, { write: true }), {
    lines: ['net.ipv4.vs.drop_entry = 3'],
    wrongs: [
      'there is no net.ipv4.vs.drop_entyr (did you mean net.ipv4.vs.drop_entry?)',
      "net.ipv4.ip_forward is none of ip_vs's: set it with sysctl",
    ],
  })
  assert.equal(table.made?.sysctl('drop_entry'), 3)
  assert.deepEqual(performSysctl(table, ['net.ipv4.vs.nothing'], { ignore: true }), { lines: [], wrongs: [] })
  assert.deepEqual(performSysctl(table, ['net.ipv4.vs.drop_entry=0'], { quiet: true }).lines, [])
})

test('a file sets what is about ip_vs, and is named where it is wrong', () => {
  const folder = mkdtempSync(join(tmpdir(), `sysctl-${process.pid}-`))
  try {
    const file = join(folder, 'lvs.conf')
    writeFileSync(file, 'net.ipv4.ip_forward = 1\nnet.ipv4.vs.conntrack = 0\nnet.ipv4.vs.sloppy_tcp = 2\n')
    assert.deepEqual(performSysctl(unmade(), [], { load: [file] }), {
      lines: ['net.ipv4.vs.conntrack = 0'],
      wrongs: [`${file}:3: net.ipv4.vs.sloppy_tcp takes a number from 0 to 1, not "2"`],
    })
    assert.throws(() => performSysctl(unmade(), [], { load: [join(folder, 'none.conf')] }), Failure)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('options that contradict each other are refused', () => {
  for (const [words, options] of [
    [[], {}],
    [['net.ipv4.vs.drop_entry'], { all: true }],
    [[], { all: true, system: true }],
  ] as const)
    assert.throws(() => performSysctl(unmade(), words, options), Failure)
})

function unmade(): SysctlTable {
  const values = new Map<SysctlName, number>()
  const parameters = {
    sysctl: (name: SysctlName) => values.get(name) ?? SYSCTLS[name].initial,
    setSysctl: (name: SysctlName, value: number) => void values.set(name, value),
  }
  return {
    get made() {
      return values.size === 0 ? undefined : parameters
    },
    make: () => parameters,
  }
}
