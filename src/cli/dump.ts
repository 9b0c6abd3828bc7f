import { type Command, InvalidArgumentError } from 'commander'

export function addDump(sluice: Command): void {
  sluice
    .command('dump')
    .summary('watch advertisements and ARP, as tcpdump prints them')
    .description('Print what is said on the segments, a frame a line, until interrupted.')
    .argument('[TOPIC...]', 'vrrp, arp (with neighbour discovery); all of them if nothing is said', topic)
    .option('-i, --interface <NAME>', 'on this interface alone')
    .option('-c, --count <N>', 'end after so many frames', count)
    .option('-v, --verbose', 'addresses, password and checksum of advertisements too')
    .action(async (topics: string[], options: { interface?: string; count?: number; verbose?: boolean }) => {
      const { dumpFrames } = await import('./dump-frames.ts')
      await dumpFrames({ topics, ...options }, line => void process.stdout.write(`${line}\n`))
    })
}

function topic(word: string, before: readonly string[] = []): string[] {
  if (word !== 'vrrp' && word !== 'arp') throw new InvalidArgumentError('It is "vrrp" or "arp".')
  return [...before, word]
}

function count(word: string): number {
  const number = Number(word)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It is a number from 1 on.')
  return number
}
