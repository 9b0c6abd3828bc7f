import type { Command } from 'commander'
import { DEFAULT_CONFIGURATION_FILE } from './run.ts'

export function addFmt(sluice: Command): void {
  sluice
    .command('fmt')
    .summary('lay a configuration out')
    .description('Print a configuration in canonical layout, comments kept; what it says stays the same.')
    .argument('[FILE...]', `what to lay out, - for standard input; ${DEFAULT_CONFIGURATION_FILE} if nothing is said`)
    .option('--check', 'only name the files whose layout is another; status 1 if there are any')
    .option('--write', 'put the result in the place of the file')
    .action(async (files: string[], { check = false, write = false }: { check?: boolean; write?: boolean }) => {
      const { formatFiles } = await import('./format-files.ts')
      const targets = files.length === 0 ? [DEFAULT_CONFIGURATION_FILE] : files
      const { text, same } = formatFiles(targets, check ? 'check' : write ? 'write' : 'print')
      process.stdout.write(text)
      process.exitCode = same ? 0 : 1
    })
}
