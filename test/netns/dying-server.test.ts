/**
 * Under load: a real server dies, and once it is out no new connection fails; another is drained, and none fails at all.
 * With direct routing, and with address translation.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ip } from '../../src/bytes/address.ts'
import { addAddress } from '../../src/kernel/address.ts'
import { inNamespace, type Namespace, namespaceCookie } from '../../src/kernel/namespace.ts'
import { addRoute } from '../../src/kernel/route.ts'
import { RouteSocket } from '../../src/kernel/route-socket.ts'
import { needsRoot } from '../../src/kernel/scratch-namespace.ts'
import { removeServiceTable } from '../../src/kernel/service-table.ts'
import { writeSysctl } from '../../src/kernel/sysctl.ts'
import { until } from './routers.ts'
import { program, Segment } from './segment.ts'

const VIP = ip('10.9.0.100')

interface Stage {
  readonly client: Namespace
  readonly director: Namespace
  readonly servers: readonly Server[]
}

interface Server {
  readonly name: string
  readonly address: string
  readonly process: ChildProcess
}

/** Answers with its name at once; `/slow` takes three seconds for it. */
async function serve(t: TestContext, namespace: Namespace, name: string, address: string): Promise<Server> {
  const text = `require('http').createServer((question, answer) => {
    if (question.url !== '/slow') return answer.end('${name}')
    for (let i = 0; i < 6; i++) setTimeout(() => answer.write('.'), i * 500)
    setTimeout(() => answer.end('${name}'), 3000)
  }).listen({ port: 80, host: '::', backlog: 4096 }, () => console.log('ready'))`
  const child = program(t, namespace, text)
  await once(child.stdout!, 'data')
  return { name, address, process: child }
}

async function directRouting(t: TestContext): Promise<Stage> {
  const segment = new Segment(t)
  const [client, director] = [segment.host('client'), segment.host('director')]
  segment.plug(client, 'eth0', ip('10.9.0.1'))
  segment.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  const servers: Server[] = []
  for (const name of ['one', 'two', 'three']) {
    const server = segment.host(name)
    const address = ip(`10.9.0.1${servers.length + 1}`)
    segment.plug(server, 'eth0', address)
    inNamespace(server, () => {
      for (const part of ['all', 'lo']) {
        writeSysctl(`net.ipv4.conf.${part}.arp_ignore`, 1)
        writeSysctl(`net.ipv4.conf.${part}.arp_announce`, 2)
      }
      using route = new RouteSocket()
      addAddress(route, 'lo', { address: VIP, prefix: 32 })
    })
    servers.push(await serve(t, server, name, address))
  }
  return { client, director, servers }
}

async function translation(t: TestContext): Promise<Stage> {
  const [outside, inside] = [new Segment(t), new Segment(t)]
  const [client, director] = [outside.host('client'), outside.host('director')]
  outside.plug(client, 'eth0', ip('10.9.0.1'))
  outside.plug(director, 'eth0', ip('10.9.0.2'), VIP)
  inside.plug(director, 'eth1', ip('10.8.0.1'))
  const servers: Server[] = []
  for (const name of ['one', 'two', 'three']) {
    const server = inside.host(name)
    const address = ip(`10.8.0.1${servers.length + 1}`)
    inside.plug(server, 'eth0', address)
    using route = new RouteSocket(server)
    addRoute(route, { gateway: ip('10.8.0.1') })
    servers.push(await serve(t, server, name, address))
  }
  return { client, director, servers }
}

/** A connection of a client: when it was begun, and what came of it. */
interface Attempt {
  readonly beganMs: number
  readonly answer: string
}

