/**
 * What goes through a director end to end, in namespaces: packets a second on established connections, first packets of
 * connections a second, and whole connections a second, beside plain forwarding, nftables' DNAT and HAProxy in TCP mode,
 * all in one run. Root; wants nft, and haproxy for its line.
 *
 *   npm run bench -- end-to-end [ROUNDS]
 *
 * The frames of the first two are made by an XDP program at the client and counted by one at the server, so both cost
 * little, but run on the same processor: what is measured is the way through the director with that added. The connections
 * of the third are opened and closed by Node at both ends, which takes most of the time.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inNamespace, namespaceCookie } from '../src/kernel/namespace.ts'
import { openServiceTable, removeServiceTable } from '../src/kernel/service-table.ts'
import type { ServiceKey } from '../src/model/service.ts'
import { Path, SERVER, VIP } from './end-to-end/path.ts'

const PACKETS = 1 << 20
const FLOWS = 1024
const CONNECTIONS = 1 << 17
const SECONDS = 2
const SERVICE: ServiceKey = { kind: 'address', protocol: 'TCP', address: VIP, port: 80 }

type Hook = 'tc' | 'native'
interface Contender {
  readonly name: string
  readonly to: typeof VIP
  readonly set: (path: Path) => () => void
  /** No packet that is not of a connection goes anywhere. */
  readonly opens?: true
  readonly onlyWhole?: true
}

const CONTENDERS: readonly Contender[] = [
  { name: 'plain forwarding', to: SERVER, set: () => () => {} },
  { name: 'nftables DNAT', to: VIP, set: setNftables },
  { name: 'HAProxy, TCP mode', to: VIP, set: setHaproxy, onlyWhole: true },
  { name: 'sluice NAT, tc', to: VIP, set: path => setSluice(path, 'tc'), opens: true },
  { name: 'sluice NAT, XDP', to: VIP, set: path => setSluice(path, 'native'), opens: true },
]

const rounds = Number(process.argv[2] ?? 3)
const best = new Map<string, readonly [number, number, number]>()
for (let round = 0; round < rounds; round++)
  for (const contender of CONTENDERS) {
    const figures = [...(await frames(contender)), await connections(contender)] as const
    const before = best.get(contender.name) ?? [0, 0, 0]
    best.set(contender.name, before.map((figure, i) => Math.max(figure, figures[i]!)) as [number, number, number])
  }
console.log(
  'a second, thousands'.padEnd(24) +
    ['packets', 'first packets', 'connections'].map(word => word.padStart(16)).join(''),
)
for (const [name, figures] of best)
  console.log(
    name.padEnd(24) + figures.map(figure => (figure === 0 ? '–' : (figure / 1000).toFixed(1)).padStart(16)).join(''),
  )

/** Packets, and first packets, a second. */
async function frames({ to, set, opens, onlyWhole }: Contender): Promise<readonly [number, number]> {
  if (onlyWhole) return [0, 0]
  const path = new Path()
  let undo = () => {}
  try {
    undo = set(path)
    path.sink()
    // What a fresh namespace has to find out, it finds out now.
    path.sender(to, 80, 'syn', FLOWS)(opens ? FLOWS : 64)
    const send = path.sender(to, 80, 'ack', FLOWS)
    send(FLOWS)
    const packets = await path.rate(send, PACKETS)
    if (packets.arrived < PACKETS / 2) throw new Error(`of ${PACKETS} packets ${packets.arrived} arrived`)
    const first = await path.rate(path.sender(to, 80, 'syn', CONNECTIONS), CONNECTIONS)
    if (first.arrived < CONNECTIONS / 2) throw new Error(`of ${CONNECTIONS} first packets ${first.arrived} arrived`)
    return [packets.perSecond, first.perSecond]
  } finally {
    undo()
    path.close()
  }
}

/** Whole connections a second: opened, closed by the server, closed. */
async function connections({ to, set }: Contender): Promise<number> {
  const path = new Path()
  let undo = () => {}
  const listen = "require('net').createServer(socket => socket.end()).listen(80, () => console.log('up'))"
  const server = node(path.server, listen)
  try {
    undo = set(path)
    await line(server)
    const client = node(
      path.client,
      `let done = 0
       const open = () => require('net').connect(80, '${to}').on('close', failed => { done += failed ? 0 : 1; open() }).on('error', () => {}).resume()
       for (let i = 0; i < 64; i++) open()
       setTimeout(() => { done = 0 }, 500)
       setTimeout(() => { console.log(done); process.exit() }, ${500 + SECONDS * 1000})`,
    )
    return Number(await line(client)) / SECONDS
  } finally {
    server.kill('SIGKILL')
    undo()
    path.close()
  }
}

function node(namespace: Path['client'], text: string): ChildProcess {
  return inNamespace(namespace, () => spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'] }))
}

function line(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout!.once('data', data => resolve(String(data).trim()))
    child.once('exit', code => reject(new Error(`a program of the bench ended with ${code}`)))
  })
}

function setSluice(path: Path, hook: Hook): () => void {
  inNamespace(path.director, () => {
    using table = openServiceTable({ connections: 1 << 20 })
    for (const name of ['eth0', 'eth1']) table.setHook(name, hook)
    const service = { key: SERVICE, scheduler: 'rr', schedulerFlags: [], onePacket: false } as const
    table.addService({ ...service, persistence: undefined, persistenceEngine: undefined })
    const server = { address: SERVER, port: 80, forwarding: { method: 'masquerade' }, weight: 1 } as const
    table.addDestination(SERVICE, { ...server, upperThreshold: 0, lowerThreshold: 0 })
  })
  const cookie = inNamespace(path.director, namespaceCookie)
  return () => inNamespace(path.director, () => removeServiceTable(cookie))
}

function setNftables(path: Path): () => void {
  const rules = `table ip nat { chain prerouting { type nat hook prerouting priority dstnat
    ip daddr ${VIP} tcp dport 80 dnat to ${SERVER}:80
    }
  }
`
  const { status, stderr } = inNamespace(path.director, () =>
    spawnSync('nft', ['-f', '-'], { input: rules, encoding: 'utf8' }),
  )
  if (status !== 0) throw new Error(`nft: ${stderr}`)
  return () => {}
}

function setHaproxy(path: Path): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-bench-'))
  const file = join(directory, 'haproxy.cfg')
  const text = `defaults\n mode tcp\n timeout connect 5s\n timeout client 5s\n timeout server 5s\nlisten web\n bind ${VIP}:80\n server one ${SERVER}:80\n`
  writeFileSync(file, text)
  const child = inNamespace(path.director, () => spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' }))
  return () => {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true })
  }
}
