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
      'Hold virtual addresses on lo without answering ARP for them, and put back what was there before.\nWithout an address, stop and status are about all that are held.',
    )
    .addArgument(new Argument('VERB', 'what to do').choices(['start', 'stop', 'status']))
    .argument('[VIP...]', 'virtual addresses')
    .action(async (verb: Verb, words: string[]) => {
      const addresses = words.map(virtualAddress)
      if (verb === 'start' && addresses.length === 0) throw new Failure('realserver start wants a virtual address', 2)
      const { startServing, stopServing, servingStatus } = await import('../realserver/realserver.ts')
      if (verb !== 'status') {
        const { requirePrivilege } = await import('./privilege.ts')
        requirePrivilege({ CAP_NET_ADMIN: 'put addresses on lo and to suppress ARP' })
      }
      const perform = { start: startServing, stop: stopServing, status: servingStatus }[verb]
      process.exitCode = print(perform(addresses), verb)
    })
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
