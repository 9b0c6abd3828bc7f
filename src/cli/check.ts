import type { Command } from 'commander'
import { DEFAULT_CONFIGURATION_FILE } from './run.ts'

export function addCheck(sluice: Command): void {
  sluice
    .command('check')
    .summary('judge a configuration')
    .description('Judge configurations: what is wrong, where, and what would mend it. Status 0: sound, 1: errors.')
    .argument('[FILE...]', `what to judge; ${DEFAULT_CONFIGURATION_FILE} if nothing is said`)
    .option('--json', 'for programs: an array of diagnostics')
    .action(async (files: string[], { json = false }: { json?: boolean }) => {
      const { judgeFiles } = await import('./judge-files.ts')
      const colour = process.stdout.isTTY === true
      const verdict = judgeFiles(files.length === 0 ? [DEFAULT_CONFIGURATION_FILE] : files, { json, colour })
      process.stdout.write(verdict.text)
      process.exitCode = verdict.sound ? 0 : 1
    })
}
