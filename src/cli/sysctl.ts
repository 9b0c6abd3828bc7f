import type { Command } from 'commander'
import type { SysctlOptions } from './sysctl/perform.ts'

export function addSysctl(sluice: Command): void {
  sluice
    .command('sysctl')
    .summary("ip_vs's kernel parameters, net.ipv4.vs.*")
    .description(
      'Show or set the kernel parameters of ip_vs, by the names and with the options that sysctl(8) has.\nWhat is set holds until the table is gone; what /etc/sysctl.d says holds for every table from the start.',
    )
    .argument('[NAME[=VALUE]...]', 'parameters to show, or to set')
    .option('-a, --all', 'show all')
    .option('-n, --values', 'without names')
    .option('-N, --names', 'names alone')
    .option('-w, --write', 'only set')
    .option('-q, --quiet', 'say nothing of what was set')
    .option('-e, --ignore', 'pass over names that do not exist')
    .option('-p, --load [FILE...]', 'set what files say, /etc/sysctl.conf if none is given')
    .option('--system', 'set what all files for sysctl(8) say')
    .action(async (words: string[], options: SysctlOptions) => {
      const { performSysctl } = await import('./sysctl/perform.ts')
      const { serviceTable } = await import('../kernel/service-table.ts')
      const { lines, wrongs } = performSysctl(serviceTable(), words, options)
      process.stdout.write(lines.map(line => `${line}\n`).join(''))
      process.stderr.write(wrongs.map(wrong => `sluice: ${wrong}\n`).join(''))
      if (wrongs.length > 0) process.exitCode = 1
    })
}
