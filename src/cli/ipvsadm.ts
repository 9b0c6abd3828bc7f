import type { Command } from 'commander'

/** For the list of commands; what it does is looked for in `drop-in.ts` first. */
export function addIpvsadm(sluice: Command): void {
  sluice
    .command('ipvsadm')
    .summary('look at and edit the virtual services, as ipvsadm does')
    .helpOption(false)
    .argument('[WORDS...]', 'see sluice ipvsadm --help')
}
