import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { capabilities, missingPrivilege } from './process.ts'
import { needsRoot } from './scratch-namespace.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const evaluate = (script: string) => ['--import', 'tsx', '--input-type=module', '--eval', script]

test('missingPrivilege() names the capability and what it is for', () => {
  const needs = { CAP_NET_ADMIN: 'put addresses on interfaces', CAP_NET_RAW: 'send VRRP advertisements' }
  assert.equal(missingPrivilege(needs, new Set(['CAP_NET_RAW', 'CAP_NET_ADMIN'])), undefined)
  assert.match(
    missingPrivilege(needs, new Set(['CAP_NET_ADMIN'])) ?? '',
    /^CAP_NET_RAW is missing, which it takes to send VRRP advertisements: /,
  )
})

test('capabilities() has what root has', { skip: needsRoot }, () => {
  assert.ok(capabilities().has('CAP_NET_ADMIN'))
})

test('setParentDeathSignal() ends a child whose parent is killed', { timeout: 20_000 }, async t => {
  const child = `
    import { setParentDeathSignal } from '${here}process.ts'
    setParentDeathSignal('SIGTERM')
    setInterval(() => {}, 1000)
    console.log(process.pid)`
  const parent = `
    import { spawn } from 'node:child_process'
    spawn(process.execPath, ${JSON.stringify(evaluate(child))}, { stdio: ['ignore', 'inherit', 'inherit'] })
    setInterval(() => {}, 1000)`
  const process_ = spawn(process.execPath, evaluate(parent), { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => process_.kill('SIGKILL'))
  const [line] = (await once(process_.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  assert.equal(isRunning(pid), true)
  process_.kill('SIGKILL')
  while (isRunning(pid)) await sleep(5)
})

test('setRealTimePriority() reaches every thread, and children start as ordinary ones', {
  skip: needsRoot,
}, async () => {
  const script = `
    import { readdirSync, readFileSync } from 'node:fs'
    import { spawnSync } from 'node:child_process'
    import { setRealTimePriority } from '${here}process.ts'
    setRealTimePriority(7)
    const policy = path => readFileSync(path, 'utf8').split(') ')[1].split(' ').slice(37, 39).join('/')
    const threads = readdirSync('/proc/self/task').map(tid => policy('/proc/self/task/' + tid + '/stat'))
    const child = spawnSync('cat', ['/proc/self/stat'], { encoding: 'utf8' }).stdout
    console.log([...new Set(threads)].join(), child.split(') ')[1].split(' ').slice(37, 39).join('/'))`
  const child = spawn(process.execPath, evaluate(script), { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = (await once(child.stdout, 'data')) as [Buffer]
  // Real-time priority and policy, SCHED_RR being 2.
  assert.equal(output.toString().trim(), '7/2 0/0')
})

function isRunning(pid: number): boolean {
  if (!readdirSync('/proc').includes(String(pid))) return false
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
