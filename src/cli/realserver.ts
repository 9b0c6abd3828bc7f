import { Argument, type Command } from 'commander'
import { type Ip, parseIp } from '../bytes/address.ts'
import { Failure } from '../diagnostics/failure.ts'
import type { Report } from '../realserver/realserver.ts'

type Verb = 'start' | 'stop' | 'status'

export function addRealServer(sluice: Command): void {
  sluice
    .command('realserver')
    .summary("the real server's side of direct routing and tunnels")
    .description(
      'Hold virtual addresses on lo without answering ARP for them, and put back what was there before.\nWithout an address, stop and status are about all that are held.\nWith --tunnel, packets that a director sends through a tunnel are unwrapped as they arrive, at every interface.',
    )
    .addArgument(new Argument('VERB', 'what to do').choices(['start', 'stop', 'status']))
    .argument('[VIP...]', 'virtual addresses')
    .option('--tunnel', 'start: unwrap IPIP and GRE, too')
    .option('--gue-port <PORT...>', 'start: and GUE at this UDP port', guePort)
    .action(async (verb: Verb, words: string[], { tunnel = false, guePort: guePorts = [] }: TunnelOptions) => {
      const addresses = words.map(virtualAddress)
      const unwraps = tunnel || guePorts.length > 0
      if (verb !== 'start' && unwraps) throw new Failure(`realserver ${verb} takes no --tunnel: stop ends that, too`, 2)
      if (verb === 'start' && addresses.length === 0) throw new Failure('realserver start wants a virtual address', 2)
      const { startServing, stopServing, servingStatus } = await import('../realserver/realserver.ts')
      if (verb !== 'status') {
        const { requirePrivilege } = await import('./privilege.ts')
        requirePrivilege({ CAP_NET_ADMIN: 'put addresses on lo and to suppress ARP' })
      }
      const perform = { start: startServing, stop: stopServing, status: servingStatus }[verb]
      const report = perform(addresses)
      if (unwraps) await unwrap(guePorts)
      process.exitCode = print({ ...report, findings: [...report.findings, ...(await tunnels(verb))] }, verb)
    })
}

interface TunnelOptions {
  readonly tunnel?: boolean
  readonly guePort?: readonly number[]
}

/** At every interface but loopback; the program stays when this process is gone. */
async function unwrap(guePorts: readonly number[]): Promise<void> {
  const { attachDecapsulation } = await import('../kernel/decapsulation.ts')
  const { links } = await import('../kernel/link.ts')
  const { RouteSocket } = await import('../kernel/route-socket.ts')
  using route = new RouteSocket()
  const names = links(route).flatMap(({ name }) => (name === 'lo' ? [] : [name]))
  attachDecapsulation(names, guePorts)
}

/** What status says of tunnels; when the last address is given up, they are no longer unwrapped. */
async function tunnels(verb: Verb): Promise<Report['findings']> {
  if (verb === 'start') return []
  const { decapsulatingInterfaces, detachDecapsulation } = await import('../kernel/decapsulation.ts')
  if (verb === 'stop') {
    const { servingStatus } = await import('../realserver/realserver.ts')
    if (servingStatus([]).findings.length === 0) detachDecapsulation()
    return []
  }
  const names = process.geteuid?.() === 0 ? decapsulatingInterfaces() : []
  return names.length === 0 ? [] : [{ sound: true, text: `tunnels are unwrapped at ${names.join(', ')}` }]
}

function guePort(word: string, before: readonly number[] = []): readonly number[] {
  const port = Number(word)
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Failure(`"${word}" is no UDP port: give 1 to 65535`, 2)
  return [...before, port]
}

function virtualAddress(word: string): Ip {
  const address = parseIp(word)
  if (address !== undefined) return address
  const bare = parseIp(word.replace(/\/\d+$/, ''))
  const remedy =
    bare === undefined ? 'give it as in 192.168.41.249 or 2001:db8::249' : `write ${bare}, it is held as a host`
  throw new Failure(`"${word}" is not an address: ${remedy}`, 2)
}

/** Start says only what went wrong, status all. The exit status. */
function print({ findings, remarks }: Report, verb: Verb): number {
  const wrongs = findings.filter(({ sound }) => !sound)
  const shown = verb === 'status' ? findings : wrongs
  for (const { sound, text } of shown) process.stdout.write(`${sound ? '✓' : '✗'} ${text}\n`)
  for (const remark of remarks) process.stderr.write(`sluice: ${remark}\n`)
  if (verb === 'status' && findings.length === 0) process.stdout.write('no virtual address is held here\n')
  return wrongs.length === 0 ? 0 : 1
}