/** Four clients that ask for a page, each over a connection of its own, again and again. */
function load(t: TestContext, client: Namespace): { readonly attempts: readonly Attempt[] } {
  const text = `
    const { get } = require('http')
    const ask = () => {
      const began = Date.now()
      const tell = answer => { console.log(began + ' ' + answer); setTimeout(ask, 3) }
      let answer = ''
      get({ host: '${VIP}', agent: false, timeout: 8000 }, response => {
        response.on('data', bytes => { answer += bytes }).on('end', () => tell(answer))
      }).on('timeout', function () { this.destroy(new Error('timeout')) }).on('error', error => tell('failed: ' + error.message))
    }
    for (let i = 0; i < 4; i++) ask()`
  const child = program(t, client, text)
  const attempts: Attempt[] = []
  let rest = ''
  child.stdout!.on('data', bytes => {
    const lines = `${rest}${bytes}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const at = line.indexOf(' ')
      attempts.push({ beganMs: Number(line.slice(0, at)), answer: line.slice(at + 1) })
    }
  })
  return { attempts }
}

/** What the slow page says, to so many clients at once. */
function slowly(client: Namespace, count: number): Promise<readonly string[]> {
  const text = `Promise.all(Array.from({ length: ${count} }, () => fetch('http://${VIP}/slow').then(a => a.text(), e => e.message)))
    .then(answers => console.log(answers.join(' ')))`
  const child = inNamespace(client, () =>
    spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  let output = ''
  child.stdout.on('data', bytes => {
    output += bytes
  })
  return once(child, 'close').then(() => output.trim().split(' '))
}

function configuration(method: 'DR' | 'NAT', { servers }: Stage): string {
  const real = servers.map(({ address }) => `real_server ${address} 80 {\nTCP_CHECK {\n}\n}`)
  return `virtual_server ${VIP} 80 {
delay_loop 1
warmup 0
retry 1
delay_before_retry 0.2
connect_timeout 1
lb_algo rr
lb_kind ${method}
protocol TCP
${real.join('\n')}
}
`
}

for (const [method, build] of [
  ['DR', directRouting],
  ['NAT', translation],
] as const) {
  test(`${method}: nobody is sent to a server that is out, and draining costs no connection`, {
    skip: needsRoot,
    timeout: 120_000,
  }, async t => {
    const stage = await build(t)
    const { client, director, servers } = stage
    const [dying, drained, staying] = servers as [Server, Server, Server]
    const folder = mkdtempSync(join(tmpdir(), 'sluice-dying-'))
    const file = join(folder, 'keepalived.conf')
    writeFileSync(file, configuration(method, stage))
    const cookie = inNamespace(director, namespaceCookie)
    let log = ''
    const daemon = inNamespace(director, () =>
      spawn('bin/sluice', ['run', '-D', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] }),
    )
    for (const stream of [daemon.stdout, daemon.stderr]) stream.on('data', bytes => (log += bytes))
    const sluice = (...words: readonly string[]) =>
      inNamespace(director, () => execFileSync('bin/sluice', words, { encoding: 'utf8' }))
    try {
      await until(
        () => log.split(' success.').length > 3,
        'all servers are found well',
        () => log,
      )
      // A client that uses a port again meets the connection it had: as in ip_vs, these two have it scheduled anew.
      sluice('sysctl', '-w', 'net.ipv4.vs.expire_nodest_conn=1', 'net.ipv4.vs.conn_reuse_mode=3')
      const { attempts } = load(t, client)
      await until(
        () => attempts.length > 200,
        'clients are served',
        () => log,
      )

      const slow = slowly(client, 9)
      await until(
        () => sluice('ipvsadm', '-Lnc').split('ESTABLISHED').length > 9,
        'slow pages are asked for',
        () => log,
      )
      assert.match(sluice('drain', drained.address), /drained: no new connections/)
      await until(
        () => / 0 +\d+ +\d+ *$/m.test(sluice('ipvsadm', '-Ln')),
        'the table gives it nothing',
        () => log,
      )
      const drainedAt = Date.now()
      const served = await slow
      const names = served.map(text => text.replaceAll('.', ''))
      assert.ok(
        names.every(name => servers.some(server => server.name === name)),
        names.join(),
      )
      assert.ok(names.includes(drained.name), names.join())
      const late = () => attempts.filter(({ beganMs }) => beganMs > drainedAt)
      await until(
        () => late().length > 100,
        'clients go on',
        () => log,
      )
      assert.deepEqual(
        attempts.filter(({ answer }) => answer.startsWith('failed')),
        [],
      )
      assert.deepEqual(
        late().filter(({ answer }) => answer === drained.name),
        [],
      )

      dying.process.kill('SIGKILL')
      await until(
        () => log.includes(`Removing service [${dying.address}]`),
        'the dead server is found out',
        () => log,
      )
      await until(
        () => !sluice('ipvsadm', '-Ln').includes(dying.address),
        'it is out of the table',
        () => log,
      )
      const removedAt = Date.now()
      const after = () => attempts.filter(({ beganMs }) => beganMs > removedAt)
      await until(
        () => after().length > 200,
        'clients are served by who is left',
        () => log,
      )
      assert.deepEqual(
        after().filter(({ answer }) => answer !== staying.name),
        [],
      )

      assert.match(sluice('undrain', drained.address), /in service/)
      await until(
        () => attempts.at(-1)?.answer === drained.name,
        'the drained server serves again',
        () => log,
      )
    } finally {
      daemon.kill('SIGKILL')
      await once(daemon, 'exit')
      inNamespace(director, () => removeServiceTable(cookie))
      rmSync(folder, { recursive: true })
      rmSync(`/run/sluice/${cookie}`, { recursive: true, force: true })
    }
  })
}
